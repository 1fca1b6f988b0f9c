package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"relais/app/rx"
)

// disk is what the store asks of the machine about a place, beside reading and writing.
type disk interface {
	// identity of a directory and of the database in it, by the file system: a copy has another one, a renamed directory keeps it.
	identity(dir string) (string, error)
	// kind of the file system that holds dir, by the system's name for it; "" when the system does not tell.
	kind(dir string) (string, error)
}

// system is the real machine.
type system struct{}

func (system) identity(dir string) (string, error) {
	where, err := fileIdentity(dir)
	if err != nil {
		return "", err
	}
	file, err := fileIdentity(filepath.Join(dir, databaseFile))
	return where + "/" + file, err
}

func (system) kind(dir string) (string, error) { return fileSystem(dir) }

// shares are the file systems whose disk is on another machine: locks and syncs there do not mean what they mean here.
var shares = []string{
	"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "davfs", "ncpfs", "afs", "coda", "ceph", "glusterfs", "lustre", "9p", "vboxsf",
	"fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.davfs", "fuse.davfs2", "fuse.gvfsd-fuse", "fuse.vmhgfs-fuse", "fuse.glusterfs", "fuse.ceph",
	"fuse.google-drive-ocamlfuse", "fuse.onedriver", "remote",
}

// syncers are the names, in lower case, that programs which copy a folder elsewhere give to it; also followed by a space, "-" or "(".
var syncers = []string{
	"onedrive", "dropbox", "google drive", "googledrive", "my drive", "icloud drive", "iclouddrive", "mobile documents", "cloudstorage",
	"nextcloud", "owncloud", "pcloud", "pclouddrive", "megasync", "syncthing", "seafile",
}

// traces are what such programs leave in a folder that they copy, as patterns of filepath.Match. Names that they also use in a home directory
// for their settings are none.
var traces = []string{
	".dropbox.cache", ".tmp.drivedownload", ".tmp.driveupload", ".849C9593-D756-4E56-8D6E-42412F2A707B", ".owncloudsync.log",
	".nextcloudsync.log", ".sync_journal.db", "._sync_*.db", ".sync_*.db", ".stfolder", ".seafile-data",
}

// CheckPlace refuses a place where a data directory would not be safe: CodeNetworkShare, CodeSyncedFolder, CodeReadOnly. dir need not exist.
func CheckPlace(dir string) error { return Options{Dir: dir}.withDefaults().checkPlace() }

func (opts Options) checkPlace() error {
	dir, err := existing(opts.Dir)
	if err != nil {
		return translate(err)
	}
	kind, err := opts.disk.kind(dir)
	if err != nil {
		return translate(err)
	}
	if slices.Contains(shares, kind) {
		return rx.Fault(rx.CodeNetworkShare, "kind", kind)
	}
	whole, err := filepath.Abs(opts.Dir) // with the names that do not exist yet
	if err != nil {
		return translate(err)
	}
	for _, path := range []string{whole, dir} {
		for _, name := range strings.Split(filepath.ToSlash(path), "/") {
			if syncs(name) {
				return rx.Fault(rx.CodeSyncedFolder, "name", name)
			}
		}
	}
	if name, err := trace(dir); err != nil {
		return translate(err)
	} else if name != "" {
		return rx.Fault(rx.CodeSyncedFolder, "name", name)
	}
	return writable(dir)
}

// existing is dir, or the nearest directory above it that exists, without symbolic links.
func existing(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		real, err := filepath.EvalSymlinks(dir)
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return real, err
		}
		dir = filepath.Dir(dir)
	}
}

func syncs(name string) bool {
	name = strings.ToLower(name)
	for _, s := range syncers {
		rest, found := strings.CutPrefix(name, s)
		if found && (rest == "" || strings.ContainsRune(" -(", rune(rest[0]))) {
			return true
		}
	}
	return false
}

// trace looks for what a copying program leaves, in dir and above it.
func trace(dir string) (string, error) {
	for {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrPermission) { // whoever may not read it is not copied by a program of ours
			return "", err
		}
		for _, e := range entries {
			for _, pattern := range traces {
				if ok, _ := filepath.Match(pattern, e.Name()); ok {
					return e.Name(), nil
				}
			}
		}
		if dir == filepath.Dir(dir) {
			return "", nil
		}
		dir = filepath.Dir(dir)
	}
}

// writable tries to make a file, for a clearer answer than the database's.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".relais-*")
	if err != nil {
		return translate(err)
	}
	return translate(errors.Join(f.Close(), os.Remove(f.Name())))
}
