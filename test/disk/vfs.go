package disk

import (
	"path/filepath"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// VFS is the name of the layer for SQLite.
const VFS = "failing"

// handle is an open file; SQLite's memory holds our sqlite3_file and, behind it, the real one.
type handle struct {
	disk *Disk // nil: left alone
	path string
}

var (
	once    sync.Once
	system  uintptr // *sqlite3_vfs of the system
	methods uintptr // *sqlite3_io_methods of ours
	handles sync.Map
)

const head = unsafe.Sizeof(sqlite3.Tsqlite3_file{})

func at(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

// pointer is the address of a package-level function as SQLite calls it.
func pointer(f any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&f))[1] }

func vfsAt(p uintptr) *sqlite3.Tsqlite3_vfs { return (*sqlite3.Tsqlite3_vfs)(at(p)) }

// of is the real file behind ours, with its methods.
func of(file uintptr) (uintptr, *sqlite3.Tsqlite3_io_methods) {
	real := file + head
	return real, (*sqlite3.Tsqlite3_io_methods)(at((*sqlite3.Tsqlite3_file)(at(real)).FpMethods))
}

func handleOf(file uintptr) *handle {
	h, _ := handles.Load(file)
	return h.(*handle)
}

// called makes a function of SQLite's of the type F callable.
func called[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{p})) }

// unary, sized … are the shapes of the methods of a file.
type (
	unary  = func(*libc.TLS, uintptr) int32
	flag   = func(*libc.TLS, uintptr, int32) int32
	filled = func(*libc.TLS, uintptr, uintptr) int32
	long   = func(*libc.TLS, uintptr, int64) int32
	moved  = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	asked  = func(*libc.TLS, uintptr, int32, uintptr) int32
	mapped = func(*libc.TLS, uintptr, int32, int32, int32, uintptr) int32
	locks  = func(*libc.TLS, uintptr, int32, int32, int32) int32
	silent = func(*libc.TLS, uintptr)
	opens  = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	drops  = func(*libc.TLS, uintptr, uintptr, int32) int32
)

func register() {
	once.Do(func() {
		tls := libc.NewTLS()
		system = sqlite3.Xsqlite3_vfs_find(tls, 0)
		methods = libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
		*(*sqlite3.Tsqlite3_io_methods)(at(methods)) = sqlite3.Tsqlite3_io_methods{
			FiVersion: 2, // no memory-mapped reading, which would pass us by
			FxClose:   pointer(xClose), FxRead: pointer(xRead), FxWrite: pointer(xWrite), FxTruncate: pointer(xTruncate), FxSync: pointer(xSync),
			FxFileSize: pointer(xFileSize), FxLock: pointer(xLock), FxUnlock: pointer(xUnlock), FxCheckReservedLock: pointer(xCheckReservedLock),
			FxFileControl: pointer(xFileControl), FxSectorSize: pointer(xSectorSize), FxDeviceCharacteristics: pointer(xDeviceCharacteristics),
			FxShmMap: pointer(xShmMap), FxShmLock: pointer(xShmLock), FxShmBarrier: pointer(xShmBarrier), FxShmUnmap: pointer(xShmUnmap),
		}
		name, err := libc.CString(VFS)
		if err != nil {
			panic(err)
		}
		ours := libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
		v := vfsAt(ours)
		*v = *vfsAt(system)
		v.FpNext, v.FzName, v.FszOsFile = 0, name, v.FszOsFile+int32(head)
		v.FxOpen, v.FxDelete = pointer(xOpen), pointer(xDelete)
		if rc := sqlite3.Xsqlite3_vfs_register(tls, ours, 0); rc != sqlite3.SQLITE_OK {
			panic("disk: SQLite refuses the layer")
		}
	})
}

func diskOf(path string) *Disk {
	d, ok := disks.Load(filepath.Dir(path))
	if !ok {
		return nil
	}
	return d.(*Disk)
}

func xOpen(tls *libc.TLS, _, name, file uintptr, flags int32, out uintptr) int32 {
	(*sqlite3.Tsqlite3_file)(at(file)).FpMethods = 0 // nothing to close should it fail
	h := &handle{}
	if name != 0 {
		h.path = libc.GoString(name)
		h.disk = diskOf(h.path)
	}
	if h.disk != nil {
		if f, dead := h.disk.meet(Open, h.path); dead || f != None {
			return sqlite3.SQLITE_CANTOPEN
		}
	}
	(*sqlite3.Tsqlite3_file)(at(file + head)).FpMethods = 0
	rc := called[opens](vfsAt(system).FxOpen)(tls, system, name, file+head, flags, out)
	if (*sqlite3.Tsqlite3_file)(at(file+head)).FpMethods != 0 {
		handles.Store(file, h)
		(*sqlite3.Tsqlite3_file)(at(file)).FpMethods = methods
	}
	return rc
}

func xDelete(tls *libc.TLS, _, name uintptr, sync int32) int32 {
	path := libc.GoString(name)
	if d := diskOf(path); d != nil {
		if f, dead := d.meet(Delete, path); dead || f != None {
			return sqlite3.SQLITE_IOERR_DELETE
		}
		d.synced(path)
	}
	return called[drops](vfsAt(system).FxDelete)(tls, system, name, 0)
}

func xClose(tls *libc.TLS, file uintptr) int32 {
	real, m := of(file)
	handles.Delete(file)
	return called[unary](m.FxClose)(tls, real)
}

func xRead(tls *libc.TLS, file, buf uintptr, n int32, offset int64) int32 {
	real, m := of(file)
	if h := handleOf(file); h.disk != nil {
		if f, dead := h.disk.meet(Read, h.path); dead || f != None {
			return sqlite3.SQLITE_IOERR_READ
		}
	}
	return called[moved](m.FxRead)(tls, real, buf, n, offset)
}

func xWrite(tls *libc.TLS, file, buf uintptr, n int32, offset int64) int32 {
	real, m := of(file)
	write := called[moved](m.FxWrite)
	h := handleOf(file)
	if h.disk == nil {
		return write(tls, real, buf, n, offset)
	}
	f, dead := h.disk.meet(Write, h.path)
	switch {
	case dead, f == Error:
		return sqlite3.SQLITE_IOERR_WRITE
	case f == Full:
		return sqlite3.SQLITE_FULL
	case f == Short:
		n /= 2
	}
	data := unsafe.Slice((*byte)(at(buf)), n)
	if rc := h.remember(tls, real, change{at: offset, new: append([]byte(nil), data...), truncatedTo: -1}); rc != sqlite3.SQLITE_OK {
		return rc
	}
	if rc := write(tls, real, buf, n, offset); rc != sqlite3.SQLITE_OK || f == None {
		return rc
	}
	return sqlite3.SQLITE_IOERR_WRITE // short, or cut
}

// remember keeps what the change will overwrite.
func (h *handle) remember(tls *libc.TLS, real uintptr, c change) int32 {
	m := (*sqlite3.Tsqlite3_io_methods)(at((*sqlite3.Tsqlite3_file)(at(real)).FpMethods))
	size := libc.Xcalloc(tls, 1, 8)
	defer libc.Xfree(tls, size)
	if rc := called[filled](m.FxFileSize)(tls, real, size); rc != sqlite3.SQLITE_OK {
		return rc
	}
	c.before = *(*int64)(at(size))
	end := c.at + int64(len(c.new))
	if c.truncatedTo >= 0 {
		c.at, end = c.truncatedTo, c.before
	}
	if n := min(end, c.before) - c.at; n > 0 {
		buf := libc.Xcalloc(tls, 1, libc.Tsize_t(n))
		defer libc.Xfree(tls, buf)
		if rc := called[moved](m.FxRead)(tls, real, buf, int32(n), c.at); rc != sqlite3.SQLITE_OK {
			return rc
		}
		c.old = append([]byte(nil), unsafe.Slice((*byte)(at(buf)), n)...)
	}
	h.disk.note(h.path, c)
	return sqlite3.SQLITE_OK
}

func xTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	real, m := of(file)
	if h := handleOf(file); h.disk != nil {
		if f, dead := h.disk.meet(Truncate, h.path); dead || f != None {
			return sqlite3.SQLITE_IOERR_TRUNCATE
		}
		if rc := h.remember(tls, real, change{truncatedTo: size}); rc != sqlite3.SQLITE_OK {
			return rc
		}
	}
	return called[long](m.FxTruncate)(tls, real, size)
}

func xSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	real, m := of(file)
	h := handleOf(file)
	if h.disk == nil {
		return called[flag](m.FxSync)(tls, real, flags)
	}
	switch f, dead := h.disk.meet(Sync, h.path); {
	case dead, f != None && f != Lie:
		return sqlite3.SQLITE_IOERR_FSYNC
	case f == Lie:
		return sqlite3.SQLITE_OK
	}
	h.disk.synced(h.path) // what is synced is known here: the machine below need not be waited for
	return sqlite3.SQLITE_OK
}

func xFileSize(tls *libc.TLS, file, size uintptr) int32 {
	real, m := of(file)
	return called[filled](m.FxFileSize)(tls, real, size)
}

func xLock(tls *libc.TLS, file uintptr, level int32) int32 {
	real, m := of(file)
	if h := handleOf(file); h.disk != nil && h.disk.Dead() {
		return sqlite3.SQLITE_IOERR_LOCK
	}
	return called[flag](m.FxLock)(tls, real, level)
}

func xUnlock(tls *libc.TLS, file uintptr, level int32) int32 {
	real, m := of(file)
	return called[flag](m.FxUnlock)(tls, real, level)
}

func xCheckReservedLock(tls *libc.TLS, file, out uintptr) int32 {
	real, m := of(file)
	return called[filled](m.FxCheckReservedLock)(tls, real, out)
}

func xFileControl(tls *libc.TLS, file uintptr, op int32, arg uintptr) int32 {
	real, m := of(file)
	return called[asked](m.FxFileControl)(tls, real, op, arg)
}

func xSectorSize(tls *libc.TLS, file uintptr) int32 {
	real, m := of(file)
	return called[unary](m.FxSectorSize)(tls, real)
}

func xDeviceCharacteristics(tls *libc.TLS, file uintptr) int32 {
	real, m := of(file)
	return called[unary](m.FxDeviceCharacteristics)(tls, real)
}

func xShmMap(tls *libc.TLS, file uintptr, page, size, extend int32, out uintptr) int32 {
	real, m := of(file)
	if h := handleOf(file); h.disk != nil && h.disk.Dead() {
		return sqlite3.SQLITE_IOERR_SHMMAP
	}
	return called[mapped](m.FxShmMap)(tls, real, page, size, extend, out)
}

func xShmLock(tls *libc.TLS, file uintptr, offset, n, flags int32) int32 {
	real, m := of(file)
	if h := handleOf(file); h.disk != nil && h.disk.Dead() && flags&sqlite3.SQLITE_SHM_LOCK != 0 {
		return sqlite3.SQLITE_IOERR_SHMLOCK
	}
	return called[locks](m.FxShmLock)(tls, real, offset, n, flags)
}

func xShmBarrier(tls *libc.TLS, file uintptr) {
	real, m := of(file)
	called[silent](m.FxShmBarrier)(tls, real)
}

func xShmUnmap(tls *libc.TLS, file uintptr, remove int32) int32 {
	real, m := of(file)
	if h := handleOf(file); h.disk != nil && h.disk.Dead() {
		remove = 0 // it stays behind
	}
	return called[flag](m.FxShmUnmap)(tls, real, remove)
}
