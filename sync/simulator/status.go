package simulator

import (
	"encoding/json"
	"net/http"
	"slices"

	"relais/app/rx"
	"relais/sync/simulator/world"
)

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
	outages = []world.Kind{world.RefuseConnect, world.TLSFail, world.Hang, world.HTTP502, world.HTTP503, "soa-02001", "soa-02002", world.Unspecified}
	slowly  = []world.Kind{world.Slow, world.Late}
)

// storage is what this simulator has besides the platform: whether it can keep what it is told.
func (s *Simulator) storage() string {
	switch aside, err := s.world.Aside(s.clock.Now()); {
	case err != nil:
		return majorOutage
	case aside > 0 || s.world.Err() != nil:
		return degraded
	}
	return operational
}

// serveStatus tells of each service what the fault plan in force makes of it as a whole: as the platform's page it knows
// nothing of faults that strike single calls.
func (s *Simulator) serveStatus(w http.ResponseWriter, _ *http.Request) {
	faults, err := s.world.InForce(s.clock.Now())
	if err != nil {
		faults = []world.Fault{{Kind: world.Unspecified}} // what its services answer then
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
	state := s.storage()
	list = append(list, component{len(list) + 1, "Stockage du simulateur", "Opslag van de simulator", "Simulateur", "Simulator", state, stateCodes[state], instant(s.now())})
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(list) // the caller's loss
}
