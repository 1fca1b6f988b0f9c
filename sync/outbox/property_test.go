package outbox_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/app/rx"
	"relais/sync/outbox"
)

// weather is what becomes of the calls of one operation.
type weather string

const (
	fine     weather = "fine"
	refused  weather = "refused"
	away     weather = "no connection"
	turned   weather = "turned away" // not sent, and the server's clock in the answer
	failing  weather = "error"       // unanswered, with the server's clock
	hanging  weather = "hanging"
	dropped  weather = "processed, and the answer lost"
	unheard  weather = "lost on the way"
	slow     weather = "slow"
	delayed  weather = "processed late, and the answer lost"
	twice    weather = "processed twice"
	paged    weather = "paged"
	garbage  weather = "garbage"
	hesitant weather = "every other one lost"
)

var weathers = []weather{fine, fine, fine, refused, away, turned, failing, hanging, dropped, unheard, slow, delayed, twice, paged, garbage, hesitant}

// sky is the weather of each operation.
type sky struct {
	w     *practice
	r     *recipe
	of    map[rx.Op]weather
	calls int
}

func (s *sky) serve(act outbox.Act) (time.Duration, rx.Reply) {
	c := act.Call
	s.calls++
	withDate := func(r rx.Reply) rx.Reply { r.ServerAt = s.w.serverAt(); return r }
	switch s.of[c.Op] {
	case refused:
		return time.Second, s.w.refusal()
	case away:
		return 0, noRoute
	case turned:
		return time.Second, withDate(noRoute)
	case failing:
		return time.Second, withDate(silence)
	case hanging:
		return never, silence
	case dropped:
		s.r.process(c)
		return time.Second, lostLine
	case unheard:
		return time.Second, lostLine
	case slow:
		return 20 * time.Second, s.r.process(c)
	case delayed:
		s.w.timers = append(s.w.timers, timer{s.w.mono + 110*time.Second, func() { s.r.process(c) }})
		return time.Second, lostLine
	case twice:
		s.r.process(c)
		return time.Second, s.r.process(c)
	case paged:
		r := s.r.process(c)
		if c.Session == "" && len(r.Listed) > 1 {
			r.Listed, r.More, r.Session = r.Listed[:1], true, "next"
		} else if c.Session != "" {
			r.Listed = r.Listed[min(1, len(r.Listed)):]
		}
		return time.Second, r
	case garbage:
		return time.Second, s.w.ok()
	case hesitant:
		if s.calls%2 == 0 {
			return time.Second, lostLine
		}
	}
	return s.r.serve(act)
}

// try applies an event of the doctor, allowed or not.
func (w *practice) try(id rx.ID, e rx.Event) {
	e.At = w.now()
	if e.Kind == rx.EventClaimed {
		e.Sheet, e.Paper = &rx.Sheet{ID: w.id(), Forced: true}, "outage-recipe"
	}
	_, _ = w.apply(id, 0, e)
}

// answer answers every question that waits for the doctor.
func (w *practice) answer() {
	for _, id := range w.order {
		p := w.rows[id]
		for _, d := range rx.Owed(p, w.now(), w.around[id], w.waits) {
			switch d.Kind {
			case rx.DutyReconfirm:
				w.try(id, rx.Event{Kind: rx.EventReconfirmed})
			case rx.DutyTwinCheck:
				w.try(id, rx.Event{Kind: rx.EventTwinAnswered, Outcome: rx.OnlyHere})
			case rx.DutyRestored:
				w.try(id, rx.Event{Kind: rx.EventRestoredAns, Outcome: rx.NothingGiven})
			}
		}
	}
}

// most calls in an hour: of one prescription and its patient, whatever is answered.
const most = 90

// Whatever the services answer, whatever the doctor, the disk, the clocks and the mains
// do meanwhile: judge holds for every act, the calls of an hour are bounded, and when
// everything answers again all is done within three hours and nothing is double.
func TestAnything(t *testing.T) {
	busiest := 0.0
	rapid.Check(t, func(t *rapid.T) {
		w := newPractice(t)
		s := &sky{w: w, r: newRecipe(w), of: map[rx.Op]weather{}}
		w.serve = s.serve
		patients := []rx.ID{marie, jan, luc}
		boots := 1
		doctor := []rx.Event{{Kind: rx.EventClaimed}, {Kind: rx.EventWithdrawn, Reason: "stopped"}, {Kind: rx.EventRevokeWished, Reason: "stopped"},
			{Kind: rx.EventReconfirmed}, {Kind: rx.EventTwin}, {Kind: rx.EventTwinAnswered, Outcome: rx.OnlyHere}, {Kind: rx.EventLetGo}}
		w.issue(marie)
		for range rapid.IntRange(1, 30).Draw(t, "happenings") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0, 1:
				if len(w.order) < 8 {
					w.issue(rapid.SampledFrom(patients).Draw(t, "patient"))
				}
			case 2:
				w.try(rapid.SampledFrom(w.order).Draw(t, "whose"), rapid.SampledFrom(doctor).Draw(t, "event"))
			case 3, 4, 5:
				s.of[rapid.SampledFrom(rx.Ops[:7]).Draw(t, "op")] = rapid.SampledFrom(weathers).Draw(t, "weather")
			case 6:
				kind := rapid.SampledFrom([]string{"", "work", "marked", "mark", "outside", "unanswered", "accepted", "not-sent", "found", "key", "unowned", "status-read", "twin"}).Draw(t, "broken")
				w.refuse(errDisk, func(op string, _ rx.ID) bool { return op == kind })
			case 7:
				w.skew += rapid.SampledFrom([]time.Duration{time.Hour, -time.Hour, time.Second, -3 * time.Minute}).Draw(t, "jump")
			case 8:
				if rapid.IntRange(0, 2).Draw(t, "mains") == 0 {
					w.boot()
					boots++
				}
			}
			w.step()
			w.pass(rapid.SampledFrom([]time.Duration{0, time.Second, 9 * time.Second, time.Minute, 10 * time.Minute, time.Hour}).Draw(t, "pause"))
		}
		for i, c := range w.calls {
			n := 0
			for _, d := range w.calls[i:] {
				if d.at-c.at > time.Hour {
					break
				}
				n++
			}
			perOne := float64(n) / float64(len(w.order)+boots)
			busiest = max(busiest, perOne)
			if perOne > most {
				t.Fatalf("%d calls in an hour for %d prescriptions: %v", n, len(w.order), w.calls[i:min(i+60, len(w.calls))])
			}
		}

		w.mend()
		clear(s.of)
		w.skew = 0
		w.step()
		for range 12 {
			w.pass(15 * time.Minute)
			w.answer()
			w.step()
		}
		for _, id := range w.order {
			w.judgeEnd(s, id)
		}
		for _, err := range w.faults {
			if code := rx.CodeOf(err); code != rx.CodeIO && code != rx.CodeKeyUsed {
				t.Fatalf("told: %v", err)
			}
		}
	})
	t.Logf("at most %.0f calls in an hour for each prescription", busiest)
}

// judgeEnd: everything has answered for hours.
func (w *practice) judgeEnd(s *sky, id rx.ID) {
	w.Helper()
	p := w.rows[id]
	usable := 0
	for _, r := range s.r.records {
		if r.local == p.LocalID() && r.status == rx.NotDelivered {
			usable++
			if rec := p.AdoptedRecord(); rec == nil || rec.RID != r.rid {
				w.Errorf("%s: a record that must go is still there", w.number(id))
			}
		}
	}
	at, want := w.at(id), 0
	if at == rx.StateConfirmed {
		want = 1
	}
	switch {
	case at == rx.StateReady && rx.MaySend(p, w.now(), w.around[id], w.waits) == nil:
		w.Errorf("%s may leave and has not", w.number(id))
	case at == rx.StateSending || at == rx.StateUnknown:
		w.Errorf("%s is %s: %+v", w.number(id), at, p.Attempts)
	case usable != want:
		w.Errorf("%s is %s, and %d records can be delivered", w.number(id), at, usable)
	}
	if len(w.flying) > 0 {
		w.Errorf("in flight: %v", w.flight())
	}
}

// The same seed and the same replies give the same acts.
func TestSameSeedSameActs(t *testing.T) {
	play := func(seed uint64) string {
		w := newPractice(t)
		s := &sky{w: w, r: newRecipe(w), of: map[rx.Op]weather{}}
		w.seed, w.serve = seed, s.serve
		w.boot()
		for i := range 40 {
			w.issue([]rx.ID{marie, jan, luc}[i%3])
			s.of[rx.Ops[i%7]] = weathers[i*7%len(weathers)]
			w.step()
			w.pass(time.Duration(i%5) * time.Minute)
		}
		return fmt.Sprint(w.calls, w.log)
	}
	var runs []string
	for seed := range uint64(5) {
		first := play(seed)
		if play(seed) != first {
			t.Errorf("seed %d gave other acts", seed)
		}
		if slices.Contains(runs, first) {
			t.Errorf("seed %d changes nothing", seed)
		}
		runs = append(runs, first)
	}
}
