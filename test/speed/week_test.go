package speed

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/sync/simulator/world"
	"relais/test/years"
)

// A week of a practice of thirty years, in virtual time: forty patients a day, searches, outages, questions answered, pharmacists. It leaves nothing
// behind but what was prescribed: the log is bounded (64 MB at any moment) and folded, goroutines and open files are as many as on the first
// evening, and the heap grows by less than 5 % (R17). Long: only with RELAIS_SOAK.
func TestWeekWithoutGrowth(t *testing.T) {
	if os.Getenv("RELAIS_SOAK") == "" {
		t.Skip("a week takes minutes: RELAIS_SOAK=1")
	}
	size := years.Thirty
	size.Open = 300 // each of them is read four times a day, and each answer is a step of the engine over all
	weekOf(t, size, 7, 40, 14*time.Hour)
}

// The same with a small practice and two short days, so that the long form cannot rot.
func TestTwoDaysWithoutGrowth(t *testing.T) {
	weekOf(t, years.Size{Orders: 200, Patients: 50, Open: 100, Waiting: 6}, 2, 12, time.Hour)
}

// evening is what is left when a day is over.
type evening struct {
	heap              int64
	goroutines, files int
	log               int64
}

func weekOf(t *testing.T, size years.Size, days, patients int, night time.Duration) {
	root := t.TempDir()
	if _, err := years.Write(ctx, root, size, 7); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		p, err := years.At(root)
		if err != nil {
			t.Fatal(err)
		}
		w := &week{T: t, Practice: p, patients: patients, night: night, draw: rand.New(rand.NewPCG(7, 7))}
		defer w.end()
		w.begin()
		var first, last evening
		for day := range days {
			w.day()
			last = w.measure()
			t.Logf("evening %d: heap %.1f MB, %d goroutines, %d files, log %.1f MB (at most %.1f)", day+1, float64(last.heap)/1e6, last.goroutines, last.files, float64(last.log)/1e6, float64(w.longest)/1e6)
			if day == 0 {
				first = last
			}
		}
		if last.goroutines != first.goroutines || last.files != first.files {
			t.Errorf("%d goroutines and %d files, not %d and %d", last.goroutines, last.files, first.goroutines, first.files)
		}
		if grown := float64(last.heap)/float64(first.heap) - 1; grown > 0.05 {
			t.Errorf("the heap has grown by %.1f %%", 100*grown)
		}
		if w.longest > 64e6 {
			t.Errorf("the log was %d MB long", w.longest/1e6)
		}
		if w.issued < patients*days || w.paper == 0 || w.confirmed == 0 || w.answered == 0 {
			t.Errorf("no week: %d issued, %d on paper, %d confirmed, %d answers", w.issued, w.paper, w.confirmed, w.answered)
		}
	})
}

type week struct {
	*testing.T
	*years.Practice
	draw    *rand.Rand
	session *wiring.Session
	world   *world.World
	stop    func() error
	longest int64

	patients int // in a day
	night    time.Duration

	issued, paper, confirmed, answered int
}

func (w *week) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *week) begin() {
	var err error
	w.session, err = w.Open(ctx)
	w.must(err)
	w.world, err = world.Open(filepath.Join(w.Data, "world.db"), w.draw)
	w.must(err)
	sending, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.session.Send(sending, func(error) {}) }()
	w.stop = func() error { stop(); return <-ended }
}

func (w *week) end() {
	if err := errors.Join(w.stop(), w.session.Close(ctx), w.world.Close()); err != nil {
		w.Error(err)
	}
}

// pass lets time pass, and looks at the log.
func (w *week) pass(d time.Duration) {
	time.Sleep(d)
	w.longest = max(w.longest, w.log())
}

func (w *week) log() int64 {
	info, err := os.Stat(filepath.Join(w.Data, "relais.db-wal"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	w.must(err)
	return info.Size()
}

// day is a quarter of an hour for each patient, and the night.
func (w *week) day() {
	service := w.session.Service
	for n := range w.patients {
		switch n {
		case w.patients / 4:
			w.must(w.world.SetPlan([]world.Fault{{Service: rx.Recipe, Kind: world.RefuseConnect}}, w.Now()))
		case w.patients / 2:
			w.must(w.world.SetPlan(nil, w.Now()))
		}
		people, err := service.FindPatients(ctx, string(rune('a'+w.draw.IntN(26))))
		w.must(err)
		people = slices.DeleteFunc(people, func(k rx.Known) bool { return k.SSIN == "" })
		if len(people) == 0 {
			people, err = service.FindPatients(ctx, "exemple")
			w.must(err)
		}
		w.visit(people[w.draw.IntN(len(people))].Patient)
		_, err = service.Search(ctx, "exemple", rx.Filter{Limit: 50})
		w.must(err)
		w.pass(14 * time.Minute)
	}
	w.treat()
	w.deliver()
	w.pass(w.night)
	w.treat()
}

func (w *week) visit(who rx.Patient) {
	service := w.session.Service
	done, err := service.Issue(ctx, rx.Request{Patient: who, Lines: []rx.Line{{Kind: rx.Package, CNK: "0318717", Quantity: 1,
		Posology: rx.Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, DurationDays: 5}}}}, prescribing.How{})
	w.must(err)
	w.issued++
	w.pass(30 * time.Second)
	id := done.Prescriptions[0].ID
	item, err := service.Store.Item(ctx, id)
	w.must(err)
	switch item.State {
	case rx.StateConfirmed:
		w.confirmed++
		_, err = service.Proof(ctx, []rx.ID{id})
		w.must(err)
	case rx.StateReady:
		if _, err := service.Paper(ctx, []rx.ID{id}, prescribing.Claim{Reason: "outage-recipe"}); err == nil {
			w.paper++
		}
	}
}

// treat answers whatever is asked with the first outcome, until nothing is.
func (w *week) treat() {
	for range 5 {
		treats, err := w.session.Service.ToTreat(ctx)
		w.must(err)
		for _, t := range treats {
			if len(t.Outcomes) > 0 {
				_, err := w.session.Service.Settle(ctx, t.ID(), prescribing.Answer{Outcome: t.Outcomes[0], Paper: "outage-recipe"})
				if rx.CodeOf(err) != rx.CodeNotOwed {
					w.must(err)
				}
				w.answered++
			}
		}
		w.pass(5 * time.Minute)
	}
}

// deliver: pharmacists deliver as many as a day brings, the oldest first.
func (w *week) deliver() {
	truth, err := w.world.Truth(w.Now())
	w.must(err)
	left := w.patients
	for _, rec := range truth.Records {
		if left > 0 && rec.DeliverableAt(truth.Now) {
			w.must(w.world.Act(world.Deliver, rec.RID, w.Now()))
			left--
		}
	}
}

func (w *week) measure() (e evening) {
	e.heap, e.goroutines, e.log = heap(), runtime.NumGoroutine(), w.log()
	files, err := os.ReadDir("/proc/self/fd")
	if errors.Is(err, fs.ErrNotExist) {
		return e // not told here
	}
	w.must(err)
	e.files = len(files)
	return e
}
