package kmehr

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"relais/app/rx"
)

//go:embed schema.txt
var schemaText string

// schema is schema.txt, read once.
var schema = sync.OnceValue(func() map[string]*kind {
	kinds := map[string]*kind{}
	for name := range lexical {
		kinds[name] = &kind{base: name}
	}
	text := strings.NewReplacer("\n    |", "|", "\n    ", " ").Replace(schemaText)
	for line := range strings.Lines(text) {
		if name, is, ok := strings.Cut(strings.TrimSpace(line), " = "); ok && !strings.HasPrefix(name, "#") {
			kinds[name] = readKind(is)
		}
	}
	return kinds
})

// kind is what an element may hold: text (base or values), or elements.
type kind struct {
	base   string   // of lexical; "" for elements
	values []string // instead of a base
	mixed  bool     // text may stand between the elements
	model  automaton
	attrs  map[string]allowed
	needed []string // attributes
}

// allowed is what an attribute may be.
type allowed struct {
	base   string
	values []string
}

func readKind(is string) *kind {
	k := &kind{attrs: map[string]allowed{}}
	words := strings.Fields(is)
	var model []string
	for _, w := range words {
		if attr, ok := strings.CutPrefix(w, "@"); ok {
			a := allowed{base: "string"}
			if name, values, ok := strings.Cut(attr, "="); ok {
				attr, a.values = name, strings.Split(values, "|")
			} else if name, base, ok := strings.Cut(attr, ":"); ok {
				attr, a.base = name, base
			}
			if name, ok := strings.CutSuffix(attr, "!"); ok {
				attr, k.needed = name, append(k.needed, name)
			}
			k.attrs[attr] = a
		} else {
			model = append(model, w)
		}
	}
	switch {
	case model[0] == "value":
		if values, ok := strings.CutPrefix(model[1], "="); ok {
			k.values = strings.Split(values, "|")
		} else {
			k.base = model[1]
		}
	default:
		if k.mixed = model[0] == "mixed"; k.mixed {
			model = model[1:]
		}
		k.model = compile(strings.Join(model, " "))
	}
	return k
}

// text tells that k holds text alone.
func (k *kind) text() bool { return k.base != "" || k.values != nil }

func (a allowed) takes(value string) bool {
	if a.values != nil {
		return slices.Contains(a.values, value)
	}
	return fits(a.base, value)
}

// automaton tells which elements may follow which: the positions of a model with those
// that may come first, after each, and last (Glushkov). In a model of XML Schema at most
// one position of a name may follow, so that no choice is ever taken back.
type automaton struct {
	at    []particle
	first []int
	next  [][]int
	last  []bool
	empty bool // nothing at all will do
}

// particle is a place for an element; anything stands for any.
type particle struct {
	name, kind string
}

const anything = "ANY"

// after are the positions that may follow position at, -1 before the first.
func (a *automaton) after(at int) []int {
	if at < 0 {
		return a.first
	}
	return a.next[at]
}

// ends tells that nothing needs to follow position at.
func (a *automaton) ends(at int) bool { return at < 0 && a.empty || at >= 0 && a.last[at] }

// step gives the position of an element of that name after at.
func (a *automaton) step(at int, name string) (int, bool) {
	for _, p := range a.after(at) {
		if a.at[p].name == name || a.at[p].name == anything {
			return p, true
		}
	}
	return at, false
}

// names are those that may follow at.
func (a *automaton) names(at int) string {
	var names []string
	for _, p := range a.after(at) {
		if !slices.Contains(names, a.at[p].name) {
			names = append(names, a.at[p].name)
		}
	}
	return strings.Join(names, ", ")
}

// compile reads a model.
func compile(model string) automaton {
	c := compiler{words: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ", "|", " | ").Replace(model))}
	part := c.choice()
	c.first, c.empty = part.first, part.empty
	c.last = make([]bool, len(c.at))
	for _, p := range part.last {
		c.last[p] = true
	}
	return c.automaton
}

type compiler struct {
	automaton
	words []string
}

// fragment is a part of a model.
type fragment struct {
	first, last []int
	empty       bool
}

func (c *compiler) peek() string {
	if len(c.words) == 0 {
		return ")"
	}
	return c.words[0]
}

func (c *compiler) choice() fragment {
	f := c.sequence()
	for c.peek() == "|" {
		c.words = c.words[1:]
		other := c.sequence()
		f = fragment{append(f.first, other.first...), append(f.last, other.last...), f.empty || other.empty}
	}
	return f
}

func (c *compiler) sequence() fragment {
	f := fragment{empty: true}
	for c.peek() != ")" && c.peek() != "|" {
		part := c.one()
		c.follow(f.last, part.first)
		if f.empty {
			f.first = append(f.first, part.first...)
		}
		if part.empty {
			f.last = append(slices.Clone(f.last), part.last...)
		} else {
			f.last = part.last
		}
		f.empty = f.empty && part.empty
	}
	return f
}

func (c *compiler) one() fragment {
	word := c.words[0]
	c.words = c.words[1:]
	var f fragment
	often := ""
	if word == "(" {
		f = c.choice()
		c.words = c.words[1:] // the parenthesis that closes it; then how often
		if len(c.words) > 0 && strings.Contains("?*+", c.words[0]) {
			often, c.words = c.words[0], c.words[1:]
		}
	} else {
		if n := len(word) - 1; strings.ContainsAny(word[n:], "?*+") {
			word, often = word[:n], word[n:]
		}
		name, kind, ok := strings.Cut(word, ":")
		if !ok {
			kind = name
		}
		p := len(c.at)
		c.at, c.next = append(c.at, particle{name, kind}), append(c.next, nil)
		f = fragment{first: []int{p}, last: []int{p}}
	}
	if often == "*" || often == "+" {
		c.follow(f.last, f.first)
	}
	f.empty = f.empty || often == "?" || often == "*"
	return f
}

func (c *compiler) follow(last, first []int) {
	for _, p := range last {
		for _, q := range first {
			if !slices.Contains(c.next[p], q) {
				c.next[p] = append(c.next[p], q)
			}
		}
	}
}

// conforms checks e against the kind of that name, and all that is in it.
func (v *validation) conforms(e *element, name string) {
	if v.full() {
		return
	}
	for _, a := range e.attrs {
		if a.space == xsiSpace && (a.name == "type" || a.name == "nil") {
			v.find(e, rx.Fault(CodeAttribute, "attribute", "xsi:"+a.name, "list", ""))
		}
	}
	switch name {
	case "refused":
		v.find(e, rx.Fault(CodeElement, "element", e.name, "list", ""))
		return
	case "ANYTHING", anything:
		for _, c := range e.children {
			v.conforms(c, anything)
		}
		return
	}
	k := schema()[name]
	v.attributes(e, k)
	if k.text() {
		v.value(e, k)
		return
	}
	if !k.mixed && collapsed(e.text()) != "" {
		v.find(e, rx.Fault(CodeText))
	}
	at := -1
	for _, c := range e.children {
		p, ok := k.model.step(at, c.name)
		if !ok {
			v.find(c, rx.Fault(CodeElement, "element", c.name, "list", k.model.names(at)))
			return // what follows would be out of place only because of it
		}
		at = p
		if kind := k.model.at[at].kind; kind == anything || c.space == namespace {
			v.conforms(c, kind)
		} else {
			v.find(c, rx.Fault(CodeNamespace))
		}
	}
	if !k.model.ends(at) {
		v.find(e, rx.Fault(CodeMissingElement, "list", k.model.names(at)))
	}
}

func (v *validation) attributes(e *element, k *kind) {
	for _, a := range e.attrs {
		switch allowed, known := k.attrs[a.name]; {
		case a.space == xsiSpace && (a.name == "schemaLocation" || a.name == "noNamespaceSchemaLocation" || a.name == "type" || a.name == "nil"):
		case a.space != "" || !known:
			v.find(e, rx.Fault(CodeAttribute, "attribute", a.name, "list", ""))
		case !allowed.takes(a.value):
			v.find(e, rx.Fault(CodeAttribute, "attribute", a.name, "list", strings.Join(allowed.values, ", ")))
		}
	}
	for _, name := range k.needed {
		if _, ok := e.attr(name); !ok {
			v.find(e, rx.Fault(CodeMissingAttribute, "attribute", name))
		}
	}
}

func (v *validation) value(e *element, k *kind) {
	switch {
	case len(e.children) > 0:
		v.find(e.children[0], rx.Fault(CodeElement, "element", e.children[0].name, "list", ""))
	case k.values != nil && !slices.Contains(k.values, e.text()):
		v.find(e, rx.Fault(CodeValueList, "list", strings.Join(k.values, ", ")))
	case k.values == nil && !fits(k.base, e.text()):
		v.find(e, rx.Fault(CodeValue, "form", k.base))
	}
}
