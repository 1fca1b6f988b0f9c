package outbox_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/app/rx"
	"relais/sync/outbox"
)

// write puts lines into the draft of a patient; issued they wait, and the draft is gone.
func (w *practice) write(patient rx.ID, lines int) { w.drafts[patient] = draft{lines, w.now()} }

func (w *practice) finish(patient rx.ID) (ids []rx.ID) {
	for range w.drafts[patient].lines {
		ids = append(ids, w.issue(patient))
	}
	delete(w.drafts, patient)
	return ids
}

// A key is fetched for each line that is being written, one call at a time; when the order is issued, a KGSS that is
// away since delays nothing, and no further key is asked for.
func TestKeysAheadOfTheOrder(t *testing.T) {
	w := story(t)
	r := newRecipe(w)
	w.serve = r.serve
	w.write(marie, 3)
	from := w.mono
	w.step()
	if n := w.inFlight(rx.OpNewKey); n != 1 {
		t.Errorf("%d keys at once for a draft", n)
	}
	w.pass(time.Minute)
	if len(w.keys[marie]) != 3 || w.count(rx.OpNewKey, from) != 3 || len(w.keys[jan]) > 0 {
		t.Fatalf("%d keys, %d calls", len(w.keys[marie]), w.count(rx.OpNewKey, from))
	}
	w.except(rx.OpNewKey, func() rx.Reply { return noRoute })
	began := w.mono
	ids := w.finish(marie)
	w.step()
	w.pass(5 * time.Second)
	for _, id := range ids {
		w.is(id, rx.StateConfirmed)
	}
	if n := w.count(rx.OpNewKey, began); n != 0 {
		t.Errorf("%d keys asked for beyond those that were there", n)
	}
}

// What waits goes first: its keys leave at once beside the one of a draft, and while one lacks and the KGSS is away, no draft asks.
func TestKeysOfWhatWaitsFirst(t *testing.T) {
	w := story(t)
	w.write(jan, 5)
	w.step()
	w.flies("getNewKey " + string(numbers[jan]))
	w.issue(marie)
	w.issue(luc)
	w.step()
	w.flies("getNewKey "+string(numbers[jan]), "getNewKey "+string(numbers[marie]), "getNewKey "+string(numbers[luc]))

	w = story(t)
	w.except(rx.OpNewKey, func() rx.Reply { return noRoute })
	w.write(jan, 1)
	w.issue(marie)
	w.step()
	w.pass(time.Hour)
	for _, c := range w.calls {
		if c.op == rx.OpNewKey && c.on == string(numbers[jan]) {
			t.Errorf("a draft asked a KGSS that is away, at %s", c.at)
		}
	}
}

// A KGSS that is away is not asked for drafts all the time; one that is back is found.
func TestKeysAheadInAnOutage(t *testing.T) {
	w := story(t)
	w.except(rx.OpNewKey, func() rx.Reply { return noRoute })
	w.write(marie, 2)
	w.step()
	w.pass(time.Hour)
	if n := w.count(rx.OpNewKey, 0); n < 3 || n > 20 {
		t.Errorf("%d calls in an hour", n)
	}
	w.serve = newRecipe(w).serve
	w.pass(20 * time.Minute)
	if len(w.keys[marie]) != 2 {
		t.Errorf("%d keys after the outage", len(w.keys[marie]))
	}
}

// A KGSS that was away while somebody wrote, and is back, delays no order, whosever draft found it away.
func TestDraftsInAnOutageDelayNoOrder(t *testing.T) {
	for _, writing := range [][]rx.ID{{marie}, {jan}, {marie, jan}} {
		for seed := range uint64(20) {
			w := story(t)
			w.seed = 100 * seed
			w.boot()
			w.except(rx.OpNewKey, func() rx.Reply { return noRoute })
			for _, patient := range writing {
				w.write(patient, 1)
			}
			w.step()
			w.pass(time.Hour)
			w.serve = newRecipe(w).serve
			id := w.issue(marie)
			delete(w.drafts, marie)
			w.step()
			w.pass(3 * time.Second)
			if w.at(id) != rx.StateConfirmed {
				t.Fatalf("%s three seconds after its order, drafts of %d, seed %d", w.at(id), len(writing), seed)
			}
		}
	}
}

// A KGSS that stays away is asked once out of turn for an order, and then after pauses that grow.
func TestKeyOutOfTurn(t *testing.T) {
	w := story(t)
	w.except(rx.OpNewKey, func() rx.Reply { return noRoute })
	w.write(jan, 1)
	w.step()
	w.pass(time.Hour)
	from := w.mono
	w.issue(marie)
	w.step()
	w.pass(0)
	if n := w.count(rx.OpNewKey, from); n != 1 {
		t.Errorf("%d calls at once", n)
	}
	w.pass(time.Hour)
	if n := w.count(rx.OpNewKey, from); n < 3 || n > 20 {
		t.Errorf("%d calls in an hour", n)
	}
}

// A draft's call that hangs delays an order for as long as an answer may take, no longer; also where it was to find out whether the KGSS is back.
// No second call of a draft hangs beside it.
func TestHangingKeyOfADraft(t *testing.T) {
	for _, away := range []time.Duration{0, time.Hour} {
		w := story(t)
		if away > 0 {
			w.except(rx.OpNewKey, func() rx.Reply { return noRoute })
			w.write(marie, 2)
			w.step()
			w.pass(away)
		}
		w.serve = nil
		w.write(marie, 2)
		w.step()
		for range int(time.Hour / time.Second) {
			if w.inFlight(rx.OpNewKey) > 0 {
				break
			}
			w.pass(time.Second)
		}
		w.pass(w.waits.Answer / 2)
		w.serve = newRecipe(w).serve
		id := w.issue(marie)
		w.step()
		w.pass(w.waits.Answer/2 - time.Second)
		w.flies("getNewKey " + string(numbers[marie]))
		w.pass(4 * time.Second)
		w.is(id, rx.StateConfirmed)
		w.flies("getNewKey " + string(numbers[marie]))
		w.pass(3 * w.waits.Call)
		if away == 0 && len(w.keys[marie]) != 2 {
			t.Errorf("%d keys for two lines", len(w.keys[marie]))
		}
	}
}

// A key names the number that it was asked for: one whose answer comes after the patient got another number is nobody's, and one is asked for the new
// number at once, also where the KGSS knows nothing of the old one.
func TestKeyOfTheNumberBefore(t *testing.T) {
	const right = "85073003625"
	for name, answer := range map[string]func(w *practice) rx.Reply{"given": (*practice).newKey, "refused": (*practice).refusal} {
		w := story(t)
		w.write(marie, 1)
		w.step()
		w.flies("getNewKey " + string(numbers[marie]))
		w.renumber(marie, right)
		id := w.finish(marie)[0]
		w.step()
		w.flies("getNewKey "+string(numbers[marie]), "getNewKey "+right)
		w.end(rx.OpNewKey, answer(w))
		w.is(id, rx.StateReady)
		if len(w.keys[marie]) > 0 || len(w.faults) > 0 {
			t.Errorf("%s: %d keys of the number before, %v", name, len(w.keys[marie]), w.faults)
		}
		w.end(rx.OpNewKey, w.newKey())
		w.is(id, rx.StateSending)
	}
}

// A draft that was left is written no more, and its keys are forgotten; those that something which waits needs are not.
func TestOldKeysAreForgotten(t *testing.T) {
	w := story(t)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpNewKey {
			return time.Second, w.newKey()
		}
		return 0, noRoute
	}
	w.write(marie, 2)
	w.write(jan, 1)
	w.step()
	w.pass(time.Minute)
	w.finish(jan)
	w.step()
	w.pass(3 * time.Hour)
	if len(w.keys[marie]) != 2 || len(w.keys[jan]) != 1 {
		t.Fatalf("%d and %d keys after three hours", len(w.keys[marie]), len(w.keys[jan]))
	}
	from := w.mono
	w.pass(5 * time.Hour)
	if len(w.keys[marie]) != 0 || len(w.keys[jan]) != 1 {
		t.Errorf("%d and %d keys", len(w.keys[marie]), len(w.keys[jan]))
	}
	if n := w.count(rx.OpNewKey, from); n > 0 {
		t.Errorf("%d keys for drafts that nobody writes", n)
	}
}

// An engine that begins keeps, of the keys that it finds, those alone that what waits needs, the oldest: after those a snapshot that was put back may have been
// used in what came later.
func TestEngineBeginsWithoutSpareKeys(t *testing.T) {
	w := story(t)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpNewKey {
			return time.Second, w.newKey()
		}
		return 0, noRoute
	}
	w.issue(jan)
	w.write(jan, 2)
	w.write(luc, 1)
	w.step()
	w.pass(time.Minute)
	before := map[rx.ID][]rx.Key{jan: w.keys[jan], luc: w.keys[luc]}
	if len(before[jan]) != 3 || len(before[luc]) != 1 {
		t.Fatalf("%d and %d keys", len(before[jan]), len(before[luc]))
	}
	clear(w.drafts)
	w.boot()
	w.step()
	if len(w.keys[jan]) != 1 || w.keys[jan][0].ID != before[jan][0].ID || len(w.keys[luc]) != 0 {
		t.Errorf("%d and %d keys", len(w.keys[jan]), len(w.keys[luc]))
	}
}

// A disk that cannot tell the drafts, or forget keys, holds up nothing that waits.
func TestDraftsUnreadable(t *testing.T) {
	w := story(t)
	w.serve = newRecipe(w).serve
	w.refuse(errDisk, func(op string, _ rx.ID) bool { return op == "writing" || op == "drop" })
	w.boot()
	id := w.issue(marie)
	w.step()
	w.pass(time.Minute)
	w.is(id, rx.StateConfirmed)
	if len(w.faults) == 0 {
		t.Error("nobody is told")
	}
}

// Whatever is written, left and issued, and however the KGSS answers: a key that was asked for one number is never another's, serves one attempt, the pool
// never holds more than lines were written or waited at once, and asking ends when nobody writes.
func TestKeysProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newPractice(t)
		r := newRecipe(w)
		asked, used := map[rx.KeyID]rx.SSIN{}, map[rx.KeyID]bool{}
		kgss := fine
		w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
			c := act.Call
			if c.Op == rx.OpCreate {
				k := c.Parcel.Key.ID
				if used[k] || asked[k] != c.Patient || asked[k] != c.Parcel.Patient {
					t.Errorf("key %s of %s in a create of %s, used before %t", k, asked[k], c.Patient, used[k])
				}
				used[k] = true
			}
			if c.Op != rx.OpNewKey {
				return r.serve(act)
			}
			after, reply := time.Second, r.process(c)
			switch kgss {
			case slow:
				after = 20 * time.Second
			case dropped:
				reply = lostLine
			case away:
				reply = noRoute
			case refused:
				reply = w.refusal()
			}
			if reply.OK() {
				asked[reply.Key.ID] = c.Patient
			}
			return after, reply
		}
		patients := []rx.ID{marie, jan, luc}
		most, renumbered := map[rx.ID]int{}, 0
		for range rapid.IntRange(1, 25).Draw(t, "happenings") {
			patient := rapid.SampledFrom(patients).Draw(t, "patient")
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0, 1:
				w.write(patient, rapid.IntRange(1, 4).Draw(t, "lines"))
			case 2:
				w.finish(patient)
			case 3:
				delete(w.drafts, patient)
			case 4:
				kgss = rapid.SampledFrom([]weather{fine, slow, dropped, away, refused}).Draw(t, "KGSS")
				if rapid.Bool().Draw(t, "mains") {
					w.boot()
				}
			case 5:
				if !slices.ContainsFunc(slices.Collect(maps.Values(w.rows)), func(p rx.Prescription) bool { return p.Patient == patient && w.owes(p) }) {
					renumbered++
					w.renumber(patient, rx.SSIN(fmt.Sprint("number ", renumbered)))
				}
			}
			lines := 0
			for _, p := range w.rows {
				if p.Patient == patient && p.State == rx.StateReady {
					lines++
				}
			}
			most[patient] = max(most[patient], lines+w.drafts[patient].lines)
			w.step()
			w.pass(rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute, time.Hour, 3 * time.Hour}).Draw(t, "pause"))
			for _, p := range patients {
				if len(w.keys[p]) > most[p] {
					t.Fatalf("%d keys in the pool, %d lines at most", len(w.keys[p]), most[p])
				}
			}
		}
		clear(w.drafts)
		kgss = fine
		w.pass(20 * time.Minute)
		from := w.mono
		w.pass(6 * time.Hour)
		if n := w.count(rx.OpNewKey, from); n > 0 {
			t.Errorf("%d keys while nobody writes", n)
		}
		for _, p := range patients {
			if waits := slices.ContainsFunc(slices.Collect(maps.Values(w.rows)), func(q rx.Prescription) bool { return q.Patient == p && q.State == rx.StateReady }); len(w.keys[p]) > 0 && !waits {
				t.Errorf("%d keys of a patient of whom nothing waits", len(w.keys[p]))
			}
		}
	})
}
