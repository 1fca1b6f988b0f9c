package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"relais/app/rx"
)

func TestCreateOnce(t *testing.T) {
	p := newPlace(t)
	_, err := Open(ctx, p.opts)
	wantCode(t, err, rx.CodeNoDirectory)
	p.create()
	wantCode(t, Create(ctx, p.opts), rx.CodeDirectoryExists)
	db := p.open()
	if err := db.IntegrityCheck(ctx); err != nil {
		t.Error(err)
	}
	if _, err := db.TryEngine(); err != nil {
		t.Fatal(err)
	}
	wantCode(t, Create(ctx, p.opts), rx.CodeEngineBusy)
}

func TestEnvironmentIsForEver(t *testing.T) {
	p := newPlace(t).create()
	opts := p.opts
	opts.Environment = "production"
	_, err := Open(ctx, opts)
	wantCode(t, err, rx.CodeWrongEnvironment)
	var fault *rx.Error
	if !errors.As(err, &fault) || fault.Args["is"] != "simulated" || fault.Args["expected"] != "production" {
		t.Errorf("args of %v", err)
	}
	opts = p.opts
	opts.Vault = "99999999-2222-4333-8444-555555555555"
	_, err = Open(ctx, opts)
	wantCode(t, err, rx.CodeDamaged)
	p.run(p.tamperer(), "UPDATE meta SET environment = 'production'")
	opts = p.opts
	opts.Environment = "production"
	_, err = Open(ctx, opts)
	wantCode(t, err, rx.CodeDamaged)
}

// A database of a newer program is refused, and no byte in the directory changes. One that is not ours is refused too.
func TestNewerSchemaIsLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		edit string
		code rx.Code
	}{
		"newer":    {"PRAGMA user_version = 99", rx.CodeNewer},
		"not ours": {"PRAGMA application_id = 7", rx.CodeDamaged},
	} {
		p := newPlace(t).create()
		conn := p.tamperer()
		p.run(conn, c.edit)
		conn.Close()
		before := p.files()
		_, err := Open(ctx, p.opts)
		wantCode(t, err, c.code)
		for file, text := range p.files() {
			if !bytes.Equal(before[file], text) && !strings.HasSuffix(file, "-shm") {
				t.Errorf("%s: %s was written", name, file)
			}
		}
	}
	p := newPlace(t).create()
	p.write(p.opts.path(databaseFile), strings.Repeat("this is no database. ", 100))
	_, err := Open(ctx, p.opts)
	wantCode(t, err, rx.CodeDamaged)
}

// files are all files of the directory and the mark, with their content.
func (p *place) files() map[string][]byte {
	p.t.Helper()
	out := map[string][]byte{}
	for _, root := range []string{p.opts.Dir, filepath.Dir(p.opts.Mark)} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			out[path], err = os.ReadFile(path)
			return err
		})
		if err != nil {
			p.t.Fatal(err)
		}
	}
	return out
}

// A migration that fails leaves the version before it, whole.
func TestMigrationIsOneTransaction(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	err := db.write(ctx, func(t *tx) error {
		t.wrote = true
		if _, err := t.conn.ExecContext(whole, "CREATE TABLE half (a); PRAGMA user_version = 3"); err != nil {
			return err
		}
		return errCut
	})
	if !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	p.close(db)
	db = p.open()
	err = db.read(ctx, func(s *session) error {
		var version, tables int64
		if _, err := s.one("PRAGMA user_version", nil, &version); err != nil {
			return err
		}
		if _, err := s.one("SELECT count(*) FROM sqlite_master WHERE name = 'half'", nil, &tables); err != nil {
			return err
		}
		if version != int64(len(migrations)) || tables != 0 {
			t.Errorf("version %d, %d tables of the half migration", version, tables)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every connection of every pool has every pragma; readers cannot write.
func TestPragmasOnEveryConnection(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	for name, pool := range map[string]*pool{"writer": db.writer, "readers": db.readers, "feed": db.feed} {
		var lent []*session
		for range cap(pool.free) {
			s, err := pool.take(ctx)
			if err != nil {
				t.Fatal(err)
			}
			lent = append(lent, s)
			for _, c := range pragmas {
				var got string
				if _, err := s.one("PRAGMA "+c.name, nil, &got); err != nil || got != c.answer {
					t.Errorf("%s: %s is %q, not %q: %v", name, c.name, got, c.answer, err)
				}
			}
			if name != "writer" {
				wantCode(t, s.exec("DELETE FROM drafts"), rx.CodeReadOnly)
			}
		}
		for _, s := range lent {
			pool.give(s)
		}
	}
	for _, want := range [][]pragma{{{"synchronous", "off", "2"}}, {{"no_such_pragma", "1", "1"}}} {
		broken, err := newPool(p.opts.path(databaseFile), "rw", "", want, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := broken.take(ctx); err == nil {
			t.Errorf("a connection without %s was given", want[0].name)
		}
		if err := broken.close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFilesAreTheUsersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions are those of the profile")
	}
	p := newPlace(t)
	if err := os.Mkdir(p.opts.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p.create()
	if err := os.Chmod(p.opts.path(databaseFile), 0o644); err != nil {
		t.Fatal(err)
	}
	db := p.open()
	p.issue(db, 1)
	if _, err := db.TryEngine(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.TryWindow(); err != nil {
		t.Fatal(err)
	}
	paths := []string{p.opts.Dir, filepath.Dir(p.opts.Mark)}
	for path := range p.files() {
		paths = append(paths, path)
	}
	if len(paths) != 9 { // db, wal, shm, two locks, mark and its trail
		t.Errorf("files: %v", paths)
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", filepath.Base(path), info.Mode())
		}
	}
}

// elsewhere is a disk of which we decide what it is.
type elsewhere struct {
	system
	name string
}

func (e elsewhere) kind(string) (string, error) { return e.name, nil }

func TestPlacesThatAreRefused(t *testing.T) {
	for _, kind := range []string{"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "fuse.gvfsd-fuse", "remote"} {
		p := newPlace(t)
		p.opts.disk = elsewhere{name: kind}
		wantCode(t, Create(ctx, p.opts), rx.CodeNetworkShare)
		if _, err := os.Stat(p.opts.Dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the directory was made", kind)
		}
		p.opts.disk = elsewhere{name: "ext4"}
		p.create()
		p.opts.disk = elsewhere{name: kind}
		_, err := Open(ctx, p.opts)
		wantCode(t, err, rx.CodeNetworkShare)
	}
	for name, refused := range map[string]bool{
		"OneDrive": true, "OneDrive - Cabinet": true, "Dropbox": true, "Dropbox (Personal)": true, "Google Drive": true, "GoogleDrive": true, "My Drive": true,
		"iCloud Drive": true, "Mobile Documents": true, "CloudStorage": true, "Nextcloud": true, "ownCloud": true,
		"relais": false, "Dropboxes": false, "Documents": false,
	} {
		dir := filepath.Join(t.TempDir(), name, "relais")
		var want rx.Code
		if refused {
			want = rx.CodeSyncedFolder
		}
		wantCode(t, CheckPlace(dir), want)
	}
	for _, file := range []string{".dropbox.cache", "._sync_0123456789ab.db", ".owncloudsync.log", ".stfolder", ".tmp.drivedownload"} {
		root := t.TempDir()
		dir := filepath.Join(root, "data", "relais")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		wantCode(t, CheckPlace(dir), "")
		if err := os.WriteFile(filepath.Join(root, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		wantCode(t, CheckPlace(dir), rx.CodeSyncedFolder)
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(dir, link); err != nil {
			t.Fatal(err)
		}
		wantCode(t, CheckPlace(link), rx.CodeSyncedFolder)
	}
}

// What the disk says becomes a code, and neither path, statement nor value.
func TestErrorsOfTheDisk(t *testing.T) {
	secret := "/home/somebody/relais.db"
	for _, c := range []struct {
		err  error
		code rx.Code
	}{
		{nil, ""},
		{rx.Fault(rx.CodeOnPaper), rx.CodeOnPaper},
		{&fs.PathError{Op: "write", Path: secret, Err: syscall.ENOSPC}, rx.CodeDiskFull},
		{&fs.PathError{Op: "open", Path: secret, Err: fs.ErrPermission}, rx.CodeReadOnly},
		{&fs.PathError{Op: "open", Path: secret, Err: errReadOnlyDisk}, rx.CodeReadOnly},
		{fmt.Errorf("wrapped: %w", &fs.PathError{Op: "read", Path: secret, Err: syscall.EIO}), rx.CodeIO},
		{&os.LinkError{Op: "rename", Old: secret, New: secret, Err: syscall.EIO}, rx.CodeIO},
	} {
		err := translate(c.err)
		wantCode(t, err, c.code)
		if err != nil && strings.Contains(err.Error(), "somebody") {
			t.Errorf("the path is told: %v", err)
		}
	}

	p := newPlace(t).create()
	db := p.open()
	q := p.issue(db, 1)
	s, err := db.writer.take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		query string
		code  rx.Code
	}{
		"full":       {"PRAGMA max_page_count = 1", rx.CodeDiskFull},
		"constraint": {"", rx.CodeInternal},
		"syntax":     {"", rx.CodeInternal},
	} {
		switch what {
		case "full":
			var n int64
			if _, err := s.one(c.query, nil, &n); err != nil {
				t.Fatal(err)
			}
			err = s.exec("INSERT INTO settings VALUES ('Dupont', 1, zeroblob(9000000), zeroblob(32))")
		case "constraint":
			err = s.exec("INSERT INTO settings VALUES ('Dupont', -1, x'00', zeroblob(32))")
		case "syntax":
			err = s.exec("SELECT Dupont FROM nowhere")
		}
		wantCode(t, err, c.code)
		if err != nil && strings.Contains(err.Error(), "Dupont") {
			t.Errorf("%s: the value is told: %v", what, err)
		}
	}
	db.writer.give(s)
	if err := db.SaveDraft(ctx, rx.Draft{ID: p.newID(), Request: rx.Request{Proof: rx.ProofWish(strings.Repeat("x", 1<<20))}}); rx.CodeOf(err) != rx.CodeDiskFull {
		t.Errorf("a draft on a full disk: %v", err)
	}
	before, _, err := db.Changes(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	big := p.order(marie, []string{"a"})
	big.Items[0].Message = make([]byte, 1<<20)
	_, err = db.Issue(ctx, big)
	wantCode(t, err, rx.CodeDiskFull)
	if _, err := db.Order(ctx, q.Order); err != nil {
		t.Errorf("reading on a full disk: %v", err)
	}
	if after, _, err := db.Changes(ctx, 0); err != nil || after != before {
		t.Errorf("half an order was written: %v", err)
	}
	if s, err = db.writer.take(ctx); err != nil {
		t.Fatal(err)
	}
	var n int64
	if _, err := s.one("PRAGMA max_page_count = 1000000", nil, &n); err != nil {
		t.Fatal(err)
	}
	db.writer.give(s)
	if again := p.must(db.Issue(ctx, big)); again.Existing {
		t.Error("with room again it was there already")
	}
	if err := db.Verify(ctx); err != nil {
		t.Error(err)
	}

	conn := p.raw() // another process that writes and does not end
	p.run(conn, "BEGIN IMMEDIATE")
	other := p.opts
	pool, err := newPool(other.path(databaseFile), "rw", "", []pragma{{"busy_timeout", "50", "50"}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	slow, err := pool.take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, slow.exec("BEGIN IMMEDIATE"), rx.CodeBusy)
	pool.give(slow)
	if err := pool.close(); err != nil {
		t.Error(err)
	}
	p.run(conn, "ROLLBACK")
}

// S1: 200 strings of people, medicines, numbers and keys are entered everywhere; no file holds one of them.
func TestNothingReadableOnDisk(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	var markers []string
	mark := func() string {
		m := fmt.Sprintf("Marqueur%04dQ", len(markers)*7+1000)
		markers = append(markers, m)
		return m
	}
	for range 10 {
		patient := marie
		patient.SSIN, patient.NoSSIN = "", rx.Foreign
		electronic := len(markers)%2 == 0
		if electronic {
			first := 850730100 + int64(len(markers))
			patient.SSIN, patient.NoSSIN = rx.SSIN(fmt.Sprintf("%09d%02d", first, 97-first%97)), ""
			markers = append(markers, string(patient.SSIN))
		}
		patient.FirstName, patient.LastName, patient.Phone = mark(), mark(), mark()
		issue := p.order(patient, []string{mark()})
		it := &issue.Items[0]
		issue.Request = []byte(mark())
		it.Facts.Product.Name, it.Facts.PosologyText, it.Facts.Content.InstructionPatient, it.Facts.Practice.Prescriber.LastName = mark(), mark(), mark(), mark()
		if it.Prescription.Electronic {
			it.Message = []byte(mark())
		}
		q := p.must(db.Issue(ctx, issue)).Prescriptions[0]
		if q.Electronic {
			key := rx.Key{ID: rx.KeyID(mark()), Secret: []byte(mark())}
			if err := db.AddKey(ctx, q.Patient, patient.SSIN, key); err != nil {
				t.Fatal(err)
			}
			if _, _, err := db.Mark(ctx, q.ID, 0, p.now, p.now, p.now); err != nil {
				t.Fatal(err)
			}
			p.apply(db, q.ID, rx.Event{Kind: rx.EventUnanswered, N: 1, Why: mark()})
			rid := rx.RID(fmt.Sprintf("BEP1MARK%04d", len(markers)))
			markers = append(markers, string(rid))
			p.apply(db, q.ID, rx.Event{Kind: rx.EventFound, N: 1, RID: rid, Status: rx.NotDelivered})
			p.apply(db, q.ID, rx.Event{Kind: rx.EventRevokeWished, Reason: "other", Text: mark()})
			p.apply(db, q.ID, rx.Event{Kind: rx.EventRevokeDenied, RID: rid, Problem: &rx.Problem{Code: mark(), Messages: map[rx.Lang]string{rx.FR: mark()}}})
			if err := db.AddKey(ctx, q.Patient, patient.SSIN, rx.Key{ID: rx.KeyID(mark()), Secret: []byte(mark())}); err != nil {
				t.Fatal(err)
			}
		} else {
			p.apply(db, q.ID, rx.Event{Kind: rx.EventWithdrawn, Reason: "other", Text: mark()})
		}
		if err := db.SaveDraft(ctx, rx.Draft{ID: p.newID(), Request: rx.Request{Patient: rx.Patient{LastName: mark()}, Lines: []rx.Line{{Name: mark(), Text: mark()}}}}); err != nil {
			t.Fatal(err)
		}
		if err := db.SetSetting(ctx, "practice", []byte(mark())); err != nil {
			t.Fatal(err)
		}
		if _, err := db.SavePatient(ctx, rx.Known{Patient: rx.Patient{LastName: mark(), Phone: mark()}}); err != nil {
			t.Fatal(err)
		}
	}
	if len(markers) < 200 {
		t.Fatalf("only %d markers", len(markers))
	}
	if err := db.Outside(ctx); err != nil {
		t.Fatal(err)
	}
	search := func(when string) {
		files := p.files()
		if len(files) < 3 {
			t.Errorf("%s: %d files", when, len(files))
		}
		for path, text := range files {
			for _, m := range markers {
				if bytes.Contains(text, []byte(m)) {
					t.Errorf("%s: %s in %s", when, m, filepath.Base(path))
				}
			}
		}
	}
	if wal, err := os.Stat(p.opts.path(databaseFile + "-wal")); err != nil || wal.Size() < 100_000 {
		t.Fatalf("nothing in the log to search: %v", err)
	}
	// A copy is searched: closing a file that the database has open would drop its locks.
	live := filepath.Join(t.TempDir(), "copy")
	p.copyTo(live)
	was := p.opts.Dir
	p.opts.Dir = live
	search("open")
	p.opts.Dir = was
	p.close(db)
	search("closed")
	readable := slices.ContainsFunc([]string{"prescriptions", "simulated"}, func(s string) bool {
		return bytes.Contains(p.files()[p.opts.path(databaseFile)], []byte(s))
	})
	if !readable {
		t.Error("the search finds nothing at all")
	}
}

// A version of the file's format that cannot be written is damage, not a disk that cannot be written.
func TestFormatThatCannotBeWritten(t *testing.T) {
	p := newPlace(t).create()
	path := p.opts.path(databaseFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[18] |= 4
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(ctx, p.opts)
	wantCode(t, err, rx.CodeDamaged)
}

// A newer program migrates the directory while this one has it open: this one writes nothing more, and the version stays.
func TestNothingIsWrittenAfterANewerProgram(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	q := p.issue(db, 1).Prescriptions[0]
	err := db.write(ctx, func(s *tx) error {
		s.wrote = true
		return s.exec("PRAGMA user_version = 1000")
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Apply(ctx, q.ID, 0, rx.Event{Kind: rx.EventLetGo, At: p.now})
	wantCode(t, err, rx.CodeNewer)
	wantCode(t, db.AddKey(ctx, q.Patient, marie.SSIN, rx.Key{ID: "one", Secret: make([]byte, 16)}), rx.CodeNewer)
	if err := db.tend(ctx); err != nil {
		t.Error(err)
	}
	wantCode(t, db.Close(ctx), rx.CodeNewer) // its mark is not written
	_, err = Open(ctx, p.opts)
	wantCode(t, err, rx.CodeNewer)
}
