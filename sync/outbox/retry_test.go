package outbox_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// wish is a wish to try at once, as the runner passes it on.
func (w *practice) wish() (wait time.Duration) {
	w.Helper()
	wait, err := w.engine.Retry(ctx, w.moment())
	if err != nil {
		w.Fatalf("%v", err)
	}
	w.step()
	return wait
}

// nobody answers nothing at all.
func nobody(outbox.Act) (time.Duration, rx.Reply) { return 0, noRoute }

// noKGSS lets the KGSS be away alone.
func (w *practice) noKGSS() {
	serve := newRecipe(w).serve
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpNewKey {
			return nobody(act)
		}
		return serve(act)
	}
}

// A wish has every service that did not answer asked at once: what waits for it leaves
// when it is back, and would not without the wish.
func TestRetryTriesAtOnce(t *testing.T) {
	for name, fall := range map[string]func(*practice){
		"recipe": func(w *practice) { w.stock().serve = nobody },
		"kgss":   (*practice).noKGSS,
		"creates": func(w *practice) {
			serve := newRecipe(w.stock()).serve
			w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
				if act.Call.Op == rx.OpCreate {
					return 0, noRoute
				}
				return serve(act)
			}
		},
	} {
		for _, wished := range []bool{false, true} {
			gone := 0
			for seed := range uint64(20) {
				w := story(t)
				w.seed = seed
				w.boot()
				fall(w)
				id := w.issue(marie)
				w.step()
				w.pass(9 * time.Minute) // not late yet, and the pauses are long
				w.is(id, rx.StateReady)
				w.serve = newRecipe(w).serve
				if wished {
					if wait := w.wish(); wait != 0 {
						t.Fatalf("%s: granted after %s", name, wait)
					}
				}
				w.pass(3 * time.Second)
				if w.at(id) == rx.StateConfirmed {
					gone++
				}
			}
			if wished && gone != 20 || !wished && gone > 5 {
				t.Errorf("%s: %d of 20 left within 3 seconds, wished: %t", name, gone, wished)
			}
		}
	}
}

// Wishes are granted each ten seconds at most, and each has one call made while nobody
// answers: none of a create.
func TestRetryDoesNotHammer(t *testing.T) {
	w := story(t).stock()
	w.serve = newRecipe(w).serve
	w.issue(luc) // whose status could be read
	w.step()
	w.pass(10 * time.Minute)
	w.serve = nil
	w.waiting(2, marie, jan, luc)
	w.waits.Retry = w.waits.Backoff // pauses of a minute and a half at least: no other call comes between
	w.boot()
	w.serve = nobody
	w.step()
	w.pass(time.Hour)
	w.calls = nil
	for granted := range 30 {
		if wait := w.wish(); wait != 0 {
			t.Fatalf("wish %d has to wait for %s", granted, wait)
		}
		w.pass(0)
		for s := range 10 {
			if n := len(w.calls); n != granted+1 {
				t.Fatalf("%d calls for %d wishes", n, granted+1)
			}
			if s > 0 {
				if wait, want := w.wish(), time.Duration(10-s)*time.Second; wait != want {
					t.Fatalf("comes again after %s, not %s", wait, want)
				}
			}
			w.mono += time.Second
		}
	}
	if n := w.count(rx.OpCreate, 0); n > 0 {
		t.Errorf("%d creates", n)
	}
	w.serve = func(outbox.Act) (time.Duration, rx.Reply) { return never, silence }
	for range 5 {
		w.wish()
		w.pass(10 * time.Second)
	}
	if len(w.flying) != 1 {
		t.Errorf("in flight: %v", w.flight())
	}
}

// Wishes that fail do not make the pauses grow: without them the service would be asked
// again as soon.
func TestRetryLengthensNoPause(t *testing.T) {
	for seed := range uint64(20) {
		w := story(t)
		w.waiting(1, marie)
		w.seed = seed
		w.boot()
		w.serve = nobody
		w.step()
		for range 20 {
			w.wish()
			w.pass(0)
			w.mono += 10 * time.Second
		}
		from, n := w.mono, w.count("", 0)
		w.pass(w.waits.Retry << 3)
		if w.count("", 0) == n {
			t.Errorf("seed %d: nobody asks in the %s after %s", seed, w.waits.Retry<<3, from)
		}
	}
}

// After an outage the wish brings the patient in the room, not the backlog: that keeps its
// random delay and its pace.
func TestRetryKeepsTheBacklogBack(t *testing.T) {
	soon := 0
	for seed := range uint64(20) {
		w := story(t)
		late := w.waiting(3, jan)
		w.seed = seed
		w.boot()
		w.serve = newRecipe(w).serve
		w.away(2 * time.Hour)
		fresh := w.issue(marie)
		w.wish()
		w.serve = newRecipe(w).serve
		w.mono += 10 * time.Second
		w.wish()
		w.pass(3 * time.Second)
		w.is(fresh, rx.StateConfirmed)
		for range 6 {
			w.mono += 10 * time.Second
			w.wish()
			w.pass(3 * time.Second)
		}
		if w.at(late[0]) != rx.StateReady {
			soon++
		}
		if w.at(late[2]) != rx.StateReady {
			t.Errorf("seed %d: three late ones left in a minute", seed)
		}
	}
	if soon > 4 { // of up to half an hour
		t.Errorf("in %d of 20 practices late ones leave in the first minute", soon)
	}
}

// Also after an outage of two calls, the shortest there is.
func TestRetryKnowsThatItWasAway(t *testing.T) {
	soon := 0
	for seed := range uint64(20) {
		w := story(t)
		late := w.waiting(1, marie, jan)[0]
		w.seed = seed
		w.boot()
		w.serve = nobody
		w.step()
		w.pass(0)
		if n := len(w.calls); n != 2 {
			t.Fatalf("%d calls", n)
		}
		w.serve = newRecipe(w).serve
		w.wish()
		w.pass(3 * time.Second)
		if w.at(late) != rx.StateReady {
			soon++
		}
	}
	if soon > 5 { // of up to a minute
		t.Errorf("in %d of 20 practices the late one leaves in three seconds", soon)
	}
}

// When nothing waits the wish is granted all the same, by the reading of a status: of the
// record that was read last. Nothing is asked when all answers.
func TestRetryWhenNothingWaits(t *testing.T) {
	for seed := range uint64(10) {
		w := story(t).stock()
		w.seed = seed
		w.boot()
		r := newRecipe(w)
		w.serve = r.serve
		for _, patient := range []rx.ID{marie, jan, luc} {
			w.issue(patient)
		}
		w.step()
		w.pass(7 * time.Hour) // all are checked, and each status was read
		read := ""
		for _, c := range w.calls {
			if c.op == rx.OpStatus {
				read = c.on
			}
		}
		made := len(w.calls)
		if w.wish(); len(w.calls) > made {
			t.Errorf("all answers, and it calls %v", w.calls[made:])
		}
		w.serve = nobody
		gone := w.issue(luc)
		w.step()
		w.pass(0)
		w.paper(gone)
		w.pass(3 * time.Hour)
		w.serve = r.serve
		made = len(w.calls)
		w.pass(10 * time.Minute)
		if len(w.calls) > made {
			t.Fatalf("asked without a wish: %v", w.calls[made:])
		}
		w.wish()
		if asked := w.calls[made:]; len(asked) != 1 || asked[0].op != rx.OpStatus || asked[0].on != read {
			t.Fatalf("not the status of %s alone: %v", read, asked)
		}
		w.pass(time.Second)
		if last := w.seen[len(w.seen)-1]; !last.Reached {
			t.Errorf("%+v", last)
		}
	}
}

// A store that cannot be read is told.
func TestRetryTellsTheStore(t *testing.T) {
	w := story(t)
	w.waiting(1, marie)
	w.serve = nobody
	w.step()
	w.pass(time.Hour)
	w.refuse(errDisk, func(op string, _ rx.ID) bool { return op == "work" })
	if _, err := w.engine.Retry(ctx, w.moment()); rx.CodeOf(err) != rx.CodeIO {
		t.Errorf("%v", err)
	}
}

// The runner passes wishes on, keeps one that comes too early, and takes several as one.
func TestRunnerRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t, time.Minute)
		calls, wait := 0, time.Duration(0)
		o.do = func(context.Context, rx.Call) rx.Reply {
			o.Lock()
			defer o.Unlock()
			calls++
			return noRoute
		}
		o.run(func(i outbox.Idle) bool {
			o.Lock()
			defer o.Unlock()
			wait = i.Wait
			return true
		})
		o.order(marie)
		after := func(d time.Duration) (int, time.Duration) {
			time.Sleep(d)
			synctest.Wait()
			o.Lock()
			defer o.Unlock()
			return calls, wait
		}
		for range 100 { // until the pauses are long enough for the story
			before, pause := after(time.Hour)
			if pause < time.Minute {
				continue
			}
			o.runner.Retry()
			n, pause := after(0)
			if n != before+1 {
				t.Fatalf("%d calls for a wish", n-before)
			}
			if pause < time.Minute {
				continue
			}
			for range 3 {
				o.runner.Retry()
				if early, _ := after(time.Second); early != n {
					t.Fatal("a wish that comes too early is granted at once")
				}
			}
			if early, _ := after(6 * time.Second); early != n {
				t.Fatal("granted after nine seconds")
			}
			if n, pause = after(time.Second); n != before+2 {
				t.Fatalf("%d calls for the wishes that came too early", n-before-1)
			}
			if pause < time.Minute {
				continue
			}
			if more, _ := after(50 * time.Second); more != n {
				t.Fatalf("%d calls more", more-n)
			}
			o.stop()
			if err := o.ends(time.Second); err != nil {
				t.Error(err)
			}
			return
		}
		t.Fatal("no long pause in four days")
	})
}
