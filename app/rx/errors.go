package rx

import (
	"errors"
	"strings"
)

// Code names a fault for the program; the catalogues hold for each code a
// sentence ("error.CODE") and a next step ("error.CODE.next") in four languages.
type Code string

// Error is a fault that a person can be told. Args fill the sentence and never
// hold patient data; Path is the JSON path of the faulty value, "" where none.
type Error struct {
	Code Code
	Path string
	Args map[string]string
	Err  error // the cause for engineers, never patient data; may be nil
	// Problem is what a service said, shown as it came and never logged; nil: nothing.
	Problem *Problem
}

// Fault makes an Error; args are pairs of name and value.
func Fault(code Code, args ...string) *Error {
	e := &Error{Code: code}
	for i := 0; i+1 < len(args); i += 2 {
		if e.Args == nil {
			e.Args = map[string]string{}
		}
		e.Args[args[i]] = args[i+1]
	}
	return e
}

// At sets the JSON path of the faulty value.
func (e *Error) At(path string) *Error { e.Path = path; return e }

// Because keeps the cause.
func (e *Error) Because(err error) *Error { e.Err = err; return e }

// Error is the engineer's line: path, code, cause. People read the catalogue.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(string(e.Code))
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is compare by code, so that Fault(CodeX) serves as a sentinel.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// CodeOf gives the code of err: the first *Error in its chain, else CodeInternal
// ("" for nil).
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// Faults are all faults of one value, each with its path. Empty means sound.
type Faults []*Error

// Error joins the engineer's lines.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, e := range f {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "; ")
}

// Unwrap lets errors.Is and errors.As see each fault.
func (f Faults) Unwrap() []error {
	errs := make([]error, len(f))
	for i, e := range f {
		errs[i] = e
	}
	return errs
}

// OrNil is f as an error, nil when there is no fault.
func (f Faults) OrNil() error {
	if len(f) == 0 {
		return nil
	}
	return f
}
