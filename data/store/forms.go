package store

import (
	"context"
	"encoding/json"

	"relais/app/rx"
)

// formsSetting is where the stock of the doctor's own forms is kept, as rx.FormStock.
const formsSetting = "form-stock"

// FormStock is how many of the doctor's own forms are left; rx.NewFormStock before anything was counted. CodeSettingUnread
// when what stands there cannot be understood, CodeNewer when a newer Relais wrote it.
func (db *DB) FormStock(ctx context.Context) (stock rx.FormStock, err error) {
	err = db.read(ctx, func(s *session) error {
		stock, err = db.formStock(s)
		return err
	})
	return stock, err
}

// Restock keeps what the doctor tells about the stock, in one transaction with what copies take from it. What cannot be
// understood is replaced by a count (Restock.Forms), and by nothing else.
func (db *DB) Restock(ctx context.Context, r rx.Restock) (stock rx.FormStock, err error) {
	err = db.write(ctx, func(t *tx) error {
		stock, err = db.formStock(t.session)
		if rx.CodeOf(err) == rx.CodeSettingUnread && r.Forms != nil {
			stock, err = rx.NewFormStock(), nil
		}
		if err == nil {
			stock, err = stock.Restock(r)
		}
		if err != nil {
			return err
		}
		return t.keepForms(stock)
	})
	return stock, err
}

func (db *DB) formStock(s *session) (rx.FormStock, error) {
	r, err := db.settingRow(s, formsSetting)
	if rx.CodeOf(err) == rx.CodeNotFound {
		return rx.NewFormStock(), nil
	}
	if err != nil {
		return rx.FormStock{}, err
	}
	value, err := db.open(content, AD{settingTable.name, formsSetting, "value"}, r.value)
	if err != nil {
		return rx.FormStock{}, err
	}
	var stock rx.FormStock
	switch err := json.Unmarshal(value, &stock); {
	case err != nil, stock.Version < 1, stock.Forms < 0:
		return rx.FormStock{}, rx.Fault(rx.CodeSettingUnread)
	case stock.Version > rx.FormStockVersion:
		return rx.FormStock{}, rx.Fault(rx.CodeNewer)
	}
	return stock, nil
}

func (t *tx) keepForms(stock rx.FormStock) error {
	value, err := json.Marshal(stock)
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	return t.setSetting(formsSetting, value)
}

// takeForms is e with the forms that the stock has for it, which it loses; the forms of a copy that did not come out come
// back. A prescription is printed also where the stock cannot be read: nothing is counted then, and whoever asks for the
// stock is told why.
func (t *tx) takeForms(before rx.Prescription, e rx.Event) (rx.Event, error) {
	sheet := before.Sheet()
	printed := e.Kind == rx.EventPrinted && e.Sheet != nil && e.Sheet.Forms > 0
	back := e.Kind == rx.EventNotOut && sheet != nil && sheet.Forms > 0
	if !printed && !back {
		return e, nil
	}
	stock, unread := t.formStock(t.session)
	switch rx.CodeOf(unread) {
	case "", rx.CodeSettingUnread, rx.CodeNewer, rx.CodeDamaged, rx.CodeLocked:
	default:
		return e, unread
	}
	if printed {
		copied := *e.Sheet
		copied.Forms = 0
		if unread == nil {
			stock, copied.Forms = stock.Take(e.Sheet.Forms)
		}
		e.Sheet = &copied
		printed = copied.Forms > 0
	} else if unread == nil {
		left := stock.GiveBack(*sheet)
		back, stock = left != stock, left
	}
	if unread != nil || !printed && !back {
		return e, nil
	}
	return e, t.keepForms(stock)
}
