package wire

import (
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/xmldsig"
)

// Request is what stands in the body of a call.
type Request struct {
	Operation      Operation
	ID             string // of the message; the service is not known to look at it
	IssueInstant   DateTime
	ProgramID      string // vendor/version
	Secured        Bytes  // the sealed parameter
	Administrative *Administrative
}

// Administrative is what the service reads of a create without unsealing it, and of a change of visibility.
type Administrative struct {
	PrescriptionType       string  // create only
	PrescriptionVersion    string  // kmehr_1.29
	ReferenceSourceVersion string  // samv2:…, or Unknown
	KeyID                  Private // create only: the text that stands as keyId in the parameter too
}

// Encode writes the request as one XML element with its namespaces.
func (r Request) Encode() ([]byte, error) {
	root := outer(r.Operation.Element + "Request")
	root.CreateAttr("Id", r.ID)
	root.CreateAttr("IssueInstant", text(r.IssueInstant))
	root.CreateAttr("ProgramId", r.ProgramID)
	secured(root, r.Operation.Element+"Request", r.Secured)
	if a := r.Administrative; a != nil {
		info := root.CreateElement("AdministrativeInformation")
		if r.Operation == CreatePrescription {
			info.CreateElement("PrescriptionType").SetText(a.PrescriptionType)
		}
		info.CreateElement("PrescriptionVersion").SetText(a.PrescriptionVersion)
		info.CreateElement("ReferenceSourceVersion").SetText(a.ReferenceSourceVersion)
		if r.Operation == CreatePrescription {
			info.CreateElement("KeyIdentifier").SetText(text(Bytes(a.KeyID))) // base64 of what is base64 already
		}
	}
	return xmldsig.Text(root.document())
}

// ParseRequest reads the content of a call's body.
func ParseRequest(el *etree.Element) (r Request, err error) {
	op, known := OperationOf(el.Tag)
	if !known || el.NamespaceURI() != outerNamespace {
		return r, form("no request of the prescriber's operations")
	}
	r = Request{Operation: op, ID: el.SelectAttrValue("Id", ""), ProgramID: el.SelectAttrValue("ProgramId", "")}
	if err := r.IssueInstant.UnmarshalText([]byte(el.SelectAttrValue("IssueInstant", ""))); err != nil {
		return r, form("IssueInstant is not a moment")
	}
	if err := once(el); err != nil {
		return r, err
	}
	if r.Secured, err = contentOf(el, op.Element+"Request"); err != nil {
		return r, err
	}
	if r.Secured == nil {
		return r, form("SecuredContent lacks")
	}
	info := child(el, "AdministrativeInformation")
	if info == nil {
		return r, nil
	}
	var key Bytes
	if err := key.UnmarshalText([]byte(childText(info, "KeyIdentifier"))); err != nil {
		return r, form("KeyIdentifier is not base64")
	}
	r.Administrative = &Administrative{childText(info, "PrescriptionType"), childText(info, "PrescriptionVersion"),
		childText(info, "ReferenceSourceVersion"), Private(key)}
	return r, nil
}

// Response is what stands in the body of an answer.
type Response struct {
	Operation    Operation
	ID           string
	InResponseTo string // the request's ID; may be absent, and may be another number where something between the two has written its own
	IssueInstant DateTime
	Status       OuterStatus
	Secured      Bytes // the result under the SymmKey; nil: none, as may be with an error
}

// OuterStatus is the status of the platform's side, in code values of eHealth.
type OuterStatus struct {
	Codes   []string // the outer one first, and those in it
	Message Private
}

// Success is the code of an outer status that is good.
const Success = "urn:be:fgov:ehealth:2.0:status:Success"

// Good tells that the platform has passed the call on and has its answer. The result inside has a status of its own.
func (s OuterStatus) Good() bool {
	return len(s.Codes) > 0 && slices.Contains([]string{Success, "100", "200"}, s.Codes[0])
}

// Encode writes the response as one XML element with its namespaces.
func (r Response) Encode() ([]byte, error) {
	root := outer(r.Operation.Element + "Response")
	root.CreateAttr("xmlns:c", statusNamespace)
	root.CreateAttr("Id", r.ID)
	if r.InResponseTo != "" {
		root.CreateAttr("InResponseTo", r.InResponseTo)
	}
	root.CreateAttr("IssueInstant", text(r.IssueInstant))
	status := root.CreateElement("c:Status")
	at := status
	for _, code := range r.Status.Codes {
		at = at.CreateElement("c:StatusCode")
		at.CreateAttr("Value", code)
	}
	if r.Status.Message != "" {
		status.CreateElement("c:StatusMessage").SetText(string(r.Status.Message))
	}
	if r.Secured != nil {
		secured(root, r.Operation.Element+"Response", r.Secured)
	}
	return xmldsig.Text(root.document())
}

// To tells whether a response says that it answers the request id, or does not say. What is in Secured is bound to its call by the
// SymmKey, whatever stands here.
func (r Response) To(id string) bool { return r.InResponseTo == "" || r.InResponseTo == id }

// ParseResponse reads the content of an answer's body, which must be that of the operation.
func ParseResponse(op Operation, el *etree.Element) (r Response, err error) {
	if el.Tag != op.Element+"Response" || el.NamespaceURI() != outerNamespace {
		return r, form("the answer is not that of %s", op.Name)
	}
	if err := once(el); err != nil {
		return r, err
	}
	r = Response{Operation: op, ID: el.SelectAttrValue("Id", ""), InResponseTo: el.SelectAttrValue("InResponseTo", "")}
	// It may serve as the server's clock: one without a zone is not guessed at.
	r.IssueInstant.Time, _ = time.Parse(time.RFC3339Nano, el.SelectAttrValue("IssueInstant", ""))
	status := child(el, "Status")
	if status == nil || status.NamespaceURI() != statusNamespace {
		return r, form("the answer has no status")
	}
	for at := child(status, "StatusCode"); at != nil; at = child(at, "StatusCode") {
		r.Status.Codes = append(r.Status.Codes, at.SelectAttrValue("Value", ""))
	}
	if len(r.Status.Codes) == 0 {
		return r, form("the status has no code")
	}
	r.Status.Message = Private(childText(status, "StatusMessage"))
	r.Secured, err = contentOf(el, op.Element+"Response")
	return r, err
}

// contentOf gives the secured content of a request or response, nil when there is none.
func contentOf(el *etree.Element, name string) (Bytes, error) {
	holder := child(el, "Secured"+name)
	if holder == nil {
		return nil, nil
	}
	content := child(holder, "SecuredContent")
	if content == nil {
		return nil, form("SecuredContent lacks")
	}
	b := Bytes{}
	if err := b.UnmarshalText([]byte(content.Text())); err != nil {
		return nil, form("SecuredContent is not base64")
	}
	if len(b) == 0 {
		return nil, form("SecuredContent is empty")
	}
	return b, nil
}

// rootElement is the root of an outer message: it alone is in the namespace, by a prefix, and what is below it in none.
type rootElement struct{ *etree.Element }

func outer(name string) rootElement {
	root := etree.NewElement("p:" + name)
	root.CreateAttr("xmlns:p", outerNamespace)
	return rootElement{root}
}

func (r rootElement) document() *etree.Document {
	doc := etree.NewDocument()
	doc.SetRoot(r.Element)
	return doc
}

func secured(root rootElement, name string, content Bytes) {
	root.CreateElement("Secured" + name).CreateElement("SecuredContent").SetText(text(content))
}

// text is a value as it stands in XML; these never fail to be written.
func text(v interface{ MarshalText() ([]byte, error) }) string {
	b, _ := v.MarshalText()
	return string(b)
}

func child(el *etree.Element, tag string) *etree.Element {
	for _, c := range el.ChildElements() {
		if c.Tag == tag {
			return c
		}
	}
	return nil
}

func childText(el *etree.Element, tag string) string {
	if c := child(el, tag); c != nil {
		return strings.TrimSpace(c.Text())
	}
	return ""
}
