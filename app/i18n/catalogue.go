// Package i18n says things to people in French, Dutch, German and English.
//
// It owns the catalogues (assets/catalogues/LANG.json: flat keys, sorted) and
// everything whose wording depends on the language: numbers, dates, plurals,
// posologies, faults. The language is always an argument: the screen is in the
// doctor's language, a document in the patient's or the region's (FR, NL, DE).
//
// To add a text, put its key into all four files: plain spaces, {names} in braces,
// ".one" and ".many" where a number decides (Count). The command
//
//	go test ./app/i18n -run Sorted -update
//
// puts them in order.
//
// Contract: pure functions of their arguments. Values never come out shortened or
// guessed; an amount and its unit are joined by a no-break space. What a person
// wrote is returned as written, never translated.
//
// Failure modes: Load refuses a catalogue with a missing key, an empty text or
// other placeholders than its sisters. A key or argument that the code gets wrong
// panics in a test; in the program it shows as the key, or as "…". A language that
// is none of rx.Langs counts as French.
package i18n

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"relais/app/rx"
	"relais/assets"
)

// Catalogue holds every text of the program in all of rx.Langs.
type Catalogue struct{ texts map[rx.Lang]map[string]string }

// own is the catalogue that is compiled in.
var own = sync.OnceValue(func() *Catalogue {
	c, err := Load(assets.Catalogues)
	if err != nil {
		panic(err) // a test loads the same files
	}
	return c
})

// Load reads catalogues/LANG.json for each of rx.Langs. It gives all faults at
// once: a key that one of them lacks, an empty text, an unclosed or different
// placeholder.
func Load(files fs.FS) (*Catalogue, error) {
	c := &Catalogue{texts: map[rx.Lang]map[string]string{}}
	keys := map[string]bool{}
	for _, lang := range rx.Langs {
		b, err := fs.ReadFile(files, "catalogues/"+string(lang)+".json")
		if err != nil {
			return nil, err
		}
		var texts map[string]string
		if err := json.Unmarshal(b, &texts); err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", lang, err)
		}
		c.texts[lang] = texts
		for key := range texts {
			keys[key] = true
		}
	}
	var faults []error
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		faults = append(faults, c.check(key)...)
	}
	return c, errors.Join(faults...)
}

func (c *Catalogue) check(key string) (faults []error) {
	want, _ := placeholders(c.texts[rx.FR][key])
	for _, lang := range rx.Langs {
		text, ok := c.texts[lang][key]
		if strings.TrimSpace(text) == "" {
			if ok {
				faults = append(faults, fmt.Errorf("catalogue %s: %q is empty", lang, key))
			} else {
				faults = append(faults, fmt.Errorf("catalogue %s: %q is missing", lang, key))
			}
			continue
		}
		names, closed := placeholders(text)
		if !closed {
			faults = append(faults, fmt.Errorf("catalogue %s: %q has a brace without its fellow", lang, key))
		} else if !slices.Equal(names, want) {
			faults = append(faults, fmt.Errorf("catalogue %s: %q has placeholders %v, French has %v", lang, key, names, want))
		}
	}
	return faults
}

// placeholders are the names between braces in text, sorted, each once; closed
// tells that every brace has its fellow.
func placeholders(text string) (names []string, closed bool) {
	closed = true
	fill(text, func(name string) string {
		names = append(names, name)
		closed = closed && name != "" && !strings.ContainsAny(name, "{ ")
		return ""
	})
	slices.Sort(names)
	return slices.Compact(names), closed && strings.Count(text, "{") == strings.Count(text, "}")
}

// fill replaces each {name} of text by value(name).
func fill(text string, value func(name string) string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(before)
		b.WriteString(value(name))
		text = after
	}
}

// Text is the text of key in lang, each {name} of it replaced. args are pairs of
// name and value; values are ready to be shown (Number, Date …).
func Text(lang rx.Lang, key string, args ...string) string { return own().Text(lang, key, args...) }

// Has tells that there is a text for key, for keys that are made of what came from
// elsewhere.
func Has(key string) bool { return own().Has(key) }

// Has tells that c holds key.
func (c *Catalogue) Has(key string) bool { _, ok := c.texts[rx.FR][key]; return ok }

// Text is as the function Text, from c.
func (c *Catalogue) Text(lang rx.Lang, key string, args ...string) string {
	texts, ok := c.texts[lang]
	if !ok {
		texts = c.texts[rx.FR]
	}
	text, ok := texts[key]
	if !ok {
		return key
	}
	if !strings.Contains(text, "{") {
		return text
	}
	return fill(text, func(name string) string {
		for i := 0; i+1 < len(args); i += 2 {
			if args[i] == name {
				return args[i+1]
			}
		}
		return "…"
	})
}

// Lang checks a word of a person or a setting against rx.Langs.
func Lang(word string) (rx.Lang, bool) {
	i := slices.Index(rx.Langs, rx.Lang(strings.ToLower(word)))
	if i < 0 {
		return rx.FR, false
	}
	return rx.Langs[i], true
}
