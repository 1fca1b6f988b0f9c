package model

import (
	"flag"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/app/rx"
)

// Whatever is pressed and typed on whichever screen of the open window, in whatever order answers come back, whatever
// Recip-e does and whenever the disk fails: no screen says what is not so (see checks below), and nothing written is lost.
// A failure prints the seed and the events; -rapid.seed plays them again.
func TestNoImpossibleScreen(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 500
	}
	if os.Getenv("RELAIS_SOAK") != "" {
		n = 200_000
	}
	flagged(t, "rapid.checks", strconv.Itoa(n))
	flagged(t, "rapid.seed", strconv.FormatUint(rand.Uint64(), 10))
	t.Logf("%s sequences, seed %s", flag.Lookup("rapid.checks").Value, flag.Lookup("rapid.seed").Value)
	rapid.Check(t, func(t *rapid.T) { playAtRandom(t, nil) })
}

// flagged sets a flag until the test ends, unless whoever runs it has.
func flagged(t *testing.T, name, value string) {
	t.Helper()
	f, given := flag.Lookup(name), false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	old := f.Value.String()
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(old) })
}

// A mistake in what a screen says is found: each of these is planted in the views. The rarest takes some thousand sequences,
// a tenth of those that TestNoImpossibleScreen plays; twenty times as many are tried before it counts as not found.
func TestPlantedMistakesAreFound(t *testing.T) {
	stale := func(v *PrescribeView) {
		if v.Pick != nil && v.Pick.Words == "noor" && len(v.Pick.Results) > 0 {
			v.Pick.Results[0].Name = "DUPONT Marie"
		}
	}
	for name, plant := range map[string]func(*PrescribeView){
		"a line without an answer, and the patient may leave": func(v *PrescribeView) {
			if v.Leave.Tone == Bad {
				v.Leave = Notice{Tone: Good, Text: "Le patient peut partir"}
			}
		},
		"a proof without a RID": func(v *PrescribeView) { v.Proof.On = v.Name != "" },
		"the name of another": func(v *PrescribeView) {
			if v.Entry != nil {
				v.Name = "CLAES Pieter"
			}
		},
		"the number of another":     func(v *PrescribeView) { v.Banner = strings.ReplaceAll(v.Banner, "85.07.30", "85.07.31") },
		"results of another search": stale,
		"a key with two meanings": func(v *PrescribeView) {
			if v.Entry != nil && v.Entry.Chosen != "" {
				v.Entry.Favour.Key = v.Edit.Key
			}
		},
		"sent without a RID": func(v *PrescribeView) {
			for i := range v.Lines {
				v.Lines[i].State = strings.Replace(v.Lines[i].State, "Pas encore envoyée", "Envoyée", 1)
			}
		},
		"sent on the patient's behalf under another name": func(v *PrescribeView) {
			v.Send.Label = strings.Replace(v.Send.Label, "M. Dupont", "P. Claes", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			checks := 20_000
			if testing.Short() { // rapid plays a fifth of them then
				checks *= 5
			}
			flagged(t, "rapid.checks", strconv.Itoa(checks))
			flagged(t, "rapid.shrinktime", "0s")
			flagged(t, "rapid.nofailfile", "true")
			r := &recorder{TB: t}
			done := make(chan struct{})
			go func() { // a failure ends its goroutine
				defer close(done)
				rapid.Check(r, func(t *rapid.T) { playAtRandom(t, plant) })
			}()
			if <-done; !r.failed {
				t.Error("nobody sees it")
			}
		})
	}
}

// recorder is a test whose failure is what is wanted.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Error(...any)          { r.failed = true }
func (r *recorder) Fail()                 { r.failed = true }
func (r *recorder) Failed() bool          { return r.failed }
func (r *recorder) Logf(string, ...any)   {}
func (r *recorder) Log(...any)            {}
func (r *recorder) Fatalf(string, ...any) { r.FailNow() }
func (r *recorder) Fatal(...any)          { r.FailNow() }
func (r *recorder) FailNow() {
	r.failed = true
	runtime.Goexit()
}

// playAtRandom plays one sequence of events. plant, unless nil, spoils what *Prescrire* says.
func playAtRandom(t *rapid.T, plant func(*PrescribeView)) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	o := newOffice(b, p)
	treat, history := o.treat, o.history
	written := map[rx.ID]int{} // lines of each order, as last seen before its issue
	failing := false
	b.store.fail = func(string) error {
		if failing {
			return rx.Fault(rx.CodeDiskFull)
		}
		return nil
	}
	words := func(list ...string) string { return rapid.SampledFrom(list).Draw(t, "words") }
	any := func(n int, label string) int { return rapid.IntRange(0, n-1).Draw(t, label) }
	press := func(buttons []Button) {
		if n := len(buttons); n > 0 {
			if bt := buttons[any(n, "button")]; bt.On {
				bt.Press()
			}
		}
	}
	acts := map[string]func(*rapid.T){
		"patient": func(*rapid.T) {
			if p.w == nil {
				p.Pick.Search(words("dup", "85.07.30-034.27", "48021499790", "claes", "noor", "xyz", ""))
			}
		},
		"take": func(*rapid.T) { p.Pick.Move(any(3, "by") - 1); p.Pick.Enter() },
		"next": func(*rapid.T) { p.Next() },
		"new patient": func(*rapid.T) {
			p.AddPatient()
			if f := p.Form(); f != nil {
				for _, field := range []Field{FieldLastName, FieldFirstName, FieldBirth} {
					f.Set(field, words("Neuf", "Nina", "15011985", ""))
				}
				f.Set(FieldSex, "female")
				f.Set(FieldNoSSIN, "foreign")
				f.Save()
			}
		},
		"begin": func(*rapid.T) {
			if p.w == nil {
				p.pick(b.store.known[any(len(b.store.known), "patient")])
			}
		},
		"write": func(*rapid.T) {
			if p.writing() && !p.Entry.chosen {
				word := words("amo", "méthotrexate", "fentanyl")
				p.Entry.words, p.Entry.hitsFor, p.Entry.hits = word, word, b.env.Service.Medicines.Search(word, maxHits)
				p.Choose(any(5, "medicine"))
			}
			p.Set(FieldDose, "1")
			p.Set(FieldTimes, "2")
			p.Set(FieldDays, "3")
		},
		"medicine": func(*rapid.T) { p.Search(words("amo", "azithro", "para", "zzz", "")) },
		"enter":    func(*rapid.T) { p.Move(any(4, "by") - 1); p.Enter() },
		"fields": func(*rapid.T) {
			f := rapid.SampledFrom([]Field{FieldDose, FieldTimes, FieldDays, FieldQuantity, FieldExpires, FieldText, FieldBegin, FieldInstruction, FieldWhy}).Draw(t, "field")
			p.Set(f, words("1", "2", "3", "x", "", "0,5", "01/12/2026", "1x3", "2x2x5?"))
		},
		"free": func(*rapid.T) { p.SetFree(any(2, "on") == 1) },
		"rhythm": func(*rapid.T) {
			p.Set(FieldRhythm, rapid.SampledFrom(rhythmOrder).Draw(t, "rhythm"))
			p.Set(FieldMoment, rapid.SampledFrom(moments).Draw(t, "moment"))
		},
		"usual":      func(*rapid.T) { p.Usual(any(3, "by") - 1) },
		"details":    func(*rapid.T) { p.Details() },
		"repeat":     func(*rapid.T) { p.Repeat() },
		"repeat all": func(*rapid.T) { p.RepeatAll() },
		"forget":     func(*rapid.T) { p.Forget() },
		"edit line":  func(*rapid.T) { p.Edit(any(3, "line")) },
		"remove":     func(*rapid.T) { p.Remove(any(3, "line")) },
		"favourite":  func(*rapid.T) { p.Favour() },
		"template": func(*rapid.T) {
			p.AskTemplate()
			p.SetTemplate(words("Angine", "Grippe", ""))
			p.KeepTemplate()
		},
		"shelf": func(*rapid.T) {
			if v := p.View(); v.Entry != nil {
				if n := len(v.Entry.Hits); n > 0 {
					if h := v.Entry.Hits[any(n, "hit")]; any(4, "drop") == 0 {
						press(h.Side)
					} else {
						h.Press()
					}
				}
			}
		},
		"by hand": func(*rapid.T) {
			p.AskHand()
			p.Paper.SetDay(words("", "20/11/2026", "x", "01/12/2099"))
		},
		"take back": func(*rapid.T) {
			if v := p.View(); len(v.Lines) > 0 {
				press(v.Lines[any(len(v.Lines), "line")].Side)
			}
			p.SetBack(FieldBack, rapid.SampledFrom(rx.RevokeReasons).Draw(t, "reason"))
			p.SetBack(FieldBackText, words("", "erreur"))
			if any(2, "confirm") == 1 {
				p.ConfirmBack()
			}
		},
		"edit patient": func(*rapid.T) {
			p.EditPatient()
			if f := p.edit; f != nil {
				f.Set(FieldPhone, words("081 99 99 99", ""))
				f.Set(FieldAllergies, words("pénicilline", ""))
				f.Set(FieldProof, words("none", "paper", ""))
				if any(3, "save") > 0 {
					f.Save()
				}
			}
		},
		"escape": func(*rapid.T) { p.Escape() },
		"again": func(*rapid.T) {
			if n := len(b.store.items); n > 0 {
				p.RepeatItem(b.store.items[any(n, "item")].ID)
			}
		},
		"add": func(*rapid.T) { p.Add() },
		"line": func(*rapid.T) {
			if v := p.View(); len(v.Lines) > 0 {
				press(v.Lines[any(len(v.Lines), "line")].Buttons)
			}
		},
		"send":    func(*rapid.T) { p.Send() },
		"paper":   func(*rapid.T) { p.AskPaper() },
		"reason":  func(*rapid.T) { p.Paper.SetReason(rapid.SampledFrom(rx.PaperReasons).Draw(t, "reason")) },
		"confirm": func(*rapid.T) { p.ConfirmPaper() },
		"cancel":  func(*rapid.T) { p.Paper.Cancel() },
		"proof":   func(*rapid.T) { p.Proof() },
		"let go":  func(*rapid.T) { p.LetGo() },
		"drafts": func(*rapid.T) {
			if v := p.View().Pick; v != nil && len(v.Drafts) > 0 {
				v.Drafts[any(len(v.Drafts), "draft")].Press()
			}
		},
		"treat": func(*rapid.T) {
			treat.Load()
			for _, s := range treat.View().Sections {
				o := s.People[any(len(s.People), "patient")]
				press(o.buttons())
			}
			treat.Paper.SetReason("urgent")
			treat.ConfirmPaper()
		},
		"history": func(*rapid.T) {
			history.Filter(words("", "dup", "amo"))
			history.Move(any(3, "by") - 1)
			if v := history.View(); v.Detail != nil {
				press(slices.Concat(v.Detail.Line.Side, v.Detail.Side, []Button{v.Proof, v.OnPaper}))
				history.SetBack(FieldBack, "stopped")
				history.ConfirmBack()
			}
		},
		"treat answers": func(*rapid.T) {
			treat.Load()
			if v := treat.View(); v.Paper != nil {
				press([]Button{v.Paper.Confirm, v.Paper.Cancel})
			}
			o.checkTreat(t)
		},
		"strip": func(*rapid.T) {
			o.strip.Load()
			press([]Button{o.strip.View().Retry})
		},
		"services": func(*rapid.T) {
			b.down = !b.down
			o.checkServices(t)
		},
		"weather": func(*rapid.T) {
			o.drill.Load()
			if v := o.drill.View(); v != nil {
				press(v.Kinds)
			}
		},
		"palette": func(*rapid.T) {
			o.palette.Open()
			o.palette.Search(words("", "pap", "env", "pati", "zzz"))
			o.palette.Move(any(5, "by") - 1)
			o.checkPalette(t)
			o.palette.Enter()
			o.palette.Close()
		},
		"settings": func(*rapid.T) {
			o.settings.Load()
			o.settings.SetText(words("100", "150", "200", "7"))
			o.settings.SetDark(words("dark", "light"))
			o.settings.SetLanguage(words("fr", "xx"))
			press([]Button{o.settings.View().Edit})
			o.settings.SetPractice(FieldCity, words("Namur", "Jambes", ""))
			o.settings.SetPractice(FieldNIHII, words("19999915004", "1-99999-15-004", "19999916004"))
			if v := o.settings.View(); v.Form != nil {
				press([]Button{v.Form.Save, v.Form.Save, v.Form.Cancel})
			}
			o.checkSettings(t)
		},
		"close": func(*rapid.T) {
			l := NewLeave(b.env, o.strip.Counts(), p.Unsent())
			if p.Unsent() > 0 && l == nil {
				t.Fatal("closed over what is not sent, without a word")
			}
		},
		"outages": func(*rapid.T) { o.checkServices(t) },
		"time": func(*rapid.T) {
			b.clock = b.clock.Add(rapid.SampledFrom([]time.Duration{time.Second, 9 * time.Second, 5 * time.Hour}).Draw(t, "pass"))
			p.Tick()
		},
		"recip-e": func(*rapid.T) {
			if len(b.store.items) > 0 {
				kind := rapid.SampledFrom([]rx.EventKind{rx.EventAccepted, rx.EventRefused, rx.EventUnanswered, rx.EventNotSent}).Draw(t, "kind")
				_ = b.send(any(len(b.store.items), "item"), kind) // refused where the state does not take it
				p.Changed(nil)
			}
		},
		"disk":     func(*rapid.T) { failing = !failing },
		"all back": func(*rapid.T) { b.settle() },
		"back": func(*rapid.T) {
			if n := b.pending(); n > 0 {
				b.step(any(n, "pending"))
			}
		},
		"": func(t *rapid.T) {
			if w := p.w; w != nil && !w.issued {
				written[w.id] = len(w.lines)
				if p.Entry.chosen && !p.Entry.unread() {
					written[w.id]++
				}
			}
			o.check(t, plant)
		},
	}
	t.Repeat(acts)

	failing = false
	b.settle()
	p.Next()
	b.clock = b.clock.Add(time.Minute)
	p.Tick()
	b.settle()
	o.checkAtRest(t)
	for id, n := range written {
		draft, kept := b.store.drafts[id]
		order, issued := b.store.orders[id]
		switch {
		case kept && issued:
			t.Fatalf("order %s is a draft and an order", id)
		case issued && len(order.issued.Prescriptions) != n:
			t.Fatalf("order %s: %d lines issued of %d written", id, len(order.issued.Prescriptions), n)
		case !issued && len(draft.Request.Lines) != n:
			t.Fatalf("draft %s: %d lines kept of %d written", id, len(draft.Request.Lines), n)
		}
	}
}
