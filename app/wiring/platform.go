package wiring

import (
	"context"
	"crypto/rand"
	"net"
	"path/filepath"
	"time"

	"relais/app/crash"
	"relais/app/rx"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/outbox"
	"relais/sync/recipe"
	"relais/sync/simulator"
	"relais/sync/simulator/world"
)

// platform is the client of the services: of those at the addresses of the profile; or of simulated ones, inside this process
// behind their real protocol. Several processes may have one each on the same directory: the world and its PKI are the same.
type platform struct {
	*recipe.Client // nil: there is no keystore in whose name calls could be made
	stop           func() error

	keystore int64         // version of the kept keystore that it was made from; of services at addresses alone
	replaced chan struct{} // closed when there is another one; nil: never
}

// programID is what calls say of the program.
var programID = software.Name + "/" + software.Version

// prescriptionVersion is what calls say of the messages in them (recipe protocol §7.3).
const prescriptionVersion = "kmehr_1.29"

// pki is that of the simulated services: that of the directory, made when there is none.
func (d Directory) pki() (*simulator.PKI, error) {
	if d.Protocol.PKI != nil {
		return d.Protocol.PKI, nil
	}
	p, err := simulator.OpenPKI(filepath.Join(d.Data, pkiDir), rand.Reader, d.Protocol.Keys, d.Now())
	if err != nil {
		return nil, rx.Fault(CodePKIDirectory).Because(pathless(err))
	}
	return p, nil
}

// protocol puts client and protocol between the engine and a simulated world. The doctor is the one who lives in the
// simulation.
func (s *Session) protocol(w *world.World) (*platform, error) {
	pki, err := s.dir.pki()
	if err != nil {
		return nil, err
	}
	sim, err := simulator.New(w, pki, simulator.Options{Clock: clock{s.dir.Now}})
	if err != nil {
		return nil, err
	}
	ends, doctor := sim.Inside(), pki.Doctor()
	dial := sim.Dial
	if wire := s.dir.Protocol.Wire; wire != nil {
		dial = func(ctx context.Context, address string) (net.Conn, error) {
			c, err := sim.Dial(ctx, address)
			if err != nil {
				return nil, err
			}
			return wire(address, c), nil
		}
	}
	client := recipe.New(recipe.Settings{
		STS: ends.STS, ETK: ends.ETK, KGSS: ends.KGSS, Prescriber: ends.Prescriber, Anchors: pki.Anchors(), STSSubject: pki.STSSubject(), Service: recipe.RecipE,
		Transport: soap.Transport{UserAgent: programID, Dial: dial}, Reason: sts.NoReader, Heard: s.heard,
		Profile: recipe.Profile{ProgramID: programID, PrescriptionVersion: prescriptionVersion},
	}, recipe.Doctor{SSIN: doctor.ID.Value, Signing: doctor.Signing, Decryption: doctor.Decryption}, s.dir.Now, s.dir.Rand, nil)
	return &platform{Client: client, stop: sim.Close}, nil
}

// heard takes what a call of the STS or of the depot said, which the engine does not see.
func (s *Session) heard(service rx.Service, reached bool, why string) {
	s.services.observe(outbox.Observation{Service: service, At: s.dir.Now(), Reached: reached, Why: why})
}

// Remote is what the engine of this session talks to. What is asked of it past the engine is nobody's to settle: it is for
// the use cases that only read, and for the conformance suite.
func (s *Session) Remote(ctx context.Context) (outbox.Remote, error) {
	if s.report != nil {
		return nil, rx.Fault(rx.CodeReadingOnly)
	}
	if s.Profile.Platform != nil {
		return s.addressed(ctx)
	}
	w, err := s.simulated()
	if err != nil {
		return nil, err
	}
	if s.dir.Protocol.Double {
		return &world.Client{World: w, Clock: clock{s.dir.Now}}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.platform == nil {
		if s.platform, err = s.protocol(w); err != nil {
			return nil, err
		}
	}
	return s.platform, nil
}

// tending is how often it is looked whether a session is to be renewed.
const tending = time.Minute

// tend keeps ready what calls of the services need, until ctx ends.
func (s *Session) tend(ctx context.Context) {
	tick := time.NewTicker(tending)
	defer tick.Stop()
	for ctx.Err() == nil {
		s.mu.Lock()
		p := s.platform
		s.mu.Unlock()
		if p == nil {
			return
		}
		during, stop := context.WithCancel(ctx)
		go func() {
			defer crash.Guard()
			select {
			case <-p.replaced:
				stop()
			case <-during.Done():
			}
		}()
		if p.Client != nil {
			p.Tend(during, tick.C)
		}
		<-during.Done()
		stop()
	}
}

// leave ends what stands in front of the world.
func (s *Session) leave() error {
	if s.platform == nil {
		return nil
	}
	err := s.platform.stop()
	s.platform = nil
	return err
}
