package formats

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"relais/app/rx"
)

// FaultPlan is what shall go wrong in the simulation: the file of
// `relais simulate --faults`, and the body of a POST to its control end point.
type FaultPlan struct {
	Faults List[PlannedFault] `json:"faults"`
}

// PlannedFault is one fault of a plan. It strikes the calls number After+1 to
// After+Count that fit, within the time From to From+For after the start.
type PlannedFault struct {
	Service   string `json:"service"`             // one of rx.Services
	Operation string `json:"operation,omitempty"` // one of rx.Ops; absent: all of the service
	Kind      string `json:"kind"`                // one of FaultKinds
	After     int    `json:"after,omitempty"`     // calls to let pass first
	Count     int    `json:"count,omitempty"`     // 0: without end
	From      string `json:"from,omitempty"`      // "10m", as time.ParseDuration reads it
	For       string `json:"for,omitempty"`       // absent: without end
}

// FaultKinds are what can go wrong. The first ten need no protocol, so the simulated
// world alone knows them; the others come with the protocol in front of it.
var FaultKinds = []string{
	"refuse-connect", "hang", "slow", "drop-after-processing", "late-processing", "process-twice", "inner-refusal", "list-lag", "list-paged",
	"unreadable-candidate",
	"tls-fail", "http-502", "http-503", "portal-page", "soa-00001", "soa-01001", "soa-01002", "soa-02001", "soa-02002", "soa-03001", "soa-03002",
	"soa-03003", "soa-03004", "soa-03005", "soa-03006", "soa-03007", "outer-refusal", "token-expired", "clock-offset", "etk-rotated", "wrong-symmkey",
	"truncated",
}

// Check examines a plan; every fault has its JSON path.
func (p FaultPlan) Check() rx.Faults {
	var a assigner
	oneOf := func(path, word string, list []string) {
		if !slices.Contains(list, word) {
			a.fault(path, rx.CodeNotInList, "list", strings.Join(list, ", "))
		}
	}
	number := func(path string, n int) {
		if n < 0 || n > maxCalls {
			a.fault(path, rx.CodeOutOfRange, "min", "0", "max", strconv.Itoa(maxCalls))
		}
	}
	span := func(path, s string) {
		if d, err := time.ParseDuration(s); s != "" && (err != nil || d < 0) {
			a.fault(path, rx.CodeSpanForm)
		}
	}
	for i, f := range p.Faults {
		at := fmt.Sprintf("$.faults[%d]", i)
		oneOf(at+".service", f.Service, words(rx.Services))
		if f.Operation != "" {
			oneOf(at+".operation", f.Operation, words(slices.DeleteFunc(slices.Clone(rx.Ops), func(o rx.Op) bool {
				return string(o.Service()) != f.Service
			})))
		}
		oneOf(at+".kind", f.Kind, FaultKinds)
		number(at+".after", f.After)
		number(at+".count", f.Count)
		span(at+".from", f.From)
		span(at+".for", f.For)
	}
	return a.faults
}

// maxCalls bounds After and Count: more than any simulation makes.
const maxCalls = 1_000_000

// words are a list of rx as plain strings.
func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}
