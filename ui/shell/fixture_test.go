package shell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"relais/app/documents"
	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/assets"
	"relais/ui/bridge"
	"relais/ui/model"
)

// shelf is a store of patients, drafts and settings: as much as a window needs before anything is issued.
type shelf struct {
	prescribing.Store
	mu       sync.Mutex
	patients []rx.Known
	drafts   map[rx.ID]rx.Draft
	settings map[string][]byte
}

func (s *shelf) locked() func() { s.mu.Lock(); return s.mu.Unlock }

func (s *shelf) Patients(context.Context) ([]rx.Known, error) {
	defer s.locked()()
	return slices.Clone(s.patients), nil
}

func (s *shelf) Drafts(context.Context) (all []rx.Draft, err error) {
	defer s.locked()()
	for _, d := range s.drafts {
		all = append(all, d)
	}
	return all, nil
}

func (s *shelf) SaveDraft(_ context.Context, d rx.Draft) error {
	defer s.locked()()
	s.drafts[d.ID] = d
	return nil
}

func (s *shelf) DropDraft(_ context.Context, id rx.ID) error {
	defer s.locked()()
	delete(s.drafts, id)
	return nil
}

func (s *shelf) List(context.Context, rx.Filter) ([]rx.Item, error) { return nil, nil }

func (s *shelf) Setting(_ context.Context, name string) ([]byte, error) {
	defer s.locked()()
	if b, ok := s.settings[name]; ok {
		return b, nil
	}
	return nil, rx.Fault(rx.CodeNotFound)
}

func (s *shelf) SetSetting(_ context.Context, name string, value []byte) error {
	defer s.locked()()
	s.settings[name] = value
	return nil
}

// pharmacy knows one medicine.
type pharmacy struct{ rx.Medicine }

func (p pharmacy) ByCNK(rx.CNK) (rx.Medicine, bool)   { return p.Medicine, true }
func (p pharmacy) ByGroup(string) (rx.Medicine, bool) { return p.Medicine, true }
func (p pharmacy) Search(string, int) []rx.Medicine   { return []rx.Medicine{p.Medicine} }
func (p pharmacy) Version() string                    { return "test" }

// counter is randomness that never repeats.
type counter struct{ n byte }

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		c.n++
		b[i] = c.n
	}
	return len(b), nil
}

// cottage is a House and, once open, its Desk.
type cottage struct {
	service  *prescribing.Service
	shelf    *shelf
	empty    bool
	broken   error // of trying
	harmed   error // of opening for work
	reading  bool
	face     face
	drilled  []*cottage // the exercises
	t        testing.TB
	open     bool
	closed   int
	exported int
	fault    error
	saw      []rx.ID
	left     error         // of a job of an earlier window
	answers  chan struct{} // of the spooler, when closed; nil: there is none
	weather  atomic.Value  // string; set beside the screen
	later    atomic.Int64  // how far its clock has gone
	away     time.Time     // since when services are; zero: never called
	retried  int
	news     chan []rx.ID
}

func (c *cottage) FirstStart() bool { return c.empty }
func (c *cottage) Try(context.Context) error {
	c.empty = c.empty && c.broken != nil
	return c.broken
}
func (c *cottage) Working() error {
	return rx.Fault("profile-not-ready", "profile", "production", "missing", "anchors")
}
func (c *cottage) DemoPassphrase() string     { return "fictif-fictief" }
func (c *cottage) Face() (rx.Lang, bool, int) { return c.face.lang, c.face.look.Dark, c.face.look.Text }
func (c *cottage) KeepFace(lang rx.Lang, dark bool, text int) error {
	c.face = face{lang, model.Look{Dark: dark, Text: text}}
	return nil
}
func (c *cottage) Simulated() bool   { return !c.empty }
func (c *cottage) Language() rx.Lang { return rx.FR }

func (c *cottage) Unlock(_ context.Context, passphrase []byte) (Desk, error) {
	if string(passphrase) != c.DemoPassphrase() {
		return nil, rx.Fault("wrong-passphrase")
	}
	if c.harmed != nil {
		return nil, c.harmed
	}
	c.open = true
	return c, nil
}

func (c *cottage) Drill(context.Context) (Desk, error) {
	if c.broken != nil {
		return nil, c.broken
	}
	x := furnished(c.t, &cottage{t: c.t})
	c.drilled = append(c.drilled, x)
	return x, nil
}

func (c *cottage) UnlockReadOnly(_ context.Context, passphrase []byte) (Desk, error) {
	if string(passphrase) != c.DemoPassphrase() {
		return nil, rx.Fault("wrong-passphrase")
	}
	c.open, c.reading = true, true
	return c, nil
}

func (c *cottage) ReadingOnly() (bool, int, int, int) { return c.reading, 118, 120, 3 }

func (c *cottage) Export(context.Context) (string, error) {
	c.exported++
	return "/home/demo/relais-export", nil
}

func (c *cottage) Service() *prescribing.Service { return c.service }

func (c *cottage) Watch(ctx context.Context, changed func([]rx.ID)) error {
	changed(nil)
	for {
		select {
		case <-ctx.Done():
			return nil
		case ids := <-c.news:
			changed(ids)
		}
	}
}

func (c *cottage) Seen(rx.Service) (bool, time.Time, time.Time, int, string) {
	return false, c.away, time.Time{}, 3, ""
}
func (c *cottage) Next() time.Time { return time.Time{} }
func (c *cottage) Retry()          { c.retried++ }
func (c *cottage) Fault() error    { return c.fault }
func (c *cottage) Weather() string { kind, _ := c.weather.Load().(string); return kind }
func (c *cottage) SetWeather(_ context.Context, kind string) error {
	c.weather.Store(kind)
	return nil
}
func (c *cottage) SavePDF(string, []byte) (string, error) { return "", errors.New("no printer") }
func (c *cottage) Print(context.Context, string, []rx.ID, bool, func(context.Context) ([]byte, error), func(string, string, []error)) (string, string, error, error) {
	if c.answers != nil {
		<-c.answers
		return "", "", nil, nil
	}
	return "", "", nil, rx.Fault("printer-none")
}
func (c *cottage) LeftPrints(_ context.Context, tell func(rx.ID, []rx.ID, string, error)) error {
	if c.left != nil {
		tell("job", nil, "maybe", c.left)
	}
	return nil
}
func (c *cottage) SawPrint(_ context.Context, id rx.ID) error {
	c.saw = append(c.saw, id)
	return nil
}
func (c *cottage) DrawSheet(_ context.Context, items []rx.Item) (documents.Document, error) {
	paper := documents.Paper{Reason: items[0].PaperReason}
	for _, item := range items {
		paper.Lines = append(paper.Lines, documents.PaperLine{Facts: item.Facts})
	}
	return paper.Layout()
}
func (c *cottage) DrawProof(context.Context, []rx.Item) (documents.Document, error) {
	return documents.Document{}, rx.Fault("no-proof")
}
func (c *cottage) Printers(context.Context, func(string, string, bool, []string)) error {
	return rx.Fault("printer-none")
}
func (c *cottage) PrintsOn(context.Context, string) (string, string, error)  { return "", "", nil }
func (c *cottage) SetPrintsOn(context.Context, string, string, string) error { return nil }
func (c *cottage) Close(context.Context) error {
	c.open = false
	c.closed++
	return nil
}

// stage is a window without a display: what its goroutines send to the screen waits until the test lets it in.
type stage struct {
	*shell
	house *cottage
	in    chan func()
	t     testing.TB
}

func newStage(t testing.TB) *stage { return newStageOn(t, &cottage{}) }

func newStageOn(t testing.TB, c *cottage) *stage {
	app := test.NewTempApp(t)
	c.t = t
	furnished(t, c)
	s := &stage{house: c, in: make(chan func(), 1000), t: t}
	s.shell = newShell(app, c, func() *bridge.Gate { return bridge.To(func(f func()) { s.in <- f }) })
	s.window.Resize(fyne.NewSize(minWidth, minHeight))
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// close ends what is under way and waits for it.
func (s *stage) close() error { return s.parted(s.part()) }

// closedBehind waits until what was locked or closed is over.
func (s *stage) closedBehind() {
	s.t.Helper()
	s.until("closed", func() bool { return s.behind != nil && !s.behind.going() })
}

// furnished has patients, a medicine and a store.
func furnished(t testing.TB, c *cottage) *cottage {
	t.Helper()
	c.weather.Store("fair")
	c.news, c.shelf = make(chan []rx.ID), &shelf{drafts: map[rx.ID]rx.Draft{}, settings: map[string][]byte{}}
	var patients []rx.Patient
	if err := json.Unmarshal(assets.DemoPatients, &patients); err != nil {
		t.Fatal(err)
	}
	for i, p := range patients {
		c.shelf.patients = append(c.shelf.patients, rx.Known{Patient: p, ID: rx.ID(fmt.Sprint("patient-", i)), Version: 1})
	}
	var medicines []rx.Medicine
	if err := json.Unmarshal(assets.DemoMedicines, &medicines); err != nil {
		t.Fatal(err)
	}
	c.service = &prescribing.Service{Store: c.shelf, Medicines: pharmacy{medicines[1]}, Waits: rx.DefaultWaits, Rand: &counter{},
		Now: func() time.Time {
			return time.Date(2026, 11, 23, 9, 40, 0, 0, time.UTC).Add(time.Duration(c.later.Load()))
		}}
	return c
}

// until lets things in until what is awaited is so.
func (s *stage) until(what string, so func() bool) {
	s.t.Helper()
	deadline := time.After(time.Minute)
	for !so() {
		select {
		case f := <-s.in:
			f()
		case <-deadline:
			s.t.Fatalf("never: %s. The screen:\n%s", what, s.screen())
		}
	}
}

func (s *stage) screen() string {
	settled(s.window)
	words, _ := shown(s.window)
	return picture(words)
}

func (s *stage) says(words string) func() bool {
	return func() bool { return strings.Contains(s.screen(), words) }
}

// typed types into what has the focus, and key presses a key there.
func (s *stage) typed(words string) {
	s.t.Helper()
	f := s.window.Canvas().Focused()
	if f == nil {
		s.t.Fatal("nothing has the focus")
	}
	for _, r := range words {
		f.TypedRune(r)
	}
}

func (s *stage) key(name fyne.KeyName) {
	s.t.Helper()
	f := s.window.Canvas().Focused()
	if f == nil {
		s.t.Fatal("nothing has the focus")
	}
	f.TypedKey(&fyne.KeyEvent{Name: name})
}

// named is the name of a menu item, without its key.
func named(item *fyne.MenuItem) string {
	name, _, _ := strings.Cut(item.Label, "   ")
	return name
}

// chosen does what a menu item does.
func (s *stage) chosen(l rx.Lang, key string) {
	s.t.Helper()
	for _, m := range s.window.MainMenu().Items {
		for _, item := range m.Items {
			if named(item) == i18n.Text(l, key) {
				item.Action()
				return
			}
		}
	}
	s.t.Fatalf("no %s in the menu", key)
}

func (s *stage) unlocked() {
	s.t.Helper()
	s.typed(s.house.DemoPassphrase())
	s.key(fyne.KeyReturn)
	s.until("unlocked", func() bool { return s.open != nil })
}
