//go:build unix

package speed

import (
	"syscall"
	"time"
)

// cpu is what this process has used of the processors: unlike the clock, it does not count what others on the machine do.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
