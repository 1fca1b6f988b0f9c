package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/beevik/etree"

	"relais/app/rx"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/simulator/world"
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

// serviceList is the list of end points (recipe protocol §6.3), signed.
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
	signature, err := xmldsig.SignEnveloped(s.pki.list.key, xmldsig.RSASHA256, root)
	if err != nil {
		return nil, err
	}
	keyInfo(signature, s.pki.list.cert)
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

// component is a line of the platform's status page (workflow facts §3.1).
type component struct {
	ID          int    `json:"id"`
	NameFR      string `json:"name_fr"`
	NameNL      string `json:"name_nl"`
	GroupFR     string `json:"group_name_fr"`
	GroupNL     string `json:"group_name_nl"`
	StatusName  string `json:"status_name"`
	StatusCode  int    `json:"status_code"`
	LastUpdated string `json:"last_updated"`
}

// States of a component.
const (
	operational = "operational"
	degraded    = "degraded performance"
	majorOutage = "major outage"
)

var stateCodes = map[string]int{operational: 1, degraded: 2, majorOutage: 4}

// outages are the kinds of fault that the platform would show as an outage, and as slow.
var (
	outages = []world.Kind{world.RefuseConnect, world.TLSFail, world.Hang, world.HTTP502, world.HTTP503, "soa-02001", "soa-02002", "soa-00001"}
	slowly  = []world.Kind{world.Slow, world.Late}
)

// serveStatus tells of each service what the fault plan in force makes of it as a whole: as the platform's page it knows
// nothing of faults that strike single calls.
func (s *Simulator) serveStatus(w http.ResponseWriter, _ *http.Request) {
	faults, err := s.world.InForce(s.clock.Now())
	if err != nil {
		http.Error(w, "no status", http.StatusInternalServerError)
		return
	}
	list := []component{}
	for i, each := range []struct {
		service rx.Service
		fr, nl  string
	}{
		{rx.Recipe, "Recip-e", "Recip-e"}, {rx.KGSS, "Gestion des clés (KGSS)", "Sleutelbeheer (KGSS)"},
		{rx.STS, "Service de jetons (STS)", "Tokendienst (STS)"}, {rx.ETKDepot, "Dépôt de clés (ETK)", "Sleuteldepot (ETK)"},
	} {
		state := operational
		for _, f := range faults {
			if f.Count > 0 || f.Operation != "" || f.Service != "" && f.Service != each.service {
				continue
			}
			if slices.Contains(outages, f.Kind) {
				state = majorOutage
			} else if slices.Contains(slowly, f.Kind) && state == operational {
				state = degraded
			}
		}
		list = append(list, component{i + 1, each.fr, each.nl, "Services de base", "Basisdiensten", state, stateCodes[state], instant(s.now())})
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(list) // the caller's loss
}
