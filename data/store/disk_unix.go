//go:build unix

package store

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// fileIdentity is device and inode.
func fileIdentity(path string) (string, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d:%d", st.Dev, st.Ino), nil
}
