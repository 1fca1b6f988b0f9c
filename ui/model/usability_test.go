package model

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/app/rx"
)

// journey is what a doctor does by keyboard alone, key by key.
type journey struct {
	name string
	most int // keys that it may take; 0: no goal
	do   func(k *keyboard)
}

// keyboard is a practice with hands on its keys. What is typed goes where the model has put the focus.
type keyboard struct {
	t     *testing.T
	b     *bench
	p     *Prescribe
	typed string // into the field that has the focus, since it has it
	turn  int    // of the focus that typed is of
	n     int
	said  []string
}

func (k *keyboard) key(name string, do func()) {
	k.n++
	k.said = append(k.said, name)
	do()
	k.b.settle()
}

// types types words, letter by letter.
func (k *keyboard) types(words string) {
	k.said = append(k.said, "`"+words+"`")
	for _, r := range words {
		f := k.p.View().Focus
		if f.Turn != k.turn {
			k.typed, k.turn = "", f.Turn
		}
		k.typed += string(r)
		k.n++
		switch f.Field {
		case FieldPatient:
			k.p.Pick.Search(k.typed)
		case FieldMedicine:
			k.p.Search(k.typed)
		case FieldLastName, FieldFirstName, FieldSSIN, FieldPhone:
			k.p.Pick.Set(f.Field, k.typed)
		default:
			k.p.Set(f.Field, k.typed)
		}
		k.b.settle()
	}
}

func (k *keyboard) enter() {
	k.key("Enter", func() {
		if k.p.View().Pick != nil {
			k.p.Pick.Enter()
		} else {
			k.p.Enter()
		}
	})
}

// into moves to an input by so many tabs.
func (k *keyboard) into(f Field, tabs int) {
	for range tabs {
		k.key("Tab", func() {})
	}
	k.p.focus.to(f)
}

// press moves through the buttons of a list that can be pressed, from the first, and presses the one with that label.
func (k *keyboard) press(t *Treat, label string) {
	k.t.Helper()
	var buttons []Button
	for _, s := range t.View().Sections {
		for _, o := range s.People {
			buttons = append(buttons, o.buttons()...)
		}
	}
	buttons = slices.DeleteFunc(buttons, func(b Button) bool { return !b.On })
	at := slices.IndexFunc(buttons, func(b Button) bool { return b.Label == label })
	if at < 0 {
		k.t.Fatalf("no button %q", label)
	}
	for range at {
		k.key("Tab", func() {})
	}
	k.key("Enter", buttons[at].Press)
}

func (k *keyboard) treat() *Treat {
	treat := newTreat(k.b)
	k.key("Ctrl+2", treat.Load)
	return treat
}

// three is an order of three lines that is written for Marie and sent.
func (k *keyboard) three() {
	k.types("dup")
	k.enter()
	for _, l := range [][2]string{{"amo", "1x3x7"}, {"azi", "1x1x3"}, {"par", "1x3x5?"}} {
		k.types(l[0])
		k.enter()
		k.types(l[1])
		k.enter()
		if e := k.p.View().Entry; e.Chosen != "" {
			k.t.Fatalf("%s: %+v", e.Chosen, e.Notices)
		}
	}
	k.key("Ctrl+Enter", k.p.Send)
	if n := len(k.b.store.items); n != 3 {
		k.t.Fatalf("%d prescriptions: %+v", n, k.p.View().Notices)
	}
}

// uncounted does what came before the journey.
func (k *keyboard) uncounted(do func()) {
	n, said := k.n, k.said
	do()
	k.n, k.said = n, said
}

// accepted lets Recip-e accept what waits.
func (k *keyboard) accepted() {
	for i, item := range k.b.store.items {
		if item.State == rx.StateReady {
			if err := k.b.send(i, rx.EventAccepted); err != nil {
				k.t.Fatal(err)
			}
		}
	}
	k.p.Changed(nil)
	k.b.settle()
}

var journeys = []journey{
	{"patient by three letters", 0, func(k *keyboard) { k.types("dup"); k.enter() }},
	{"patient by a copied national number, with dots", 2, func(k *keyboard) {
		k.key("Ctrl+V", func() { k.p.Pick.Search("85.07.30-034.27") })
		k.enter()
		if k.p.w == nil {
			k.t.Fatal("nobody was found")
		}
	}},
	{"new patient with a national number, from the empty screen", 0, func(k *keyboard) {
		k.key("Ctrl+Shift+N", k.p.AddPatient)
		k.types("Neuf")
		k.into(FieldFirstName, 1)
		k.types("Nina")
		k.into(FieldSSIN, 1)
		k.types("90010100123")
		k.key("Enter", k.p.Pick.SaveNew)
		if k.p.w == nil {
			k.t.Fatalf("%+v", k.p.View().Pick.Form)
		}
	}},
	{"one line with a usual posology", 0, func(k *keyboard) {
		k.uncounted(func() { k.types("dup"); k.enter() })
		k.types("azi")
		k.enter()
		k.types("1x1")
		k.enter()
		if len(k.p.w.lines) != 1 {
			k.t.Fatalf("no line: %+v", k.p.View().Entry.Notices)
		}
	}},
	{"the posology alone, by its short form", 4, func(k *keyboard) {
		k.uncounted(func() { k.types("dup"); k.enter(); k.types("azi"); k.enter() })
		k.types("1x1")
		k.enter()
		if len(k.p.w.lines) != 1 {
			k.t.Fatal("no line")
		}
	}},
	{"the posology alone, the second of the usual ones", 4, func(k *keyboard) {
		k.uncounted(func() { k.types("dup"); k.enter(); k.types("amlo"); k.enter() })
		k.key("Down", func() { k.p.Usual(1) })
		k.key("Down", func() { k.p.Usual(1) })
		k.enter()
		if len(k.p.w.lines) != 1 {
			k.t.Fatal("no line")
		}
	}},
	{"a whole order: patient, three lines, send, proof, the patient leaves", 0, func(k *keyboard) {
		k.three()
		k.accepted()
		k.key("Ctrl+P", k.p.Proof)
		k.key("Ctrl+D", k.p.LetGo)
		if v := k.p.View(); len(k.b.saved) != 1 || !strings.HasPrefix(v.Leave.Text, "Patient parti") {
			k.t.Fatalf("%d proofs, %q", len(k.b.saved), v.Leave.Text)
		}
	}},
	{"repeat one item of before, read again, and send it", 4, func(k *keyboard) {
		k.uncounted(func() { k.three(); k.accepted(); k.p.Next(); k.types("dup"); k.enter() })
		k.key("Ctrl+R", k.p.Repeat)
		k.enter()
		k.enter()
		k.key("Ctrl+Enter", k.p.Send)
		if len(k.b.store.items) != 4 {
			k.t.Fatalf("%+v", k.p.View().Notices)
		}
	}},
	{"repeat all three, each read again, and send them", 0, func(k *keyboard) {
		k.uncounted(func() { k.three(); k.accepted(); k.p.Next(); k.types("dup"); k.enter() })
		k.key("Ctrl+Shift+R", k.p.RepeatAll)
		for range 3 {
			k.enter()
		}
		k.key("Ctrl+Enter", k.p.Send)
		if len(k.b.store.items) != 6 {
			k.t.Fatalf("%+v", k.p.View().Notices)
		}
	}},
	{"a new favourite", 8, func(k *keyboard) {
		k.uncounted(func() { k.types("dup"); k.enter() })
		k.types("azi")
		k.enter()
		k.types("1x1")
		k.key("Ctrl+F", k.p.Favour)
		if len(k.p.shelf.Favourites) != 1 {
			k.t.Fatalf("%+v", k.p.View().Notices)
		}
	}},
	{"prescribe a favourite, and send it", 0, func(k *keyboard) {
		k.uncounted(func() {
			k.types("dup")
			k.enter()
			k.types("azi")
			k.enter()
			k.types("1x1")
			k.p.Favour()
			k.b.settle()
			k.p.Forget()
		})
		k.key("Down", func() { k.p.Move(1) })
		k.enter()
		k.enter()
		k.key("Ctrl+Enter", k.p.Send)
		if len(k.b.store.items) != 1 || k.b.store.items[0].Facts.Content.Posology.TimesPerDay != 1 {
			k.t.Fatalf("%+v", k.p.View().Notices)
		}
	}},
	{"outage: the whole order on paper, its reason seen by the program", 2, func(k *keyboard) {
		k.uncounted(func() { k.b.down = true; k.three() })
		k.key("Ctrl+Shift+O", k.p.AskPaper)
		k.key("Ctrl+Shift+Y", k.p.ConfirmPaper)
		if len(k.b.saved) != 1 || k.b.store.items[2].State != rx.StatePaper {
			k.t.Fatalf("%+v", k.p.View().Notices)
		}
	}},
	{"an order that was written by hand", 2, func(k *keyboard) {
		k.uncounted(func() {
			k.types("dup")
			k.enter()
			k.types("azi")
			k.enter()
			k.types("1x1")
			k.enter()
		})
		k.key("Ctrl+Shift+H", k.p.AskHand)
		k.key("Ctrl+Shift+Y", k.p.ConfirmPaper)
		if k.b.store.items[0].Sheet() == nil || !k.b.store.items[0].Sheet().Handwritten {
			k.t.Fatalf("%+v", k.p.View().Notices)
		}
	}},
	{"À traiter: three that waited too long are sent all the same", 0, func(k *keyboard) {
		k.uncounted(func() { k.three(); k.b.clock = k.b.clock.Add(5 * time.Hour) })
		k.press(k.treat(), "Envoyer : les 3")
		if !k.b.store.items[2].Reconfirmed.Set() {
			k.t.Fatal("not confirmed")
		}
	}},
	{"À traiter: the patient was called about a refused one", 0, func(k *keyboard) {
		k.uncounted(func() {
			k.three()
			for i, kind := range []rx.EventKind{rx.EventRefused, rx.EventAccepted, rx.EventAccepted} {
				if err := k.b.send(i, kind); err != nil {
					k.t.Fatal(err)
				}
			}
		})
		k.press(k.treat(), "Patient ou pharmacie prévenu")
		if !k.b.store.items[0].Told.Set() {
			k.t.Fatal("not told")
		}
	}},
	{"À traiter: three sheets came out, were handed over, copied for the record and noted there", 0, func(k *keyboard) {
		k.uncounted(func() { k.b.down = true; k.three(); k.p.AskPaper(); k.p.ConfirmPaper(); k.b.settle() })
		treat := k.treat()
		for _, label := range []string{"Sortie de l'imprimante : les 3", "Remise au patient : les 3", "Copier pour le dossier · 23/11/2026", "Notée dans le dossier : les 3"} {
			k.press(treat, label)
		}
		if !k.b.store.items[2].Noted.Set() || k.b.copied == "" {
			k.t.Fatal("not noted")
		}
	}},
	{"a patient's day, copied for the record", 2, func(k *keyboard) {
		k.uncounted(func() { k.three(); k.b.clock = k.b.clock.Add(5 * time.Hour) })
		k.press(k.treat(), "Copier pour le dossier · 23/11/2026")
		if !strings.Contains(k.b.copied, "DUPONT") {
			k.t.Fatal("nothing was copied")
		}
	}},
	{"a proof again, out of the history", 0, func(k *keyboard) {
		k.uncounted(func() { k.three(); k.accepted() })
		h := NewHistory(k.b.env, nil)
		k.key("Ctrl+3", h.Load)
		k.said = append(k.said, "`azi`")
		for i := range "azi" {
			k.n++
			h.Filter("azi"[:i+1])
			k.b.settle()
		}
		k.key("Down", func() { h.Move(1) })
		k.key("Ctrl+P", h.Proof)
		if len(k.b.saved) != 1 {
			k.t.Fatal("no proof")
		}
	}},
}

// TestKeystrokes plays each journey and prints docs/usability.md. RELAIS_GOLDEN=1 writes it.
func TestKeystrokes(t *testing.T) {
	var table strings.Builder
	table.WriteString("| journey | keys | number | goal |\n|---|---|---|---|\n")
	for _, j := range journeys {
		b := newBench(t)
		k := &keyboard{t: t, b: b, p: NewPrescribe(b.env)}
		b.settle()
		j.do(k)
		goal := ""
		if j.most > 0 {
			goal = fmt.Sprint("≤ ", j.most)
		}
		if j.most > 0 && k.n > j.most {
			t.Errorf("%s: %d keys, %d are allowed", j.name, k.n, j.most)
		}
		fmt.Fprintf(&table, "| %s | %s | %d | %s |\n", j.name, runs(k.said), k.n, goal)
	}
	path := filepath.Join("..", "..", "docs", "usability.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- keystrokes -->\n", "<!-- end -->\n"
	before, rest, found := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the table", path)
	}
	want := before + begin + table.String() + end + after
	if os.Getenv("RELAIS_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(page) != want {
		t.Errorf("%s says something else (RELAIS_GOLDEN=1 writes it anew):\n%s", path, table.String())
	}
}

// runs joins keys; the same one several times is said with its number.
func runs(keys []string) string {
	var said []string
	for i := 0; i < len(keys); {
		j := i
		for j < len(keys) && keys[j] == keys[i] {
			j++
		}
		if j-i > 1 {
			said = append(said, fmt.Sprintf("%s × %d", keys[i], j-i))
		} else {
			said = append(said, keys[i])
		}
		i = j
	}
	return strings.Join(said, ", ")
}
