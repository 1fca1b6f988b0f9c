package disk

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
)

// Op is an operation on a file.
type Op int

const (
	Read Op = iota
	Write
	Truncate
	Sync
	Delete
	Open
)

func (o Op) String() string {
	return [...]string{"read", "write", "truncate", "sync", "delete", "open"}[o]
}

// Fault is what an operation meets.
type Fault int

const (
	None  Fault = iota
	Error       // an input/output error; nothing was done
	Full        // of what writes: no space left
	Short       // of a write: the first half is written, then an error
	Kill        // the program ends before the operation
	Cut         // the mains fail during it
	Lie         // of a sync: called done, and not done
)

func (f Fault) String() string {
	return [...]string{"none", "error", "full", "short", "kill", "cut", "lie"}[f]
}

// Disk holds the files of one directory.
type Disk struct {
	mu     sync.Mutex
	dir    string
	decide func(op Op, file string) Fault
	off    int // faults are suspended while it is above 0
	dead   bool
	cut    bool
	kept   map[string]*pending // by path
}

// pending is what was written to a file since it was last synced, in order.
type pending struct{ writes []change }

// change is one write or truncation, with what was there before.
type change struct {
	at          int64
	new, old    []byte // old may be shorter: the file ended there
	before      int64  // size of the file
	truncatedTo int64  // -1: a write
}

var disks sync.Map // by directory

// Attach puts a disk under the files of dir, healthy until Decide says otherwise. Detach it.
func Attach(dir string) *Disk {
	register()
	d := &Disk{dir: filepath.Clean(dir), kept: map[string]*pending{}}
	disks.Store(d.dir, d)
	return d
}

// Detach leaves the files to the system again. Nobody may hold one open.
func (d *Disk) Detach() { disks.Delete(d.dir) }

// Decide sets who is asked before each operation; nil: nobody.
func (d *Disk) Decide(f func(op Op, file string) Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.decide = f
}

// Spared runs f without faults and without asking; a dead disk stays dead.
func (d *Disk) Spared(f func()) {
	d.mu.Lock()
	d.off++
	d.mu.Unlock()
	defer func() { d.mu.Lock(); d.off--; d.mu.Unlock() }()
	f()
}

// Dead tells that the program that uses the disk has ended, or the mains have failed.
func (d *Disk) Dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// Kill ends the program here, between two operations.
func (d *Disk) Kill() { d.end(false) }

// Cut lets the mains fail here, between two operations.
func (d *Disk) Cut() { d.end(true) }

func (d *Disk) end(cut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead, d.cut = true, d.cut || cut
}

// Mend makes a dead disk usable again, as what happened has left it. Nobody may hold a file
// open. After a Cut, random decides about each write that was not synced.
func (d *Disk) Mend(random *rand.Rand) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	if d.cut {
		entries, err := os.ReadDir(d.dir) // in a fixed order: a seed replays a run
		errs = append(errs, err)
		for _, e := range entries {
			path := filepath.Join(d.dir, e.Name())
			if p := d.kept[path]; p != nil && len(p.writes) > 0 {
				errs = append(errs, p.tear(path, random))
			}
		}
	}
	d.dead, d.cut, d.kept = false, false, map[string]*pending{}
	return errors.Join(errs...)
}

// sector is the least that a disk writes as one.
const sector = 512

// tear undoes what was not synced and does a random part of it again: of all writes of a
// file all, none, a beginning, or any; of the last one also a part.
func (p *pending) tear(path string, random *rand.Rand) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // deleted since
	}
	if err != nil {
		return err
	}
	for i := len(p.writes) - 1; i >= 0; i-- {
		data = p.writes[i].undo(data)
	}
	mode, until := random.IntN(4), random.IntN(len(p.writes)+1)
	for i, w := range p.writes {
		switch {
		case mode == 0, mode == 2 && i >= until, mode == 3 && random.IntN(2) == 0: // lost
		case mode == 2 && i == until-1 && w.truncatedTo < 0:
			data = w.redo(data, random.IntN(len(w.new)/sector+1)*sector)
		default:
			data = w.redo(data, len(w.new))
		}
	}
	return os.WriteFile(path, data, 0o600)
}

func (c change) undo(data []byte) []byte {
	data = sized(data, c.before)
	if n := min(int64(len(c.old)), c.before-c.at); n > 0 {
		copy(data[c.at:], c.old[:n])
	}
	return data
}

func (c change) redo(data []byte, n int) []byte {
	if c.truncatedTo >= 0 {
		return sized(data, c.truncatedTo)
	}
	if end := c.at + int64(n); end > int64(len(data)) && n > 0 {
		data = sized(data, end)
	}
	copy(data[min(c.at, int64(len(data))):], c.new[:n])
	return data
}

// sized is data cut, or filled with zeros, to n bytes.
func sized(data []byte, n int64) []byte {
	if n <= int64(len(data)) {
		return data[:n]
	}
	return append(data, make([]byte, n-int64(len(data)))...)
}

// meet asks for the fate of an operation; dead tells that the disk is.
func (d *Disk) meet(op Op, path string) (Fault, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return None, true
	}
	if d.off > 0 || d.decide == nil {
		return None, false
	}
	f := d.decide(op, filepath.Base(path))
	switch f {
	case Kill:
		d.dead = true
	case Cut:
		d.dead, d.cut = true, true
	}
	return f, d.dead && f == Kill
}

func (d *Disk) note(path string, c change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.kept[path]
	if p == nil {
		p = &pending{}
		d.kept[path] = p
	}
	p.writes = append(p.writes, c)
}

func (d *Disk) synced(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.kept, path)
}
