// Package medicines holds the local medicines file.
//
// It owns looking up by code and searching by words. So far the whole file is a list in
// memory; the national file (SAM v2), with its import and its index on disk, takes its
// place behind the same methods.
//
// Contract: a List never changes and may be read by any number of goroutines. Codes are
// compared in their compact form. Search finds each word as the beginning of a word, in
// any order, whatever accents and case, in all languages.
//
// Failure modes: Load refuses a list that is not sound as a whole (rx.CodeDamaged).
package medicines

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"relais/app/rx"
)

// List is a medicines file in memory.
type List struct {
	version string
	all     []entry
	byCNK   map[rx.CNK]int
	byGroup map[string]int
}

// entry is a medicine with the folded words by which it is found.
type entry struct {
	rx.Medicine
	words []string
}

// Load reads a list of rx.Medicine in JSON. Each has a name and ingredients, and a code
// of its own: a CNK, or a VMP group without one.
func Load(version string, data []byte) (*List, error) {
	var medicines []rx.Medicine
	if err := json.Unmarshal(data, &medicines); err != nil {
		return nil, rx.Fault(rx.CodeDamaged).Because(err)
	}
	l := &List{version: version, byCNK: map[rx.CNK]int{}, byGroup: map[string]int{}}
	for i, m := range medicines {
		_, pack := l.byCNK[m.CNK]
		_, group := l.byGroup[m.VMPGroup]
		switch {
		case m.Name.In(rx.FR) == "" || len(m.Ingredients) == 0 || m.CNK == "" && m.VMPGroup == "":
			return nil, rx.Fault(rx.CodeDamaged).Because(fmt.Errorf("medicines: entry %d lacks name, ingredients or code", i))
		case m.IsGroup() && group || !m.IsGroup() && pack:
			return nil, rx.Fault(rx.CodeDamaged).Because(fmt.Errorf("medicines: entry %d has the code of another", i))
		case m.IsGroup():
			l.byGroup[m.VMPGroup] = i
		default:
			l.byCNK[m.CNK] = i
		}
		l.all = append(l.all, entry{m, wordsOf(m)})
	}
	return l, nil
}

func wordsOf(m rx.Medicine) []string {
	text := []string{string(m.CNK), m.VMPGroup}
	for _, words := range []rx.Words{m.Name, m.Substance} {
		for _, lang := range rx.Langs {
			text = append(text, words[lang])
		}
	}
	words := strings.Fields(rx.Fold(strings.Join(text, " ")))
	slices.Sort(words)
	return slices.Compact(words)
}

// Version names the file; it is frozen into each prescription.
func (l *List) Version() string { return l.version }

// ByCNK finds a package.
func (l *List) ByCNK(cnk rx.CNK) (rx.Medicine, bool) {
	i, ok := l.byCNK[cnk]
	if !ok {
		return rx.Medicine{}, false
	}
	return l.all[i].Medicine, true
}

// ByGroup finds a VMP group.
func (l *List) ByGroup(vmpGroup string) (rx.Medicine, bool) {
	i, ok := l.byGroup[vmpGroup]
	if !ok {
		return rx.Medicine{}, false
	}
	return l.all[i].Medicine, true
}

// Search finds at most limit medicines (0: all), in the order of the file.
func (l *List) Search(words string, limit int) []rx.Medicine {
	var found []rx.Medicine
	wanted := strings.Fields(rx.Fold(words))
	if len(wanted) == 0 {
		return nil
	}
	for _, e := range l.all {
		if limit > 0 && len(found) == limit {
			break
		}
		if e.has(wanted) {
			found = append(found, e.Medicine)
		}
	}
	return found
}

// has tells that each wanted word begins a word of e. The words are sorted, so that
// what begins with w stands where w itself would.
func (e entry) has(wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(w string) bool {
		i, _ := slices.BinarySearch(e.words, w)
		return i == len(e.words) || !strings.HasPrefix(e.words[i], w)
	})
}
