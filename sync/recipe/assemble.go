package recipe

import (
	"context"
	"io"
	"sync"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/kgss"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
)

// Settings are what a profile says of the platform, and of the program to it.
type Settings struct {
	STS, ETK, KGSS, Prescriber string // end points
	Anchors                    trust.Sets
	Service                    etk.Identifier // Recip-e at the depot
	Form                       sts.Form       // WS-Trust when empty
	STSSubject                 string         // of the certificate that signs tokens (sts.Client.Subject), "": whoever lies below the anchors of the STS
	Suite                      xmldsig.Suite  // SHA-256 when empty
	Transport                  soap.Transport // its anchors are those of the set
	Profile                    Profile
	Reason                     sts.Reason // why sessions are opened with the keystore alone
	// Heard is told of each request to the STS and to the depot, and whether it gave what it is there for, nil: nobody listens. What the engine asks for it sees itself.
	Heard func(s rx.Service, reached bool, why string)
	// Places tell where Recip-e is now, nil: always at Prescriber.
	Places Places
}

// Places are the end points that the platform publishes; *servicelist.Keeper fits, narrowed to addresses that may be called.
type Places interface {
	// Active is where a service is now, "" when nothing is known.
	Active(service string) string
	// Refresh asks for news, in its own pace.
	Refresh(ctx context.Context) error
}

// RecipE is Recip-e at the ETK depot (recipe protocol §2.4).
var RecipE = etk.Identifier{Type: "CBE", Value: "0823257311"}

// Doctor is in whose name calls are made.
type Doctor struct {
	SSIN       string // of the certificate
	NIHII      string // that sessions must certify
	Signing    etee.Credential
	Decryption []etee.DecryptionKey
}

// New assembles a client. clock is that of this computer; random is read under a lock; cache keeps encryption tokens and the
// session for outages, nil: as long as the client lives.
func New(s Settings, d Doctor, clock func() time.Time, random io.Reader, cache etk.Cache) *Client {
	random = &locked{from: random}
	server := &serverClock{ours: clock}
	if cache == nil {
		cache = &memory{}
	}
	heard := s.Heard
	if heard == nil {
		heard = func(rx.Service, bool, string) {}
	}
	s.Transport.Anchors = s.Anchors.For(trust.TLS)
	holders := s.Anchors.For(trust.Recipe) // of eHealth certificates: who seals and signs contents there
	soapClient := &soap.Client{Transport: s.Transport, Clock: server.now, Suite: s.Suite, Told: server.told}
	depot := &etk.Depot{Client: soapClient, URL: s.ETK, Anchors: etk.Anchors{Authority: s.Anchors.For(trust.ETKAuthority), Holders: holders}, Cache: cache, Clock: server.now,
		Told: func(err error) {
			if waitedFor(err) {
				why := heardDepot(err)
				heard(rx.ETKDepot, why == "", why)
			}
		}}
	sealer := etee.Sealer{Policy: etee.EHealthCertificate, Sender: d.Signing, Clock: server.now, Rand: random}
	unsealer := etee.Unsealer{Keys: d.Decryption, Anchors: s.Anchors.For(trust.KGSS), Clock: server.now, Rand: random}
	contents := etee.Unsealer{Keys: d.Decryption, Anchors: holders, Clock: server.now, Rand: random}
	tokens := keptSession{heard, cache, &sts.Client{
		SOAP: soapClient, URL: s.STS, Form: s.Form, Anchors: s.Anchors.For(trust.STS), Subject: s.STSSubject, Holder: d.Signing, Profession: sts.Doctor, SSIN: d.SSIN,
		NIHII: d.NIHII, Clock: server.now, Rand: random,
	}}
	session := &sts.Session{Reason: s.Reason, Clock: server.now, STS: tokens}
	own := etk.Identifier{Type: "SSIN", Value: d.SSIN}
	return &Client{
		warm: []etk.Identifier{s.Service, kgss.Service, own}, places: s.Places, clock: server, Soap: *soapClient, URL: s.Prescriber, Depot: depot, Service: s.Service, Sealer: sealer, Contents: contents, Profile: s.Profile, Rand: random,
		Session: session, restore: func(ctx context.Context) {
			if token := tokens.kept(ctx); token != nil {
				session.Restore(token)
			}
		},
		Keys: &kgss.Client{SOAP: soapClient, URL: s.KGSS, Depot: depot, Own: own, Sealer: sealer, Unsealer: unsealer},
	}
}

// serverClock estimates the platform's clock from what its answers say: our own may be wrong, and what is signed must be signed by theirs.
type serverClock struct {
	ours func() time.Time

	mu     sync.Mutex
	offset time.Duration
}

func (c *serverClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ours().Add(c.offset)
}

// ahead is how much theirs is ahead of ours.
func (c *serverClock) ahead() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// told hears a Date, which is cut to seconds.
func (c *serverClock) told(server time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = server.Add(time.Second / 2).Sub(c.ours())
}

// memory keeps encryption tokens as long as the program runs.
type memory struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept[key], nil
}

func (m *memory) Put(_ context.Context, key string, token []byte, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[string][]byte{}
	}
	m.kept[key] = token
	return nil
}

// locked lets several callers read one source of randomness.
type locked struct {
	mu   sync.Mutex
	from io.Reader
}

func (l *locked) Read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.from.Read(b)
}
