package rx

import (
	"strconv"
	"time"
)

// FormStock is how many of the doctor's own pre-printed forms are left. Counting begins at 0: what the doctor has is
// told by Restock, each copy that is printed on them takes its forms in the transaction that counts it, and one that did
// not come out gives them back.
type FormStock struct {
	Version int       `json:"version"`
	Forms   int       `json:"forms"`   // never below 0
	Low     int       `json:"low"`     // with so many left, or fewer, it is told
	Counted time.Time `json:"counted"` // when the doctor last told how many there are; zero: never
}

// FormStockVersion is the version that is written today.
const FormStockVersion = 1

// UsualLow is when a stock is low that nobody set: a morning without Recip-e.
const UsualLow = 20

// MostForms bounds both numbers.
const MostForms = 100_000

// NewFormStock is the one of a directory in which nothing was counted yet.
func NewFormStock() FormStock { return FormStock{Version: FormStockVersion, Low: UsualLow} }

// Short tells that forms should be printed or ordered.
func (s FormStock) Short() bool { return s.Forms <= s.Low }

// Restock is what the doctor tells about the stock; nil: it stays.
type Restock struct {
	Forms *int // so many are there now
	Add   int  // so many came in, or less than 0: were taken out by hand
	Low   *int
	At    time.Time
}

// Restock gives the stock as told; rx.Faults (CodeOutOfRange at $.forms or $.low) leave it as it is.
func (s FormStock) Restock(r Restock) (FormStock, error) {
	next := s
	if r.Forms != nil {
		next.Forms, next.Counted = *r.Forms, r.At
	}
	if next.Forms += r.Add; r.Add != 0 && next.Counted.IsZero() {
		next.Counted = r.At
	}
	if r.Low != nil {
		next.Low = *r.Low
	}
	var faults Faults
	for _, n := range []struct {
		path  string
		value int
	}{{"$.forms", next.Forms}, {"$.low", next.Low}} {
		if n.value < 0 || n.value > MostForms {
			faults = append(faults, Fault(CodeOutOfRange, "min", "0", "max", strconv.Itoa(MostForms)).At(n.path))
		}
	}
	if len(faults) > 0 {
		return s, faults
	}
	return next, nil
}

// Take gives the stock after n forms were printed on, and how many of them it had.
func (s FormStock) Take(n int) (left FormStock, taken int) {
	taken = max(0, min(n, s.Forms))
	s.Forms -= taken
	return s, taken
}

// GiveBack gives the stock after a copy of sheet did not come out. What was printed before the last count is counted.
func (s FormStock) GiveBack(sheet Sheet) FormStock {
	if sheet.Printed.After(s.Counted) {
		s.Forms = min(s.Forms+sheet.Forms, MostForms)
	}
	return s
}
