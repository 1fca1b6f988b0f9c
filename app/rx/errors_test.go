package rx

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"testing"
)

func TestFault(t *testing.T) {
	e := Fault(CodeOutOfRange, "min", "1", "max", "10").At("lines[0].quantity").Because(io.ErrUnexpectedEOF)
	if !maps.Equal(e.Args, map[string]string{"min": "1", "max": "10"}) {
		t.Errorf("%v", e.Args)
	}
	if got := e.Error(); got != "lines[0].quantity: out-of-range: unexpected EOF" {
		t.Error(got)
	}
	if !errors.Is(e, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
	if got := Fault(CodeMissing, "half"); got.Error() != "missing" || got.Args != nil || got.Unwrap() != nil {
		t.Errorf("%v %v", got, got.Args)
	}
	if got := Fault(CodeMissing, "of", "name", "half"); !maps.Equal(got.Args, map[string]string{"of": "name"}) {
		t.Errorf("%v", got.Args)
	}
}

func TestErrorsCompareByCode(t *testing.T) {
	wrapped := fmt.Errorf("row: %w", Fault(CodeClosed, "state", "lapsed").At("x"))
	if !errors.Is(wrapped, Fault(CodeClosed)) || errors.Is(wrapped, Fault(CodeOnPaper)) || errors.Is(wrapped, io.EOF) {
		t.Error("errors.Is does not compare codes")
	}
	for _, c := range []struct {
		err  error
		want Code
	}{{nil, ""}, {wrapped, CodeClosed}, {io.EOF, CodeInternal}, {Faults{Fault(CodeMissing), Fault(CodeTooLong)}, CodeMissing}} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("%v: %q", c.err, got)
		}
	}
}

func TestFaults(t *testing.T) {
	if err := Faults(nil).OrNil(); err != nil {
		t.Errorf("no fault, and an error: %v", err)
	}
	f := Faults{Fault(CodeMissing).At("patient.name"), Fault(CodeTooLong).At("lines[1].text")}
	if got := f.OrNil().Error(); got != "patient.name: missing; lines[1].text: too-long" {
		t.Error(got)
	}
	if !errors.Is(f.OrNil(), Fault(CodeTooLong)) || errors.Is(f, Fault(CodeClosed)) {
		t.Error("errors.Is does not see each fault")
	}
}
