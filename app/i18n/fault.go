package i18n

import (
	"errors"
	"strconv"
	"strings"

	"relais/app/rx"
)

// Said is a fault for a person.
type Said struct {
	Code  rx.Code
	Path  string // JSON path of the faulty value, "" where none
	Where string // the same in words: "ligne 2, posologie, dose"
	What  string // a sentence
	Next  string // what to do, a sentence
}

// Say puts err into words: each fault of an rx.Faults, or the first *rx.Error in
// its chain. Any other error is rx.CodeInternal: its own text is for engineers.
func Say(lang rx.Lang, err error) []Said {
	if err == nil {
		return nil
	}
	var faults rx.Faults
	if !errors.As(err, &faults) {
		var one *rx.Error
		if !errors.As(err, &one) {
			one = rx.Fault(rx.CodeInternal)
		}
		faults = rx.Faults{one}
	}
	said := make([]Said, len(faults))
	for i, f := range faults {
		said[i] = say(lang, f)
	}
	return said
}

func say(lang rx.Lang, f *rx.Error) Said {
	var args []string
	for name, value := range f.Args {
		switch {
		case name == "said" && f.Problem != nil:
			value = told(lang, f.Problem)
		case name == "said":
			value = told(lang, &rx.Problem{})
		case name == "code" && f.Problem != nil && f.Problem.Code != "":
			value = f.Problem.Code
		}
		args = append(args, name, argument(lang, name, value))
	}
	args = append(args, "bounds", bounds(lang, f.Args["min"], f.Args["max"]))
	key := "error." + string(f.Code)
	return Said{
		Code: f.Code, Path: f.Path, Where: Place(lang, f.Path),
		What: Text(lang, key, args...), Next: Text(lang, key+".next", args...),
	}
}

// told is what a service said, in the person's language where it has said it so, without the code before it.
func told(lang rx.Lang, p *rx.Problem) string {
	if said := strings.TrimSpace(strings.TrimPrefix(p.In(lang), "["+p.Code+"]")); said != "" {
		return said
	}
	return Text(lang, "refusal.nothing-said")
}

// bounds puts the limits of a number into words, "" when none is given.
func bounds(lang rx.Lang, least, most string) string {
	least, most = argument(lang, "min", least), argument(lang, "max", most)
	switch {
	case least != "" && most != "":
		return Text(lang, "bounds.from-to", "min", least, "max", most)
	case least != "":
		return Text(lang, "bounds.from", "min", least)
	case most != "":
		return Text(lang, "bounds.to", "max", most)
	}
	return ""
}

// argument turns what the program says in its own words into the person's.
func argument(lang rx.Lang, name, value string) string {
	switch name {
	case "of":
		return each(value, func(field string) string { return Place(lang, field) })
	case "failure":
		return Failure(lang, value)
	case "missing":
		return each(value, func(what string) string { return Text(lang, "profile.missing."+what) })
	case "kind", "want", "got":
		for _, family := range []string{"kind.", "json."} {
			if Has(family + value) {
				return Text(lang, family+value)
			}
		}
	case "latest":
		if d, err := rx.ParseDate(value); err == nil {
			return Date(d)
		}
	case "unit":
		if Has("unit." + value + ".many") {
			return Text(lang, "unit."+value+".many")
		}
	case "min", "max", "years", "line", "column":
		if n, err := strconv.Atoi(value); err == nil {
			return Int(n)
		}
	}
	return value
}

// Failure is a class of failure of a service (rx.Reply.Why) in words; one without words is its code.
func Failure(lang rx.Lang, class string) string {
	if key := "failure." + class; Has(key) {
		return Text(lang, key)
	}
	return class
}

// each puts every word of a list into other words.
func each(list string, say func(string) string) string {
	words := strings.Split(list, ", ")
	for i, w := range words {
		words[i] = say(w)
	}
	return strings.Join(words, ", ")
}

// Place is a JSON path in words: "$.lines[1].posology.dose" is "ligne 2, posologie,
// dose". A name that is no field of ours stays as it is: the caller wrote it.
func Place(lang rx.Lang, path string) string {
	var words []string
	for _, step := range strings.Split(strings.TrimPrefix(strings.TrimPrefix(path, "$"), "."), ".") {
		name, index, indexed := strings.Cut(step, "[")
		key := "field." + name
		if d, err := rx.ParseDecimal(strings.TrimSuffix(index, "]")); indexed && err == nil && Has(key+".n") {
			words = append(words, Text(lang, key+".n", "n", Number(lang, d+1000)))
		} else if Has(key) {
			words = append(words, Text(lang, key))
		} else if step != "" {
			words = append(words, step)
		}
	}
	return strings.Join(words, ", ")
}
