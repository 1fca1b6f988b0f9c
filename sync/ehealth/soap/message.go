package soap

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"relais/sync/ehealth/xmldsig"
)

// ErrEnvelope says that a text is no SOAP 1.1 envelope of the form that services use. Wrapped with what and where.
var ErrEnvelope = errors.New("soap: no envelope")

// Message is an envelope that was read, nothing of it verified.
type Message struct {
	Envelope, Header, Body *etree.Element // Header is nil when there is none
	Content                *etree.Element // the one child of Body
	Fault                  *Fault         // when Content is a fault
}

// Read reads an envelope: at most one Header, one Body after it with one child, nothing else. Errors are ErrEnvelope and those
// of xmldsig.Parse.
func Read(text []byte, l xmldsig.Limits) (*Message, error) {
	doc, err := xmldsig.Parse(text, l)
	if err != nil {
		return nil, err
	}
	return open(doc)
}

func open(doc *etree.Document) (*Message, error) {
	m := &Message{Envelope: doc.Root()}
	if !xmldsig.Is(m.Envelope, nsSOAP, "Envelope") {
		return nil, fmt.Errorf("%w: the root element is not that of SOAP 1.1", ErrEnvelope)
	}
	parts := m.Envelope.ChildElements()
	if len(parts) > 1 && xmldsig.Is(parts[0], nsSOAP, "Header") {
		m.Header, parts = parts[0], parts[1:]
	}
	if len(parts) != 1 || !xmldsig.Is(parts[0], nsSOAP, "Body") {
		return nil, fmt.Errorf("%w: a Header or none, then a Body, then nothing are due", ErrEnvelope)
	}
	m.Body = parts[0]
	content := m.Body.ChildElements()
	if len(content) != 1 {
		return nil, fmt.Errorf("%w: Body holds %d elements where one is due", ErrEnvelope, len(content))
	}
	m.Content = content[0]
	if xmldsig.Is(m.Content, nsSOAP, "Fault") {
		m.Fault = readFault(m.Content)
	}
	return m, nil
}

// Wrap gives an envelope without security around one XML element. Errors are those of xmldsig.Parse.
func Wrap(content []byte, l xmldsig.Limits) ([]byte, error) {
	if err := xmldsig.Check(content, l); err != nil {
		return nil, err
	}
	const before = `<soapenv:Envelope xmlns:soapenv="` + nsSOAP + `"><soapenv:Header/><soapenv:Body>`
	const after = `</soapenv:Body></soapenv:Envelope>`
	return bytes.Join([][]byte{[]byte(before), element(content), []byte(after)}, nil), nil
}

// element gives the text of a document without byte order mark and XML declaration, so that it may stand inside another one.
func element(text []byte) []byte {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(text, []byte("<?xml")) {
		_, text, _ = bytes.Cut(text, []byte("?>"))
	}
	return bytes.TrimSpace(text)
}

// texts that a fault may carry are cut after this many bytes.
const maxFaultText = 2000

// maxFaultMessages bounds the languages of a message.
const maxFaultMessages = 8

func readFault(el *etree.Element) *Fault {
	f := &Fault{Code: text(child(el, "faultcode")), String: text(child(el, "faultstring"))}
	if _, local, prefixed := strings.Cut(f.Code, ":"); prefixed {
		f.Code = local
	}
	f.SOA = soaCode(f.String)
	detail := child(el, "detail")
	if detail == nil {
		return f
	}
	// Namespaces of the children differ between services: local names tell.
	failure := child(detail, "SystemError")
	if failure == nil {
		failure = child(detail, "BusinessError")
		f.Business = failure != nil
	}
	if failure == nil {
		return f
	}
	if code := soaCode(text(child(failure, "Code"))); code != "" {
		f.SOA = code
	}
	f.Ticket = cut(xmldsig.Attribute(failure, "Id"))
	f.Origin = text(child(failure, "Origin"))
	f.Environment = text(child(failure, "Environment"))
	if retry := child(failure, "Retry"); retry != nil {
		again := text(retry) == "true" || text(retry) == "1"
		f.Retry = &again
	}
	for _, m := range failure.ChildElements() {
		if m.Tag != "Message" || len(f.Messages) == maxFaultMessages {
			continue
		}
		if f.Messages == nil {
			f.Messages = map[string]string{}
		}
		f.Messages[cut(m.SelectAttrValue("xml:lang", ""))] = text(m)
	}
	return f
}

// soaCode finds SOA-nnnnn in a text, "" when there is none.
func soaCode(s string) string {
	const prefix, digits = "SOA-", 5
	for {
		i := strings.Index(s, prefix)
		if i < 0 {
			return ""
		}
		s = s[i+len(prefix):]
		n := len(s) - len(strings.TrimLeft(s, "0123456789"))
		if n == digits {
			return prefix + s[:digits]
		}
	}
}

// child gives the first child element with a local name, nil when there is none.
func child(el *etree.Element, local string) *etree.Element {
	for _, c := range el.ChildElements() {
		if c.Tag == local {
			return c
		}
	}
	return nil
}

// text gives the trimmed, bounded text of an element, "" of none.
func text(el *etree.Element) string {
	if el == nil {
		return ""
	}
	return cut(strings.TrimSpace(el.Text()))
}

func cut(s string) string {
	if len(s) > maxFaultText {
		s = strings.ToValidUTF8(s[:maxFaultText], "")
	}
	return s
}

// WriteFault gives an envelope with a fault, for servers. The detail is left out when there is no SOA code.
func WriteFault(f Fault) ([]byte, error) {
	doc := etree.NewDocument()
	envelope := doc.CreateElement("soapenv:Envelope")
	envelope.CreateAttr("xmlns:soapenv", nsSOAP)
	fault := envelope.CreateElement("soapenv:Body").CreateElement("soapenv:Fault")
	fault.CreateElement("faultcode").SetText("soapenv:" + f.Code)
	fault.CreateElement("faultstring").SetText(f.String)
	if f.SOA == "" {
		return xmldsig.Text(doc)
	}
	kind := "soa:SystemError"
	if f.Business {
		kind = "soa:BusinessError"
	}
	failure := fault.CreateElement("detail").CreateElement(kind)
	failure.CreateAttr("xmlns:soa", "urn:be:fgov:ehealth:errors:soa:v1")
	failure.CreateAttr("Id", f.Ticket)
	failure.CreateElement("Origin").SetText(f.Origin)
	failure.CreateElement("Code").SetText(f.SOA)
	for _, lang := range slices.Sorted(maps.Keys(f.Messages)) {
		m := failure.CreateElement("Message")
		m.CreateAttr("xml:lang", lang)
		m.SetText(f.Messages[lang])
	}
	if f.Retry != nil {
		failure.CreateElement("Retry").SetText(fmt.Sprint(*f.Retry))
	}
	failure.CreateElement("soa:Environment").SetText(f.Environment)
	return xmldsig.Text(doc)
}
