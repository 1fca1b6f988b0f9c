package wiring

import (
	"context"
	"errors"

	"relais/app/config"
	"relais/app/rx"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/identity"
	"relais/sync/ehealth/servicelist"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/outbox"
	"relais/sync/recipe"
)

// Services at the addresses of a profile, in the name of the doctor whose keystore the directory keeps.

// WhyNoIdentity is the class of a call that was not made: no keystore is kept, or none that may sign now.
const WhyNoIdentity = "identity"

// addressed is who calls the services of the profile, in the name of the holder of the keystore that the directory keeps at each call. Without a keystore
// nothing leaves, and what is issued waits.
func (s *Session) addressed(ctx context.Context) (outbox.Remote, error) {
	_, err := s.current(ctx)
	return holder{s}, err
}

type holder struct{ s *Session }

func (h holder) Do(ctx context.Context, call rx.Call) rx.Reply {
	p, err := h.s.current(ctx)
	if err != nil || p.Client == nil { // none is kept, or what is kept cannot be read
		return rx.Reply{Result: rx.ResultNotSent, Why: WhyNoIdentity}
	}
	return p.Do(ctx, call)
}

// current is the client of the keystore that is kept now: the same one until another keystore is kept, by whichever process. What an earlier one has on
// the way it finishes.
func (s *Session) current(ctx context.Context) (*platform, error) {
	version, err := s.db.SettingVersion(ctx, settingIdentity)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.platform != nil && s.platform.keystore == version {
		return s.platform, nil
	}
	client, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	if s.platform != nil {
		close(s.platform.replaced)
	}
	s.platform = &platform{Client: client, stop: func() error { return nil }, keystore: version, replaced: make(chan struct{})}
	return s.platform, nil
}

// follow takes a keystore that was changed meanwhile, and tells whether it was.
func (s *Session) follow(ctx context.Context) bool {
	if s.Profile.Platform == nil {
		return false
	}
	s.mu.Lock()
	before := s.platform
	s.mu.Unlock()
	now, err := s.current(ctx)
	return err == nil && now != before
}

// client is made from what is kept: nil without a keystore that may sign.
func (s *Session) client(ctx context.Context) (*recipe.Client, error) {
	settings, err := s.settings()
	if err != nil {
		return nil, err
	}
	doctor, err := s.doctor(ctx)
	switch {
	case err == nil:
	case rx.CodeOf(err) == CodeNoIdentity || errors.Is(err, identity.ErrNoSigner) || errors.Is(err, identity.ErrHolder):
		return nil, nil
	default:
		return nil, err
	}
	cache := &sealedCache{keep: s.db}
	if list := s.Profile.Platform.Endpoints.ServiceList; list != "" {
		transport := settings.Transport
		transport.Anchors = settings.Anchors.For(trust.TLS)
		keeper := &servicelist.Keeper{URL: list, Anchors: settings.Anchors.For(trust.ServiceList), Clock: s.dir.Now, Cache: cache,
			Get: func(ctx context.Context, address string) ([]byte, error) { return transport.Get(ctx, address, maxList) }}
		keeper.Load(ctx)
		settings.Places = places{keeper, s.Profile.Platform}
	}
	client := recipe.New(settings, doctor, s.dir.Now, s.dir.Rand, cache)
	client.Restore(ctx)
	return client, nil
}

// maxList is the length in bytes of the longest service list that is read.
const maxList = 1 << 20

// places are the end points of the service list that the profile allows.
type places struct {
	*servicelist.Keeper
	platform *config.Platform
}

func (p places) Active(service string) string {
	url := p.Keeper.Active(service)
	if url == "" || !p.platform.Allows(url) {
		return ""
	}
	return url
}

// settings are what the profile says of its services.
func (s *Session) settings() (recipe.Settings, error) {
	p := s.Profile.Platform
	sets, err := anchorsOf(p)
	if err != nil {
		return recipe.Settings{}, err
	}
	service := recipe.RecipE
	if r := p.Recipe; r != nil {
		service = etk.Identifier{Type: r.Type, Value: r.Value, Application: r.Application}
	}
	program := programID
	if p.Vendor != "" {
		program = p.Vendor + "/" + software.Version
	}
	return recipe.Settings{
		STS: p.Endpoints.STS, ETK: p.Endpoints.ETK, KGSS: p.Endpoints.KGSS, Prescriber: p.Endpoints.Prescriber, Anchors: sets, Service: service,
		Form: sts.Form(p.STSForm), STSSubject: p.STSSubject, Suite: suites[p.Signature], Transport: soap.Transport{UserAgent: program}, Reason: sts.NoReader, Heard: s.heard,
		Profile: recipe.Profile{ProgramID: program, PrescriptionVersion: p.PrescriptionVersion},
	}, nil
}

var suites = map[string]xmldsig.Suite{config.SHA256: xmldsig.RSASHA256, config.SHA1: xmldsig.RSASHA1}

// anchorsOf reads the six sets of a profile: CodeAnchors.
func anchorsOf(p *config.Platform) (trust.Sets, error) {
	texts := map[trust.Purpose][]byte{}
	for purpose, text := range p.Anchors {
		texts[trust.Purpose(purpose)] = []byte(text)
	}
	sets, err := trust.SetsOf(texts, p.SimulatedMark)
	if err != nil {
		return sets, rx.Fault(config.CodeAnchors).At("$.platform.anchors").Because(err)
	}
	return sets, nil
}

// doctor is in whose name calls are made: the holder of the kept keystore.
func (s *Session) doctor(ctx context.Context) (d recipe.Doctor, err error) {
	id, err := s.Credentials(ctx)
	if err != nil {
		return d, err
	}
	signing, err := id.Signing()
	if err != nil {
		return d, err
	}
	holder, err := id.Holder()
	if err != nil {
		return d, err
	}
	if holder.SSIN() == "" {
		return d, rx.Fault(CodeNoIdentity)
	}
	practice, err := s.Service.Practice(ctx)
	if err != nil {
		return d, err
	}
	return recipe.Doctor{SSIN: holder.SSIN(), NIHII: string(practice.Prescriber.NIHII), Signing: signing, Decryption: id.Decryption()}, nil
}
