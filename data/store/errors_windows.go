package store

import "syscall"

const (
	errQuota        = syscall.Errno(112) // ERROR_DISK_FULL
	errReadOnlyDisk = syscall.Errno(19)  // ERROR_WRITE_PROTECT
)
