package model

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"relais/app/prescribing"
	"relais/app/rx"
)

const (
	pageRows = 100  // read at once
	ahead    = 50   // so near to the end of what is known the next page is read
	nearby   = 1000 // rows are kept in full around what is shown
)

// roll is the prescriptions of certain words, newest first, read page by page as far as somebody looks: of thirty years
// only what is shown and a little around it is in memory, beside the ids on the way there.
type roll struct {
	env    *Env
	wanted string // words
	words  string // that ids are the answer to
	read   bool
	ids    []rx.ID
	whole  bool // nothing is behind the last
	items  map[rx.ID]rx.Item
	stale  map[rx.ID]int // the turn in which something happened to them last, since they were read
	anew   int           // the turn since which everything is to be read again
	lost   map[rx.ID]int // behind which prescription ("" at the beginning) how many could not be read
	looked int           // the row that was shown last
	turn   int           // grows with all that may make rows read otherwise
	err    error         // of the last reading

	top     bool // the beginning is to be read
	row     int  // its page is to be read; -1 none
	reading bool
}

func newRoll(env *Env) *roll { return &roll{env: env, row: -1, stale: map[rx.ID]int{}} }

// search asks for other words.
func (r *roll) search(words string) {
	r.wanted, r.top, r.row = words, true, -1
	r.pull()
}

// load reads what is shown anew.
func (r *roll) load() {
	r.turn++
	r.top, r.anew = true, r.turn
	for id := range r.items {
		r.stale[id] = r.turn
	}
	r.pull()
}

// changed reads anew what something happened to: the beginning for what is not known yet, a row when it is shown.
func (r *roll) changed(ids []rx.ID) {
	r.turn++
	for _, id := range ids {
		_, near := r.items[id]
		if near || r.reading { // or on its way, as it was
			r.stale[id] = r.turn
		}
		if !near && !slices.Contains(r.ids, id) {
			r.top = true
		}
	}
	r.pull()
}

// shown tells that row i is on the screen.
func (r *roll) shown(i int) {
	if !r.read || r.err != nil || r.words != r.wanted || i < 0 || i >= len(r.ids) {
		return
	}
	r.looked = i
	if !r.fresh(i) {
		r.row = i
	} else if !r.whole && i+ahead >= len(r.ids) && r.row < 0 {
		r.row = len(r.ids)
	}
	r.pull()
}

// fresh tells that row i is in memory as it is.
func (r *roll) fresh(i int) bool {
	_, near := r.at(i)
	return near && r.stale[r.ids[i]] == 0
}

// at is row i, when it is in memory.
func (r *roll) at(i int) (rx.Item, bool) {
	if i < 0 || i >= len(r.ids) {
		return rx.Item{}, false
	}
	item, near := r.items[r.ids[i]]
	return item, near
}

// unread is CodeUnread with how many could not be read as far as somebody looked, nil when none.
func (r *roll) unread() error {
	n := 0
	for lost := range maps.Values(r.lost) {
		if r.words == "" {
			n += lost
		} else { // what cannot be read could hold any words: each page counts all
			n = max(n, lost)
		}
	}
	if n == 0 {
		return nil
	}
	return rx.Fault(rx.CodeUnread, "n", strconv.Itoa(n))
}

// pull reads what is wanted most, one page at a time.
func (r *roll) pull() {
	var before rx.ID
	switch {
	case r.reading:
		return
	case r.top:
		r.top = false
	case r.row >= 0 && !r.fresh(r.row):
		if from := min(r.row/pageRows*pageRows, len(r.ids)); from > 0 {
			before = r.ids[from-1]
		}
		r.row = -1
	default:
		r.row = -1
		return
	}
	words, turn := r.wanted, r.turn
	r.reading = true
	r.env.Do(func(ctx context.Context) func() {
		items, err := r.env.Service.Search(ctx, words, rx.Filter{Limit: pageRows, Before: before})
		return func() {
			r.reading = false
			if words == r.wanted {
				r.take(before, turn, items, err)
			}
			r.pull()
			r.env.Changed()
		}
	})
}

// take puts a page, asked for in a turn, at its place: behind before, and in the place of what stood there.
func (r *roll) take(before rx.ID, turn int, page []rx.Item, err error) {
	r.turn++
	if !prescribing.Partial(err) {
		r.err = err
		return
	}
	if r.err = nil; !r.read || r.words != r.wanted {
		*r = roll{env: r.env, wanted: r.wanted, words: r.wanted, read: true, top: r.top, row: -1, turn: r.turn,
			items: map[rx.ID]rx.Item{}, stale: r.stale, anew: r.anew, lost: map[rx.ID]int{}}
	}
	from := slices.Index(r.ids, before) + 1
	if from == 0 && before != "" {
		return // it is gone meanwhile
	}
	delete(r.lost, before)
	var fault *rx.Error
	if errors.As(err, &fault) {
		r.lost[before], _ = strconv.Atoi(fault.Args["n"])
	}
	var rest []rx.ID
	if r.whole = r.whole || len(page) < pageRows; len(page) == pageRows {
		last := slices.Index(r.ids[from:], page[pageRows-1].ID)
		if last < 0 {
			r.whole = false
		} else {
			rest = r.ids[from+last+1:]
		}
	}
	ids := slices.Clone(r.ids[:from])
	for _, item := range page {
		ids = append(ids, item.ID)
		r.items[item.ID] = item
		if r.stale[item.ID] = max(r.stale[item.ID], r.anew); r.stale[item.ID] <= turn {
			delete(r.stale, item.ID)
		}
	}
	r.ids = append(ids, rest...)
	r.trim()
}

// trim forgets rows that are far from what is shown.
func (r *roll) trim() {
	if len(r.items) > nearby+2*pageRows {
		near := map[rx.ID]rx.Item{}
		for _, id := range r.ids[max(0, min(r.looked, len(r.ids))-nearby/2):min(len(r.ids), r.looked+nearby/2)] {
			if item, ok := r.items[id]; ok {
				near[id] = item
			}
		}
		r.items = near
	}
	maps.DeleteFunc(r.stale, func(id rx.ID, _ int) bool { _, near := r.items[id]; return !near })
}
