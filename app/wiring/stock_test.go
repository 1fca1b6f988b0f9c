package wiring

import (
	"testing"

	"relais/app/prescribing"
	"relais/app/rx"
)

// Forms are counted where sheets are printed on them: a sheet takes its forms with its copy, durably, a redone one does not give them back.
func TestFormsAreCounted(t *testing.T) {
	d := made(t)
	s := open(t, d)
	two, low := 2, 1
	if err := s.Service.Restock(ctx, rx.Restock{Forms: &two, Low: &low}); err != nil {
		t.Fatal(err)
	}
	paper := func(id rx.ID) rx.Prescription {
		t.Helper()
		r := request()
		r.ID = id
		done, err := s.Service.Issue(ctx, r, prescribing.How{Paper: "urgent"})
		if err != nil {
			t.Fatal(err)
		}
		return done.Prescriptions[0]
	}
	left := func(want int, short bool) {
		t.Helper()
		stock, used, err := s.Service.FormStock(ctx)
		if low := s.Service.FormsLow(ctx); err != nil || stock.Forms != want || (rx.CodeOf(low) == prescribing.CodeFormsLow) != short {
			t.Errorf("%+v, used %v, not %d and short %v: %v, %v", stock, used, want, short, low, err)
		}
	}
	left(2, false)
	paper("0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7b01") // on a plain sheet
	left(2, false)
	if err := s.db.SetSetting(ctx, settingDocuments, []byte(`{"form": {"kind": "overlay", "paper": "two-on-a4"}}`)); err != nil {
		t.Fatal(err)
	}
	first := paper("0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7b02")
	left(1, true)
	if _, err := s.Service.Paper(ctx, []rx.ID{first.ID}, prescribing.Claim{}); err != nil { // a further copy takes another
		t.Fatal(err)
	}
	left(0, true)
	if _, err := s.Service.Settle(ctx, rx.Duty{Kind: rx.DutyConfirmPrint, Prescription: first.ID}.ID(), prescribing.Answer{Outcome: rx.DidNotComeOut}); err != nil {
		t.Fatal(err)
	}
	left(1, true)
	if _, err := s.Service.Paper(ctx, []rx.ID{first.ID}, prescribing.Claim{}); err != nil {
		t.Fatal(err)
	}
	left(0, true)
	if _, err := s.Service.Redo(ctx, first.ID); err != nil { // the form is spoilt
		t.Fatal(err)
	}
	left(0, true)
	paper("0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7b03") // none is left by our count: the sheet is printed all the same
	left(0, true)

	// What cannot be read stops a sheet before its claim, and is told in place of the stock.
	if err := s.db.SetSetting(ctx, settingDocuments, []byte(`{"form": {"kind": "a5"}}`)); err != nil {
		t.Fatal(err)
	}
	r := request()
	r.ID = "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7b04"
	if _, err := s.Service.Issue(ctx, r, prescribing.How{Paper: "urgent"}); rx.CodeOf(err) != rx.CodeSettingUnread {
		t.Errorf("%v", err)
	}
	if _, err := s.Service.Store.Order(ctx, r.ID); rx.CodeOf(err) != rx.CodeNotFound {
		t.Errorf("issued for no sheet: %v", err)
	}
	if err := s.Service.FormsLow(ctx); rx.CodeOf(err) != rx.CodeSettingUnread {
		t.Errorf("%v", err)
	}
}
