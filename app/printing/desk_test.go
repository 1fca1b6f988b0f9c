package printing

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/app/rx"
)

// page is the PDF of every document here.
func page(context.Context) ([]byte, error) { return []byte("/MediaBox [0 0 595.28 841.89]"), nil }

// world is a spooler and a printer with a virtual clock. It loses requests and answers,
// goes away, is slow, holds and finishes jobs, as dice tell; and it knows what came out.
type world struct {
	dice  func(label string, sides int) int // 0 … sides-1
	now   time.Time
	away  bool
	jobs  []*paper
	about []rx.ID // of the document that is being printed
	word  bool
	fail  func(format string, args ...any)
}

// paper is a job in the world.
type paper struct {
	documents []rx.ID
	name      string
	state     State
	document  bool
	began     int
	stopping  int // ticks until what sends it has ended
	sheets    int
	told      bool // the doctor knows that there may be a sheet
}

func (p *paper) live() bool {
	return p.document && (p.state == Pending || p.state == Held || p.state == Processing || p.state == Stopped || p.stopping > 0)
}

var errLost = rx.Fault(CodeSilent)

// call is one exchange: lost before do, lost after it, or good.
func (w *world) call(do func() error) error {
	w.tick()
	if w.away {
		return rx.Fault(CodeNoSpooler, "where", "x")
	}
	switch w.dice("exchange", 14) {
	case 0:
		return errLost
	case 1:
		_ = do()
		return errLost
	}
	return do()
}

// tick is a moment in the world.
func (w *world) tick() {
	if w.dice("away", 16) == 0 {
		w.away = !w.away
	}
	for _, p := range w.jobs {
		if p.stopping > 0 {
			if p.stopping--; w.dice("sheet while stopping", 6) == 0 {
				p.sheets++
			}
		}
		if !p.document || w.away {
			continue
		}
		switch roll := w.dice("job", 10); {
		case p.state == Pending && roll < 4:
			p.state, p.began = Processing, p.began+1
		case p.state == Pending && roll == 9:
			p.state = Held
		case p.state == Held && roll < 2:
			p.state = Pending
		case p.state == Processing && roll < 2:
			p.state, p.sheets = Completed, p.sheets+1
		case p.state == Processing && roll == 8:
			p.state = Stopped
		case p.state == Processing && roll == 9:
			p.state = Aborted
		case p.state == Stopped && roll == 0:
			p.state = Processing
		}
	}
}

func (w *world) Now() time.Time { return w.now }

func (w *world) Wait(ctx context.Context, d time.Duration) error {
	w.now = w.now.Add(d)
	w.tick()
	return ctx.Err()
}

func (w *world) Where() Address { return Address{"unix", "/world"} }

func (w *world) Printer(context.Context, string) (Printer, error) {
	return Printer{Name: "lab", Accepting: true, PDF: true}, w.call(func() error { return nil })
}

func (w *world) Create(_ context.Context, p Printer, name, _, _ string, _, _ int) (Job, error) {
	j := Job{Server: w.Where().String(), Printer: p.Name, Number: len(w.jobs) + 1, Name: name}
	err := w.call(func() error {
		w.jobs = append(w.jobs, &paper{documents: w.about, name: name, state: Pending})
		j.Number = len(w.jobs)
		return nil
	})
	return j, err
}

func (w *world) of(j Job) *paper {
	if p := w.jobs[j.Number-1]; p.name == j.Name {
		return p
	}
	return nil
}

// Send is where a second original would be made.
func (w *world) Send(_ context.Context, j Job, _ []byte) error {
	for i, p := range w.jobs {
		if i == j.Number-1 || w.word || !slices.Equal(p.documents, w.about) {
			continue
		}
		if p.live() {
			w.fail("job %d is sent while job %d of the same document can still come out: %+v", j.Number, i+1, p)
		}
		if p.sheets > 0 && !p.told {
			w.fail("job %d is sent though job %d came out and nobody was told: %+v", j.Number, i+1, p)
		}
	}
	return w.call(func() error {
		w.of(j).document = true
		return nil
	})
}

func (w *world) State(_ context.Context, j Job) (s Status, err error) {
	err = w.call(func() error {
		p := w.of(j)
		s = Status{State: p.state, Began: p.began > 0, Since: p.began, Stopping: p.stopping > 0}
		return nil
	})
	if err != nil {
		s = Status{}
	}
	return s, err
}

func (w *world) Cancel(_ context.Context, j Job) error {
	return w.call(func() error {
		switch p := w.of(j); p.state {
		case Processing:
			p.state, p.stopping = Cancelled, w.dice("stopping", 8)
		case Pending, Held, Stopped:
			p.state = Cancelled
		}
		return nil
	})
}

func (w *world) Forget(_ context.Context, j Job) error {
	return w.call(func() error {
		if w.of(j).live() {
			w.fail("a job that can still come out is forgotten: %+v", w.of(j))
		}
		return nil
	})
}

// told notes what the doctor was told about a job, and holds it against the world.
func (w *world) judge(r Result, book Book) {
	p := w.of(r.Job)
	p.told = true
	switch {
	case r.Sheet == NoSheet && (p.sheets > 0 || p.live()):
		w.fail("told that there is no sheet: %+v, %+v", r, p)
	case r.Sheet == MaybeSheet && p.live():
		w.fail("told that nothing more comes: %+v, %+v", r, p)
	case r.Sheet == SentSheet && p.sheets == 0:
		w.fail("told that it was printed: %+v, %+v", r, p)
	case r.Sheet == OpenSheet:
		if notes, _ := filepath.Glob(filepath.Join(book.dir, "*.json")); len(notes) == 0 {
			w.fail("an open job without a note: %+v", r)
		}
	}
	if r.Sheet != SentSheet && r.Fault == nil {
		w.fail("without a fault: %+v", r)
	}
}

// over asks whether a sheet may be said to be gone, and holds the answer against the world.
func (w *world) over(desk *Desk) {
	err := desk.Over(context.Background(), w.about, w.word)
	for i, p := range w.jobs {
		switch {
		case w.word || !slices.Equal(p.documents, w.about):
		case err == nil && p.live():
			w.fail("said to be gone, and job %d can still come out: %+v", i+1, p)
		case err == nil && p.sheets > 0 && !p.told:
			w.fail("said to be gone, and of what job %d brought nobody was told: %+v", i+1, p)
		case rx.CodeOf(err) == CodeCame:
			p.told = true
		}
	}
	if named, _ := desk.Book.Names(w.about); err == nil && named != "" && !w.word {
		w.fail("an open job of what is said to be gone")
	}
}

// Whatever is lost on the way and whenever: no second original without the doctor's
// word, and what is told of a sheet is true.
func TestNoSecondOriginal(t *testing.T) {
	dir, runs, seen := t.TempDir(), 0, map[Sheet]int{}
	play := func(t *rapid.T) {
		runs++
		w := &world{now: time.Unix(1_790_000_000, 0), fail: t.Fatalf,
			dice: func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }}
		book := NewBook(filepath.Join(dir, time.Duration(runs).String()))
		documents := [][]rx.ID{{"019aa000-0000-7000-8000-000000000001"}, {"019aa000-0000-7000-8000-000000000002"}}
		for range rapid.IntRange(3, 12).Draw(t, "acts") {
			desk := &Desk{Queue: w, Book: book, Now: w.Now, Wait: w.Wait, Rand: rand.Reader,
				Waits: Waits{Finish: 6 * time.Second, Verify: 5 * time.Second, Poll: time.Second, Remember: time.Hour}}
			if rapid.IntRange(0, 5).Draw(t, "recover") == 0 {
				results, err := desk.Recover(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range results {
					w.judge(r, book)
				}
				continue
			}
			w.about, w.word = rapid.SampledFrom(documents).Draw(t, "document"), rapid.IntRange(0, 9).Draw(t, "word") == 0
			if rapid.IntRange(0, 5).Draw(t, "over") == 0 { // a sheet is to be destroyed
				w.over(desk)
				continue
			}
			ctx, cancel := context.WithCancel(context.Background())
			leave := rapid.IntRange(0, 10).Draw(t, "leave")
			before := len(w.jobs)
			r, err := desk.Print(ctx, Document{IDs: w.about, Kind: Proof, Make: page}, w.word, func(Status) {
				if leave--; leave == 0 {
					cancel()
				}
			})
			cancel()
			if err == nil {
				seen[r.Sheet]++
				w.judge(r, book)
				continue
			}
			for _, p := range w.jobs[before:] {
				if p.document {
					t.Fatalf("an error, and a document at the spooler: %v, %+v", err, p)
				}
			}
			if code := rx.CodeOf(err); code == CodeOpenJob || code == CodeLeftOut || code == CodeLeftMaybe || code == CodeVanished {
				for _, p := range w.jobs[:before] {
					p.told = p.told || slices.Equal(p.documents, w.about)
				}
			}
		}
	}
	for range 5 { // five times rapid's own number of runs
		rapid.Check(t, play)
	}
	t.Log(seen)
	for _, s := range []Sheet{NoSheet, MaybeSheet, SentSheet, OpenSheet} {
		if seen[s] == 0 && runs >= 100 {
			t.Errorf("no job ended with the sheet %s: %v", s, seen)
		}
	}
}

func bookWith(t *testing.T, n Note) (Book, held) {
	t.Helper()
	b := NewBook(filepath.Join(t.TempDir(), "book"))
	done, err := b.take()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	h, err := b.keep(n)
	if err != nil {
		t.Fatal(err)
	}
	return b, h
}

var note = Note{ID: "019aa000-0000-7000-8000-00000000000a", Documents: []rx.ID{"019aa000-0000-7000-8000-000000000001"}, Kind: Proof,
	Job: Job{Server: "/world", Printer: "lab", Number: 3, Name: "relais-x"}, At: time.Unix(1_790_000_000, 0).UTC()}

// A note stays until it is struck, is private, and belongs to who holds it.
func TestBook(t *testing.T) {
	b, h := bookWith(t, note)
	mine, elsewhere, err := b.left()
	if err != nil || len(mine) != 0 || !slices.Equal(elsewhere, note.Documents) {
		t.Fatalf("held: %v, %v, %v", mine, elsewhere, err)
	}
	_, err = (&Desk{Book: b}).Print(context.Background(), Document{IDs: note.Documents}, false, nil)
	if rx.CodeOf(err) != CodeRunning {
		t.Errorf("printed elsewhere at this moment: %v", err)
	}
	if err := (&Desk{Book: b}).Over(context.Background(), note.Documents, true); rx.CodeOf(err) != CodeRunning {
		t.Errorf("said to be gone while it is printed elsewhere: %v", err)
	}
	release([]held{h})
	for of, want := range map[rx.ID]string{note.Documents[0]: "lab", "019aa000-0000-7000-8000-000000000002": ""} {
		if named, err := b.Names([]rx.ID{of}); named != want || err != nil {
			t.Errorf("a job of %s: %v, %v", of, named, err)
		}
	}
	if err := os.WriteFile(filepath.Join(b.dir, ".note-1"), nil, 0o600); err != nil { // of a run that was killed
		t.Fatal(err)
	}
	mine, elsewhere, err = b.left()
	if err != nil || len(mine) != 1 || len(elsewhere) != 0 || mine[0].Job != note.Job || !mine[0].At.Equal(note.At) {
		t.Fatalf("left: %+v, %v, %v", mine, elsewhere, err)
	}
	files, err := filepath.Glob(filepath.Join(b.dir, "*"))
	hidden, _ := filepath.Glob(filepath.Join(b.dir, ".*"))
	if files = append(files, hidden...); err != nil || len(files) != 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
	if err := b.strike(mine[0]); err != nil {
		t.Error(err)
	}
	if mine, _, err = b.left(); err != nil || len(mine) != 0 {
		t.Errorf("struck: %v, %v", mine, err)
	}
}

// A note that cannot be read keeps everything from being printed, and from being said to be gone without the doctor's word: whose
// job it is about is not known. The notes beside it are heard all the same.
func TestBookDamaged(t *testing.T) {
	ctx := context.Background()
	for _, text := range []string{"", "{", `{"id":"019aa000-0000-7000-8000-00000000000b"}`, "null"} {
		b, h := bookWith(t, note)
		release([]held{h})
		const unread rx.ID = "019aa000-0000-7000-8000-000000000001" // read before the other
		if err := os.WriteFile(filepath.Join(b.dir, string(unread)+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w := &world{now: note.At, fail: t.Fatalf, dice: func(_ string, sides int) int { return 5 % sides }}
		w.jobs = make([]*paper, note.Job.Number-1)
		for i := range w.jobs {
			w.jobs[i] = &paper{}
		}
		w.jobs = append(w.jobs, &paper{documents: note.Documents, name: note.Job.Name, state: Cancelled, document: true})
		desk := &Desk{Queue: w, Book: b, Now: w.Now, Wait: w.Wait, Rand: rand.Reader, Waits: Usual}
		others := []rx.ID{"019aa000-0000-7000-8000-000000000002"}
		for _, of := range [][]rx.ID{others, note.Documents} {
			w.about = of
			if _, err := desk.Print(ctx, Document{IDs: of}, false, nil); rx.CodeOf(err) != CodeBook {
				t.Errorf("%q: printed: %v", text, err)
			}
			if err := desk.Over(ctx, of, false); rx.CodeOf(err) != CodeBook {
				t.Errorf("%q: said to be gone: %v", text, err)
			}
		}
		if named, err := b.Names(others); named != "" || rx.CodeOf(err) != CodeBook {
			t.Errorf("%q: %q, %v", text, named, err)
		}
		if named, err := b.Names(note.Documents); named != "lab" || err != nil {
			t.Errorf("%q: %q, %v", text, named, err)
		}
		w.about = others
		if err := desk.Over(ctx, others, true); err != nil {
			t.Errorf("%q: on the doctor's word: %v", text, err)
		}
		if _, err := desk.Print(ctx, Document{IDs: others, Make: page}, true, nil); rx.CodeOf(err) != CodeBook {
			t.Errorf("%q: printed on the doctor's word: %v", text, err)
		}
		if r, err := desk.Recover(ctx); rx.CodeOf(err) != CodeBook || len(r) != 1 || !slices.Equal(r[0].Documents, note.Documents) || r[0].Sheet != NoSheet {
			t.Errorf("%q: left %+v, %v", text, r, err)
		}
	}
}

// A book that cannot be written: the job stays without its document.
func TestBookUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := (&Desk{Book: NewBook(filepath.Join(file, "book"))}).Print(context.Background(), Document{}, false, nil)
	if rx.CodeOf(err) != CodeBook {
		t.Error(err)
	}
}

// A job of another spooler is not taken for one of the same number here.
func TestOtherSpooler(t *testing.T) {
	n := note
	n.Job.Server = "/another"
	b, h := bookWith(t, n)
	release([]held{h})
	w := &world{dice: func(string, int) int { return 5 }, fail: t.Fatalf}
	desk := &Desk{Queue: w, Book: b, Now: w.Now, Wait: w.Wait, Rand: rand.Reader, Waits: Usual}
	if r, err := desk.Recover(context.Background()); err != nil || len(r) != 1 || r[0].Sheet != OpenSheet || r[0].Fault.Code != CodeOpenJob {
		t.Errorf("%+v, %v", r, err)
	}
	w.about = n.Documents
	if _, err := desk.Print(context.Background(), Document{IDs: n.Documents}, false, nil); rx.CodeOf(err) != CodeOpenJob {
		t.Errorf("without the doctor's word: %v", err)
	}
	if r, err := desk.Print(context.Background(), Document{IDs: n.Documents, Make: page}, true, nil); err != nil {
		t.Errorf("with it: %+v, %v", r, err)
	}
	w.now = n.At.Add(Usual.Remember + time.Hour)
	for _, want := range []int{1, 0} { // told for the last time, then forgotten
		if r, err := desk.Recover(context.Background()); err != nil || len(r) != want {
			t.Errorf("old: %+v, %v; want %d", r, err, want)
		}
	}
}

// The minute is a minute.
func TestUsualWaits(t *testing.T) {
	w := &world{now: time.Unix(1_790_000_000, 0), about: note.Documents, fail: t.Fatalf, dice: func(label string, n int) int {
		if label == "job" {
			return 5 // it is never begun
		}
		return n - 1
	}}
	start := w.now
	r, err := (&Desk{Queue: w, Book: NewBook(t.TempDir()), Now: w.Now, Wait: w.Wait, Rand: rand.Reader, Waits: Usual}).
		Print(context.Background(), Document{IDs: note.Documents, Make: page}, false, nil)
	if err != nil || r.Sheet != NoSheet || r.Fault.Code != CodeLate || r.Fault.Args["seconds"] != "60" {
		t.Errorf("%+v, %v", r, err)
	}
	if took := w.now.Sub(start); took < 60*time.Second || took > 61*time.Second {
		t.Errorf("cancelled after %s", took)
	}
}

// meanwhile is a spooler at which something happens while a job is made, and before it gets its document.
type meanwhile struct {
	*world
	creating, sending func()
}

func (q meanwhile) Create(ctx context.Context, p Printer, name, media, tray string, width, height int) (Job, error) {
	q.creating()
	return q.world.Create(ctx, p, name, media, tray, width, height)
}

func (q meanwhile) Send(ctx context.Context, j Job, pdf []byte) error {
	q.sending()
	return q.world.Send(ctx, j, pdf)
}

// Who asks about a document while it is being handed over hears of its job: it is made, and counted, before its note.
func TestNamesWhileHandingOver(t *testing.T) {
	w := &world{now: time.Unix(1_790_000_000, 0), fail: t.Fatalf, dice: func(label string, sides int) int { return 4 % sides }}
	w.about = []rx.ID{"019aa000-0000-7000-8000-000000000001"}
	book := NewBook(filepath.Join(t.TempDir(), "book"))
	named := make(chan string, 1)
	q := meanwhile{world: w, creating: func() {
		asked := make(chan struct{})
		go func() {
			close(asked)
			printer, err := book.Names(w.about)
			if err != nil {
				printer = err.Error()
			}
			named <- printer
		}()
		<-asked
		for deadline := time.Now().Add(100 * time.Millisecond); len(named) == 0 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond) // an answer now would be too early
		}
	}, sending: func() {
		if printer := <-named; printer != "lab" {
			t.Errorf("the book names %q", printer)
		}
	}}
	d := &Desk{Queue: q, Book: book, Now: w.Now, Wait: w.Wait, Rand: rand.Reader, Waits: Waits{Finish: 60 * time.Second, Verify: 5 * time.Second, Poll: time.Second, Remember: time.Hour}}
	if _, err := d.Print(context.Background(), Document{IDs: w.about, Kind: Form, Make: page}, false, nil); err != nil {
		t.Fatal(err)
	}
}
