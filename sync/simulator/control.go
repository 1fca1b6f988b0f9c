package simulator

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/etk"
	"relais/sync/simulator/world"
)

// Paths beside the services.
const (
	pathFaults     = "/control"
	pathPharmacist = "/pharmacist"
	pathPatient    = "/patient"
	pathList       = "/servicelist"
	pathStatus     = "/fr/api/components/prod"
)

// controls is everything that is no service of the platform: plain JSON, for this computer alone.
func (s *Simulator) controls() http.Handler {
	mux := http.NewServeMux()
	handle(mux, "GET "+pathFaults, func(struct{}) (any, error) { return s.plan() })
	handle(mux, "POST "+pathFaults, func(p Plan) (any, error) {
		if err := s.SetPlan(p); err != nil {
			return nil, err
		}
		return s.plan()
	})
	handle(mux, "GET "+pathFaults+"/settings", func(struct{}) (any, error) { return s.settings() })
	handle(mux, "POST "+pathFaults+"/settings", func(q settings) (any, error) {
		if err := s.set(q); err != nil {
			return nil, err
		}
		return s.settings()
	})
	handle(mux, "GET "+pathFaults+"/knobs", func(struct{}) (any, error) { return s.knobs, nil })
	handle(mux, "GET "+pathFaults+"/records", func(struct{}) (any, error) { return s.records() })
	handle(mux, "POST "+pathFaults+"/people", func(p Person) (any, error) {
		if _, err := rx.ParseSSIN(p.SSIN); err != nil {
			return nil, rx.Fault(rx.CodeOf(err)).At("$.ssin")
		}
		s.Admit(p)
		return p, nil
	})
	handle(mux, "POST "+pathFaults+"/etk", func(q struct {
		ETK []byte `json:"etk"`
	}) (any, error) {
		id, err := s.publish(q.ETK)
		return map[string]string{"type": id.Type, "value": id.Value, "application": id.Application}, err
	})
	handle(mux, "POST "+pathFaults+"/service-list", func(q struct {
		Prescriber string `json:"prescriber"` // "default" or "alternate"
	}) (any, error) {
		if q.Prescriber != "default" && q.Prescriber != "alternate" {
			return nil, rx.Fault(rx.CodeNotInList, "list", "default, alternate").At("$.prescriber")
		}
		s.switchList(q.Prescriber == "alternate")
		return q, nil
	})
	s.pharmacistSide(mux)
	s.patientSide(mux)
	mux.HandleFunc("GET "+pathList, s.serveList)
	mux.HandleFunc("GET "+pathList+".xml", s.serveList)
	mux.HandleFunc("GET "+pathList+".sha2", s.serveListHash)
	mux.HandleFunc("GET "+pathStatus, s.serveStatus)
	mux.HandleFunc("GET /nl/api/components/prod", s.serveStatus)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopbackHost(r.Host) || r.Header.Get("Origin") != "" { // no page of a browser, whatever its name resolves to
			http.Error(w, "for programs on this computer", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// handle answers requests whose body is JSON, or nothing for GET, with JSON.
func handle[Q any](mux *http.ServeMux, pattern string, answer func(Q) (any, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		var q Q
		if r.Method != http.MethodGet {
			d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
			d.DisallowUnknownFields()
			err := d.Decode(&q)
			if err == nil && d.Decode(new(any)) != io.EOF {
				err = errors.New("more than one value")
			}
			if err != nil {
				tell(w, http.StatusBadRequest, map[string]any{"errors": []refusal{{Code: "json-form", Detail: []string{err.Error()}}}})
				return
			}
		}
		v, err := answer(q)
		if err != nil {
			status, refusals := refusalsOf(err)
			tell(w, status, map[string]any{"errors": refusals})
			return
		}
		tell(w, http.StatusOK, v)
	})
}

// badToken is an encryption token that nobody below the authorities of clients vouches for.
type badToken struct{ reasons []string }

func (badToken) Error() string { return "simulator: the encryption token is not trusted" }

// publish puts an encryption token into the depot when it is sound, as one that comes to the KGSS must be.
func (s *Simulator) publish(token []byte) (etk.Identifier, error) {
	t, err := etk.Parse(token)
	if err != nil {
		return etk.Identifier{}, &badToken{[]string{err.Error()}}
	}
	if found := t.Check(etk.Anchors{Authority: s.clients, Holders: s.clients}, s.now()); len(found) > 0 {
		bad := &badToken{}
		for _, f := range found {
			bad.reasons = append(bad.reasons, f.String())
		}
		return etk.Identifier{}, bad
	}
	return s.pki.Publish(token)
}

// refusal is what is wrong with a request: a code, the place of it (JSON path), what the code is about.
type refusal struct {
	Code   rx.Code  `json:"code"`
	Path   string   `json:"path,omitempty"`
	Detail []string `json:"detail,omitempty"`
}

func refusalsOf(err error) (status int, list []refusal) {
	status = http.StatusUnprocessableEntity
	var faults rx.Faults
	var one *rx.Error
	var bad *badToken
	switch {
	case errors.As(err, &bad):
		list = []refusal{{"etk-not-trusted", "$.etk", bad.reasons}}
	case errors.As(err, &faults):
		for _, f := range faults {
			list = append(list, refusal{f.Code, f.Path, nil})
		}
	case errors.As(err, &one):
		if one.Code == rx.CodeNotFound {
			status = http.StatusNotFound
		}
		list = []refusal{{one.Code, one.Path, nil}}
	default:
		list = []refusal{{Code: rx.CodeInternal, Detail: []string{err.Error()}}}
	}
	return status, list
}

func tell(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // the caller's loss
}

// Plan is a fault plan as its file has it (formats, "Fault plan").
type Plan struct {
	Faults []Fault `json:"faults"`
}

// Fault is an entry of a plan; From and For are lengths of time such as 10m.
type Fault struct {
	Service   rx.Service `json:"service,omitempty"`
	Operation rx.Op      `json:"operation,omitempty"`
	Kind      world.Kind `json:"kind"`
	After     int        `json:"after,omitempty"`
	Count     int        `json:"count,omitempty"`
	From      Span       `json:"from,omitempty"`
	For       Span       `json:"for,omitempty"`
	Met       int        `json:"met,omitempty"` // told, not read: how many calls it has fitted
}

// Span is a length of time as people write it.
type Span time.Duration

func (d Span) MarshalText() ([]byte, error) {
	if d == 0 {
		return nil, nil
	}
	return []byte(time.Duration(d).String()), nil
}

func (d *Span) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	v, err := time.ParseDuration(string(b))
	*d = Span(v)
	return err
}

// SetPlan puts a fault plan in force, in place of the one before.
func (s *Simulator) SetPlan(p Plan) error {
	var list []world.Fault
	for _, f := range p.Faults {
		list = append(list, world.Fault{
			Service: f.Service, Operation: f.Operation, Kind: f.Kind, After: f.After, Count: f.Count, From: time.Duration(f.From), For: time.Duration(f.For),
		})
	}
	return s.world.SetPlan(list, s.clock.Now())
}

func (s *Simulator) plan() (Plan, error) {
	faults, met, err := s.world.Plan()
	p := Plan{Faults: []Fault{}}
	for i, f := range faults {
		p.Faults = append(p.Faults, Fault{f.Service, f.Operation, f.Kind, f.After, f.Count, Span(f.From), Span(f.For), met[i]})
	}
	return p, err
}

// settings are those of the world.
type settings struct {
	Offset        Span `json:"offset"`
	Latency       Span `json:"latency"`
	Page          int  `json:"page"`
	KeepInProcess bool `json:"keep_in_process"`
}

func (s *Simulator) settings() (settings, error) {
	w, err := s.world.Settings()
	return settings{Span(w.Offset), Span(w.Latency), w.Page, w.KeepInProcess}, err
}

func (s *Simulator) set(q settings) error {
	if q.Page < 0 || q.Latency < 0 {
		return rx.Fault(rx.CodeOutOfRange, "min", "0")
	}
	return s.world.Set(world.Settings{Offset: time.Duration(q.Offset), Latency: time.Duration(q.Latency), Page: q.Page, KeepInProcess: q.KeepInProcess})
}

// stored is a record of the ground truth.
type stored struct {
	RID        string        `json:"rid"`
	Prescriber string        `json:"prescriber,omitempty"`
	Patient    string        `json:"patient"`
	Type       string        `json:"type"`
	KeyID      string        `json:"key_id"`
	Local      string        `json:"local,omitempty"` // LOCAL id of the content, when it could be opened
	Created    time.Time     `json:"created"`
	Expires    rx.Date       `json:"expires"`
	Status     rx.Status     `json:"status"`
	Visibility rx.Visibility `json:"visibility"`
	Feedback   bool          `json:"feedback_allowed"`
	Reason     string        `json:"reason,omitempty"` // of a revoke
}

// records is all that the server holds, for tests to count.
func (s *Simulator) records() (any, error) {
	truth, err := s.world.Truth(s.clock.Now())
	list := []stored{}
	for i := range truth.Records {
		r := &truth.Records[i]
		list = append(list, stored{
			string(r.RID), string(r.Prescriber), string(r.Patient), r.Type, string(r.Key), string(r.Local), r.Created, r.Expires, r.StatusAt(truth.Now),
			r.Visibility, r.Feedback, r.Reason,
		})
	}
	return map[string]any{"now": truth.Now, "records": list}, err
}

// certificates is a list of one.
func certificates(c *x509.Certificate) []*x509.Certificate {
	if c == nil {
		return nil
	}
	return []*x509.Certificate{c}
}
