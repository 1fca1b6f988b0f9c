//go:build unix

package secrets

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/app/cli"
	"relais/app/drill"
	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/app/wiring"
)

// The markers of the flows: one stands in every text that anybody writes.
var (
	cores   = []string{"zqxbalcor", "ZQXVIRTEM", "Zqxdoluné", "Zqx'hamber"}
	numbers = []string{numbered("310217902"), numbered("400101998"), numbered("520630917"), numbered("610709954"), "31021790200"}
	phones  = []string{"0470995511", "0470 99 55 22"}
)

func coresOnly() *search {
	s := newSearch()
	for _, core := range cores {
		s.add("text", core)
	}
	for _, n := range numbers {
		s.add("national number", n)
		s.add("national number with dots", rx.SSIN(n).Dotted())
	}
	for _, p := range phones {
		s.add("phone", p)
	}
	return s
}

// flow is a doctor and a world that mean harm.
type flow struct {
	*rand.Rand
	*mouth
	p     *wiring.Practice
	known []rx.ID // prescriptions, orders and drafts that exist
	tally map[string]int
}

func pick[T any](f *flow, list []T) T { return list[f.IntN(len(list))] }

func (f *flow) chance(percent int) bool { return f.IntN(100) < percent }

// hostile are what surrounds a marker where nobody expects it.
var hostile = []string{"", " ", "\n", "\u202e", "\u200d", "e\u0301", "\x00", "\ufeff", "\ue000", "\U0001f48a", "<b>", "%s%n", "{name}", "\\u00e9", "\";", "--", "\u2028", "\ufffd", "\t", "'"}

// text is what somebody writes: mostly what may be written.
func (f *flow) text() string {
	core := pick(f, cores)
	switch {
	case f.chance(80):
		return core
	case f.chance(70):
		return pick(f, hostile) + core + pick(f, hostile)
	case f.chance(90):
		return strings.Repeat(core+" ", 1+f.IntN(200))
	}
	return core + strings.Repeat("x", 1<<16)
}

// word is one of a closed list, or a text in its place.
func word[T ~string](f *flow, list []T) T {
	if f.chance(97) {
		return pick(f, list)
	}
	return T(f.text())
}

func (f *flow) day() rx.Date {
	return rx.Date{Year: 1931 + f.IntN(40), Month: time.Month(1 + f.IntN(12)), Day: 1 + f.IntN(28)}
}

func (f *flow) patient() rx.Patient {
	p := rx.Patient{FirstName: f.text(), LastName: f.text(), BirthDate: f.day(), Sex: word(f, rx.Sexes), Phone: pick(f, phones)}
	if p.SSIN = rx.SSIN(pick(f, numbers[:4])); f.chance(3) {
		p.SSIN = rx.SSIN(numbers[4])
	}
	if f.chance(5) {
		p.SSIN, p.NoSSIN = "", word(f, rx.NoSSINs)
	}
	if f.chance(50) {
		p.Language = word(f, rx.DocumentLangs)
	}
	return p
}

func (f *flow) line() rx.Line {
	l := rx.Line{Quantity: 1 + f.IntN(3), Posology: rx.Posology{Text: f.text()}, InstructionPatient: f.text()}
	switch f.IntN(4) {
	case 0:
		l.Kind, l.CNK = rx.Package, "0318717"
	case 1:
		l.Kind, l.Name = rx.Free, f.text()
	case 2:
		l.Kind, l.Text = rx.Magistral, f.text()
	case 3:
		l.Kind, l.Compounds = rx.Magistral, []rx.Compound{{Name: f.text(), Quantity: 2000, Unit: "g"}}
	}
	if f.chance(5) {
		l.CNK, l.VMPGroup, l.INNCluster = rx.CNK(f.text()), f.text(), f.text()
	}
	if f.chance(5) {
		l.Kind, l.Route, l.Temporality, l.Formulary, l.InstructionReimbursement = word(f, rx.Kinds), f.text(), f.text(), f.text(), f.text()
	}
	if f.chance(10) {
		l.Posology = rx.Posology{Dose: 1000, UnitText: f.text(), TimesPerDay: f.IntN(30)}
	}
	if f.chance(5) {
		l.Regimen = []rx.RegimenEntry{{Weekday: f.text(), Time: f.text(), DayPeriod: f.text(), Quantity: 1000}}
	}
	return l
}

func (f *flow) request() rx.Request {
	id, err := rx.NewID(f.p.Now(), stream{f.Rand})
	if err != nil {
		panic(err)
	}
	r := rx.Request{ID: id, Patient: f.patient()}
	for range 1 + f.IntN(2) {
		r.Lines = append(r.Lines, f.line())
	}
	if f.chance(3) {
		r.Proof = rx.ProofWish(f.text())
	}
	if f.chance(3) {
		r.ID = rx.ID(f.text())
	}
	return r
}

// file is a request as somebody's program writes it.
func (f *flow) file() []byte {
	r := f.request()
	data, err := json.Marshal(r)
	if err != nil { // a number that no JSON has
		data = []byte(f.text())
	}
	if f.chance(60) {
		return data
	}
	text, at := string(data), f.IntN(len(data))
	f.tally["spoilt file"]++
	switch f.IntN(10) {
	case 0:
		text = text[:at]
	case 1:
		text = text[:at] + pick(f, hostile) + text[at:]
	case 2:
		text = strings.Replace(text, `"`+pick(f, numbers[:4]), numbers[0], 1) // a number where a text should be
	case 3:
		text = strings.Replace(text, `"first_name":`, fmt.Sprintf(`%q:`, "Nom "+f.text()), 1)
	case 4:
		text = strings.Replace(text, `"lines":[`, `"lines":[`+strings.Repeat(`[`, f.IntN(30)), 1)
	case 5:
		text = strings.Replace(text, `"birth_date":"`, `"birth_date":"`+pick(f, cores), 1)
	case 6:
		text = strings.Replace(text, `"quantity":`, `"quantity":"`+pick(f, cores)+`","quantity":`, 1)
	case 7:
		text = text + text
	case 8:
		text = strings.Replace(text, `"patient":{`, `"patient":["`+pick(f, cores)+`"],"patient":{`, 1)
	case 9:
		text = text[:at] + string([]byte{0xff, 0xc0}) + text[at:]
	}
	return []byte(text)
}

// err says an error in every way, and how a person is told of it.
func (f *flow) err(what string, err error) {
	if err == nil {
		f.tally["done"]++
		return
	}
	f.tally[string(rx.CodeOf(err))]++
	f.chain(fmt.Errorf("%s: %w", what, err))
	for _, lang := range rx.Langs {
		for _, said := range i18n.Say(lang, err) {
			fmt.Fprintln(&f.out, said.Code, said.Path, said.Where, said.What, said.Next)
		}
	}
}

// play is one flow: a file, a use case or several, and whatever comes of it.
func (f *flow) play(ctx context.Context) {
	svc := f.p.Service()
	request, faults := formats.Decode[rx.Request](f.file())
	f.err("decode", faults.OrNil())
	f.tell(request)
	how := prescribing.How{AsFreeText: f.chance(20)}
	if f.chance(15) {
		how.Paper, how.Handwritten = word(f, rx.PaperReasons), f.chance(30)
	}
	checked, warnings, err := svc.Check(request, how)
	f.err("check", err)
	f.err("warnings", warnings.OrNil())
	f.tell(checked)
	if f.chance(10) {
		draft, err := svc.SaveDraft(ctx, rx.Draft{Request: request})
		f.err("draft", err)
		f.tell(draft)
		f.keep(draft.ID)
	}
	done, err := svc.Issue(ctx, request, how)
	f.err("issue", err)
	f.tell(done)
	f.keep(done.Order)
	for _, p := range done.Prescriptions {
		f.keep(p.ID)
		f.tell(p)
	}
	if f.chance(4) {
		list := []drill.Fault{{Kind: "refuse-connect"}, {Kind: "drop", Operation: rx.OpCreate, Count: 1}, {Kind: "hang", Operation: rx.OpCreate, Count: 1}}
		f.err("break", f.p.Break(list[:f.IntN(len(list)+1)]))
	}
	f.act(ctx, svc)
	f.err("pass", f.p.Pass(ctx, time.Duration(f.Int64N(int64(20*time.Second)))))
}

// keep keeps some ids.
func (f *flow) keep(id rx.ID) {
	if id != "" {
		if f.known = append(f.known, id); len(f.known) > 60 {
			f.known = f.known[1:]
		}
	}
}

// acts are all that a doctor can do with what exists, and with what does not.
var acts = map[string]func(*flow, context.Context, *prescribing.Service, rx.ID){
	"revoke": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) {
		p, err := s.Revoke(ctx, id, word(f, rx.RevokeReasons), f.text())
		f.err("revoke", err)
		f.tell(p)
	},
	"withdraw": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) {
		p, err := s.Withdraw(ctx, id, word(f, rx.RevokeReasons), f.text())
		f.err("withdraw", err)
		f.tell(p)
	},
	"paper": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) {
		_, err := s.Paper(ctx, []rx.ID{id, pick(f, f.known)}, prescribing.Claim{Reason: word(f, rx.PaperReasons), AlthoughUnknown: f.chance(30), Handwritten: f.chance(20)})
		f.err("paper", err)
	},
	"proof": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) {
		_, err := s.Proof(ctx, []rx.ID{id})
		f.err("proof", err)
	},
	"redo": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) {
		done, err := s.Redo(ctx, id)
		f.err("redo", err)
		f.tell(done)
	},
	"repeat": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) {
		draft, err := s.Repeat(ctx, id)
		f.err("repeat", err)
		f.tell(draft)
		f.keep(draft.ID)
	},
	"issue draft": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) {
		done, err := s.IssueDraft(ctx, id, prescribing.How{})
		f.err("issue draft", err)
		f.tell(done)
	},
	"twin": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) {
		p, err := s.Twin(ctx, id)
		f.err("twin", err)
		f.tell(p)
	},
	"let go": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) {
		f.err("let go", s.LetGo(ctx, id))
	},
	"reach": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) {
		p, err := s.Refresh(ctx, id)
		f.err("refresh", err)
		f.tell(p)
		_, err = s.SetVisibility(ctx, id, word(f, rx.Visibilities))
		f.err("visibility", err)
		_, err = s.SetFeedback(ctx, id, f.chance(90))
		f.err("ask feedback", err)
		p, err = s.Notify(ctx, id, prescribing.Notification{Pharmacy: pick(f, []string{"29999915", "1", f.text()}), Text: f.text(), Again: f.chance(50)})
		f.err("notify", err)
		f.tell(p)
		if item, err := s.Store.Item(ctx, id); err == nil {
			all, err := s.AtRecipe(ctx, item.Patient)
			f.err("at recip-e", err)
			f.tell(all)
		}
		_, err = s.FetchFeedback(ctx, f.chance(50))
		f.err("fetch feedback", err)
		written, err := s.Feedback(ctx)
		f.err("feedback", err)
		f.tell(written)
	},
	"settle": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) {
		_, err := s.Settle(ctx, string(id)+"."+f.text(), prescribing.Answer{Outcome: rx.Outcome(f.text())})
		f.err("settle", err)
		treats, err := s.ToTreat(ctx)
		f.err("treat", err)
		for _, t := range treats[:min(3, len(treats))] {
			f.tell(t)
			for _, lang := range rx.Langs {
				name, why, next := i18n.Duty(lang, t.Duty)
				fmt.Fprintln(&f.out, name, why, next)
			}
			if len(t.Outcomes) > 0 {
				_, err := s.Settle(ctx, t.ID(), prescribing.Answer{Outcome: pick(f, t.Outcomes), Paper: word(f, rx.PaperReasons)})
				f.err("settle", err)
			}
		}
	},
	"look": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) {
		item, err := s.Store.Item(ctx, id)
		f.err("item", err)
		f.tell(item)
		line, err := s.Store.Timeline(ctx, id)
		f.err("timeline", err)
		f.tell(line)
		order, err := s.Store.Order(ctx, id)
		f.err("order", err)
		f.tell(order)
		draft, err := s.Store.Draft(ctx, id)
		f.err("draft", err)
		f.tell(draft)
	},
	"find": func(f *flow, ctx context.Context, s *prescribing.Service, _ rx.ID) {
		known, err := s.FindPatients(ctx, f.text())
		f.err("find", err)
		f.tell(known[:min(2, len(known))])
		items, err := s.Search(ctx, f.text(), rx.Filter{Limit: 5})
		f.err("search", err)
		f.tell(items)
		f.tell(s.Medicines.Search(f.text(), 5))
	},
	"add patient": func(f *flow, ctx context.Context, s *prescribing.Service, _ rx.ID) {
		added, err := s.AddPatient(ctx, f.patient())
		f.err("add", err)
		f.tell(added)
		known, err := s.Store.SavePatient(ctx, rx.Known{ID: rx.ID(f.text()), Version: 3, Patient: f.patient()})
		f.err("save", err)
		f.tell(known)
	},
	"practice": func(f *flow, ctx context.Context, s *prescribing.Service, _ rx.ID) {
		f.err("practice", s.SetPractice(ctx, rx.Practice{Prescriber: rx.Prescriber{FirstName: f.text(), LastName: f.text(), NIHII: rx.NIHII(f.text()), SSIN: rx.SSIN(pick(f, numbers))},
			Address: rx.Address{Street: f.text(), Zip: f.text(), City: f.text()}, Phone: f.text(), Email: f.text(), RegionLanguage: word(f, rx.DocumentLangs)}))
		_, err := s.Store.Setting(ctx, f.text())
		f.err("setting", err)
	},
	"event": func(f *flow, ctx context.Context, s *prescribing.Service, id rx.ID) { // as a store that was told nonsense
		_, err := s.Store.Apply(ctx, id, 0, rx.Event{Kind: rx.EventKind(f.IntN(50)), At: s.Now(), Text: f.text(), RID: rx.RID(f.text()), Reason: "other",
			Problem: &rx.Problem{Code: "X", Messages: map[rx.Lang]string{rx.FR: f.text()}}, Attempt: &rx.Attempt{Key: rx.KeyID(f.text())}, Sheet: &rx.Sheet{ID: rx.ID(f.text())}})
		f.err("event", err)
	},
}

var actNames = func() (names []string) {
	for name := range acts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}()

func (f *flow) act(ctx context.Context, svc *prescribing.Service) {
	for range 1 + f.IntN(2) {
		id := rx.ID(f.text())
		if len(f.known) > 0 && f.chance(95) {
			id = pick(f, f.known)
		}
		if len(f.known) == 0 {
			f.keep("0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11")
		}
		acts[pick(f, actNames)](f, ctx, svc, id)
	}
}

// rid is what a RID looks like.
var rid = regexp.MustCompile(`BEP[0-9A-Z]{9}`)

// S7: of fuzzed flows, no log, no error, no link of its chain, and no sentence of the four languages tells anything of a
// patient. What the doctor's own screen shows is no log.
func TestNoFlowTellsOfAPatient(t *testing.T) {
	t.Parallel()
	flows, each := 2_000, 250 // of one practice
	if testing.Short() {
		flows = 200
	}
	if soak() {
		flows = 100_000
	}
	rng, s, ctx, began := seeded(t), coresOnly(), context.Background(), time.Now()
	tally, said := map[string]int{}, 0
	for n := 0; n < flows; {
		p, err := wiring.NewPractice(ctx, rng.Uint64())
		must(t, err)
		f := &flow{Rand: rng, mouth: newMouth(), p: p, tally: tally}
		for range each {
			n++
			f.play(ctx)
			out := f.said()
			said += len(out)
			if hits := s.in(out); len(hits) > 0 {
				t.Errorf("flow %d: %s in %.400q", n, hits[0], around(out, hits[0]))
			} else if found := rid.Find(out); found != nil {
				t.Errorf("flow %d: a RID", n)
			}
			if t.Failed() {
				break
			}
		}
		must(t, p.Close(ctx))
		if t.Failed() {
			return
		}
	}
	for _, what := range []string{"spoilt file", "done", string(rx.CodeNotJSON), string(rx.CodeWrongType), string(rx.CodeUnshowable), string(rx.CodeTooLong), string(rx.CodeNotFound)} {
		if tally[what] == 0 {
			t.Errorf("%s never happened", what)
		}
	}
	t.Logf("%d flows, %d kinds of outcome, %.0f MB said: 0 hits; %v", flows, len(tally), float64(said)/1e6, time.Since(began).Round(time.Millisecond))
}

// around is where in out the hit of that sentence is.
func around(out []byte, hit string) []byte {
	var at int
	_, rest, _ := strings.Cut(hit, ", at ")
	_, _ = fmt.Sscanf(rest, "%d", &at)
	return out[max(0, at-200):min(len(out), at+200)]
}

// The same through the command line: its standard error, and with --json the faults on its standard output.
func TestTheStandardErrorTellsOfNoPatient(t *testing.T) {
	t.Parallel()
	runs := 60
	if soak() {
		runs = 3_000
	}
	rng, s, ctx := seeded(t), coresOnly(), context.Background()
	d := newDesk(t, rng, plainPractice, "une phrase d'essai")
	p, err := wiring.NewPractice(ctx, rng.Uint64())
	must(t, err)
	defer p.Close(ctx)
	f := &flow{Rand: rng, mouth: newMouth(), p: p, tally: map[string]int{}, known: []rx.ID{"0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11"}}
	env := d.command(nil).Env
	getenv := func(name string) string {
		for _, pair := range env {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value
			}
		}
		return ""
	}
	exits := map[cli.Exit]int{}
	for n := range runs {
		id := string(pick(f, f.known))
		args := pick(f, [][]string{
			{"prescribe", "-", "--wait", "0s"}, {"prescribe", "-", "--draft"}, {"prescribe", "-", "--paper", "urgent", "-o", filepath.Join(d.out, fmt.Sprintf("%d.pdf", n))},
			{"prescribe", "-", "--as-free-text", "--wait", "300ms"}, {"init", "--practice", "-"}, {"simulate", "plan", "-"}, {"init", "--practice", filepath.Join(d.in, "practice.json"), "--profile", "-"},
			{"patients", "find"}, {"revoke", id, "--reason", "other", "--wait", "0s"}, {"withdraw", id, "--reason", "other"}, {"settle", f.text(), "--outcome", f.text()},
			{"list", "--patient", f.text()}, {"list", "--state", f.text()}, {"show", f.text()}, {"paper", id, "--reason", f.text(), "-o", filepath.Join(d.out, "x.pdf")}, {f.text(), f.text()},
		})
		if f.chance(50) {
			args = append([]string{"--json"}, args...)
		}
		args = append([]string{"--lang", string(pick(f, rx.Langs))}, args...)
		stdin := f.file()
		if f.chance(30) {
			stdin = []byte(f.text())
		}
		var out, told bytes.Buffer
		exit := cli.Run(ctx, cli.System{Args: args, Stdin: bytes.NewReader(stdin), Stdout: &out, Stderr: &told, Getenv: getenv, Home: d.path("home")})
		exits[exit]++
		if exit != cli.Done && exit != cli.Kept { // what the answer shows is the doctor's own screen; a failure has none
			if bytes.Contains(out.Bytes(), []byte(`"faults"`)) {
				told.Write(out.Bytes())
			}
		}
		var a answer
		if json.Unmarshal(out.Bytes(), &a) == nil && len(a.Prescriptions) > 0 {
			f.keep(rx.ID(a.Prescriptions[0].ID))
		}
		if hits := s.in(told.Bytes()); len(hits) > 0 {
			t.Fatalf("run %d, %.80q: %s in %.600s", n, args, hits[0], told.String())
		}
	}
	if found := s.through(t, d.room()...); len(found.hits) > 0 {
		t.Errorf("%v", found.hits[0])
	}
	entries, err := os.ReadDir(d.out)
	must(t, err)
	for _, e := range entries {
		if len(s.in([]byte(e.Name()))) > 0 {
			t.Errorf("a file's name: %s", e.Name())
		}
	}
	if exits[cli.Done] == 0 || exits[cli.Failed] == 0 || exits[cli.Usage] == 0 {
		t.Errorf("exits: %v", exits)
	}
	t.Logf("%d runs, exits %v, on %s", runs, exits, runtime.GOOS)
}
