package secrets

import (
	"os"
	"syscall"
)

// inMemory is a new directory in memory, "" when there is no room: what is searched does not depend on the disk, which
// other suites have, and a sync costs nothing there.
func inMemory() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < 1<<30 {
		return ""
	}
	dir, err := os.MkdirTemp("/dev/shm", "relais-secrets-")
	if err != nil {
		return ""
	}
	return dir
}
