package simulator

import (
	"encoding/base64"
	"strings"

	"github.com/beevik/etree"

	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/xmldsig"
)

const (
	nsDepot   = "urn:be:fgov:ehealth:etkdepot:1_0:protocol"
	nsCommons = "urn:be:fgov:ehealth:commons:1_0:core"
)

var depotShape = once(nsDepot, "GetEtkRequest", elements,
	once(nsDepot, "SearchCriteria", elements,
		once(nsDepot, "Identifier", elements, once(nsDepot, "Type", word), once(nsDepot, "Value", word), once(nsDepot, "ApplicationID", word).optional()).times(1, 0)))

// invalidNumbers are the depot's codes for numbers of a wrong form, and the digits that are right.
var invalidNumbers = map[string]struct {
	code   string
	digits int
}{
	"CBE": {"INVALID_CBE_NUMBER", 10}, "SSIN": {"INVALID_SSIN_NUMBER", 11}, "NIHII": {"INVALID_NIHII_NUMBER", 8},
	"NIHII-PHARMACY": {"INVALID_NIHII_NUMBER", 8},
}

// getETK is GetEtk of the ETK depot (recipe protocol §2.4): no security, no SOAPAction.
func (s *Simulator) getETK(c *call) reply {
	request := c.content()
	if wrong := depotShape.fits(request); wrong != "" {
		return c.fault(soaNotSchema, "["+wrong+"]")
	}
	criteria := child(request, nsDepot, "SearchCriteria").ChildElements()
	if len(criteria) != 1 {
		return c.etkAnswer("300", "NO_MATCHING_ETK", nil)
	}
	id := etk.Identifier{Type: textOf(criteria[0], "Type"), Value: textOf(criteria[0], "Value"), Application: textOf(criteria[0], "ApplicationID")}
	if rule, known := invalidNumbers[id.Type]; known && (len(id.Value) != rule.digits || strings.Trim(id.Value, "0123456789") != "") {
		return c.etkAnswer("300", rule.code, nil)
	}
	token := c.pki.token(id)
	if token == nil || c.fate.Twist.Refuse {
		return c.etkAnswer("300", "NO_MATCHING_ETK", nil)
	}
	return c.etkAnswer("200", "", token)
}

func (s *Simulator) depotRefused(c *call) reply { return c.etkAnswer("500", "", nil) }

// etkAnswer is a GetEtkResponse: a token, or an error by its code.
func (c *call) etkAnswer(status, refusal string, token []byte) reply {
	doc := etree.NewDocument()
	root := doc.CreateElement("e:GetEtkResponse")
	root.CreateAttr("xmlns:e", nsDepot)
	root.CreateAttr("Id", c.id("_"))
	st := root.CreateElement("c:Status")
	st.CreateAttr("xmlns:c", nsCommons)
	st.CreateElement("Code").SetText(status)
	message := st.CreateElement("Message")
	message.CreateAttr("Lang", "EN")
	message.SetText(map[string]string{"200": "Success"}[status])
	if given := child(c.content(), nsDepot, "SearchCriteria"); given != nil {
		criteria := root.CreateElement("e:GivenSearchCriteria")
		for _, each := range given.ChildElements() {
			id := criteria.CreateElement("e:Identifier")
			for _, field := range each.ChildElements() {
				id.CreateElement("e:" + field.Tag).SetText(field.Text())
			}
		}
	}
	switch {
	case token != nil:
		root.CreateElement("e:ETK").SetText(base64.StdEncoding.EncodeToString(token))
	case refusal != "":
		el := root.CreateElement("e:Error")
		el.CreateElement("e:Code").SetText(refusal)
		el.CreateElement("e:Message").SetText(refusal)
	}
	return c.envelop(xmldsig.Text(doc))
}
