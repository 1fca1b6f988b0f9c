package rx

import (
	"slices"
	"time"
)

// What happens to the sheet: the actions of its events.

// claim needs force where an electronic one may still come, or be delivered.
func claim(p *Prescription, e Event, now Stamp) error {
	if e.Sheet == nil || e.Sheet.ID == "" || !slices.Contains(PaperReasons, e.Paper) {
		return Fault(CodeReasonMissing)
	}
	if p.RestoredOpen() {
		return Fault(CodeAnswerRestored)
	}
	if DateOf(e.At).After(p.Expires) {
		return Fault(CodeValidityPassed)
	}
	live, stands := p.LiveAttempt() != nil, slices.ContainsFunc(p.Records, Record.Usable)
	switch {
	case live && !e.Sheet.Forced:
		return Fault(CodeMayHaveArrived)
	case stands && !e.Sheet.Forced:
		return Fault(CodeElectronicExists)
	}
	s := Sheet{ID: e.Sheet.ID, Handwritten: e.Sheet.Handwritten, Day: e.Sheet.Day, Claimed: now, Forced: live || stands}
	if s.Handwritten {
		s.Handed = now
	}
	p.Sheets = append(p.Sheets, s)
	p.State, p.PaperReason = StatePaper, e.Paper
	return nil
}

// sheetOf gives the sheet of the event that is still there.
func (p *Prescription) sheetOf(e Event) (*Sheet, error) {
	if e.Sheet == nil {
		return nil, incomplete(e)
	}
	for i := range p.Sheets {
		s := &p.Sheets[i]
		if s.ID != e.Sheet.ID {
			continue
		}
		if s.Destroyed.Set() {
			return nil, Fault(CodeSheetDestroyed)
		}
		if p.RestoredOpen() {
			return nil, Fault(CodeAnswerRestored)
		}
		return s, nil
	}
	return nil, Fault(CodeNoSuchSheet)
}

func printed(p *Prescription, e Event, _ Stamp) error {
	s, err := p.sheetOf(e)
	if err != nil {
		return err
	}
	if s.Handed.Set() {
		return Fault(CodeSheetHanded)
	}
	s.Copies, s.Printed, s.Forms, s.Out = s.Copies+1, e.At, max(0, e.Sheet.Forms), Stamp{}
	return nil
}

// proofPrinted counts a copy of the proof: nobody has to say what became of it, but the next one names it.
func proofPrinted(p *Prescription, e Event, _ Stamp) error {
	if e.Sheet != nil {
		return Fault(CodeNoSuchSheet)
	}
	p.Proofs++
	return nil
}

func out(p *Prescription, e Event, now Stamp) error {
	s, err := p.sheetOf(e)
	if err != nil {
		return err
	}
	if s.Copies == 0 {
		return Fault(CodeSheetNotOut)
	}
	return once(&s.Out, now)
}

func notOut(p *Prescription, e Event, _ Stamp) error {
	s, err := p.sheetOf(e)
	if err != nil {
		return err
	}
	if s.Handed.Set() {
		return Fault(CodeSheetHanded)
	}
	if !s.Out.Set() && s.Printed.IsZero() {
		return errNothingNew
	}
	s.Out, s.Printed, s.Forms = Stamp{}, time.Time{}, 0
	return nil
}

func handedOver(p *Prescription, e Event, now Stamp) error {
	s, err := p.sheetOf(e)
	if err != nil {
		return err
	}
	if !s.Out.Set() && !s.Handwritten {
		return Fault(CodeSheetNotOut)
	}
	return once(&s.Handed, now)
}

func destroyed(p *Prescription, e Event, now Stamp) error {
	s, err := p.sheetOf(e)
	if err != nil {
		return err
	}
	if s.Handed.Set() {
		return Fault(CodeSheetHanded)
	}
	s.Destroyed = now
	return nil
}
