package cli

import (
	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// stockCmd tells how many of the doctor's own forms are left, and takes what the doctor counted.
type stockCmd struct {
	Count *int `placeholder:"N" help:"${help_stock_count}"`
	Add   int  `placeholder:"N" help:"${help_stock_add}"`
	Low   *int `placeholder:"N" help:"${help_stock_low}"`
}

func (c stockCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	if c.Count != nil || c.Add != 0 || c.Low != nil {
		if err := s.Service.Restock(r.ctx, rx.Restock{Forms: c.Count, Add: c.Add, Low: c.Low}); err != nil {
			return Failed, err
		}
	}
	left, used, err := s.Service.FormStock(r.ctx)
	if err != nil {
		return Failed, err
	}
	out := r.present().forms(left, used)
	return Done, r.answer(out, func(pg *page) { pg.forms(out) })
}

func (p present) forms(left rx.FormStock, used bool) formats.FormStock {
	return formats.FormStock{Used: used, Left: left.Forms, Low: left.Low, Short: used && left.Short(), Counted: p.when(left.Counted)}
}

// forms writes how many are left, and what to do when they are few.
func (pg *page) forms(f formats.FormStock) {
	pg.line("%s", i18n.Count(pg.lang, "cli.stock.left", f.Left, "low", i18n.Int(f.Low)))
	if !f.Used {
		pg.say("cli.stock.unused")
	}
	if f.Short {
		for _, said := range i18n.Say(pg.lang, rx.Fault(prescribing.CodeFormsLow, "n", i18n.Int(f.Left))) {
			pg.line("→ %s %s", said.What, said.Next)
		}
	}
}
