package xmldsig_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"relais/sync/ehealth/xmldsig"
)

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                   ``,
		"text only":                 `hello`,
		"cut off":                   `<a><b></b>`,
		"two roots":                 `<a/><b/>`,
		"text before":               `x<a/>`,
		"text after":                `<a/>x`,
		"CDATA after":               `<a/><![CDATA[]]>`,
		"wrong end":                 `<a></b>`,
		"crossed ends":              `<a><b></a></b>`,
		"end without start":         `<a/></a>`,
		"DTD":                       `<!DOCTYPE a><a/>`,
		"internal subset":           `<!DOCTYPE a [<!ATTLIST b Id ID #IMPLIED>]><a/>`,
		"entity":                    `<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>`,
		"undeclared entity":         `<a>&e;</a>`,
		"processing instruction":    `<a><?php x?></a>`,
		"stylesheet":                `<?xml version="1.0"?><?xml-stylesheet href="x"?><a/>`,
		"late declaration":          ` <?xml version="1.0"?><a/>`,
		"XML 1.1":                   `<?xml version="1.1"?><a/>`,
		"Latin-1":                   `<?xml version="1.0" encoding="ISO-8859-1"?><a/>`,
		"UTF-16":                    "\xff\xfe<\x00a\x00/\x00>\x00",
		"not UTF-8":                 "<a>\xff</a>",
		"NUL":                       "<a>\x00</a>",
		"reference to NUL":          `<a>&#0;</a>`,
		"attribute twice":           `<a b="1" b="2"/>`,
		"attribute twice by URI":    `<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>`,
		"declaration twice":         `<a xmlns="u" xmlns="v"/>`,
		"undeclared prefix":         `<p:a/>`,
		"undeclared attribute":      `<a p:b="1"/>`,
		"prefix out of scope":       `<a><b xmlns:p="u"/><p:c/></a>`,
		"prefix undone":             `<a xmlns:p="u"><b xmlns:p=""/></a>`,
		"two colons":                `<a xmlns:p="u"><p:b:c/></a>`,
		"no prefix before colon":    `<a :b="1"/>`,
		"no name after colon":       `<a xmlns:p="u"><p:/></a>`,
		"digit after colon":         `<a xmlns:p="u"><p:1/></a>`,
		"prefix xmlns":              `<xmlns:a/>`,
		"xmlns declared":            `<a xmlns:xmlns="http://www.w3.org/2000/xmlns/"/>`,
		"xmlns namespace":           `<a xmlns:p="http://www.w3.org/2000/xmlns/"/>`,
		"xml bound elsewhere":       `<a xmlns:xml="u"/>`,
		"xml namespace as default":  `<a xmlns="http://www.w3.org/XML/1998/namespace"/>`,
		"unquoted attribute":        `<a b=1/>`,
		"attribute without a value": `<a b/>`,
		"< in attribute":            `<a b="<"/>`,
		"]]> in text":               `<a>]]></a>`,
		"-- in comment":             `<a><!-- x -- y --></a>`,
	} {
		t.Run(name, func(t *testing.T) {
			if doc, err := xmldsig.Parse([]byte(text), xmldsig.Limits{}); !errors.Is(err, xmldsig.ErrXML) || doc != nil {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	for text, canonical := range map[string]string{
		"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<!-- x --><a/>\n": `<a></a>`,
		"<a b='1\n2\t3\r\n4&#10;5'\n\tc='6'>x\r\ny<d\n/>\n</a>":                                 `<a b="1 2 3 4&#xA;5" c="6">x` + "\ny<d></d>\n</a>",
		`<a>&lt;&#65;<![CDATA[<&]]></a>`:                                                        `<a>&lt;A&lt;&amp;</a>`,
		`<a xml:lang="nl" xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`:                   `<a xml:lang="nl"></a>`,
		`<p:a xmlns:p="u"><b xmlns:p="v"><p:c/></b><p:d/></p:a>`:                                `<p:a xmlns:p="u"><b><p:c xmlns:p="v"></p:c></b><p:d></p:d></p:a>`,
	} {
		doc, err := xmldsig.Parse([]byte(text), xmldsig.Limits{})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got, err := xmldsig.Canonical(doc.Root()); err != nil || string(got) != canonical {
			t.Errorf("%q became %q, want %q (%v)", text, got, canonical, err)
		}
	}
}

func TestParseLimits(t *testing.T) {
	limits := xmldsig.Limits{Bytes: 1000, Depth: 3, Elements: 10, Attributes: 5}
	text := func(inner string) string { return "<a>" + inner + "</a>" }
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"bytes":                    {text(strings.Repeat("x", 993)), true},
		"bytes, one more":          {text(strings.Repeat("x", 994)), false},
		"depth":                    {text("<b><c/></b>"), true},
		"depth, one more":          {text("<b><c><d/></c></b>"), false},
		"elements":                 {text(strings.Repeat("<b/>", 9)), true},
		"elements, one more":       {text(strings.Repeat("<b/>", 10)), false},
		"attributes":               {text(strings.Repeat(`<b c="" xmlns:d="u"/>`, 2)), true},
		"attributes, one more":     {text(strings.Repeat(`<b c="" xmlns:d="u"/>`, 3)), false},
		"comments":                 {text(strings.Repeat("<!---->", 30)), true},
		"comments, one more":       {text(strings.Repeat("<!---->", 31)), false},
		"texts":                    {text(strings.Repeat("<![CDATA[]]>", 30)), true},
		"texts, one more":          {text(strings.Repeat("<![CDATA[]]>", 31)), false},
		"of one element":           {"<a" + many(100) + "/>", true},
		"of one element, one more": {"<a" + many(101) + "/>", false},
	} {
		limits := limits
		if strings.HasPrefix(name, "of one") {
			limits = xmldsig.Limits{}
		}
		_, err := xmldsig.Parse([]byte(c.text), limits)
		if c.ok && err != nil || !c.ok && !errors.Is(err, xmldsig.ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// many gives that many attributes.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d=""`, i)
	}
	return b.String()
}

// Within the limits nothing is expensive, however it is nested: each of these takes a fraction of a second.
func TestWorstCases(t *testing.T) {
	declarations := func(level, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, ` xmlns:p%d_%d="urn:%d"`, level, i, i)
		}
		return b.String()
	}
	nested := func(depth int, inner string) string {
		var before, after strings.Builder
		for i := range depth {
			fmt.Fprintf(&before, "<e%d%s>", i, declarations(i, 90))
			fmt.Fprintf(&after, "</e%d>", depth-1-i)
		}
		return before.String() + inner + after.String()
	}
	for name, text := range map[string]string{
		"much declared around many": nested(62, strings.Repeat(`<x xmlns:q="urn:q" q:a=""/>`, 7_000)),
		"many ids of far prefixes":  nested(62, strings.Repeat(`<x p0_89:Id=""/>`, 9_900)),
		"much needed by many":       nested(30, strings.Repeat(`<x p0_0:a="" p9_0:b="" p19_0:c=""/>`, 5_000)),
		"one long text":             "<a>" + strings.Repeat("&amp;", 800_000) + "</a>",
		"one long attribute":        "<a b='" + strings.Repeat("\n", 4_000_000) + "'/>",
		"many short texts":          "<a>" + strings.Repeat("x<!---->", 14_000) + "</a>",
	} {
		start := time.Now()
		doc, err := xmldsig.Parse([]byte(text), xmldsig.Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		parsed := time.Since(start)
		if _, err := xmldsig.Canonical(doc.Root()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		written := time.Since(start) - parsed
		_, err = xmldsig.Sign(key(), "", doc.Root())
		if !errors.Is(err, xmldsig.ErrSign) {
			t.Errorf("%s: %v", name, err)
		}
		all := time.Since(start)
		t.Logf("%s: %d bytes, read in %v, written in %v, ids gathered in %v", name, len(text), parsed, written, all-parsed-written)
		if all > 10*time.Second {
			t.Errorf("%s: %v", name, all)
		}
	}
}

// What a limit refuses must be cheap: nothing is built.
func TestParseRefusesBeforeBuilding(t *testing.T) {
	deep := []byte(strings.Repeat("<a>", 1<<20))
	allocated := testing.AllocsPerRun(3, func() {
		if _, err := xmldsig.Parse(deep, xmldsig.Limits{}); !errors.Is(err, xmldsig.ErrLimit) {
			t.Fatal(err)
		}
	})
	if allocated > 2000 {
		t.Errorf("%v allocations to refuse", allocated)
	}
}

func TestErrorsHoldNoContent(t *testing.T) {
	for _, text := range []string{`<SECRET`, `<a>&SECRET;</a>`, `<SECRET></b>`, `<SECRET:a/>`, `<a SECRET='1' SECRET='2'/>`, `<!SECRET>`, `<a/>SECRET`} {
		if _, err := xmldsig.Parse([]byte(text), xmldsig.Limits{}); err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), "SECRET") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
