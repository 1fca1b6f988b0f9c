package store

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"relais/app/rx"
)

// Kinds of journal lines, by what their row names.
const (
	lineDirectory = "directory" // the vault id: made, or found to be a copy
	linePatient   = "patient"   // a patient's id
	lineSetting   = "setting"   // a setting's name
	lineIssued    = "issued"    // a prescription's id
	lineEvent     = "event"     // a prescription's id
)

// link is a line of the journal by number, with what chains the next one to it.
type link struct {
	seq  int64
	hash [32]byte
}

// journalRow is one line. Its link is a keyed hash over the link before it and all its other columns.
type journalRow struct {
	seq           int64
	at, kind, row string
	version       int64
	event, link   []byte
}

func (*journalRow) table() *table { return journalTable }
func (r *journalRow) cells() []any {
	return []any{&r.seq, &r.at, &r.kind, &r.row, &r.version, &r.event, &r.link}
}

// entry is what a new line tells: the version of a row after what happened to it.
type entry struct {
	kind, row string
	version   int64
	at        time.Time
	what      *happened // nil unless the kind is lineEvent
}

// happened is the sealed event of a line about a prescription. The kind stands by name: numbers may change between versions.
type happened struct {
	From  string   `json:"from"`
	To    string   `json:"to"`
	Name  string   `json:"name"`
	Event rx.Event `json:"event"`
}

// head is the last line of the journal.
func (t *tx) head() (*link, error) {
	if t.last == nil {
		last, err := head(t.session)
		if err != nil {
			return nil, err
		}
		t.last = &last
	}
	return t.last, nil
}

func head(s *session) (link, error) {
	var l link
	var hash []byte
	found, err := s.one("SELECT seq, link FROM journal ORDER BY seq DESC LIMIT 1", nil, &l.seq, &hash)
	if err == nil && !found {
		err = damaged("journal", "0") // a directory begins with a line
	}
	copy(l.hash[:], hash)
	return l, err
}

// journal adds lines.
func (t *tx) journal(entries ...entry) error {
	head, err := t.head()
	if err != nil {
		return err
	}
	last, rows := *head, make([]*journalRow, len(entries))
	for i, e := range entries {
		r := &journalRow{seq: last.seq + 1, at: clockText(e.at), kind: e.kind, row: e.row, version: e.version}
		if e.what != nil {
			plain, err := json.Marshal(e.what)
			if err != nil {
				return rx.Fault(rx.CodeInternal).Because(err)
			}
			if r.event, err = t.seal(delivery, AD{journalTable.name, strconv.FormatInt(r.seq, 10), "event"}, plain); err != nil {
				return err
			}
		}
		cells := r.cells()
		next, err := t.keys.Chain(last.hash, encode(nil, cells[:len(cells)-1]))
		if err != nil {
			return locked(err)
		}
		r.link, rows[i], last = next[:], r, link{r.seq, next}
	}
	t.last = &last
	return add(t, rows...)
}

// lastVersion is the version that the journal knows of a row.
func (s *session) lastVersion(row string) (int64, error) {
	var version int64
	_, err := s.one("SELECT version FROM journal WHERE row = ? ORDER BY seq DESC LIMIT 1", []any{row}, &version)
	return version, err
}

// Timeline gives what happened to a prescription since its issue, oldest first; CodeNotFound when it was never issued.
func (db *DB) Timeline(ctx context.Context, id rx.ID) (lines []rx.Happening, err error) {
	err = db.read(ctx, func(s *session) error {
		var seq, version, last int64
		var kind string
		var sealed []byte
		issued := false
		err := s.each("SELECT seq, kind, version, event FROM journal WHERE row = ? AND kind IN ('issued', 'event') ORDER BY seq", []any{string(id)},
			[]any{&seq, &kind, &version, &sealed}, func() error {
				if issued && version != last+1 { // each line raises the version by one
					return damaged(journalTable.name, strconv.FormatInt(seq, 10))
				}
				last = version
				if kind == lineIssued {
					issued = true
					return nil
				}
				line, err := db.happening(seq, sealed)
				lines = append(lines, line)
				return err
			})
		if err != nil {
			return err
		}
		found, err := s.one("SELECT version FROM prescriptions WHERE id = ?", []any{string(id)}, &version)
		if err == nil && !found && !issued {
			return db.absent(itemTable, string(id))
		}
		if err == nil && (!found || !issued || version != last) { // lines are gone, or the row is older than they are
			err = damaged(journalTable.name, string(id))
		}
		return err
	})
	return lines, err
}

func (g guard) happening(seq int64, sealed []byte) (rx.Happening, error) {
	row := strconv.FormatInt(seq, 10)
	plain, err := g.open(delivery, AD{journalTable.name, row, "event"}, sealed)
	if err != nil {
		return rx.Happening{}, err
	}
	var h happened
	if err := json.Unmarshal(plain, &h); err != nil {
		return rx.Happening{}, damaged(journalTable.name, row)
	}
	line := rx.Happening{Seq: seq, Event: h.Event}
	line.Event.Kind = 0
	for _, k := range rx.Events {
		if k.String() == h.Name {
			line.Event.Kind = k
		}
	}
	if line.Event.Kind == 0 {
		return line, rx.Fault(rx.CodeNewer)
	}
	if line.From, err = rx.ParseState(h.From); err != nil {
		return line, damaged(journalTable.name, row)
	}
	if line.To, err = rx.ParseState(h.To); err != nil {
		return line, damaged(journalTable.name, row)
	}
	return line, nil
}

// Changes gives the journal's last number and the prescriptions changed after number after, by whichever process. When nothing was
// written since the last call it costs a look at shared memory, so it may be polled.
func (db *DB) Changes(ctx context.Context, after int64) (last int64, ids []rx.ID, err error) {
	if db.aside != "" {
		return 0, nil, ctx.Err() // a private copy
	}
	s, err := db.feed.take(ctx)
	if err != nil {
		return 0, nil, err
	}
	defer db.feed.give(s)
	var version int64
	if _, err := s.one("PRAGMA data_version", nil, &version); err != nil {
		return 0, nil, err
	}
	if version == db.seen.version && after >= db.seen.last {
		return db.seen.last, nil, nil
	}
	now, err := head(s)
	if err != nil {
		return 0, nil, err
	}
	var id string
	err = s.each("SELECT DISTINCT row FROM journal WHERE seq > ? AND seq <= ? AND kind IN ('issued', 'event')", []any{after, now.seq}, []any{&id}, func() error {
		ids = append(ids, rx.ID(id))
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	db.seen.version, db.seen.last = version, now.seq // read before head: a later commit changes it again
	return now.seq, ids, nil
}
