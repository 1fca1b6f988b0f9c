package xmldsig_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
	"pgregory.net/rapid"

	"relais/sync/ehealth/xmldsig"
)

func parse(t interface {
	Fatalf(string, ...any)
	Helper()
}, text string) *etree.Document {
	t.Helper()
	doc, err := xmldsig.Parse([]byte(text), xmldsig.Limits{})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return doc
}

// Forms that xmllint gives too (see below), and those with a prefix list by the recommendation.
var canonicalForms = []struct{ text, want, path, prefixes string }{
	{text: `<a><b/></a>`, want: `<a><b></b></a>`},
	{text: `<a c='1' b="2"/>`, want: `<a b="2" c="1"></a>`},
	{text: `<p:a xmlns:p="urn:u" xmlns:q="urn:v"><q:b/><p:c/></p:a>`, want: `<p:a xmlns:p="urn:u"><q:b xmlns:q="urn:v"></q:b><p:c></p:c></p:a>`},
	// attributes in the order of their namespaces, not of their prefixes
	{text: `<a xmlns:p="urn:z" xmlns:q="urn:y" p:a="1" q:b="2" c="3"/>`, want: `<a xmlns:p="urn:z" xmlns:q="urn:y" c="3" q:b="2" p:a="1"></a>`},
	{text: `<r xmlns:p="urn:z" xmlns:q="urn:y"><a p:a="1" q:a="2"/></r>`, want: `<r><a xmlns:p="urn:z" xmlns:q="urn:y" q:a="2" p:a="1"></a></r>`},
	{text: `<a xml:lang="fr" xmlns:p="urn:i" p:b="1"/>`, want: `<a xmlns:p="urn:i" xml:lang="fr" p:b="1"></a>`},
	// xmlns="" only where there is something to undo
	{text: `<p:a xmlns:p="urn:u"><b xmlns=""/></p:a>`, want: `<p:a xmlns:p="urn:u"><b></b></p:a>`},
	{text: `<a xmlns="urn:u"><b xmlns=""><c/></b></a>`, want: `<a xmlns="urn:u"><b xmlns=""><c></c></b></a>`},
	{text: `<p:a xmlns:p="urn:u" xmlns="urn:v"><b xmlns=""/></p:a>`, want: `<p:a xmlns:p="urn:u"><b></b></p:a>`},
	{text: `<a xmlns="urn:u"><p:b xmlns:p="urn:v" xmlns=""><c/></p:b></a>`, want: `<a xmlns="urn:u"><p:b xmlns:p="urn:v"><c xmlns=""></c></p:b></a>`},
	{text: `<a xmlns="urn:u"><b xmlns="urn:v"><c xmlns="urn:u"/></b></a>`, want: `<a xmlns="urn:u"><b xmlns="urn:v"><c xmlns="urn:u"></c></b></a>`},
	// two prefixes of which one changes its meaning
	{text: `<p:a xmlns:p="urn:u" xmlns:q="urn:v"><p:b xmlns:p="urn:w" q:c=""/><p:d/></p:a>`, want: `<p:a xmlns:p="urn:u"><p:b xmlns:p="urn:w" xmlns:q="urn:v" q:c=""></p:b><p:d></p:d></p:a>`},
	{text: `<p:a xmlns:p="urn:u" xmlns:q="urn:v" q:c=""><q:b xmlns:p="urn:w" xmlns:q="urn:x" p:c=""/></p:a>`, want: `<p:a xmlns:p="urn:u" xmlns:q="urn:v" q:c=""><q:b xmlns:p="urn:w" xmlns:q="urn:x" p:c=""></q:b></p:a>`},
	// texts
	{text: "<a b='&lt;&gt;&amp;&quot;&apos;&#9;&#10;&#13;é'>&lt;&gt;&amp;&quot;&apos;&#9;&#10;&#13;é</a>", want: "<a b=\"&lt;>&amp;&quot;'&#x9;&#xA;&#xD;é\">&lt;&gt;&amp;\"'\t\n&#xD;é</a>"},
	{text: `<a>1<!-- x -->2<b/><!-- y --></a>`, want: `<a>12<b></b></a>`},
	// a part, with what is declared around it
	{text: `<p:a xmlns:p="urn:u" xmlns:q="urn:v" xmlns="urn:w"><b q:c=""/></p:a>`, path: "b", want: `<b xmlns="urn:w" xmlns:q="urn:v" q:c=""></b>`},
	{text: `<p:a xmlns:p="urn:u" xmlns:q="urn:v"><b xsi="q:t"/></p:a>`, path: "b", prefixes: "q", want: `<b xmlns:q="urn:v" xsi="q:t"></b>`},
	{text: `<p:a xmlns:p="urn:u" xmlns:q="urn:v"><b><c xmlns:q="urn:w"/><p:d/></b></p:a>`, path: "b", prefixes: "q p z", want: `<b xmlns:p="urn:u" xmlns:q="urn:v"><c xmlns:q="urn:w"></c><p:d></p:d></b>`},
	{text: `<a xmlns="urn:u"><p:b xmlns:p="urn:v"><c/></p:b></a>`, path: "p:b", prefixes: "#default", want: `<p:b xmlns="urn:u" xmlns:p="urn:v"><c></c></p:b>`},
	{text: `<a xmlns="urn:u"><p:b xmlns:p="urn:v" xmlns=""/></a>`, path: "p:b", prefixes: "#default", want: `<p:b xmlns:p="urn:v"></p:b>`},
	{text: `<a xmlns="urn:u"><p:b xmlns:p="urn:v"><p:c xmlns=""/></p:b></a>`, path: "p:b", prefixes: "#default", want: `<p:b xmlns="urn:u" xmlns:p="urn:v"><p:c xmlns=""></p:c></p:b>`},
}

func TestCanonical(t *testing.T) {
	for _, c := range canonicalForms {
		el := parse(t, c.text).Root()
		if c.path != "" {
			el = el.FindElement(c.path)
		}
		got, err := xmldsig.Canonical(el, strings.Fields(c.prefixes)...)
		if err != nil || string(got) != c.want {
			t.Errorf("%s\n got %s (%v)\nwant %s", c.text, got, err, c.want)
		}
	}
}

func xmllint(t interface{ Skip(...any) }) string {
	path, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed")
	}
	return path
}

func TestCanonicalLikeXMLLint(t *testing.T) {
	lint := xmllint(t)
	check := func(t interface {
		Fatalf(string, ...any)
		Helper()
	}, text string) {
		t.Helper()
		got, err := xmldsig.Canonical(parse(t, text).Root())
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		cmd := exec.Command(lint, "--exc-c14n", "-")
		cmd.Stdin = strings.NewReader(text)
		want, err := cmd.Output()
		// xmllint keeps comments
		if err != nil || !bytes.Equal(got, want) && !strings.Contains(text, "<!--") {
			t.Fatalf("%s\n    ours %s\n xmllint %s (%v)", text, got, want, err)
		}
	}
	for _, c := range canonicalForms {
		check(t, c.text)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, drawElement(t, namespaceHabits{undo: true, mixed: true}, nil, 0)) })
}

// goxmldsig agrees where its gaps are not touched; the prefix list stands on a part of a document.
func TestCanonicalLikeGoxmldsig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := `<o:outer xmlns:o="urn:o" xmlns:p="urn:zz" xmlns:r="urn:rr">` + drawElement(t, namespaceHabits{}, []string{"o", "p", "r"}, 0) + `</o:outer>`
		prefixes := strings.Join(rapid.SliceOfDistinct(rapid.SampledFrom([]string{"o", "p", "q", "r"}), rapid.ID[string]).Draw(t, "prefixes"), " ")
		el := parse(t, text).Root().ChildElements()[0]
		got, err := xmldsig.Canonical(el, strings.Fields(prefixes)...)
		if err != nil {
			t.Fatal(err)
		}
		ctx, err := etreeutils.NSBuildParentContext(el)
		if err != nil {
			t.Fatal(err)
		}
		detached, err := etreeutils.NSDetatch(ctx, el)
		if err != nil {
			t.Fatal(err)
		}
		want, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes).Canonicalize(detached)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s with [%s]\n      ours %s\n goxmldsig %s (%v)", text, prefixes, got, want, err)
		}
	})
}

// namespaceHabits says which habits a drawn document has.
type namespaceHabits struct {
	undo  bool // xmlns=""
	mixed bool // attributes of several namespaces on one element
}

// drawElement draws an element with up to two generations below it. known are the prefixes that are declared around it.
func drawElement(t *rapid.T, h namespaceHabits, known []string, depth int) string {
	known = append([]string(nil), known...)
	var attributes []string
	for _, prefix := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"p", "q", "r"}), rapid.ID[string]).Draw(t, "declared") {
		attributes = append(attributes, fmt.Sprintf(`xmlns:%s="%s"`, prefix, rapid.SampledFrom([]string{"urn:aa", "urn:mm", "urn:zz"}).Draw(t, "uri")))
		known = append(known, prefix)
	}
	defaults := []string{"", "urn:aa", "urn:zz"}
	if h.undo {
		defaults = append(defaults, "undo")
	}
	switch d := rapid.SampledFrom(defaults).Draw(t, "default"); d {
	case "":
	case "undo":
		attributes = append(attributes, `xmlns=""`)
	default:
		attributes = append(attributes, fmt.Sprintf(`xmlns="%s"`, d))
	}
	prefixed := func(name string) string {
		if prefix := rapid.SampledFrom(append(known, "")).Draw(t, "prefix"); prefix != "" {
			return prefix + ":" + name
		}
		return name
	}
	tag := prefixed(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "tag"))
	// One local name per attribute: whether two prefixes mean one namespace is not known here.
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID[string]).Draw(t, "attributes")
	for i, name := range names {
		if i == 0 || h.mixed {
			name = prefixed(name)
		}
		attributes = append(attributes, fmt.Sprintf(`%s="%s"`, name, rapid.SampledFrom([]string{"", "1", "&#10;&quot;", "&gt;'"}).Draw(t, "value")))
	}
	var content string
	if depth < 2 {
		for range rapid.IntRange(0, 2).Draw(t, "children") {
			content += rapid.SampledFrom([]string{"", "\n ", "&amp;&#13;"}).Draw(t, "text") + drawElement(t, h, known, depth+1)
		}
	}
	return strings.Join(append([]string{"<" + tag}, attributes...), " ") + ">" + content + "</" + tag + ">"
}

func TestStandaloneKeepsTheCanonicalForm(t *testing.T) {
	for _, c := range canonicalForms {
		if strings.Contains(c.text, "<!--") {
			continue
		}
		el := parse(t, c.text).Root()
		if c.path != "" {
			el = el.FindElement(c.path)
		}
		text, err := xmldsig.Standalone(el)
		if err != nil {
			t.Fatal(err)
		}
		other := parse(t, "<other>"+string(text)+"</other>").Root().ChildElements()[0]
		if got, err := xmldsig.Canonical(other, strings.Fields(c.prefixes)...); err != nil || string(got) != c.want {
			t.Errorf("%s in another document\n got %s (%v)\nwant %s", text, got, err, c.want)
		}
	}
}
