package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"modernc.org/sqlite"

	"relais/app/rx"
)

// Primary result codes of SQLite (sqlite.org/rescode.html).
const (
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteReadOnly   = 8
	sqliteIOErr      = 10
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteCantOpen   = 14
	sqliteConstraint = 19
	sqliteNotADB     = 26

	sqliteShmSize = sqliteIOErr | 19<<8 // the index of the log cannot grow: the disk is full
)

var sqliteCodes = map[int]rx.Code{
	sqliteBusy: rx.CodeBusy, sqliteLocked: rx.CodeBusy, sqliteReadOnly: rx.CodeReadOnly, sqliteIOErr: rx.CodeIO,
	sqliteCorrupt: rx.CodeDamaged, sqliteFull: rx.CodeDiskFull, sqliteCantOpen: rx.CodeIO, sqliteNotADB: rx.CodeDamaged,
}

// translate makes an error of database or disk one of ours. The cause keeps SQLite's number and, of a violated constraint, the name that
// SQLite or the schema gives it: neither statements nor values.
func translate(err error) error {
	var ours *rx.Error
	var theirs *sqlite.Error
	switch {
	case err == nil || errors.As(err, &ours):
		return err
	case errors.As(err, &theirs):
		primary := theirs.Code() & 0xff
		if primary == sqliteConstraint {
			return violated(theirs)
		}
		code, known := sqliteCodes[primary]
		switch {
		case !known:
			code = rx.CodeInternal
		case theirs.Code() == sqliteShmSize:
			code = rx.CodeDiskFull
		}
		return rx.Fault(code).Because(fmt.Errorf("sqlite %d", theirs.Code()))
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, errQuota):
		return rx.Fault(rx.CodeDiskFull)
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, errReadOnlyDisk):
		return rx.Fault(rx.CodeReadOnly)
	}
	return rx.Fault(rx.CodeIO).Because(pathless(err))
}

// violated: the constraints are a second lock behind rx.Step; these are met without a fault of the program.
func violated(err *sqlite.Error) error {
	switch text := err.Error(); {
	case strings.Contains(text, "records.rid_blind"):
		return rx.Fault(rx.CodeRIDTaken)
	case strings.Contains(text, "key_blind"), strings.Contains(text, "keys.blind"), strings.Contains(text, "key used"):
		return rx.Fault(rx.CodeKeyUsed)
	case strings.Contains(text, "patients.ssin_blind"), strings.Contains(text, "patients.name_blind"),
		strings.Contains(text, "prescriptions.replaces"): // replaced meanwhile
		return rx.Fault(rx.CodeConflict)
	default:
		return rx.Fault(rx.CodeInternal).Because(errors.New(text))
	}
}

// pathless drops the path of a file error: a home directory names a person.
func pathless(err error) error {
	var number syscall.Errno
	var path *fs.PathError
	switch {
	case errors.As(err, &number):
		return number
	case errors.As(err, &path):
		return path.Err
	}
	return err
}
