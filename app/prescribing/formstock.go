package prescribing

import (
	"context"

	"relais/app/i18n"
	"relais/app/rx"
)

// FormStock is what is left of the doctor's own forms, and whether sheets are printed on them; neither where nobody counts.
func (s *Service) FormStock(ctx context.Context) (left rx.FormStock, used bool, err error) {
	if s.Stock == nil {
		return rx.NewFormStock(), false, nil
	}
	return s.Stock.FormStock(ctx)
}

// CodeFormsLow: print or order forms as long as everything works (n). It is told, and stops nothing.
const CodeFormsLow rx.Code = "forms-low"

// FormsLow is CodeFormsLow when few forms are left of those that sheets are printed on, or why that cannot be told; else nil.
func (s *Service) FormsLow(ctx context.Context) error {
	left, used, err := s.FormStock(ctx)
	if err != nil || !used || !left.Short() {
		return err
	}
	return rx.Fault(CodeFormsLow, "n", i18n.Int(left.Forms))
}

// Restock keeps what the doctor tells about the forms: how many there are now, how many came in, with how many left it is
// told. rx.Faults at $.forms and $.low.
func (s *Service) Restock(ctx context.Context, r rx.Restock) error {
	if s.Stock == nil {
		return rx.Fault(rx.CodeInternal)
	}
	r.At = s.Now()
	return s.Stock.Restock(ctx, r)
}
