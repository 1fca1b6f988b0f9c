package wiring

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// Seen is what the last calls said of a service. The engine of whichever process sends
// makes the calls; what it saw is kept in the directory, so that others can tell.
type Seen struct {
	Service  rx.Service `json:"service"`
	Reached  bool       `json:"reached"`           // the last call got an answer
	Since    time.Time  `json:"since,omitzero"`    // for as long as that is so; zero: never called
	Last     time.Time  `json:"last,omitzero"`     // the last call
	Answered time.Time  `json:"answered,omitzero"` // the last answer
	Failures int        `json:"failures,omitempty"`
	Why      string     `json:"why,omitempty"` // class of the last failure
}

// Known tells that the service was called at least once.
func (s Seen) Known() bool { return !s.Since.IsZero() }

// services keeps what was seen.
type services struct {
	keep settings
	told func() // something was seen

	mu     sync.Mutex
	seen   map[rx.Service]Seen
	dirty  bool // something was seen since the last save
	turned bool // a service came or went since then
}

// settings are sealed values by name.
type settings interface {
	Setting(ctx context.Context, name string) ([]byte, error)
	SetSetting(ctx context.Context, name string, value []byte) error
}

const settingServices = "services"

// load takes what was kept, where it is newer than what is known here.
func (s *services) load(ctx context.Context) error {
	kept, err := s.keep.Setting(ctx, settingServices)
	if rx.CodeOf(err) == rx.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	var list []Seen
	if err := json.Unmarshal(kept, &list); err != nil {
		return rx.Fault(rx.CodeDamaged, "table", "settings", "row", settingServices)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range list {
		if k.Last.After(s.seen[k.Service].Last) {
			s.set(k)
		}
	}
	return nil
}

func (s *services) set(k Seen) {
	if s.seen == nil {
		s.seen = map[rx.Service]Seen{}
	}
	s.seen[k.Service] = k
}

// all are the services in the order of the domain, also those never called.
func (s *services) all() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Seen, len(rx.Services))
	for i, name := range rx.Services {
		list[i] = s.seen[name]
		list[i].Service = name
	}
	return list
}

// standIn tells that somebody else answered in the place of a service: a portal or a proxy, with a page of its own.
func standIn(why string) bool { return why == "foreign" || strings.HasPrefix(why, "http-") }

// observe takes what a reply said.
func (s *services) observe(o outbox.Observation) {
	defer s.told()
	s.mu.Lock()
	defer s.mu.Unlock()
	if standIn(o.Why) {
		o.Reached = false
	}
	was := s.seen[o.Service]
	is := Seen{Service: o.Service, Reached: o.Reached, Since: was.Since, Last: o.At, Answered: was.Answered, Why: o.Why}
	if was.Reached != o.Reached || !was.Known() {
		is.Since, s.turned = o.At, true
	}
	if o.Reached {
		is.Answered = o.At
	} else {
		is.Failures = was.Failures + 1
	}
	s.set(is)
	s.dirty = true
}

// saveTurn saves when a service came or went: others are told soon, and the audit chain
// does not grow with each call.
func (s *services) saveTurn(ctx context.Context) error {
	s.mu.Lock()
	turned := s.turned
	s.mu.Unlock()
	if !turned {
		return nil
	}
	return s.save(ctx)
}

// save keeps what was seen, if anything was.
func (s *services) save(ctx context.Context) error {
	s.mu.Lock()
	dirty := s.dirty
	s.dirty, s.turned = false, false
	s.mu.Unlock()
	if !dirty {
		return nil
	}
	b, err := json.Marshal(slices.DeleteFunc(s.all(), func(k Seen) bool { return !k.Known() }))
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	return s.keep.SetSetting(ctx, settingServices, b)
}

// inDoubt tells that a service which pharmacies need did not answer the last call.
func (s *services) inDoubt() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range []rx.Service{rx.Recipe, rx.KGSS} {
		if k := s.seen[name]; k.Known() && !k.Reached {
			return true
		}
	}
	return false
}
