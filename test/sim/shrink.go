package sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Set are numbers of things that may happen in a run, in the order in which they would:
// an arrival, a change of weather, a crash, a fault of the disk.
type Set map[int]bool

// String writes the numbers as ranges: 1-4,9.
func (s Set) String() string {
	most := 0
	for n := range s {
		most = max(most, n)
	}
	var parts []string
	for n := 1; n <= most; n++ {
		if !s[n] {
			continue
		}
		from := n
		for s[n+1] {
			n++
		}
		part := strconv.Itoa(from)
		if n > from {
			part += "-" + strconv.Itoa(n)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}

// ParseSet reads what String wrote.
func ParseSet(text string) (Set, error) {
	set := Set{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		first, last, ranged := strings.Cut(part, "-")
		if !ranged {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil, err
		}
		to, err := strconv.Atoi(last)
		if err != nil {
			return nil, err
		}
		for n := from; n <= to; n++ {
			set[n] = true
		}
	}
	return set, nil
}

// happens numbers one thing that may happen, and tells whether it does.
func (s *Sim) happens() bool {
	s.chances++
	return !s.Without[s.chances]
}

// perhaps plans what may happen.
func (s *Sim) perhaps(d time.Duration, f func()) {
	if s.happens() {
		s.after(d, f)
	}
}

// Shrink looks for what a failing seed can do without: it gives the options of a run in
// which as little happens as it found, and how it fails. It plays at most tries runs.
func Shrink(seed uint64, o Options, tries int) (Options, error) {
	best, failure := Run(seed, o)
	if failure == nil {
		return o, nil
	}
	for size := max(best.chances/2, 1); ; size = max(size/2, 1) {
		lighter := false
		for from := 1; from <= best.chances && tries > 0; from += size {
			with := o
			with.Without = Set{}
			for n := range o.Without {
				with.Without[n] = true
			}
			for n := from; n < from+size; n++ {
				with.Without[n] = true
			}
			if len(with.Without) == len(o.Without) {
				continue
			}
			tries--
			if s, err := Run(seed, with); err != nil {
				best, o, failure, lighter = s, with, err, true
			}
		}
		if tries <= 0 || size == 1 && !lighter {
			return o, failure
		}
	}
}

// Replay is the command that plays a seed under o again.
func Replay(seed uint64, o Options) string {
	name := "Replay$"
	if o.Real != "" {
		name = "ReplayReal"
	} else if o.Wire {
		name = "ReplayProtocol"
	}
	line := fmt.Sprintf("go test ./test/sim -run %s -seed %d", name, seed)
	if len(o.Without) > 0 {
		line += " -without " + o.Without.String()
	}
	return line + " -v"
}
