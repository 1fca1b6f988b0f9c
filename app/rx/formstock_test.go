package rx

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever is printed, does not come out and is counted: never below 0, and what was counted is what is left, what copies took and what was given back.
func TestFormStockAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now, had, out := NewFormStock(), begin, 0, 0 // had: counted or added, out: on copies that may have come out since the count
		var last Sheet
		for range rapid.IntRange(1, 30).Draw(t, "acts") {
			now = now.Add(time.Minute)
			switch rapid.IntRange(0, 3).Draw(t, "act") {
			case 0:
				n := rapid.IntRange(0, 12).Draw(t, "counted")
				s, _ = s.Restock(Restock{Forms: &n, At: now})
				had, out = n, 0
			case 1:
				n := rapid.IntRange(0, 12).Draw(t, "came in")
				s, _ = s.Restock(Restock{Add: n, At: now})
				had += n
			case 2:
				var taken int
				s, taken = s.Take(rapid.IntRange(0, 5).Draw(t, "printed"))
				last = Sheet{Printed: now, Forms: taken}
				out += taken
			case 3:
				if last.Printed.After(s.Counted) {
					out -= last.Forms
				}
				s, last = s.GiveBack(last), Sheet{}
			}
			if s.Forms < 0 || s.Forms != had-out {
				t.Fatalf("%d left of %d, %d used", s.Forms, had, out)
			}
		}
	})
}

func TestRestock(t *testing.T) {
	two, much, less := 2, MostForms+1, -1
	for name, c := range map[string]struct {
		r    Restock
		want int
		path string
	}{
		"counted":          {Restock{Forms: &two}, 2, ""},
		"came in":          {Restock{Add: 4}, 9, ""},
		"taken out":        {Restock{Add: -5}, 0, ""},
		"more than it has": {Restock{Add: -6}, 5, "$.forms"},
		"too many":         {Restock{Forms: &much}, 5, "$.forms"},
		"low below 0":      {Restock{Low: &less}, 5, "$.low"},
	} {
		s, err := FormStock{Forms: 5, Low: 3, Counted: begin}.Restock(c.r)
		if s.Forms != c.want || (err == nil) != (c.path == "") {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if faults, _ := err.(Faults); err != nil && (len(faults) != 1 || faults[0].Path != c.path || faults[0].Code != CodeOutOfRange) { //nolint:errorlint // what it says it gives
			t.Errorf("%s: %v", name, err)
		}
	}
	for forms, short := range map[int]bool{0: true, UsualLow: true, UsualLow + 1: false} {
		if s := (FormStock{Forms: forms, Low: UsualLow}); s.Short() != short {
			t.Errorf("%d forms", forms)
		}
	}
	if s := NewFormStock(); s.Forms != 0 || !s.Short() {
		t.Errorf("counting does not begin at 0: %+v", s)
	}
}
