package model

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/app/prescribing"
	"relais/app/rx"
)

// Whatever is pressed and typed, in whatever order answers come back, whatever Recip-e does and whenever the disk
// fails: no screen says what is not so, and nothing written is lost.
func TestNoImpossibleScreen(t *testing.T) {
	if os.Getenv("RELAIS_SOAK") != "" {
		if err := flag.Set("rapid.checks", "10000"); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		b := newBench(t)
		p := NewPrescribe(b.env)
		treat, history := NewTreat(b.env, p.Reopen, p.Resume), NewHistory(b.env, p.Reopen)
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
				check(t, b, p)
			},
		}
		t.Repeat(acts)

		failing = false
		b.settle()
		p.Next()
		b.clock = b.clock.Add(time.Minute)
		p.Tick()
		b.settle()
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
	})
}

// check holds the screen against what is true.
func check(t *rapid.T, b *bench, p *Prescribe) {
	v, w := p.View(), p.w
	if (v.Pick == nil) != (v.Name != "") || (w != nil) != (v.Name != "") {
		t.Fatalf("patient %q beside the choice of one", v.Name)
	}
	for name, got := range map[string][2]string{"proof": {v.Proof.Label, v.Proof.Key}, "paper": {v.OnPaper.Label, v.OnPaper.Key},
		"by hand": {v.ByHand.Label, v.ByHand.Key}, "let go": {v.LetGo.Label, v.LetGo.Key}, "next": {v.Next.Label, v.Next.Key}} {
		want := map[string][2]string{"proof": {"Preuve", "Ctrl+P"}, "paper": {"Prescription papier…", "Ctrl+Maj+O"},
			"by hand": {"À la main…", ""}, "let go": {"Le patient part", "Ctrl+D"}, "next": {"Patient suivant", "Ctrl+N"}}[name]
		if got != want {
			t.Fatalf("button %s became %v", name, got)
		}
	}
	if v.Pick != nil {
		checkPick(t, b, p, v.Pick)
		if v.Send.On || v.Proof.On || v.OnPaper.On || v.ByHand.On || v.LetGo.On || v.Paper != nil || v.Back != nil || v.Past != nil {
			t.Fatal("something can be done for nobody")
		}
		return
	}
	if len(v.Lines) > 0 && v.Send.Label != "Envoyer" && !strings.Contains(v.Send.Label, shortName(w.patient.Patient)) {
		t.Fatalf("%q for %s", v.Send.Label, v.Name)
	}
	if v.Paper != nil && !strings.Contains(v.Paper.Text, v.Name) {
		t.Fatalf("the paper is another's: %q for %s", v.Paper.Text, v.Name)
	}
	if (v.Entry != nil) == w.issued || v.Send.On && (w.issued || p.acting) || p.acting && (v.Proof.On || v.OnPaper.On || v.LetGo.On || v.Next.On) {
		t.Fatalf("issued %v, acting %v: %+v", w.issued, p.acting, v.Send)
	}
	if v.Entry != nil {
		shelf := p.shelf.Favourites
		if found := b.env.Service.Medicines.Search(v.Entry.Words, maxHits); v.Entry.Words != "" && len(v.Entry.Hits) > 0 &&
			(len(v.Entry.Hits) < len(found)+2 || len(v.Entry.Hits) > len(found)+2+len(shelf)+len(p.shelf.Templates)) {
			t.Fatalf("%d results for %q", len(v.Entry.Hits), v.Entry.Words)
		}
		checkLines(t, p)
	}
	if !w.issued {
		return
	}
	if (v.Leave.Tone == Good) != (v.Leave.Text == "Le patient peut partir") || (v.Leave.Tone == Bad) != strings.HasPrefix(v.Leave.Text, "NE PAS") {
		t.Fatalf("%q", v.Leave.Text)
	}
	for i, item := range w.items {
		if !prescribing.SamePerson(item.Facts.Patient, w.patient.Patient) {
			t.Fatalf("line %d is of another patient", i+1)
		}
		resolved := item.State == rx.StateConfirmed || item.State == rx.StateWithdrawn || item.State == rx.StateRevoked || item.Told.Set() ||
			item.State == rx.StatePaper && !unhanded(item.Prescription) || w.choices[item.ID] == choiceLater || item.Wished.Set()
		if (v.Leave.Tone == Good || v.Leave.Tone == Quiet && v.Leave.Text != "") && !resolved {
			t.Fatalf("the patient may leave with line %d %v", i+1, item.State)
		}
		sent := strings.HasPrefix(v.Lines[i].State, "Envoyée")
		if sent && item.RID() == "" || item.RID() != "" && item.State == rx.StateConfirmed && !item.Wished.Set() && !sent {
			t.Fatalf("line %d: %q with RID %v", i+1, v.Lines[i].State, item.RID() != "")
		}
	}
	if v.Proof.On && !slices.ContainsFunc(w.items, func(item rx.Item) bool { return item.RID() != "" }) {
		t.Fatal("a proof without a RID")
	}
}

// checkLines holds what is written against what may be: no line that the rules refuse, nothing of highest risk too often
// without a reason, no copy that nobody read again.
func checkLines(t *rapid.T, p *Prescribe) {
	w := p.w
	for i, l := range w.lines {
		if p.env.Service.TooOften(l) && prescribing.RiskReason(l) == "" {
			t.Fatalf("line %d is taken too often, without a reason", i+1)
		}
	}
	if len(w.queue) > 0 && !p.Entry.chosen {
		t.Fatal("a copy waits before an empty entry")
	}
	if len(w.past) > 0 && w.mark >= len(w.past) {
		t.Fatal("something is marked that is not there")
	}
	if n := len(p.request(w).Lines); n > len(w.lines) && p.Entry.unread() {
		t.Fatal("a copy that nobody read counts as written")
	}
	if p.edit != nil && (p.writing() || p.Entry == nil) {
		t.Fatal("lines are written while the patient is changed")
	}
}

func checkPick(t *rapid.T, b *bench, p *Prescribe, v *PickView) {
	found, err := b.env.Service.FindPatients(context.Background(), v.Words)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range v.Results {
		if !slices.ContainsFunc(found, func(k rx.Known) bool { return fullName(k.Patient) == r.Name }) {
			t.Fatalf("%s for %q", r.Name, v.Words)
		}
	}
	if len(v.Results) > 1 && slices.ContainsFunc(v.Results, func(r Person) bool { return r.Selected }) && p.Pick.sel < 0 {
		t.Fatal(fmt.Sprint("one of several is chosen beforehand: ", v.Words))
	}
}
