package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/beevik/etree"

	"relais/sync/ehealth/xmldsig"
)

// switchList lets the service list name the alternate end point of Recip-e as the active one, or the default again.
func (s *Simulator) switchList(alternate bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alternate = alternate
}

// addresses are where clients find the services: where it listens, else inside the process.
func (s *Simulator) addresses() (ends Endpoints, alternate bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ends == (Endpoints{}) {
		return s.Inside(), s.alternate
	}
	return s.ends, s.alternate
}

// serviceList is the list of end points (recipe protocol §6.3), signed with XAdES properties.
func (s *Simulator) serviceList() ([]byte, error) {
	ends, alternate := s.addresses()
	doc := etree.NewDocument()
	root := doc.CreateElement("ServiceList")
	root.CreateAttr("xmlns", "urn:be:fgov:ehealth:bcp:protocol:v1")
	root.CreateAttr("Environment", "Simulation")
	root.CreateAttr("Id", s.id("_"))
	root.CreateAttr("IssueInstant", instant(s.now()))
	const business = "uddi:ehealth-fgov-be:business:"
	for _, each := range []struct {
		id, name string
		urls     []string
	}{
		{"kgss:v1", "ETEE KGSS V1", []string{ends.KGSS}},
		{"etkdepot:v1", "ETEE ETKDEPOT V1", []string{ends.ETK}},
		{"iamsaml11tokenservice:v1", "I.AM STS SAML11", []string{ends.STSLegacy}},
		{"iamsecuritytokenservice:v1", "I.AM STS WSTRUST", []string{ends.STS}},
		{"recip-eprescriber:v4", "RECIP-E Prescriber v4", []string{ends.Prescriber, ends.Alternate}},
	} {
		service := root.CreateElement("Service")
		service.CreateAttr("Id", business+each.id)
		service.CreateAttr("Name", each.name)
		active := 0
		if alternate && len(each.urls) > 1 {
			active = 1
		}
		for order, url := range each.urls {
			el := service.CreateElement("Endpoint")
			el.CreateAttr("Order", string(rune('0'+order)))
			el.CreateAttr("Status", map[bool]string{true: "ACTIVE", false: "INACTIVE"}[order == active])
			el.SetText(url)
		}
	}
	signature, err := xmldsig.SignQualified(s.pki.list.key, s.pki.list.cert, root, s.now(), s.id("xmldsig-"))
	if err != nil {
		return nil, err
	}
	root.AddChild(signature)
	return xmldsig.Text(doc)
}

// published keeps the list until something of it changes, so that its hash stays.
func (s *Simulator) publishedList() ([]byte, error) {
	ends, alternate := s.addresses()
	s.listMu.Lock()
	defer s.listMu.Unlock()
	if s.list != nil && s.listFor == ends && s.listSwitched == alternate {
		return s.list, nil
	}
	list, err := s.serviceList()
	if err == nil {
		s.list, s.listFor, s.listSwitched = list, ends, alternate
	}
	return list, err
}

func (s *Simulator) serveList(w http.ResponseWriter, _ *http.Request) {
	list, err := s.publishedList()
	if err != nil {
		http.Error(w, "no list", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write(list)
}

// serveListHash gives what changes with the list: its SHA-256 (recipe protocol §7, line 18: the real form is not known).
func (s *Simulator) serveListHash(w http.ResponseWriter, _ *http.Request) {
	list, err := s.publishedList()
	if err != nil {
		http.Error(w, "no list", http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(list)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(hex.EncodeToString(sum[:])))
}
