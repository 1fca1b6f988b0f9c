package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"

	"relais/app/rx"
)

// words is what can be searched for by words: for each prescription, who and what, as frozen at issue. Frozen facts never change, so that each
// prescription is read once in a session; of 150,000 some three megabytes are kept, as long as the program has the directory open.
type words struct {
	sync.Mutex
	texts   []string         // folded, each once
	known   map[string]int32 // the reverse
	entries []searched       // in the order of issue
	lost    int              // could not be read
}

// searched is one prescription by number, with its two texts.
type searched struct {
	n             int64
	person, thing int32
}

// forget drops what was read.
func (w *words) forget() { w.texts, w.known, w.entries, w.lost = nil, nil, nil, 0 }

// search gives what holds each of the folded words, newest first.
func (db *DB) search(ctx context.Context, f rx.Filter, wanted []string) (list []rx.Item, lost int, err error) {
	held, lost, err := db.holding(ctx, wanted)
	if err != nil {
		return nil, 0, err
	}
	err = db.read(ctx, func(s *session) error {
		if f.Before != "" {
			var before int64
			found, err := s.one("SELECT n FROM prescriptions WHERE id = ?", []any{string(f.Before)}, &before)
			if err != nil || !found {
				return err
			}
			held.skip(before)
		}
		rest := f
		for size := max(f.Limit, 100); f.Limit == 0 || len(list) < f.Limit; size = min(2*size, 5000) {
			numbers := held.next(size)
			if len(numbers) == 0 {
				break
			}
			if f.Limit > 0 {
				rest.Limit = f.Limit - len(list)
			}
			page, damaged, err := db.page(ctx, s, rest, 0, "n IN (SELECT value FROM json_each(?))", array(numbers))
			if err != nil {
				return err
			}
			list, lost = append(list, page...), lost+damaged
		}
		return nil
	})
	return list, lost, err
}

// array is a list of numbers as JSON.
func array(numbers []int64) string {
	b := []byte{'['}
	for i, n := range numbers {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(append(b, ']'))
}

// held is a way through the prescriptions that hold all words, from the newest back.
type held struct {
	entries []searched // not looked at yet
	has     []uint64   // which of the words a text has, by its number
	all     uint64
}

// skip leaves out those of number before and later.
func (h *held) skip(before int64) {
	i, _ := slices.BinarySearchFunc(h.entries, before, func(e searched, n int64) int { return cmp.Compare(e.n, n) })
	h.entries = h.entries[:i]
}

// next gives the numbers of the next ones, at most so many; none: there are no more.
func (h *held) next(most int) (numbers []int64) {
	for len(h.entries) > 0 && len(numbers) < most {
		e := h.entries[len(h.entries)-1]
		h.entries = h.entries[:len(h.entries)-1]
		if h.has[e.person]|h.has[e.thing] == h.all {
			numbers = append(numbers, e.n)
		}
	}
	return numbers
}

// holding finds the prescriptions that hold each of the folded words, and tells how many could not be read. What was read is only ever added to, so
// the way through it needs no lock.
func (db *DB) holding(ctx context.Context, wanted []string) (h held, lost int, err error) {
	w := &db.words
	w.Lock()
	defer w.Unlock()
	if err := db.mayLearn(); err != nil {
		return held{}, 0, err
	}
	for more := true; more; {
		if more, err = db.learn(ctx); err != nil {
			return held{}, 0, err
		}
	}
	wanted = wanted[:min(len(wanted), 64)]
	h = held{w.entries, make([]uint64, len(w.texts)), ^uint64(0) >> (64 - len(wanted))}
	for i, text := range w.texts {
		for j, word := range wanted {
			if strings.HasPrefix(text, word) || strings.Contains(text, " "+word) {
				h.has[i] |= 1 << j
			}
		}
	}
	return h, w.lost, nil
}

// LearnWords reads some of what a search by words needs, and tells whether there is more: whoever calls it while nobody waits spares the first
// search of a session the reading of everything. A search meanwhile waits for one call, and reads what is left by itself. CodeLocked when the
// prescriptions may not be read.
func (db *DB) LearnWords(ctx context.Context) (more bool, err error) {
	w := &db.words
	w.Lock()
	defer w.Unlock()
	if err := db.mayLearn(); err != nil {
		return false, err
	}
	return db.learn(ctx)
}

// mayLearn is nil when prescriptions may be read; who may not does not search what was read before.
func (db *DB) mayLearn() error {
	_, err := db.seal(content, AD{Table: contentTable.name}, nil)
	if err != nil {
		db.words.forget()
	}
	return err
}

// learn reads some of what was issued since it was called last, and tells whether there is more. It reads in steps: a long reading would keep the
// log from being folded.
func (db *DB) learn(ctx context.Context) (more bool, err error) {
	const step = 1000
	if err := ctx.Err(); err != nil {
		return false, err
	}
	w := &db.words
	if w.known == nil {
		w.known = map[string]int32{}
	}
	var last int64
	if len(w.entries) > 0 {
		last = w.entries[len(w.entries)-1].n
	}
	rows := 0
	err = db.read(ctx, func(s *session) error {
		var n int64
		var id string
		var facts []byte
		return s.each("SELECT p.n, p.id, c.facts FROM prescriptions p LEFT JOIN contents c ON c.prescription = p.n WHERE p.n > ? ORDER BY p.n LIMIT "+strconv.Itoa(step),
			[]any{last}, []any{&n, &id, &facts}, func() error {
				rows++
				e, err := db.searchable(n, id, facts)
				switch {
				case rx.CodeOf(err) == rx.CodeDamaged:
					w.lost++
				case err != nil:
					return err
				}
				w.entries = append(w.entries, e)
				return nil
			})
	})
	return rows == step, err
}

// searchable is the entry of one prescription: an empty one, which nothing is found by, with CodeDamaged.
func (db *DB) searchable(n int64, id string, facts []byte) (searched, error) {
	nothing := searched{n, db.words.text(""), db.words.text("")}
	c := contentRow{id: id}
	plain, err := db.open(content, c.place("facts"), facts)
	if err != nil {
		return nothing, err
	}
	var f struct {
		Patient struct {
			SSIN      string `json:"ssin"`
			FirstName string `json:"first_name"`
			LastName  string `json:"last_name"`
		} `json:"patient"`
		Product struct {
			Name      string `json:"name"`
			Substance string `json:"substance"`
		} `json:"product"`
	}
	if err := json.Unmarshal(plain, &f); err != nil {
		return nothing, damaged(contentTable.name, id)
	}
	return searched{n, db.words.text(f.Patient.LastName + " " + f.Patient.FirstName + " " + f.Patient.SSIN), db.words.text(f.Product.Name + " " + f.Product.Substance)}, nil
}

// text is the number of a text.
func (w *words) text(s string) int32 {
	s = rx.Fold(s)
	i, known := w.known[s]
	if !known {
		i = int32(len(w.texts))
		w.texts, w.known[s] = append(w.texts, s), i
	}
	return i
}
