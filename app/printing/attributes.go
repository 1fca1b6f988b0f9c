package printing

import "github.com/OpenPrinting/goipp"

// Reading attributes: a missing one, or one of another type than RFC 8011 gives it, is
// the zero value.

func values(attrs goipp.Attributes, name string) goipp.Values {
	for _, a := range attrs {
		if a.Name == name {
			return a.Values
		}
	}
	return nil
}

// texts are the strings of an attribute.
func texts(attrs goipp.Attributes, name string) []string {
	var all []string
	for _, v := range values(attrs, name) {
		switch v := v.V.(type) {
		case goipp.String:
			all = append(all, string(v))
		case goipp.TextWithLang:
			all = append(all, v.Text)
		}
	}
	return all
}

func text(attrs goipp.Attributes, name string) string {
	if all := texts(attrs, name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// number is an integer or enum; ok tells that there is one.
func number(attrs goipp.Attributes, name string) (n int, ok bool) {
	for _, v := range values(attrs, name) {
		if i, is := v.V.(goipp.Integer); is {
			return int(i), true
		}
	}
	return 0, false
}

func truth(attrs goipp.Attributes, name string) bool {
	for _, v := range values(attrs, name) {
		if b, is := v.V.(goipp.Boolean); is {
			return bool(b)
		}
	}
	return false
}

// groups are the attribute groups of one kind: one for each printer or job.
func groups(m *goipp.Message, tag goipp.Tag) []goipp.Attributes {
	var all []goipp.Attributes
	for _, g := range m.Groups {
		if g.Tag == tag {
			all = append(all, g.Attrs)
		}
	}
	return all
}
