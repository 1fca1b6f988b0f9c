package soap_test

import (
	"bytes"
	"testing"

	"github.com/beevik/etree"
	"pgregory.net/rapid"

	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/xmldsig"
)

// surgery cuts a signed message up and puts it together in another way, several times over: elements are moved, copied, removed
// and named after one another, and what an attacker wants to be done is put between. Whatever is accepted is the genuine body of
// the genuine signer.
func surgery(tb testing.TB) func(*rapid.T) {
	v := verifier(tb)
	type message struct {
		text, body []byte
		signer     []byte
	}
	var messages []message
	for _, signer := range []soap.Signer{x509Signer(person(tb, "test-auth")), samlSigner(tb)} {
		text := build(tb, signer)
		good, _ := v.Verify(text)
		messages = append(messages, message{text, canonical(tb, good.Body), good.Certificate.Raw})
	}
	return func(t *rapid.T) {
		m := rapid.SampledFrom(messages).Draw(t, "message")
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(m.text); err != nil {
			t.Fatal(err)
		}
		for _, el := range doc.FindElements("//*") {
			if el.Tag != "Assertion" { // so that prefixes hold wherever an element is put
				declare(el)
			}
		}
		for range rapid.IntRange(1, 6).Draw(t, "cuts") {
			all := doc.FindElements("//*")
			pick := func(what string) *etree.Element { return rapid.SampledFrom(all).Draw(t, what) }
			el, into := pick("element"), pick("into")
			at := rapid.IntRange(0, 3).Draw(t, "at")
			switch rapid.SampledFrom([]string{"move", "copy", "remove", "evil", "name", "wrap"}).Draw(t, "cut") {
			case "move":
				if !within(into, el) {
					into.InsertChildAt(at, el)
				}
			case "copy":
				into.InsertChildAt(at, el.Copy())
			case "remove":
				if el.Parent() != nil && el != doc.Root() {
					el.Parent().RemoveChild(el)
				}
			case "evil":
				into.InsertChildAt(at, evil(rapid.SampledFrom([]string{"", "B-1", "B-2"}).Draw(t, "id")))
			case "name":
				name := rapid.SampledFrom([]string{"wsu:Id", "Id", "ID", "xml:id", "AssertionID"}).Draw(t, "attribute")
				if rapid.Bool().Draw(t, "unnamed") {
					el.RemoveAttr(name)
				} else {
					el.CreateAttr(name, xmldsig.ID(into))
				}
			case "wrap":
				if el != doc.Root() && el.Parent() != nil && !within(into, el) {
					into.InsertChildAt(at, wrapper(el))
				}
			}
		}
		changed, err := xmldsig.Text(doc)
		if err != nil {
			t.Fatal(err)
		}
		verified, verdict := v.Verify(changed)
		if !verdict.Accepted {
			return
		}
		got, err := xmldsig.Canonical(verified.Body)
		if err != nil || !bytes.Equal(got, m.body) || !bytes.Equal(verified.Certificate.Raw, m.signer) {
			t.Fatalf("accepted: %s", changed)
		}
	}
}

// within tells whether an element is another one or inside it.
func within(el, other *etree.Element) bool {
	for ; el != nil; el = el.Parent() {
		if el == other {
			return true
		}
	}
	return false
}

func TestSurgery(t *testing.T) { rapid.Check(t, surgery(t)) }

func FuzzSurgery(f *testing.F) { f.Fuzz(rapid.MakeFuzz(surgery(f))) }
