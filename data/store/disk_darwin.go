package store

import "golang.org/x/sys/unix"

// fileSystem is the name that statfs(2) gives; a volume that is not local is remote, whatever its name.
func fileSystem(dir string) (string, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return "", err
	}
	if st.Flags&unix.MNT_LOCAL == 0 {
		return "remote", nil
	}
	return unix.ByteSliceToString(st.Fstypename[:]), nil
}
