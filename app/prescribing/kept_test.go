package prescribing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

func names(s prescribing.Shelf) string {
	var parts []string
	for _, l := range s.Favourites {
		parts = append(parts, l.Name+string(l.CNK))
	}
	for _, t := range s.Templates {
		parts = append(parts, t.Name+fmt.Sprint(len(t.Lines)))
	}
	return strings.Join(parts, " ")
}

func TestShelf(t *testing.T) {
	d := newDesk(t)
	free := func(name string) rx.Line {
		return rx.Line{Kind: rx.Free, Name: name, Quantity: 1, Posology: rx.Posology{Text: "le soir"}}
	}
	kept := func(want string, shelf prescribing.Shelf, err error) {
		t.Helper()
		d.well(err)
		read, err := d.Shelf(ctx)
		d.well(err)
		if names(shelf) != want || names(read) != want {
			t.Errorf("%q, read %q, not %q", names(shelf), names(read), want)
		}
	}
	shelf, err := d.Shelf(ctx)
	kept("", shelf, err)
	dated := free("a")
	dated.Begin, dated.Expires = rx.DateOf(monday), rx.DateOf(monday).AddDays(9)
	dated = prescribing.WithRiskReason(dated, rx.FR, "pour elle seule")
	shelf, err = d.KeepFavourite(ctx, dated)
	kept("a", shelf, err)
	if l := shelf.Favourites[0]; !l.Begin.IsZero() || !l.Expires.IsZero() || l.InstructionPatient != "" {
		t.Errorf("kept with what belongs to one patient: %q until %v", l.InstructionPatient, l.Expires)
	}
	shelf, err = d.KeepFavourite(ctx, free("b"))
	kept("b a", shelf, err)
	shelf, err = d.KeepFavourite(ctx, free("a"))
	kept("a b", shelf, err)
	shelf, err = d.KeepTemplate(ctx, " Sinusite  aiguë ", []rx.Line{free("x"), free("y")})
	kept("a b Sinusite aiguë2", shelf, err)
	shelf, err = d.KeepTemplate(ctx, "Angine", []rx.Line{free("x")})
	kept("a b Angine1 Sinusite aiguë2", shelf, err)
	shelf, err = d.KeepTemplate(ctx, "ANGINE", []rx.Line{free("x"), free("z")})
	kept("a b ANGINE2 Sinusite aiguë2", shelf, err)
	shelf, err = d.DropTemplate(ctx, "ANGINE")
	kept("a b Sinusite aiguë2", shelf, err)
	shelf, err = d.DropFavourite(ctx, shelf.Favourites[0])
	kept("b Sinusite aiguë2", shelf, err)

	_, err = d.KeepTemplate(ctx, "  ", []rx.Line{free("x")})
	d.code(err, rx.CodeMissing)
	_, err = d.KeepTemplate(ctx, strings.Repeat("é", 61), []rx.Line{free("x")})
	d.code(err, rx.CodeTooLong)
	_, err = d.KeepTemplate(ctx, "rien", nil)
	d.code(err, rx.CodeLineCount)
	for i := range prescribing.MaxFavourites - 1 {
		_, err = d.KeepFavourite(ctx, free(fmt.Sprint("n", i)))
		d.well(err)
	}
	_, err = d.KeepFavourite(ctx, free("one too many"))
	d.code(err, rx.CodeShelfFull)
	shelf, err = d.Shelf(ctx)
	if d.well(err); len(shelf.Favourites) != prescribing.MaxFavourites {
		t.Errorf("%d favourites", len(shelf.Favourites))
	}
}

// What cannot be read is told, and never lost: it is put aside before anything stands in its place, and when that fails
// nothing is written.
func TestAKeptValueIsNeverLost(t *testing.T) {
	line := rx.Line{Kind: rx.Free, Name: "a", Quantity: 1, Posology: rx.Posology{Text: "le soir"}}
	for _, bad := range []string{"", "{", "null", "[]", `{"version":0}`, `{"version":1,"favorites":[]}`, `{"version":1} ` + "x", `{"version":1,"favourites":[{"kind":"free","dose":1}]}`} {
		d := newDesk(t)
		d.settings["shelf"] = []byte(bad)
		shelf, err := d.Shelf(ctx)
		d.code(err, rx.CodeSettingUnread)
		if names(shelf) != "" {
			t.Errorf("%q was read", bad)
		}
		d.log = nil
		d.refuse("set setting", errDisk)
		_, err = d.KeepFavourite(ctx, line)
		d.code(err, rx.CodeIO)
		if string(d.settings["shelf"]) != bad {
			t.Errorf("%q is gone", bad)
		}
		d.before = func(string) error { return nil }
		shelf, err = d.KeepFavourite(ctx, line)
		d.well(err)
		if got := string(d.settings[fmt.Sprint("shelf.aside.", monday.UnixMilli())]); got != bad || names(shelf) != "a" {
			t.Errorf("%q was put aside as %q", bad, got)
		}
	}
	d := newDesk(t)
	d.settings["shelf"] = []byte(`{"version":2,"shelves":[]}`)
	_, err := d.KeepFavourite(ctx, line)
	d.code(err, rx.CodeNewer)
	d.acted("")
}

func TestNote(t *testing.T) {
	d := newDesk(t)
	n, err := d.Note(ctx, "p1")
	if d.well(err); n.Proof != "" || n.Allergies != "" {
		t.Error("a note of nobody")
	}
	d.well(d.KeepNote(ctx, "p1", prescribing.Note{Proof: rx.ProofNone, Allergies: " pénicilline \n (1998) "}))
	d.acted("set setting")
	d.well(d.KeepNote(ctx, "p1", prescribing.Note{Proof: rx.ProofNone, Allergies: "pénicilline (1998)"}))
	d.acted("")
	if n, err = d.Note(ctx, "p1"); err != nil || n.Proof != rx.ProofNone || n.Allergies != "pénicilline (1998)" {
		t.Errorf("%v: %q %q", err, n.Proof, n.Allergies)
	}
	if n, _ = d.Note(ctx, "p2"); n.Allergies != "" {
		t.Error("another's note")
	}
	d.code(d.KeepNote(ctx, "p1", prescribing.Note{Allergies: strings.Repeat("a", 201)}), rx.CodeTooLong)
	d.code(d.KeepNote(ctx, "p1", prescribing.Note{Proof: "x"}), rx.CodeNotInList)
}

func TestEditPatient(t *testing.T) {
	d := newDesk(t)
	added, err := d.AddPatient(ctx, marie)
	d.well(err)
	baby := rx.Patient{NoSSIN: rx.Newborn, FirstName: "Bébé", LastName: "Dupont", BirthDate: rx.DateOf(monday), Sex: rx.Female}
	other, err := d.AddPatient(ctx, baby)
	d.well(err)
	k := added.Known
	k.Phone = "081 11 11 11"
	k, err = d.EditPatient(ctx, k)
	if d.well(err); k.Version != 2 || d.known[0].Phone != "081 11 11 11" || len(d.known) != 2 {
		t.Errorf("version %d, %d patients", k.Version, len(d.known))
	}
	_, err = d.EditPatient(ctx, added.Known) // an older version of it
	d.code(err, rx.CodeConflict)
	twice := other.Known
	twice.NoSSIN, twice.SSIN = "", marie.SSIN
	_, err = d.EditPatient(ctx, twice)
	d.code(err, rx.CodePatientKnown)
	twice.SSIN = "79021802145" // the number came
	_, err = d.EditPatient(ctx, twice)
	d.well(err)
	k.LastName = ""
	_, err = d.EditPatient(ctx, k)
	d.code(err, rx.CodeMissing)
}

func TestCurrent(t *testing.T) {
	d := newDesk(t)
	r := request(3)
	r.Lines[1] = rx.Line{Kind: rx.Free, Name: "Sirop", Quantity: 1, Posology: rx.Posology{Text: "le soir"}}
	r.Lines[2] = rx.Line{Kind: rx.Free, Name: "Baume", Quantity: 1, Posology: rx.Posology{Text: "le soir"}}
	d.file[0].Ingredients = []string{"J01CA04"}
	done, err := d.Service.Issue(ctx, r, prescribing.How{})
	d.well(err)
	_, err = d.Withdraw(ctx, done.Prescriptions[2].ID, "stopped", "")
	d.well(err)
	d.clock = monday.AddDate(0, 1, 0)
	again := request(1)
	again.Lines[0].Quantity = 2
	again.Lines[0] = prescribing.WithRiskReason(again.Lines[0], rx.FR, "pour lui")
	_, err = d.Service.Issue(ctx, again, prescribing.How{})
	d.well(err)
	current := func() (list []string) {
		items, err := d.Service.Current(ctx, "patient")
		d.well(err)
		for _, item := range items {
			l := prescribing.Again(item)
			if !l.Begin.IsZero() || !l.Expires.IsZero() || l.InstructionPatient != "" {
				t.Errorf("again with what was of that day: %v, %q", l.Expires, l.InstructionPatient)
			}
			list = append(list, fmt.Sprint(l.Name, string(l.CNK), " ", l.Quantity))
		}
		return list
	}
	if got := fmt.Sprint(current()); got != "[0318717 2 Sirop 1]" {
		t.Errorf("%s", got)
	}
	d.clock = monday.Add(366 * 24 * time.Hour)
	if got := fmt.Sprint(current()); got != "[0318717 2]" {
		t.Errorf("after a year: %s", got)
	}
	d.refuse("list", errDisk)
	_, err = d.Service.Current(ctx, "patient")
	d.code(err, rx.CodeIO)
}
