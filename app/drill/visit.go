package drill

import (
	"slices"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

// visit is a patient at the desk: written, sent, and within the promised time something
// to take along or a choice.
func (d *day) visit() error {
	patient := pick(d.rng, d.people).Patient
	r := rx.Request{Patient: patient, Proof: rx.ProofPaper}
	for range 1 + d.rng.IntN(3) {
		r.Lines = append(r.Lines, daily(pick(d.rng, d.drugs)))
	}
	how := prescribing.How{}
	if patient.SSIN == "" {
		how.Paper = rx.PaperReason("no-ssin-" + string(patient.NoSSIN))
	}
	done, err := d.s.Issue(d.ctx, r, how)
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(d.report.Patients, func(p rx.Patient) bool { return p == patient })
	if !known {
		d.report.Patients = append(d.report.Patients, patient)
	}
	d.write(done.Prescriptions)
	if how.Paper != "" {
		d.document("paper", done.Sheet)
		return d.leaves(done.Order, done.Prescriptions)
	}
	d.in(d.s.Waits.Answer+time.Millisecond, func() error { return d.choose(done.Order, 0) })
	return nil
}

// daily is a line of m: one a day for ten days.
func daily(m rx.Medicine) rx.Line {
	l := rx.Line{Kind: rx.Package, CNK: m.CNK, Quantity: 1, Posology: rx.Posology{Dose: 1000, Unit: m.Unit, TimesPerDay: 1, DurationDays: 10}}
	if m.IsGroup() {
		l = rx.Line{Kind: rx.INN, VMPGroup: m.VMPGroup, Duration: &rx.Span{Value: 10, Unit: "d"}, Posology: l.Posology}
	}
	return l
}

// givenDaily tells whether a doctor may prescribe m so; what is taken once a week is not.
func (d *day) givenDaily(m rx.Medicine) bool {
	r := rx.Request{ID: "0192f6a0-0000-7000-8000-000000000000", Patient: d.people[0].Patient, Lines: []rx.Line{daily(m)}}
	_, _, err := d.s.Check(r, prescribing.How{Paper: "outage-recipe"}) // whoever it is, paper is open to them
	return err == nil
}

// write notes what the doctor has written.
func (d *day) write(prescriptions []rx.Prescription) {
	for _, p := range prescriptions {
		local := p.LocalID()
		d.lines[local] = &line{id: p.ID, wanted: true}
		d.order = append(d.order, local)
	}
}

// choose is the doctor looking at the lines of an order while the patient waits: proof
// for what has a RID, and for the rest wait, paper, or send later.
func (d *day) choose(order rx.ID, times int) error {
	issued, err := d.s.Store.Order(d.ctx, order)
	if err != nil {
		return err
	}
	var confirmed, open []rx.ID
	for _, p := range issued.Prescriptions {
		switch p.State {
		case rx.StateConfirmed:
			if !p.Wished.Set() {
				confirmed = append(confirmed, p.ID)
			}
		case rx.StateReady, rx.StateSending, rx.StateUnknown, rx.StateRefused:
			open = append(open, p.ID)
		}
	}
	if len(open) > 0 && times < 3 && d.chance(2) {
		d.in(d.between(20*time.Second, 3*time.Minute), func() error { return d.choose(order, times+1) })
		return nil
	}
	if len(confirmed) > 0 {
		pdf, err := d.s.Proof(d.ctx, confirmed)
		if err != nil {
			return err
		}
		d.document("proof", pdf)
		if d.chance(20) {
			if err := d.mistaken(confirmed[0]); err != nil {
				return err
			}
		}
	}
	if len(open) > 0 && !d.chance(3) { // else the patient is told that it is sent later
		return d.paper(order, open)
	}
	return d.leaves(order, nil)
}

// mistaken: the wrong medicine was chosen. What was not sent is withdrawn, the rest
// revoked.
func (d *day) mistaken(id rx.ID) error {
	p, err := d.s.Revoke(d.ctx, id, "wrong-medicine", "")
	if err == nil {
		d.lines[p.LocalID()].wanted = false
	}
	return err
}

// paper takes lines to paper and prints the sheet; the printer may swallow it once.
func (d *day) paper(order rx.ID, ids []rx.ID) error {
	claim := prescribing.Claim{Reason: "outage-recipe", AlthoughUnknown: true}
	pdf, err := d.s.Paper(d.ctx, ids, claim)
	if code := rx.CodeOf(err); code == rx.CodeElectronicExists || code == rx.CodeBeingSent { // an answer came in between
		d.in(30*time.Second, func() error { return d.choose(order, 3) })
		err = nil
	}
	if err != nil {
		return err
	}
	d.document("paper", pdf)
	onPaper, err := d.onPaper(ids)
	if err != nil {
		return err
	}
	if d.chance(8) {
		if err := d.settle(onPaper, rx.DutyConfirmPrint, rx.DidNotComeOut); err != nil {
			return err
		}
		if pdf, err = d.s.Paper(d.ctx, idsOf(onPaper), claim); err != nil {
			return err
		}
		d.document("paper", pdf)
	}
	return d.leaves(order, onPaper)
}

// onPaper gives those of ids that are on paper now.
func (d *day) onPaper(ids []rx.ID) (list []rx.Prescription, err error) {
	for _, id := range ids {
		item, err := d.s.Store.Item(d.ctx, id)
		if err != nil {
			return nil, err
		}
		if item.State == rx.StatePaper {
			list = append(list, item.Prescription)
		}
	}
	return list, nil
}

func idsOf(list []rx.Prescription) []rx.ID {
	ids := make([]rx.ID, len(list))
	for i, p := range list {
		ids[i] = p.ID
	}
	return ids
}

// leaves: the sheets are seen, signed and handed over, or one is destroyed and made anew
// electronically; then the patient goes.
func (d *day) leaves(order rx.ID, sheets []rx.Prescription) error {
	if len(sheets) > 0 {
		if err := d.settle(sheets, rx.DutyConfirmPrint, rx.CameOut); err != nil {
			return err
		}
		if d.chance(12) && sheets[0].Electronic {
			if err := d.redo(sheets[0]); err != nil {
				return err
			}
			sheets = sheets[1:]
		}
		if err := d.handOver(sheets); err != nil {
			return err
		}
	}
	return d.s.LetGo(d.ctx, order)
}

// handOver gives sheets to the patient: in the world first, then in Relais.
func (d *day) handOver(sheets []rx.Prescription) error {
	for _, p := range sheets {
		d.lines[p.LocalID()].handed++
	}
	return d.settle(sheets, rx.DutyHandOver, rx.Handed)
}

// redo: the patient does not need the sheet after all; it is destroyed, and the same
// issued electronically.
func (d *day) redo(p rx.Prescription) error {
	done, err := d.s.Redo(d.ctx, p.ID)
	if err != nil {
		return err
	}
	d.lines[p.LocalID()].wanted = false
	d.write(done.Prescriptions)
	return nil
}

// settle answers one duty of each prescription.
func (d *day) settle(list []rx.Prescription, kind rx.DutyKind, o rx.Outcome) error {
	for _, p := range list {
		if _, err := d.s.Settle(d.ctx, rx.Duty{Kind: kind, Prescription: p.ID}.ID(), prescribing.Answer{Outcome: o}); err != nil {
			return err
		}
	}
	return nil
}
