package wiring

import (
	"bytes"
	"time"

	"relais/app/documents"
	"relais/app/rx"
)

// press makes sheets and proofs as PDF, made at the moment now.
type press struct {
	simulated bool // the watermark
	now       func() time.Time
}

// Sheet is the paper prescription of items that are claimed for paper.
func (p press) Sheet(items []rx.Item) ([]byte, error) {
	paper := documents.Paper{Simulated: p.simulated, Reason: items[0].PaperReason}
	for _, item := range items {
		if item.PaperReason != paper.Reason {
			paper.Reason = "" // one sheet, several reasons: none is printed
		}
		line := documents.PaperLine{Facts: item.Facts}
		if s := item.Sheet(); s != nil {
			line.Copy, line.Unanswered = s.Copies, p.unanswered(item.Prescription, *s)
		}
		paper.Lines = append(paper.Lines, line)
	}
	return p.write(paper.Layout())
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

// Proof is the proof of items that Recip-e has confirmed.
func (p press) Proof(items []rx.Item) ([]byte, error) {
	proof := documents.Proof{Simulated: p.simulated}
	for _, item := range items {
		proof.Lines = append(proof.Lines, documents.ProofLine{Facts: item.Facts, RID: item.RID(), Confirmed: item.Adopted.At})
	}
	return p.write(proof.Layout())
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
