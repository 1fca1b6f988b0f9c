package kmehr

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// Thousands of messages, sound ones with one to three changes: our verdict is that of the
// schema and of the rules, rule by rule.
func TestMutations(t *testing.T) {
	n := 300
	if os.Getenv("RELAIS_SOAK") != "" {
		n = 5000
	}
	sources := mutationSources(t)
	m := mutator{rand.New(rand.NewPCG(6, 28))}
	about := make([]asked, n)
	for i := range about {
		doc := etree.NewDocument()
		doc.ReadSettings.PreserveCData = true
		if err := doc.ReadFromBytes(sources[m.IntN(len(sources))]); err != nil {
			t.Fatal(err)
		}
		for range 1 + m.IntN(3) {
			m.change(doc)
		}
		message, err := doc.WriteToBytes()
		if err != nil {
			t.Fatal(err)
		}
		about[i] = asked{Types[m.IntN(2)], message}
	}
	sound := agree(t, about)
	t.Logf("%d of %d changed messages are sound", sound, n)
	if sound < n/20 || sound > n*19/20 {
		t.Errorf("%d of %d: the changes do not try both verdicts", sound, n)
	}
}

func mutationSources(t *testing.T) (sources [][]byte) {
	names, err := filepath.Glob(filepath.Join("testdata", "demo-*.xml"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, b)
	}
	for seed := range 20 {
		message, err := Write(randomFacts.Example(seed), testSoftware)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, message)
	}
	return sources
}

// mutator changes messages.
type mutator struct{ *rand.Rand }

func pick[T any](m mutator, list []T) T { return list[m.IntN(len(list))] }

func (m mutator) change(doc *etree.Document) {
	all := doc.Root().FindElements(".//*")
	if len(all) == 0 {
		return
	}
	e := pick(m, all)
	if m.IntN(2) == 0 { // more often where rules are
		if items := doc.Root().FindElements(".//item//*"); len(items) > 0 {
			e = pick(m, items)
		}
	}
	parent := e.Parent()
	switch m.IntN(14) {
	case 0:
		parent.RemoveChild(e)
	case 1:
		parent.InsertChildAt(e.Index(), e.Copy())
	case 2:
		if siblings := parent.ChildElements(); len(siblings) > 1 {
			to := pick(m, siblings).Index()
			parent.RemoveChild(e)
			parent.InsertChildAt(to, e)
		}
	case 3:
		to := pick(m, all)
		to.AddChild(e.Copy())
	case 4:
		e.Tag = pick(m, all).Tag
	case 5, 6, 7:
		if len(e.ChildElements()) == 0 || m.IntN(5) == 0 {
			e.SetText(m.text(e.Text()))
		}
	case 8:
		if len(e.Attr) > 0 {
			a := &e.Attr[m.IntN(len(e.Attr))]
			a.Value = m.text(a.Value)
		}
	case 9:
		if len(e.Attr) > 0 {
			e.RemoveAttr(pick(m, e.Attr).Key)
		}
	case 10:
		e.CreateAttr(pick(m, []string{"S", "SV", "SL", "L", "DN", "nullFlavor", "X"}), m.text("1.0"))
	case 11: // a text in pieces
		text := e.Text()
		if len(e.ChildElements()) == 0 && text != "" {
			e.SetText("")
			half := m.IntN(len([]rune(text)) + 1)
			e.CreateText(string([]rune(text)[:half]))
			switch m.IntN(3) {
			case 0:
				e.CreateComment("c")
			case 1:
				e.CreateProcInst("p", "i")
			case 2:
				e.CreateCData("")
			}
			e.CreateText(string([]rune(text)[half:]))
		}
	case 12:
		doc.Indent(m.IntN(3))
	case 13:
		m.grow(e)
	}
}

// texts are of every form that a type asks for, and just not.
var texts = []string{"", " ", "x", "0", "1", "true", "false", "TRUE", "-1", "+1", "1.", ".5", "1e3", "007", "4294967295", "4294967296", "1234567890123456789012345",
	"2026-11-22", "2026-02-29", "2024-02-29", "1900-02-29", "2000-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "0000-01-01", "12026-01-01", "-0001-02-03", "1900-12-31", "1901-01-01",
	"2026-11-22Z", "2026-11-22+14:00", "2026-11-22+14:01", "2026-11-22-05:30", " 2026-11-22\n", "09:30:00", "24:00:00", "24:00:01", "23:59:60", "09:30", "09:30:00.5", "23:59:59.9", "09:30:00Z",
	"2026-11-22T09:30:00", "2026-11", "2026", "02026",
	"fr", "nl", "FR", "fr-BE", "fr_BE", "abcdefghi", "en-123456789",
	"0000000", "0012345", "8001234", "7001234", "00123456", "0512345", "0612345", "é234567",
	"LOCALDB", "WSSAMv2", "1.0", "1.1", "1.15", "CD-ITEM", "CD-LAB", "CD-DRUG-CNK", "CD-INNCLUSTER", "CD-VMPGROUP", "CD-HCPARTY", "ID-HCPARTY", "ID-KMEHR", "LOCAL", "SAMPROOF",
	"persphysician", "persdentist", "orghospital", "application", "work", "home", "phone", "email", "prescribed", "medication", "acute", "monday", "morning", "mg", "00005", "D", "UQ",
	"AAAA", "AA==", "A===", "RECIPE", "Recip-e", "20190301", "20180301", "male", "samv2", "80010100107", "niet van toepassing"}

func (m mutator) text(was string) string {
	switch m.IntN(6) {
	case 0:
		return was + " "
	case 1:
		return "\n" + was
	case 2:
		if r := []rune(was); len(r) > 0 {
			return string(slices.Delete(r, m.IntN(len(r)), len(r)))
		}
	}
	return pick(m, texts)
}

// grow adds to e, at a place where the schema allows it, an element that it allows, with
// what that needs: what we think valid, others have to think so too.
func (m mutator) grow(e *etree.Element) {
	kindName, ok := kindOf(e)
	k := schema()[kindName]
	if !ok || k == nil || k.text() {
		return
	}
	children := e.ChildElements()
	at, before := -1, m.IntN(len(children)+1)
	for _, c := range children[:before] {
		if at, ok = k.model.step(at, c.Tag); !ok {
			return
		}
	}
	next := k.model.after(at)
	if len(next) == 0 {
		return
	}
	p := k.model.at[pick(m, next)]
	if before < len(children) {
		after, ok := k.model.step(at, p.name)
		if _, follows := k.model.step(after, children[before].Tag); !ok || !follows {
			return
		}
	}
	grown := m.instance(p.name, p.kind, 0)
	if grown == nil {
		return
	}
	if before < len(children) {
		e.InsertChildAt(children[before].Index(), grown)
	} else {
		e.AddChild(grown)
	}
}

// kindOf finds what the schema says of e.
func kindOf(e *etree.Element) (string, bool) {
	if e.Parent() == nil || e.Parent().Tag == "" {
		return e.Tag, true
	}
	parent, ok := kindOf(e.Parent())
	if k := schema()[parent]; ok && k != nil {
		for _, p := range k.model.at {
			if p.name == e.Tag {
				return p.kind, true
			}
		}
	}
	return "", false
}

// instance is an element of a kind, nil where it would be too deep or is refused.
func (m mutator) instance(name, kindName string, depth int) *etree.Element {
	if name == anything {
		return etree.NewElement("anything")
	}
	e := etree.NewElement(name)
	if kindName == "ANYTHING" {
		e.SetText("any")
		return e
	}
	k := schema()[kindName]
	if k == nil || depth > 8 {
		return nil
	}
	for _, needed := range k.needed {
		a := k.attrs[needed]
		value := "1.0"
		if a.values != nil {
			value = pick(m, a.values)
		} else if a.base == "language" {
			value = "fr"
		}
		e.CreateAttr(needed, value)
	}
	switch {
	case k.values != nil:
		e.SetText(pick(m, k.values))
		return e
	case k.base != "":
		for range 1000 {
			if s := pick(m, texts); fits(k.base, s) {
				e.SetText(s)
				return e
			}
		}
		return nil
	}
	at := -1
	for range 30 {
		next := k.model.after(at)
		if k.model.ends(at) && (len(next) == 0 || depth > 3 || m.IntN(3) == 0) {
			return e
		}
		if len(next) == 0 {
			return nil
		}
		at = next[m.IntN(len(next))]
		if depth > 2 { // the short way
			at = next[len(next)-1]
		}
		p := k.model.at[at]
		child := m.instance(p.name, p.kind, depth+1)
		if child == nil {
			return nil
		}
		e.AddChild(child)
	}
	return nil
}

// Every name in the schema leads somewhere, and everything in it is reached.
func TestSchemaIsWhole(t *testing.T) {
	reached := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if reached[name] || name == "refused" || name == "ANYTHING" || name == anything {
			return
		}
		reached[name] = true
		k := schema()[name]
		if k == nil {
			t.Errorf("%s is nowhere", name)
			return
		}
		if k.base != "" && lexical[k.base] == nil {
			t.Errorf("%s: no type %s", name, k.base)
		}
		for a, of := range k.attrs {
			if of.values == nil && lexical[of.base] == nil {
				t.Errorf("%s @%s: no type %s", name, a, of.base)
			}
		}
		for p, from := range k.model.at {
			seen := map[string]bool{}
			for _, q := range k.model.next[p] {
				if seen[k.model.at[q].name] {
					t.Errorf("%s: after %s, %s is not one place", name, from.name, k.model.at[q].name)
				}
				seen[k.model.at[q].name] = true
			}
			visit(from.kind)
		}
	}
	visit("kmehrmessage")
	for name := range schema() {
		if !reached[name] && !strings.Contains(name, "-") && lexical[name] == nil {
			t.Errorf("%s is never used", name)
		}
	}
}
