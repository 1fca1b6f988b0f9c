// Package disk is a disk under SQLite that fails on purpose: a layer between SQLite and
// the system's own file layer (its VFS), for tests alone.
//
// A Disk stands for the files of one directory. Before each operation on them its Decide
// is asked; the answer may be that the operation fails, that the disk is full, that only
// a part is written, that the program ends here (Kill), or that the mains fail (Cut). After
// Kill and Cut the disk is dead: every further operation of those who hold files open fails,
// as nothing of a program that has ended reaches a disk. When they have closed their files,
// Mend makes the disk as the event left it: after Kill all that was written is there, after
// Cut each write since the last sync of its file is there, is missing, or is torn between
// two sectors, at random; then it can be used again.
//
// What it does not do: let names (created, deleted, renamed files) be lost; the store syncs its
// directory itself. A disk that lies about a sync (Lie) is beyond us: it serves to show that a
// test which uses this package can fail.
//
// The layer is registered once for the process as VFS; a directory without a Disk is left
// alone. It reaches into the ABI of modernc.org/sqlite/lib: pointers to SQLite's memory, and
// package-level functions as C function pointers (a closure could be collected while SQLite
// still holds its address).
package disk
