package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"time"
)

// disk is a directory with a process that can be killed and a power that can fail. Content is durable when WriteFile returns; names are durable
// after Sync, and before it any part of the changes may be.
type disk struct {
	names   map[string]*[]byte          // as the process sees them
	durable map[string]*[]byte          // as they were at the last Sync
	pending []func(map[string]*[]byte)  // changes of names since
	step    int                         // of changes so far
	strike  func(step int, d *disk) how // what befalls this step; nil: nothing
}

type how int

const (
	fine   how = iota
	before     // killed before the step
	torn       // killed in the middle of a write; as before for other steps
	after      // killed after the step
	fails      // the step fails with an error and does nothing; a write leaves half
)

type killed struct{}

var errDisk = errors.New("disk fault")

func newDisk() *disk { return &disk{names: map[string]*[]byte{}, durable: map[string]*[]byte{}} }

// do performs one change, or what befalls it. half is what a broken one leaves.
func (d *disk) do(half, whole func()) error {
	d.step++
	h := fine
	if d.strike != nil {
		h = d.strike(d.step, d)
	}
	switch h {
	case before:
		panic(killed{})
	case torn:
		half()
		panic(killed{})
	case fails:
		half()
		return errDisk
	}
	whole()
	if h == after {
		panic(killed{})
	}
	return nil
}

func (d *disk) rename(change func(map[string]*[]byte)) {
	change(d.names)
	d.pending = append(d.pending, change)
}

func (d *disk) ReadFile(name string) ([]byte, error) {
	content, ok := d.names[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return bytes.Clone(*content), nil
}

func (d *disk) WriteFile(name string, data []byte) error {
	write := func(data []byte) func() {
		return func() {
			content, ok := d.names[name]
			if !ok {
				content = new([]byte)
				d.rename(func(m map[string]*[]byte) { m[name] = content })
			}
			*content = bytes.Clone(data)
		}
	}
	return d.do(write(data[:len(data)/2]), write(data))
}

func (d *disk) Rename(from, to string) error {
	content, ok := d.names[from]
	if !ok {
		return fs.ErrNotExist
	}
	return d.do(func() {}, func() {
		d.rename(func(m map[string]*[]byte) {
			if m[from] == content {
				delete(m, from)
			}
			m[to] = content
		})
	})
}

func (d *disk) Remove(name string) error {
	content, ok := d.names[name]
	if !ok {
		return fs.ErrNotExist
	}
	return d.do(func() {}, func() {
		d.rename(func(m map[string]*[]byte) {
			if m[name] == content {
				delete(m, name)
			}
		})
	})
}

func (d *disk) Sync() error {
	return d.do(func() {}, func() { d.durable, d.pending = maps.Clone(d.names), nil })
}

// copy is an independent disk with the same state and no more strikes.
func (d *disk) copy(names map[string]*[]byte) *disk {
	c := newDisk()
	for name, content := range names {
		own := bytes.Clone(*content)
		c.names[name] = &own
	}
	c.durable = maps.Clone(c.names)
	return c
}

// afterwards gives every disk that a restart may find: after a kill what the process saw, after a loss of power any part of the pending names.
func (d *disk) afterwards() []*disk {
	found := []*disk{d.copy(d.names)}
	for part := range 1 << len(d.pending) {
		names := maps.Clone(d.durable)
		for i, change := range d.pending {
			if part>>i&1 == 1 {
				change(names)
			}
		}
		found = append(found, d.copy(names))
	}
	return found
}

// run performs act and says whether it was killed.
func run(act func() error) (err error, dead bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ours := r.(killed); !ours {
				panic(r)
			}
			dead = true
		}
	}()
	return act(), false
}

func strikeAt(at int, h how) func(int, *disk) how {
	return func(step int, _ *disk) how {
		if step == at {
			return h
		}
		return fine
	}
}

func at(d *disk) Directory { return Directory{d, func() time.Time { return noon }} }

// opens says which of two passphrases opens the directory; exactly one must, with the keys of want. A torn file or no file fails the test.
func opens(t *testing.T, d *disk, want [32]byte, first, second string) string {
	t.Helper()
	var found []string
	for _, p := range []string{first, second} {
		k, err := at(d).Unlock(Simulated, pass(p), seeded(9))
		switch {
		case err == nil:
			if fingerprint(t, k) != want {
				t.Fatal("opened with other keys")
			}
			found = append(found, p)
		case !errors.Is(err, ErrWrongPassphrase):
			t.Fatalf("%v; files: %v", err, d.describe())
		}
	}
	if len(found) != 1 {
		t.Fatalf("opened by %q; files: %v", found, d.describe())
	}
	return found[0]
}

func (d *disk) describe() string {
	var b strings.Builder
	for name, content := range d.names {
		_, err := Parse(*content)
		fmt.Fprintf(&b, "%s: %d bytes, %v; ", name, len(*content), err)
	}
	return b.String()
}

// leftovers fails the test if a file beside vault.json can still be opened by another passphrase than the one that holds.
func leftovers(t *testing.T, d *disk, holds string) {
	t.Helper()
	for name, content := range d.names {
		v, err := Parse(*content)
		if err != nil || name == newFile {
			continue
		}
		if _, err := v.Unlock(Simulated, pass(holds), seeded(9)); err != nil {
			t.Fatalf("%s is left with another passphrase; files: %v", name, d.describe())
		}
	}
}

// fixture is a disk with a vault under the passphrase "old", and a changed vault under "new" with the same keys.
func fixture(t *testing.T) (d *disk, next *Vault, want [32]byte) {
	v, _ := create(t, Simulated, "old", seeded(1))
	next, err := v.WithPassphrase(pass("old"), pass("new"), DefaultCost(Simulated), seeded(2))
	if err != nil {
		t.Fatal(err)
	}
	d = newDisk()
	if err := at(d).Create(v); err != nil {
		t.Fatal(err)
	}
	return d.copy(d.names), next, fingerprint(t, unlock(t, v, pass("old")))
}
