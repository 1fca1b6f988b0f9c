package wiring

import (
	"bytes"
	"context"
	"slices"
	"time"

	"relais/app/documents"
	"relais/app/prescribing"
	"relais/app/rx"
)

// settingDocuments is what the practice chose about its documents (documents.Options).
const settingDocuments = "documents"

// press makes sheets and proofs as PDF, made at the moment now.
type press struct {
	simulated bool // the watermark
	now       func() time.Time
	setting   func(name string) ([]byte, error) // rx.CodeNotFound when it is not kept; nil: none is
}

// options are what the practice chose; plain sheets and proofs without a foot line
// when it did not.
func (p press) options() (documents.Options, error) {
	if p.setting == nil {
		return documents.Options{}, nil
	}
	kept, err := p.setting(settingDocuments)
	switch {
	case rx.CodeOf(err) == rx.CodeNotFound:
		return documents.Options{}, nil
	case err != nil:
		return documents.Options{}, err
	}
	return documents.ParseOptions(kept)
}

// Documents is what the practice chose about its documents; rx.CodeSettingUnread.
func (s *Session) Documents(ctx context.Context) (documents.Options, error) {
	return press{setting: func(name string) ([]byte, error) { return s.db.Setting(ctx, name) }}.options()
}

// Forms is how many of the doctor's own forms a sheet of items takes.
func (p press) Forms(items []rx.Item) (int, error) {
	options, err := p.options()
	if err != nil || len(items) == 0 {
		return 0, err
	}
	d, err := p.sheet(items, prescribing.On{})
	return options.Form.Stock(d), err
}

// Sheet is the paper prescription of items that are claimed for paper.
func (p press) Sheet(items []rx.Item, on prescribing.On) ([]byte, error) {
	return p.write(p.sheet(items, on))
}

func (p press) sheet(items []rx.Item, on prescribing.On) (documents.Document, error) {
	options, err := p.options()
	if err != nil {
		return documents.Document{}, err
	}
	paper := documents.Paper{Simulated: p.simulated, Reason: items[0].PaperReason, Form: options.Form, Right: on.Right}
	for _, item := range items {
		if item.PaperReason != paper.Reason {
			paper.Reason = "" // one sheet, several reasons: none is printed
		}
		line := documents.PaperLine{Facts: item.Facts}
		if s := item.Sheet(); s != nil {
			line.Copy, line.Unanswered = s.Copies, p.unanswered(item.Prescription, *s)
			line.NothingElectronic = nothingElectronic(item.Prescription, *s)
		}
		paper.Lines = append(paper.Lines, line)
	}
	return paper.Layout()
}

// unanswered is when the attempt was made although which the sheet was claimed; zero
// when there was none.
func (p press) unanswered(rxp rx.Prescription, s rx.Sheet) time.Time {
	var at time.Time
	for _, a := range rxp.Attempts {
		if s.Forced && !a.Marked.After(s.Claimed.At) {
			at = a.Marked.In(p.now().Location())
		}
	}
	return at
}

// nothingElectronic tells that Recip-e is proven to have nothing of a prescription that
// is on paper, and that nothing can still arrive there: not from here, not from other
// software, not from another copy of this directory.
func nothingElectronic(rxp rx.Prescription, s rx.Sheet) bool {
	return !s.Forced && len(rxp.Records) == 0 && rxp.LiveAttempt() == nil &&
		!slices.ContainsFunc(rxp.Attempts, func(a rx.Attempt) bool { return a.Result == rx.ResultAccepted }) &&
		!rxp.TwinOpen() && rxp.TwinOutcome != rx.AlsoThere && !rxp.Restored.Set()
}

// Proof is the proof of items that Recip-e has confirmed.
func (p press) Proof(items []rx.Item) ([]byte, error) { return p.write(p.proof(items)) }

func (p press) proof(items []rx.Item) (documents.Document, error) {
	options, err := p.options()
	if err != nil {
		return documents.Document{}, err
	}
	proof := documents.Proof{Simulated: p.simulated, Look: options.Proof, Printed: p.now()}
	for _, item := range items {
		proof.Copy = max(proof.Copy, item.Proofs)
		proof.Lines = append(proof.Lines, documents.ProofLine{Facts: item.Facts, RID: item.RID(), Confirmed: item.Adopted.At})
	}
	return proof.Layout()
}

func (p press) write(d documents.Document, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	var pdf bytes.Buffer
	if err := documents.WritePDF(&pdf, d, p.now()); err != nil {
		return nil, err
	}
	return pdf.Bytes(), nil
}
