package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"relais/app/rx"
)

// SaveDraft writes a draft over the one of the same id. Drafts are no prescriptions: the journal does not know them.
func (db *DB) SaveDraft(ctx context.Context, d rx.Draft) error {
	plain, err := json.Marshal(d)
	if err == nil {
		err = json.Unmarshal(plain, &rx.Draft{}) // what could not be read back is not called saved
	}
	if err != nil {
		var fault *rx.Error
		if errors.As(err, &fault) {
			return fault
		}
		return rx.Fault(rx.CodeInternal).Because(errors.New("a draft that cannot be read back"))
	}
	return db.write(ctx, func(t *tx) error {
		r, err := t.draftRow(t.session, d.ID)
		isNew := rx.CodeOf(err) == rx.CodeNotFound
		if isNew {
			r = &draftRow{id: string(d.ID)}
		} else if err != nil {
			return err
		}
		r.version++
		if r.body, err = t.seal(content, AD{draftTable.name, r.id, "body"}, plain); err != nil {
			return err
		}
		if isNew {
			return t.insert(r)
		}
		return t.update(r)
	})
}

func (db *DB) draftRow(s *session, id rx.ID) (*draftRow, error) {
	var r draftRow
	found, err := s.one(draftTable.selecting("WHERE id = ?"), []any{string(id)}, r.cells()...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, rx.Fault(rx.CodeNotFound)
	}
	return &r, db.check(&r)
}

func (g guard) draft(r *draftRow) (d rx.Draft, err error) {
	plain, err := g.open(content, AD{draftTable.name, r.id, "body"}, r.body)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(plain, &d); err != nil {
		return d, damaged(draftTable.name, r.id)
	}
	return d, nil
}

// Draft gives one draft; CodeNotFound.
func (db *DB) Draft(ctx context.Context, id rx.ID) (d rx.Draft, err error) {
	err = db.read(ctx, func(s *session) error {
		r, err := db.draftRow(s, id)
		if err != nil {
			return err
		}
		d, err = db.draft(r)
		return err
	})
	return d, err
}

// Drafts gives all drafts, newest first.
func (db *DB) Drafts(ctx context.Context) (all []rx.Draft, err error) {
	err = db.read(ctx, func(s *session) error {
		var r draftRow
		return s.each(draftTable.selecting(""), nil, r.cells(), func() error {
			if err := db.check(&r); err != nil {
				return err
			}
			d, err := db.draft(&r)
			all = append(all, d)
			return err
		})
	})
	slices.SortStableFunc(all, func(a, b rx.Draft) int { return b.Updated.Compare(a.Updated) })
	return all, err
}

// DropDraft deletes a draft; one that is not there is no fault.
func (db *DB) DropDraft(ctx context.Context, id rx.ID) error {
	return db.write(ctx, func(t *tx) error { return t.run("DELETE FROM drafts WHERE id = ?", string(id)) })
}

// Setting gives a value by name; CodeNotFound.
func (db *DB) Setting(ctx context.Context, name string) (value []byte, err error) {
	err = db.read(ctx, func(s *session) error {
		r, err := db.settingRow(s, name)
		if err != nil {
			return err
		}
		value, err = db.open(content, AD{settingTable.name, name, "value"}, r.value)
		return err
	})
	return value, err
}

// SettingNames gives the names of the settings that begin so, in order.
func (db *DB) SettingNames(ctx context.Context, prefix string) (names []string, err error) {
	err = db.read(ctx, func(s *session) error {
		var name string
		return s.each("SELECT name FROM settings WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name", []any{prefix}, []any{&name}, func() error {
			names = append(names, name)
			return nil
		})
	})
	return names, err
}

// SetSetting keeps a value by name, which is readable in the file and so holds nothing of a person. The journal notes that it changed.
func (db *DB) SetSetting(ctx context.Context, name string, value []byte) error {
	return db.write(ctx, func(t *tx) error { return t.setSetting(name, value) })
}

func (t *tx) setSetting(name string, value []byte) error {
	r, err := t.settingRow(t.session, name)
	isNew := rx.CodeOf(err) == rx.CodeNotFound
	if isNew {
		r = &settingRow{name: name}
	} else if err != nil {
		return err
	}
	r.version++
	if r.value, err = t.seal(content, AD{settingTable.name, name, "value"}, value); err != nil {
		return err
	}
	if isNew {
		err = t.insert(r)
	} else {
		err = t.update(r)
	}
	if err != nil {
		return err
	}
	return t.journal(entry{lineSetting, name, r.version, t.clock(), nil})
}

func (db *DB) settingRow(s *session, name string) (*settingRow, error) {
	var r settingRow
	found, err := s.one(settingTable.selecting("WHERE name = ?"), []any{name}, r.cells()...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, rx.Fault(rx.CodeNotFound)
	}
	return &r, db.check(&r)
}
