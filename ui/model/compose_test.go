package model

import (
	"strings"
	"testing"

	"relais/app/rx"
)

// search types words and takes the first result.
func search(t *testing.T, b *bench, p *Prescribe, words string) {
	t.Helper()
	p.Search(words)
	b.settle()
	p.Enter()
	if !p.Entry.chosen {
		t.Fatalf("nothing for %q", words)
	}
}

func noticed(notices []Notice, part string) bool {
	for _, n := range notices {
		if strings.Contains(n.Text, part) {
			return true
		}
	}
	return false
}

// Weekly methotrexate: the rhythm begins weekly, the day is named, daily needs a typed reason, and the reason goes along.
func TestWeeklyMethotrexate(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	search(t, b, p, "méthotrexate")
	if p.Entry.rhythm != "wk" || len(p.View().Entry.Usual) > 0 {
		t.Errorf("begins %q with %d usual posologies", p.Entry.rhythm, len(p.View().Entry.Usual))
	}
	p.Set(FieldDose, "4")
	if p.Add() {
		t.Fatal("no day is named")
	}
	golden(t, b, "risk-day", p.View)
	if p.focus.Field != FieldRhythm {
		t.Errorf("the focus is on %d", p.focus.Field)
	}
	p.Set(FieldRhythm, "monday")
	if p.Add() || p.focus.Field != FieldMoment {
		t.Errorf("without a part of the day; the focus is on %d", p.focus.Field)
	}
	p.Set(FieldMoment, "evening")
	if v := p.View().Entry; v.Preview != "4\u00a0comprimés une fois par semaine · lundi, le soir : 4\u00a0comprimés" {
		t.Errorf("%q", v.Preview)
	}
	p.Set(FieldRhythm, daily)
	p.Set(FieldTimes, "1")
	if p.Add() || p.focus.Field != FieldWhy {
		t.Fatalf("daily, without a reason; the focus is on %d", p.focus.Field)
	}
	if v := p.View().Entry; !v.AskWhy || !noticed(v.Notices, "au plus une fois tous les 7 jours") {
		t.Errorf("asked %t: %v", v.AskWhy, v.Notices)
	}
	golden(t, b, "risk-daily", p.View)
	p.Set(FieldWhy, "leucémie, protocole de l'hôpital")
	if !p.Add() {
		t.Fatalf("with a reason: %v", p.View().Entry.Notices)
	}
	golden(t, b, "risk-reason", p.View)
	p.Edit(0)
	if p.Entry.why != "leucémie, protocole de l'hôpital" || p.Entry.instruction != "" {
		t.Errorf("%q beside %q", p.Entry.why, p.Entry.instruction)
	}
	p.Set(FieldRhythm, "friday") // the reason is not needed any more, and is not printed
	p.Set(FieldMoment, "morning")
	p.Send()
	b.settle()
	l := b.store.items[0].Facts.Content
	if l.InstructionPatient != "" || len(l.Regimen) != 1 || l.Regimen[0].Weekday != "friday" || l.Regimen[0].Quantity != l.Posology.Dose || l.Posology.Every == nil {
		t.Errorf("issued as %+v, %q", l.Regimen, l.InstructionPatient)
	}
}

func TestShortPosologies(t *testing.T) {
	for typed, want := range map[string]string{
		"1x3": "1 3  false", "1X3x7": "1 3 7 false", "0,5x2": "0,5 2  false", "2*2?": "2 2  true", " 1 x 3 x 5 ? ": "1 3 5 true",
		"1x": "1x 9 8 false", "1": "1 9 8 false", "x3": "x3 9 8 false", "1-0-1": "1-0-1 9 8 false",
	} {
		b := newBench(t)
		e := NewPrescribe(b.env).Entry
		e.chosen, e.rhythm = true, daily
		if !strings.ContainsAny(typed, "xX*") || strings.HasPrefix(typed, "x") || strings.HasSuffix(typed, "x") {
			e.times, e.days = "9", "8"
		}
		e.dose = typed
		dose, times, days, asNeeded := e.shorthand()
		if got := strings.Join([]string{dose, times, days, map[bool]string{true: "true", false: "false"}[asNeeded]}, " "); got != want {
			t.Errorf("%q is %q, not %q", typed, got, want)
		}
	}
}

// A common posology takes four keys at most, Enter included: "1x3" and Enter, or Down until it stands there.
func TestPosologyInFourKeys(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	search(t, b, p, "bisoprolol exemple 5")
	p.Set(FieldDose, "1x1") // three keys
	if v := p.View().Entry; v.Times != "1" || v.Dose != "1x1" || !strings.HasPrefix(v.Preview, "1\u00a0comprimé 1\u00a0fois par jour") {
		t.Errorf("%q %q: %q", v.Dose, v.Times, v.Preview)
	}
	p.Set(FieldDays, "30") // the short form is spelt out, nothing of it is lost
	if p.Entry.dose != "1" || p.Entry.times != "1" || p.Entry.days != "30" {
		t.Errorf("%q %q %q", p.Entry.dose, p.Entry.times, p.Entry.days)
	}
	p.Enter()
	if len(p.w.lines) != 1 {
		t.Fatal("not added")
	}
	search(t, b, p, "amlodipine")
	p.Usual(1)
	p.Usual(1) // two keys: twice a day
	golden(t, b, "write-usual", p.View)
	p.Usual(1)
	p.Usual(-1)
	p.Enter()
	if got := p.w.lines[1].Posology; got.TimesPerDay != 2 || got.Dose != 1000 || got.Unit != "tablet" {
		t.Errorf("%+v", got)
	}
}

// What this patient had comes before what is usual for everybody.
func TestUsualBeginsWithThePatientsOwn(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "bisoprolol exemple 5", "0,5", "1", "30")
	p.Send()
	b.settle()
	p.Next()
	pick(t, b, p, "85073003427")
	search(t, b, p, "bisoprolol exemple 5")
	if u := p.View().Entry.Usual; len(u) < 3 || !strings.HasPrefix(u[0].Label, "0,5\u00a0comprimé") {
		t.Errorf("%v", u)
	}
	p.Forget()
	search(t, b, p, "bisoprolol exemple 2,5")
	if u := p.View().Entry.Usual; len(u) < 3 || !strings.HasPrefix(u[0].Label, "1\u00a0comprimé") {
		t.Errorf("of another strength: %v", u)
	}
}

func TestDetails(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	search(t, b, p, "amoxicilline exemple 500")
	p.Set(FieldDose, "1x3x5")
	p.Details()
	p.Set(FieldBegin, "24/11/2026")
	p.Set(FieldReimbursement, "third-party-payer")
	p.Set(FieldInstruction, "Avec un verre d'eau")
	p.Set(FieldVisibility, "locked")
	p.SetFeedback(true)
	golden(t, b, "write-details", p.View)
	p.Details()
	if v := p.View().Entry; v.Details || v.Summary == "" {
		t.Errorf("hidden, and summed up as %q", v.Summary)
	}
	p.Send()
	b.settle()
	l := b.store.items[0].Facts.Content
	if l.Begin.String() != "2026-11-24" || l.InstructionReimbursement != "third-party-payer" || l.InstructionPatient != "Avec un verre d'eau" || l.Visibility != rx.Locked || !l.Feedback || !l.Reimbursed {
		t.Errorf("from %v, %q, %q, %q, feedback %t, reimbursed %t", l.Begin, l.InstructionReimbursement, l.InstructionPatient, l.Visibility, l.Feedback, l.Reimbursed)
	}
}

// Ctrl+R, Enter, Enter, Ctrl+Enter: four keys, and the copy was on the screen to be read.
func TestRepeatInFourKeys(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "bisoprolol exemple 5", "1", "1", "30")
	write(t, b, p, "amlodipine", "1", "1", "30")
	p.Send()
	b.settle()
	p.Next()
	b.clock = b.clock.AddDate(0, 1, 0)
	pick(t, b, p, "85073003427")
	golden(t, b, "past", p.View)
	p.Repeat() // Ctrl+R
	if v := p.View().Past; !v.Rows[0].Selected {
		t.Error("nothing is marked")
	}
	p.Enter()
	golden(t, b, "past-copy", p.View)
	if v := p.View().Entry; !noticed(v.Notices, "peut encore être délivrée") {
		t.Errorf("the first one may still be delivered, and nobody says so: %v", v.Notices)
	}
	if v := p.View(); v.Send.On || v.Entry.Copied != "copie du 23/11/2026, à relire" {
		t.Errorf("%v, %q", v.Send, v.Entry.Copied)
	}
	p.Send() // too early
	b.settle()
	if len(b.store.items) != 2 || !noticed(p.View().Notices, "à relire") {
		t.Fatal("a copy that nobody read was sent")
	}
	p.Enter()
	p.Send()
	b.settle()
	if n := len(b.store.items); n != 3 || b.store.items[2].Facts.Content.Begin != rx.DateOf(b.clock) {
		t.Fatalf("%d prescriptions: %v", n, p.View().Notices)
	}
}

// What was delivered, withdrawn or is over can be prescribed again without a word.
func TestOnlyWhatMayStillBeDeliveredIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(b *bench) error
		named   bool
	}{
		"waiting":   {func(*bench) error { return nil }, true},
		"sent":      {func(b *bench) error { return b.send(0, rx.EventAccepted) }, true},
		"unknown":   {func(b *bench) error { return b.send(0, rx.EventUnanswered) }, true},
		"refused":   {func(b *bench) error { return b.send(0, rx.EventRefused) }, false},
		"withdrawn": {func(b *bench) error { return b.happen(0, rx.Event{Kind: rx.EventWithdrawn, Reason: "stopped"}) }, false},
		"delivered": {func(b *bench) error {
			if err := b.send(0, rx.EventAccepted); err != nil {
				return err
			}
			return b.happen(0, rx.Event{Kind: rx.EventStatusRead, RID: b.store.items[0].RID(), Status: rx.Delivered, ServerAt: b.clock})
		}, false},
		"over": {func(b *bench) error { b.clock = b.clock.AddDate(0, 4, 0); return nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p := NewPrescribe(b.env)
			pick(t, b, p, "85073003427")
			write(t, b, p, "amlodipine", "1", "1", "30")
			p.Send()
			b.settle()
			if err := c.happens(b); err != nil {
				t.Fatal(err)
			}
			p.Next()
			pick(t, b, p, "85073003427")
			search(t, b, p, "amlodipine")
			if noticed(p.View().Entry.Notices, "peut encore être délivrée") != c.named {
				t.Errorf("%v", p.View().Entry.Notices)
			}
		})
	}
}

// All of it, each line read again; what is skipped is not written, and what was not read is no draft.
func TestRepeatAll(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	for _, words := range []string{"bisoprolol exemple 5", "amlodipine", "lisinopril"} {
		write(t, b, p, words, "1", "1", "30")
	}
	p.Send()
	b.settle()
	p.Next()
	pick(t, b, p, "85073003427")
	p.RepeatAll()
	if v := p.View().Entry; !strings.HasSuffix(v.Copied, "à relire · encore 2") {
		t.Errorf("%q", v.Copied)
	}
	p.Enter()
	p.Forget()
	p.Set(FieldDays, "60") // the doctor works on it: it is theirs
	if n := len(p.request(p.w).Lines); n != 2 {
		t.Errorf("%d lines in the draft", n)
	}
	p.Enter()
	if len(p.w.lines) != 2 || p.Entry.chosen || p.w.lines[1].Posology.DurationDays != 60 {
		t.Errorf("%d lines", len(p.w.lines))
	}
	p.RepeatAll()
	p.Next()
	b.settle()
	for _, d := range b.store.drafts {
		if len(d.Request.Lines) != 2 {
			t.Errorf("%d lines were kept", len(d.Request.Lines))
		}
	}
}

func TestRepeatFromTheHistory(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "amlodipine", "1", "1", "30")
	p.Send()
	b.settle()
	p.Next()
	pick(t, b, p, "48021499790")
	write(t, b, p, "bisoprolol exemple 5", "1", "1", "30")
	h := NewHistory(b.env, p.Reopen)
	h.Again = p.RepeatItem
	h.Load()
	b.settle()
	h.Select(0)
	h.Repeat()
	b.settle()
	if p.w == nil || p.w.patient.SSIN != "85073003427" || p.View().Entry.Copied == "" || len(b.store.drafts) != 1 {
		t.Fatalf("the copy is not at its patient's, or the other's draft is lost (%d)", len(b.store.drafts))
	}
	p.Enter()
	h.Repeat() // into the order that is being written
	b.settle()
	p.Enter()
	if len(p.w.lines) != 2 {
		t.Errorf("%d lines", len(p.w.lines))
	}
}

// A new favourite: search, choose, dose, Ctrl+F; then it stands under the entry line before anything is typed.
func TestFavourites(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	p.Favour()
	if !noticed(p.View().Notices, "ligne complète") {
		t.Error("a favourite of nothing")
	}
	search(t, b, p, "amlodipine")
	p.Favour()
	if len(p.shelf.Favourites) > 0 || p.focus.Field != FieldDose {
		t.Error("a favourite without a dose")
	}
	p.Set(FieldDose, "1x1")
	p.Favour()
	b.settle()
	p.Enter()
	if len(p.shelf.Favourites) != 1 {
		t.Fatalf("%d favourites", len(p.shelf.Favourites))
	}
	write(t, b, p, "bisoprolol exemple 5", "1", "1", "30")
	p.AskTemplate()
	p.SetTemplate("Hypertension")
	golden(t, b, "shelf-name", p.View)
	p.KeepTemplate()
	b.settle()
	p.Send()
	b.settle()
	p.Next()
	pick(t, b, p, "48021499790")
	golden(t, b, "shelf", p.View)
	p.Move(1)
	p.Enter() // the favourite
	if p.Entry.medicine.Name.In(rx.FR) == "" || p.Entry.copied != nil {
		t.Fatal("the favourite did not come")
	}
	p.Enter()
	p.Search("hyperT")
	b.settle()
	if v := p.View().Entry; len(v.Hits) < 2 || v.Hits[0].Heading != "Modèles" || v.Hits[1].Heading != "Sans code" {
		t.Fatalf("%+v", v.Hits)
	}
	p.Choose(0)
	golden(t, b, "shelf-template", p.View)
	p.Enter()
	p.Enter()
	if len(p.w.lines) != 3 || p.Entry.chosen {
		t.Errorf("%d lines", len(p.w.lines))
	}
	for _, h := range p.View().Entry.Hits {
		h.Side[0].Press()
		b.settle()
	}
	if n := len(p.View().Entry.Hits); n > 0 {
		t.Errorf("%d are still on the shelf", n)
	}
}

// A shelf that cannot be read says so, and what stands there is not lost.
func TestAShelfThatCannotBeRead(t *testing.T) {
	b := newBench(t)
	b.store.settings["shelf"] = []byte(`{"version":1,"favourites":{}}`)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	if !noticed(p.View().Notices, "mise de côté") {
		t.Fatalf("%v", p.View().Notices)
	}
	search(t, b, p, "amlodipine")
	p.Set(FieldDose, "1x1")
	b.store.fail = func(op string) error {
		if op == "setting" {
			return rx.Fault(rx.CodeDiskFull)
		}
		return nil
	}
	p.Favour()
	b.settle()
	if len(p.shelf.Favourites) > 0 || !noticed(p.View().Notices, string(rx.CodeDiskFull)) {
		t.Error("kept, though the disk is full")
	}
	b.store.fail = nil
	p.Favour()
	b.settle()
	aside := 0
	for name, value := range b.store.settings {
		if strings.HasPrefix(name, "shelf.aside.") && strings.Contains(string(value), "{}") {
			aside++
		}
	}
	if aside != 1 || len(p.shelf.Favourites) != 1 || noticed(p.View().Notices, "mise de côté") {
		t.Errorf("%d put aside, %d favourites", aside, len(p.shelf.Favourites))
	}
}

func TestEditPatient(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "amlodipine", "1", "1", "30")
	p.EditPatient()
	f := p.Form()
	f.Set(FieldAllergies, "pénicilline (œdème, 1998)")
	f.Set(FieldProof, "none")
	f.Set(FieldSSIN, "85.07.30-034.28")
	golden(t, b, "form-edit", p.View)
	f.Save()
	b.settle()
	if p.Form() == nil || p.focus.Field != FieldSSIN {
		t.Fatal("a wrong check digit was kept")
	}
	p.Send()
	b.settle()
	if len(b.store.items) > 0 {
		t.Fatal("sent while the patient is being changed")
	}
	f.Set(FieldSSIN, "85.07.30-034.27")
	f.Set(FieldPhone, "0470 11 11 11")
	f.Save()
	b.settle()
	if v := p.View(); v.Form != nil || !strings.Contains(v.Banner, "allergies : pénicilline") || !strings.Contains(v.Banner, "0470") {
		t.Errorf("%q", v.Banner)
	}
	p.Send()
	b.settle()
	if item := b.store.items[0]; item.Proof || item.Facts.Patient.Phone != "0470 11 11 11" {
		t.Errorf("proof %t", item.Proof)
	}
	p.Next()
	pick(t, b, p, "85073003427")
	if !strings.Contains(p.View().Banner, "pénicilline") {
		t.Error("the note was lost")
	}
	p.EditPatient()
	p.Form().Set(FieldSSIN, "48021499790")
	p.Form().Set(FieldBirth, "14/02/1948")
	p.Form().Set(FieldSex, "male")
	p.Form().Save()
	b.settle()
	if !noticed(p.View().Form.Notices, "est déjà cette personne") {
		t.Errorf("%v", p.View().Form.Notices)
	}
	p.Escape()
	if p.Form() != nil || p.w.patient.SSIN != "85073003427" {
		t.Error("Escape kept it")
	}
}

func TestNewPatientWithANote(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	b.settle()
	p.Pick.Search("85.01.15-001.47")
	p.Pick.Add()
	f := p.Form()
	for field, value := range map[Field]string{FieldLastName: "Neuve", FieldFirstName: "Nina", FieldSSIN: "", FieldNoSSIN: "foreign", FieldBirth: "15011985", FieldSex: "female", FieldAllergies: "latex", FieldProof: "paper"} {
		f.Set(field, value)
	}
	b.store.fail = func(op string) error {
		if op == "setting" {
			return rx.Fault(rx.CodeDiskFull)
		}
		return nil
	}
	f.Save()
	b.settle()
	if p.w != nil || len(b.store.known) == 0 {
		t.Fatal("taken though the note was not kept")
	}
	n := len(b.store.known)
	b.store.fail = nil
	f.Save()
	b.settle()
	if p.w == nil || len(b.store.known) != n || !strings.Contains(p.View().Banner, "latex") {
		t.Fatalf("%d patients, %d before", len(b.store.known), n)
	}
}

func TestWrittenByHand(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "amlodipine", "1", "1", "30")
	p.AskHand()
	golden(t, b, "hand-asked", p.View)
	p.Paper.SetDay("24/11/2026") // tomorrow
	p.ConfirmPaper()
	b.settle()
	if len(b.store.items) > 0 || !p.Paper.Open() || p.focus.Field != FieldDay {
		t.Fatal("a day that is not there yet")
	}
	p.Paper.SetDay("22/11/2026")
	p.ConfirmPaper()
	b.settle()
	item := b.store.items[0]
	if s := item.Sheet(); item.State != rx.StatePaper || s == nil || !s.Handwritten || s.Day.String() != "2026-11-22" || item.PaperReason != "outside-practice" || len(b.saved) > 0 {
		t.Fatalf("%v, %d documents", item.State, len(b.saved))
	}
	golden(t, b, "hand-noted", p.View)
}

// A line that waits, or of which an answer is missing, may have been written by hand meanwhile.
func TestAWaitingLineWasWrittenByHand(t *testing.T) {
	b, p := sendThree(t)
	if err := b.send(1, rx.EventUnanswered); err != nil {
		t.Fatal(err)
	}
	p.Changed(nil)
	b.settle()
	p.AskHand()
	p.Paper.SetReason("urgent")
	p.ConfirmPaper()
	b.settle()
	for i, item := range b.store.items {
		if s := item.Sheet(); item.State != rx.StatePaper || !s.Handwritten || !s.Handed.Set() || s.Forced != (i == 1) {
			t.Errorf("line %d: %v, %v", i+1, item.State, p.View().Notices)
		}
	}
	if len(b.saved) > 0 {
		t.Error("a sheet was made of what was written by hand")
	}
}

func TestTakeBack(t *testing.T) {
	b, p := sendThree(t)
	if err := b.send(0, rx.EventAccepted); err != nil {
		t.Fatal(err)
	}
	b.down = true
	p.Changed(nil)
	b.settle()
	side := func(line int, label string) {
		t.Helper()
		for _, bt := range p.View().Lines[line].Side {
			if bt.Label == label {
				bt.Press()
				b.settle()
				return
			}
		}
		t.Fatalf("no %q at line %d: %v", label, line+1, p.View().Lines[line].Side)
	}
	side(0, "Révoquer…")
	p.ConfirmBack()
	golden(t, b, "back-asked", p.View)
	if b.store.items[0].Wished.Set() {
		t.Error("revoked without a reason")
	}
	p.SetBack(FieldBack, "other")
	p.ConfirmBack()
	if p.back == nil {
		t.Error("revoked without a word on the other reason")
	}
	p.SetBack(FieldBackText, "erreur\nde dose")
	p.ConfirmBack()
	b.settle()
	if item := b.store.items[0]; !item.Wished.Set() || b.store.journal[len(b.store.journal)-1].Event.Text != "erreur de dose" {
		t.Error("not wished gone")
	}
	side(1, "Annuler la ligne…")
	p.Escape()
	side(1, "Annuler la ligne…")
	p.SetBack(FieldBack, "stopped")
	p.ConfirmBack()
	b.settle()
	if b.store.items[1].State != rx.StateWithdrawn {
		t.Errorf("%v", b.store.items[1].State)
	}
	side(2, "Aussi essayé ailleurs")
	if item := b.store.items[2]; !item.Twin.Set() {
		t.Error("nobody asks for a twin")
	}
	golden(t, b, "twin-asked", p.View)
}

// The guard for children stands in the banner, as on the documents.
func TestChildrenAreNamed(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	for number, want := range map[string]string{"23060699855": "ENFANT", "noor": "NOUVEAU-NÉ", "85073003427": ""} {
		pick(t, b, p, number)
		if v := p.View(); v.Child != want {
			t.Errorf("%s: %q", v.Name, v.Child)
		}
		p.Next()
	}
}
