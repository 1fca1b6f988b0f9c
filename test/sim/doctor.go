package sim

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/simulator/world"
)

// The people: a doctor who does anything that the screen allows and answers
// truthfully, patients, a pharmacist, other software.

var practice = rx.Practice{
	Prescriber: rx.Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004", SSIN: "79021802145", Qualification: "médecin généraliste"},
	Address:    rx.Address{Street: "Rue de la Démonstration", Number: "1", Zip: "5000", City: "Namur"},
	Phone:      "081 00 00 00", Email: "demo@example.org", RegionLanguage: rx.FR,
}

// patients are invented; the last has no national number.
var patients = func() []rx.Patient {
	var list []rx.Patient
	for i := range 4 {
		first := fmt.Sprintf("%02d0101%03d", 50+i, 997+2*(i%2))
		n, _ := strconv.Atoi(first)
		ssin, err := rx.ParseSSIN(fmt.Sprintf("%s%02d", first, 97-n%97))
		if err != nil {
			panic(err)
		}
		list = append(list, rx.Patient{SSIN: ssin, FirstName: "Fictif", LastName: fmt.Sprintf("Démo%d", i), BirthDate: rx.Date{Year: 1950 + i, Month: 1, Day: 1}, Sex: rx.Male, Language: rx.FR})
	}
	return append(list, rx.Patient{NoSSIN: rx.Newborn, FirstName: "Bébé", LastName: "Démo", BirthDate: rx.Date{Year: 2026, Month: 2, Day: 1}, Sex: rx.Female, Language: rx.NL})
}()

type drugs struct{}

var cnks = []rx.CNK{"0318717", "0029025", "0857995"}

func (drugs) ByCNK(cnk rx.CNK) (rx.Medicine, bool) {
	i := slices.Index(cnks, cnk)
	if i < 0 {
		return rx.Medicine{}, false
	}
	return rx.Medicine{CNK: cnk, Name: rx.Words{rx.FR: fmt.Sprintf("Exemple %d", i)}, Ingredients: []string{fmt.Sprintf("X%d", i/2)}, Unit: "tablet", PackSize: 30}, true
}
func (drugs) ByGroup(string) (rx.Medicine, bool) { return rx.Medicine{}, false }
func (drugs) Search(string, int) []rx.Medicine   { return nil }
func (drugs) Version() string                    { return "sim" }

type composer struct{}

func (composer) Compose(f rx.Facts) ([]byte, error) { return []byte(f.LocalID), nil }

// press is the printer: what it makes exists in the world.
type press struct{ *Sim }

func (p press) Forms([]rx.Item) (int, error) { return 0, nil }

func (p press) Sheet(items []rx.Item, _ prescribing.On) ([]byte, error) {
	for _, item := range items {
		p.judgeSheet(item)
		p.printed(item)
	}
	return []byte("%PDF"), nil
}

func (p press) Proof(items []rx.Item) ([]byte, error) {
	for _, item := range items {
		p.judgeProof(item)
	}
	return []byte("%PDF"), nil
}

// doctor runs an act of the doctor on the running program. What is refused is
// refused with a code; nothing else is an answer.
func (s *Sim) doctor(what string, act func() error) {
	if s.down {
		return
	}
	s.program(func() {
		err := act()
		s.note("doctor: %s %s", what, rx.CodeOf(err))
		if rx.CodeOf(err) == rx.CodeInternal || rx.CodeOf(err) == rx.CodeEventIncomplete || rx.CodeOf(err) == rx.CodeDamaged {
			panic(violation{"doctor: " + what + ": " + err.Error()})
		}
	})
}

// patient comes in: an order is written, perhaps sent twice by the caller.
func (s *Sim) patient() {
	if s.down {
		s.after(s.upTo(20*time.Minute), s.patient)
		return
	}
	r := rx.Request{Patient: pick(s, patients)}
	id, err := rx.NewID(s.now(), reader{s.source()})
	s.must(err)
	r.ID = id
	for range 1 + s.rng.IntN(3) {
		r.Lines = append(r.Lines, rx.Line{Kind: rx.Package, CNK: pick(s, cnks), Quantity: 1,
			Posology: rx.Posology{Dose: 1000, Unit: "tablet", TimesPerDay: 1, DurationDays: 30}})
	}
	how := prescribing.How{}
	if r.Patient.SSIN == "" {
		how.Paper = "no-ssin-newborn"
	} else if s.one(12) {
		how.Paper = "outside-practice"
	}
	how.Handwritten = how.Paper != "" && s.one(2)
	s.issue(r, how)
	if s.one(4) { // the caller does not know whether it arrived
		written, putBack := s.skew, s.putBacks
		s.after(s.upTo(pick(s, []time.Duration{time.Second, time.Hour, 20 * time.Hour})), func() {
			if s.putBacks > putBack && s.skewThen < written {
				s.count("caller's retry that cannot be told from a new order") // docs/doors.md, Not closed
				return
			}
			s.count("caller's retry")
			s.issue(r, how)
		})
	}
	s.after(s.upTo(40*time.Second), func() { s.desk(r.ID) })
	s.after(10*time.Second+s.upTo(10*time.Minute), func() {
		s.doctor("let go", func() error { return s.service.LetGo(ctx, r.ID) })
	})
}

func (s *Sim) issue(r rx.Request, how prescribing.How) {
	asked := r.ID
	if s.Planted == "callers-retry" {
		r.ID = ""
	}
	if how.Handwritten {
		s.writeByHand(r)
	}
	s.doctor("issue", func() error {
		done, err := s.service.Issue(ctx, r, how)
		if err == nil {
			s.asked(asked, done.Prescriptions)
			s.saved(done.Prescriptions)
		}
		return err
	})
}

// desk is the patient waiting for what to take along.
func (s *Sim) desk(order rx.ID) {
	if s.down {
		return
	}
	for _, r := range s.rows() {
		if r.p.Order == order && s.one(3) {
			s.act(r)
		}
	}
}

// anyAct is an act on any prescription: also what another process does.
func (s *Sim) anyAct() {
	if rows := s.rows(); len(rows) > 0 && !s.down {
		s.act(pick(s, rows))
	}
}

// act does something about r that a doctor may try, allowed or not.
func (s *Sim) act(r *row) {
	id := r.p.ID
	switch s.rng.IntN(7) {
	case 0, 1:
		claim := prescribing.Claim{Reason: "outage-recipe", AlthoughUnknown: s.one(2)}
		if s.Planted == "print-before-claim" && r.p.State == rx.StateReady {
			p := r.p.ID
			s.papers = append(s.papers, &paper{local: r.p.LocalID(), prescription: p, handed: true})
		}
		s.doctor("paper", func() error { _, err := s.service.Paper(ctx, []rx.ID{id}, claim); return err })
	case 2:
		s.doctor("withdraw", func() error { _, err := s.service.Withdraw(ctx, id, "wrong-medicine", ""); return err })
	case 3:
		s.doctor("revoke", func() error { _, err := s.service.Revoke(ctx, id, "other", "texte"); return err })
	case 4:
		s.doctor("proof", func() error { _, err := s.service.Proof(ctx, []rx.ID{id}); return err })
	case 5:
		if p := s.inPractice(id); p != nil && r.p.State == rx.StatePaper && !s.handed(r.p.LocalID()) {
			p.gone = true // the doctor holds it and destroys it
			s.doctor("redo", func() error {
				done, err := s.service.Redo(ctx, id)
				if err == nil {
					s.count("redo")
					s.joins(done.Prescriptions, r.p)
					s.saved(done.Prescriptions)
				}
				return err
			})
		}
	case 6:
		if s.one(6) {
			s.doctor("twin", func() error { _, err := s.service.Twin(ctx, id); return err })
		}
	}
}

// review goes through what is to be treated and answers truthfully.
func (s *Sim) review() {
	if s.down {
		return
	}
	var treats []prescribing.Treat
	s.doctor("review", func() (err error) { treats, err = s.service.ToTreat(ctx); return err })
	for _, t := range treats {
		if len(t.Outcomes) == 0 || !s.healed && s.one(3) {
			continue
		}
		answer := prescribing.Answer{Outcome: s.answer(t), Paper: "outage-recipe"}
		if answer.Outcome == "" {
			continue
		}
		s.count(t.Kind.String() + ":" + string(answer.Outcome))
		s.doctor(t.Kind.String()+" "+string(answer.Outcome), func() error {
			_, err := s.service.Settle(ctx, t.ID(), answer)
			return err
		})
	}
}

// answer is true to what the doctor sees and has done; where nothing binds, any.
func (s *Sim) answer(t prescribing.Treat) rx.Outcome {
	id := t.Prescription
	switch t.Kind {
	case rx.DutyRestored:
		switch {
		case s.handed(t.Item.LocalID()):
			return rx.PaperGiven
		case s.redone(t.Item.LocalID()):
			return rx.SentElsewhere
		}
		s.binAll(t.Item.LocalID())
		return rx.NothingGiven
	case rx.DutyConfirmPrint:
		if p := s.inPractice(id); p != nil && slices.Contains(t.Outcomes, rx.CameOut) && p.copy == t.Item.Sheet().Copies {
			return rx.CameOut
		}
		if s.one(2) && slices.Contains(t.Outcomes, rx.DidNotComeOut) {
			return rx.DidNotComeOut
		}
		if !s.one(3) {
			s.doctor("print again", func() error {
				_, err := s.service.Paper(ctx, []rx.ID{id}, prescribing.Claim{Reason: "outage-recipe"})
				return err
			})
			return ""
		}
		s.binAll(t.Item.LocalID())
		return rx.WasDestroyed
	case rx.DutyHandOver:
		if s.handed(t.Item.LocalID()) && slices.Contains(t.Outcomes, rx.Handed) {
			return rx.Handed // done before the program could note it
		}
		p := s.inPractice(id)
		if p == nil || !slices.Contains(t.Outcomes, rx.Handed) || s.one(3) {
			s.binAll(t.Item.LocalID())
			return rx.WasDestroyed
		}
		p.handed = true
		return rx.Handed
	}
	return pick(s, t.Outcomes)
}

// foreign are contents of other software, as tier C reads them: with an id of their own, without one, and one that cannot be read.
var foreign = [][]byte{
	[]byte(`<kmehrmessage xmlns="http://www.ehealth.fgov.be/standards/kmehr/schema/v1"><header><id S="LOCAL" SL="other" SV="1">0192f6a0-0000-8000-8000-000000000000</id></header></kmehrmessage>`),
	[]byte(`<kmehrmessage xmlns="http://www.ehealth.fgov.be/standards/kmehr/schema/v1"><header/></kmehrmessage>`),
	nil,
}

// outside are the pharmacist, the patient at home, other software.
func (s *Sim) outside() {
	truth, err := s.world.Truth(s.at())
	s.must(err)
	if len(truth.Records) == 0 {
		return
	}
	s.moved = true
	rec := pick(s, truth.Records)
	switch s.rng.IntN(8) {
	case 0:
		_, _ = s.world.Store(world.Foreign{Patient: rec.Patient, Unreadable: s.one(4), Content: foreign[len(truth.Records)%len(foreign)]}, s.at())
	case 1:
		_ = s.world.Act(world.PatientRevoke, rec.RID, s.at())
	default:
		move := pick(s, []world.Move{world.Take, world.PutBack, world.Deliver, world.Deliver, world.Archive})
		s.note("outside %s", move)
		_ = s.world.Act(move, rec.RID, s.at())
	}
}
