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
// Failure modes: Check refuses a catalogue with a missing key, an empty text or
// other placeholders than its sisters. A key that does not exist shows as itself, an
// argument that is not given as "…"; tests read the keys and arguments of every call
// in the module and every word of the domain, so that neither comes to pass. A
// language that is none of rx.Langs counts as French.
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

// texts are the catalogues that are compiled in, each read when it is first needed:
// a command needs one language, not four.
var texts = func() map[rx.Lang]func() map[string]string {
	m := map[rx.Lang]func() map[string]string{}
	for _, lang := range rx.Langs {
		m[lang] = sync.OnceValue(func() map[string]string {
			t, err := read(assets.Catalogues, lang)
			if err != nil {
				panic(err) // a test checks the same files
			}
			return t
		})
	}
	return m
}()

func read(files fs.FS, lang rx.Lang) (texts map[string]string, err error) {
	b, err := fs.ReadFile(files, "catalogues/"+string(lang)+".json")
	if err == nil {
		err = json.Unmarshal(b, &texts)
	}
	if err != nil {
		return nil, fmt.Errorf("catalogue %s: %w", lang, err)
	}
	return texts, nil
}

// Check examines catalogues/LANG.json for each of rx.Langs. It gives all faults at
// once: a key that one of them lacks, an empty text, an unclosed or different
// placeholder.
func Check(files fs.FS) error {
	texts, keys := map[rx.Lang]map[string]string{}, map[string]bool{}
	for _, lang := range rx.Langs {
		t, err := read(files, lang)
		if err != nil {
			return err
		}
		texts[lang] = t
		for key := range t {
			keys[key] = true
		}
	}
	var faults []error
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		want, _ := placeholders(texts[rx.FR][key])
		for _, lang := range rx.Langs {
			text, ok := texts[lang][key]
			names, closed := placeholders(text)
			switch {
			case !ok:
				faults = append(faults, fmt.Errorf("catalogue %s: %q is missing", lang, key))
			case strings.TrimSpace(text) == "":
				faults = append(faults, fmt.Errorf("catalogue %s: %q is empty", lang, key))
			case !closed:
				faults = append(faults, fmt.Errorf("catalogue %s: %q has a brace without its fellow", lang, key))
			case !slices.Equal(names, want):
				faults = append(faults, fmt.Errorf("catalogue %s: %q has placeholders %v, French has %v", lang, key, names, want))
			}
		}
	}
	return errors.Join(faults...)
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
func Text(lang rx.Lang, key string, args ...string) string {
	catalogue, ok := texts[lang]
	if !ok {
		catalogue = texts[rx.FR]
	}
	text, ok := catalogue()[key]
	if !ok {
		return key
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

// Has tells that there is a text for key, for keys that are made of what came from
// elsewhere.
func Has(key string) bool { _, ok := texts[rx.FR]()[key]; return ok }

// Lang checks a word of a person or a setting against rx.Langs.
func Lang(word string) (rx.Lang, bool) {
	i := slices.Index(rx.Langs, rx.Lang(strings.ToLower(word)))
	if i < 0 {
		return rx.FR, false
	}
	return rx.Langs[i], true
}
