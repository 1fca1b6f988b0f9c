package simulator

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/simulator/world"
)

// Simulator is the platform. It is made by New and serves until Close.
type Simulator struct {
	world *world.World
	pki   *PKI
	clock world.Clock
	rand  io.Reader
	knobs Knobs

	clients *x509.CertPool // authorities of those who may call
	verify  soap.Verifier  // of signed messages; its clock is set for each

	services map[string]service // by path
	control  http.Handler
	network  network

	mu     sync.Mutex
	people map[string]Person // by SSIN
	ends   Endpoints         // where it listens

	listMu       sync.Mutex
	alternate    bool // of the service list: the alternate end point of Recip-e is the active one; under mu
	list         []byte
	listFor      Endpoints
	listSwitched bool
}

// Options of a Simulator.
type Options struct {
	Clock world.Clock         // in which faults take their time
	Rand  io.Reader           // nil: crypto/rand
	Knobs Knobs               // how lenient it is
	Trust []*x509.Certificate // further authorities of clients: test ones
}

// ErrRealAuthority: an authority that clients of the simulation may not come from, because it is one of the real platform, or no authority.
var ErrRealAuthority = errors.New("simulator: not the certificate of a test authority")

// New puts the protocol in front of a world.
func New(w *world.World, p *PKI, o Options) (*Simulator, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	for _, c := range o.Trust {
		if !c.IsCA || realAuthority(c) {
			return nil, ErrRealAuthority
		}
	}
	w.Behind()
	s := &Simulator{world: w, pki: p, clock: o.Clock, rand: &locked{from: o.Rand}, knobs: o.Knobs, people: map[string]Person{}}
	s.clients = trust.SimulatedPool(append(slices.Clone(o.Trust), p.Authority())...)
	suites := []xmldsig.Suite{xmldsig.RSASHA256, xmldsig.RSASHA1}
	if o.Knobs.NoSHA1 {
		suites = suites[:1]
	}
	s.verify = soap.Verifier{Anchors: s.clients, Suites: suites, Tokens: soap.TokenVerifier{Anchors: trust.SimulatedPool(p.Authority()), Signer: p.signsTokens}}
	for _, person := range residents {
		s.people[person.SSIN] = person
	}
	s.services = map[string]service{
		pathSTS:        {rx.STS, s.wsTrust, s.tokenRefused},
		pathSTSLegacy:  {rx.STS, s.samlProtocol, s.tokenRefused},
		pathSTSOlder:   {rx.STS, s.samlProtocol, s.tokenRefused},
		pathETK:        {rx.ETKDepot, s.getETK, s.depotRefused},
		pathKGSS:       {rx.KGSS, s.kgss, s.kgssRefused},
		pathPrescriber: {rx.Recipe, s.recipe, s.outerRefused},
	}
	s.control = s.controls()
	s.network.begin(s)
	return s, nil
}

// Paths of the services, as the platform has them.
const (
	pathSTS        = "/IAM/SecurityTokenService/v1"
	pathSTSLegacy  = "/IAM/Saml11TokenService/v1"
	pathSTSOlder   = "/IAM/Saml11TokenService/Legacy/v1"
	pathETK        = "/EtkDepot/v1"
	pathKGSS       = "/Kgss/v1"
	pathPrescriber = "/Recip-e/v4/Prescriber"
)

// realNames are parts of the names of the real platform's authorities, also of those of its acceptance environment.
var realNames = []string{"zetes", "quovadis", "fedict", "belgium root", "citizen ca", "foreigner ca", "government ca", "globalsign", "fgov.be"}

func realAuthority(c *x509.Certificate) bool {
	names := strings.ToLower(trust.Subject(c))
	return slices.ContainsFunc(realNames, func(name string) bool { return strings.Contains(names, name) })
}

// service is one end point.
type service struct {
	name   rx.Service
	answer func(*call) reply
	refuse func(*call) reply // what its outer-refusal is
}

// reply is what goes back. The zero value is nothing: the connection breaks.
type reply struct {
	status int
	body   []byte
	html   bool
	cut    bool // in its middle
}

// call is one request of a service.
type call struct {
	*Simulator
	ctx     context.Context
	service rx.Service
	action  string // SOAPAction, without quotes
	text    []byte
	message *soap.Message
	fate    world.Fate
	started time.Time     // by the caller's clock
	offset  time.Duration // of the server's clock
	played  bool          // the fate's time has passed
}

// now is the server's clock.
func (c *call) now() time.Time { return c.clock.Now().Add(c.offset) }

// ServeHTTP answers one request.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sv, known := s.services[r.URL.Path]
	if !known {
		s.control.ServeHTTP(w, r)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST", http.StatusMethodNotAllowed)
		return
	}
	if kind, options, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "text/xml" || !strings.EqualFold(cmp.Or(options["charset"], "utf-8"), "utf-8") {
		w.Header().Set("Accept", "text/xml; charset=utf-8")
		http.Error(w, "SOAP 1.1 is text/xml, and here in UTF-8: Content-Type: text/xml; charset=utf-8", http.StatusUnsupportedMediaType)
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(maxRequest)))
	if err != nil {
		panic(http.ErrAbortHandler) // what does not arrive is not answered
	}
	action := strings.Trim(r.Header.Get("SOAPAction"), `"`)
	if s.knobs.ExactAction && r.Header.Get("SOAPAction") != `"`+action+`"` {
		action = "(without its quotes)"
	}
	c := &call{
		Simulator: s, ctx: r.Context(), service: sv.name, action: action,
		text: text, started: s.clock.Now(),
	}
	c.offset = s.offset()
	c.write(w, c.play(sv))
}

// maxRequest is the length in bytes of the longest request that is read.
const maxRequest = 8 << 20

// offset is that of the server's clock.
func (s *Simulator) offset() time.Duration {
	settings, err := s.world.Settings()
	if err != nil {
		return 0
	}
	return settings.Offset
}

// play lets a call meet its fate.
func (c *call) play(sv service) reply {
	var malformed error
	c.message, malformed = soap.Read(c.text, xmldsig.Limits{Bytes: maxRequest})
	op := rx.Op("")
	if malformed == nil {
		op = operationOf(c.message.Content)
	}
	c.fate = c.world.Meet(world.Target{Service: c.service, Op: op}, c.started)
	if c.fate.Protocol == world.ClockOffset {
		c.offset += world.OffsetTime
	}
	answer := c.spoilt(sv)
	if answer.status == 0 {
		if malformed != nil {
			answer = c.malformed(malformed)
		} else {
			answer = sv.answer(c)
		}
	}
	if c.fate.Ends == world.Hangs { // processed or not: nothing comes back
		c.sleep(never)
		return reply{}
	}
	if !c.played && !c.sleep(c.fate.End) || c.fate.Ends == world.Drops {
		return reply{}
	}
	if answer.status == 0 && c.ctx.Err() == nil { // its caller is there and is to be answered: it was not kept
		return c.fault(soaUnspecified, "")
	}
	answer.cut = c.fate.Protocol == world.Truncated
	return answer
}

// never is longer than any caller waits.
const never = 365 * 24 * time.Hour

// sleep waits until so long after the start of the call, and tells whether its caller is still there.
func (c *call) sleep(d time.Duration) bool {
	c.played = true
	if left := d - c.clock.Now().Sub(c.started); left > 0 {
		return c.clock.Sleep(c.ctx, left) == nil
	}
	return true
}

// spoilt gives the answer of a fault that keeps the call from its service.
func (c *call) spoilt(sv service) reply {
	switch kind := c.fate.Protocol; {
	case kind == world.HTTP502:
		return reply{status: http.StatusBadGateway, body: page("502 Bad Gateway"), html: true}
	case kind == world.HTTP503:
		return reply{status: http.StatusServiceUnavailable, body: page("503 Service Unavailable"), html: true}
	case kind == world.Portal:
		return reply{status: http.StatusOK, body: page("Bienvenue sur le réseau / Welkom op het netwerk"), html: true}
	case kind == world.Outer:
		return sv.refuse(c)
	case strings.HasPrefix(string(kind), "soa-"):
		return c.fault(strings.ToUpper(string(kind)), "")
	}
	return reply{}
}

func page(title string) []byte {
	return []byte("<!DOCTYPE html>\n<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n")
}

// write sends an answer, or breaks the connection.
func (c *call) write(w http.ResponseWriter, answer reply) {
	if answer.status == 0 {
		panic(http.ErrAbortHandler)
	}
	kind := "text/xml; charset=utf-8"
	if answer.html {
		kind = "text/html; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Date", c.now().UTC().Format(http.TimeFormat))
	w.WriteHeader(answer.status)
	if answer.cut {
		_, _ = w.Write(answer.body[:len(answer.body)/2]) // the caller's loss, as everything about this answer
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(answer.body)
}

// id gives a fresh identifier, an NCName.
func (s *Simulator) id(prefix string) string {
	b := make([]byte, 16)
	if _, err := io.ReadFull(s.rand, b); err != nil {
		return prefix // an id that stands twice harms nobody
	}
	return prefix + hex.EncodeToString(b)
}

// encryptionOf gives the certificate for which messages to somebody are sealed, nil when the depot has none.
func (s *Simulator) encryptionOf(id etk.Identifier) *x509.Certificate {
	token, err := etk.Parse(s.pki.token(id))
	if err != nil {
		return nil
	}
	return token.Encryption
}
