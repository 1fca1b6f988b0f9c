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

// addressed is the client of the services of the profile. Without a keystore nothing leaves, and what is issued waits.
func (s *Session) addressed(ctx context.Context) (outbox.Remote, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.platform != nil {
		return s.platform, nil
	}
	settings, err := s.settings()
	if err != nil {
		return nil, err
	}
	doctor, err := s.doctor(ctx)
	var code rx.Code
	switch code = rx.CodeOf(err); {
	case err == nil:
	case code == CodeNoIdentity || errors.Is(err, identity.ErrNoSigner) || errors.Is(err, identity.ErrHolder):
		return nobody{}, nil
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
	s.platform = &platform{client, func() error { return nil }}
	return s.platform, nil
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
		Form: sts.Form(p.STSForm), Suite: suites[p.Signature], Transport: soap.Transport{UserAgent: program}, Reason: sts.NoReader, Heard: s.heard,
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

// nobody makes no calls: there is no keystore in whose name.
type nobody struct{}

func (nobody) Do(context.Context, rx.Call) rx.Reply {
	return rx.Reply{Result: rx.ResultNotSent, Why: WhyNoIdentity}
}
