package model

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// What no screen may ever say, whatever was pressed, typed, answered and refused before.

// office is the open window: the models of all its screens on one practice.
type office struct {
	b        *bench
	p        *Prescribe
	treat    *Treat
	history  *History
	strip    *Strip
	outages  *Outages
	drill    *Drill
	settings *Settings
	palette  *Palette
	weather  string
	worn     Look
	pressed  string            // a command that could not be done, and was
	keys     map[string]string // what each key means, as first seen
	searched string            // the words whose patients were looked up last
	found    []rx.Known
}

func newOffice(b *bench, p *Prescribe) *office {
	o := &office{b: b, p: p, treat: NewTreat(b.env, p.Reopen, p.Resume), history: NewHistory(b.env, p.Reopen), weather: "fair", keys: map[string]string{}}
	o.history.Again = p.RepeatItem
	o.strip = NewStrip(b.env, func() []error { return nil }, func() {})
	o.outages = NewOutages(b.env, o.strip, func() time.Time { return time.Time{} })
	o.drill = NewDrill(b.env, []string{"fair", "down"}, func() string { return o.weather }, func(_ context.Context, kind string) error { o.weather = kind; return nil })
	o.settings = NewSettings(b.env, "0.1.0", func(rx.Lang) {}, func(l Look) { o.worn = l })
	o.palette = NewPalette(b.env, func() []Button {
		v := p.View()
		all := []Button{v.Send, v.Proof, v.OnPaper, v.ByHand, v.LetGo, v.Next}
		for i, c := range all {
			all[i].Press = func() {
				if c.Press(); !c.On {
					o.pressed = c.Label
				}
			}
		}
		return all
	})
	return o
}

// checkTreat: what is owed stands under the patient whom it is about, and each row once.
func (o *office) checkTreat(t *rapid.T) {
	seen := map[string]bool{}
	for _, s := range o.treat.View().Sections {
		if len(s.People) == 0 {
			t.Fatalf("%s: nobody", s.Title)
		}
		for _, who := range s.People {
			for _, d := range who.Duties {
				of := slices.IndexFunc(o.treat.treats, func(x prescribing.Treat) bool { return x.ID() == d.Key })
				if of >= 0 && fullName(o.treat.treats[of].Item.Facts.Patient) != who.Name {
					t.Fatalf("owed to another: %s under %s", d.What, who.Name)
				}
				if seen[s.Title+d.Key] {
					t.Fatalf("twice in %s: %s", s.Title, d.What)
				}
				seen[s.Title+d.Key] = true
			}
		}
	}
}

// checkServices: what is away is said to be away, on every screen.
func (o *office) checkServices(t *rapid.T) {
	v, strip := o.outages.View(), o.strip.View()
	for i, name := range rx.Services {
		if down := o.b.env.down(name); (v.Services[i].State.Tone == Bad) != down {
			t.Fatalf("%s: %+v", name, v.Services[i].State)
		}
	}
	if o.b.down != (v.Sum.Tone == Bad) || o.b.down != (strip.Retry.Label != "") || o.b.down != (strip.Services[0].Tone == Bad) {
		t.Fatalf("down %v: %v, %v", o.b.down, v.Sum, strip.Services)
	}
}

// checkPalette: a command that cannot be done does nothing, and says so.
func (o *office) checkPalette(t *rapid.T) {
	v := o.palette.View()
	if v == nil {
		t.Fatal("it was opened, and is not there")
	}
	if o.pressed != "" {
		t.Fatalf("done, though it could not be: %s", o.pressed)
	}
	marked := 0
	for _, c := range v.Commands {
		if c.Selected {
			marked++
		}
	}
	if marked != min(1, len(v.Commands)) || (v.Empty != "") != (len(v.Commands) == 0) {
		t.Fatalf("%d of %d are marked: %q", marked, len(v.Commands), v.Empty)
	}
}

// checkSettings: what is said to be chosen is what is worn, and a practice that the rules refuse is never kept.
func (o *office) checkSettings(t *rapid.T) {
	v := o.settings.View()
	for _, c := range v.Text.Choices {
		if c.Chosen != (c.Value == strconv.Itoa(max(o.worn.Text, 100))) {
			t.Fatalf("%+v is worn: %+v", o.worn, v.Text.Choices)
		}
	}
	kept, err := o.b.env.Service.Practice(context.Background())
	if err != nil || len(rx.CheckPractice(kept, rx.CheckOptions{Today: o.b.env.today()})) > 0 {
		t.Fatalf("the practice that is kept: %v", err)
	}
	if v.Form != nil && v.Edit.On {
		t.Fatal("two forms of one practice")
	}
}

// checkAtRest: once all is read, what is counted, listed and warned of is what there is.
func (o *office) checkAtRest(t *rapid.T) {
	o.strip.Load()
	o.treat.Load()
	o.history.Filter("")
	o.history.Load()
	o.settings.Load()
	o.drill.Load()
	o.b.settle()
	want := Counts{}
	for _, item := range o.b.store.items {
		switch item.State {
		case rx.StateReady, rx.StateSending:
			want.Waiting++
		case rx.StateUnknown:
			want.Silent++
		}
	}
	for _, d := range o.treat.treats {
		if len(d.Outcomes) > 0 {
			want.Treat++
		}
	}
	if got := o.strip.Counts(); got != want {
		t.Fatalf("counted %+v of %+v", got, want)
	}
	if l := NewLeave(o.b.env, want, len(o.b.store.drafts)); (l == nil) != (want == Counts{} && len(o.b.store.drafts) == 0) {
		t.Fatal("the question before closing")
	}
	if v := o.history.View(); v.Rows != len(o.b.store.items) {
		t.Fatalf("%d of %d prescriptions are listed", v.Rows, len(o.b.store.items))
	}
	for _, k := range o.drill.View().Kinds {
		if k.Strong != (k.Label == i18n.Text(rx.FR, "ui.drill."+o.weather)) {
			t.Fatalf("%s: %+v", o.weather, k)
		}
	}
	practice, err := o.b.env.Service.Practice(context.Background())
	if v := o.settings.View(); err != nil || !strings.Contains(strings.Join(v.Practice, " "), practice.Address.City) {
		t.Fatalf("the practice: %v, %v", v.Practice, err)
	}
	o.checkTreat(t)
	o.checkServices(t)
	o.checkSettings(t)
	o.checkHistory(t)
	o.checkKeys(t, o.treat.View())
	o.checkKeys(t, o.settings.View())
}

// checkHistory: what stands in full is the one that is selected, and a proof is offered of what has a RID alone.
func (o *office) checkHistory(t *rapid.T) {
	v := o.history.View()
	if v.Detail == nil {
		if v.Proof.On || v.OnPaper.On || v.Repeat.On {
			t.Fatal("something can be done with nothing")
		}
		return
	}
	item := *o.history.item
	if item.ID != o.history.selected || v.Detail.Name != fullName(item.Facts.Patient) {
		t.Fatalf("%s stands for another", v.Detail.Name)
	}
	if v.Proof.On && item.RID() == "" {
		t.Fatal("a proof without a RID")
	}
	if v.Paper != nil && !strings.Contains(v.Paper.Text, v.Detail.Name) {
		t.Fatalf("the paper is another's: %q beside %s", v.Paper.Text, v.Detail.Name)
	}
	o.checkKeys(t, v)
}

// checkKeys: no key means two things. What Enter presses has the focus; Escape closes what stands open.
func (o *office) checkKeys(t *rapid.T, view any) {
	for _, b := range buttonsOf(reflect.ValueOf(view), nil) {
		meaning, _, _ := strings.Cut(b.Label, " ") // how many, and for whom, is said after it
		if meaning == "Moins" {
			meaning = "Détails" // shows them, and hides them again
		}
		switch known, ok := o.keys[b.Key]; {
		case b.Label == "" || b.Key == "" || b.Key == "Entrée" || b.Key == "Échap":
		case !ok:
			o.keys[b.Key] = meaning
		case known != meaning:
			t.Fatalf("%s is %q and %q", b.Key, known, meaning)
		}
	}
}

func buttonsOf(v reflect.Value, list []Button) []Button {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return buttonsOf(v.Elem(), list)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.String {
			return list
		}
		for i := range v.Len() {
			list = buttonsOf(v.Index(i), list)
		}
	case reflect.Struct:
		if b, ok := v.Interface().(Button); ok {
			return append(list, b)
		}
		for i := range v.NumField() {
			switch f := v.Field(i); f.Kind() {
			case reflect.Pointer, reflect.Slice, reflect.Struct:
				list = buttonsOf(f, list)
			}
		}
	}
	return list
}

// check holds *Prescrire* and the selected prescription against what is true.
func (o *office) check(t *rapid.T, plant func(*PrescribeView)) {
	b, p := o.b, o.p
	v, w := p.View(), p.w
	if plant != nil {
		plant(&v)
	}
	o.checkKeys(t, v)
	o.checkHistory(t)
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
		o.checkPick(t, v.Pick)
		if v.Send.On || v.Proof.On || v.OnPaper.On || v.ByHand.On || v.LetGo.On || v.Paper != nil || v.Back != nil || v.Past != nil {
			t.Fatal("something can be done for nobody")
		}
		return
	}
	if who := w.patient.Patient; v.Name != fullName(who) || !strings.HasPrefix(v.Banner, b.env.banner(who)) {
		t.Fatalf("the banner is another's: %s, %s", v.Name, v.Banner)
	}
	if n := len(p.request(w).Lines) + len(w.ids); n > 0 && !strings.Contains(v.Send.Label, shortName(w.patient.Patient)) {
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

func (o *office) checkPick(t *rapid.T, v *PickView) {
	p := o.p
	if key := v.Words + strconv.Itoa(len(o.b.store.known)); key != o.searched && len(v.Results) > 0 {
		found, err := o.b.env.Service.FindPatients(context.Background(), v.Words)
		if err != nil {
			t.Fatal(err)
		}
		o.searched, o.found = key, found
	}
	found := o.found
	for _, r := range v.Results {
		if !slices.ContainsFunc(found, func(k rx.Known) bool { return fullName(k.Patient) == r.Name }) {
			t.Fatalf("%s for %q", r.Name, v.Words)
		}
	}
	if len(v.Results) > 1 && slices.ContainsFunc(v.Results, func(r Person) bool { return r.Selected }) && p.Pick.sel < 0 {
		t.Fatal(fmt.Sprint("one of several is chosen beforehand: ", v.Words))
	}
}
