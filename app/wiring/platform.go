package wiring

import (
	"context"
	"net"

	"relais/app/prescribing"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/outbox"
	"relais/sync/recipe"
	"relais/sync/recipe/kmehr"
	"relais/sync/simulator"
	"relais/sync/simulator/world"
)

// platform is the client of the services with those services behind it, simulated inside
// this process behind their real protocol.
type platform struct {
	outbox.Remote
	stop func() error
}

// programID is what calls say of the program.
var programID = software.Name + "/" + software.Version

// prescriptionVersion is what calls say of the messages in them (recipe protocol §7.3).
const prescriptionVersion = "kmehr_1.29"

// protocol puts client and protocol between the engine and a simulated world. The doctor
// is the one who lives in the simulation.
func (d Directory) protocol(w *world.World) (*platform, error) {
	pki := d.Protocol.PKI
	sim, err := simulator.New(w, pki, simulator.Options{Clock: clock{d.Now}})
	if err != nil {
		return nil, err
	}
	ends, doctor := sim.Inside(), pki.Doctor()
	dial := sim.Dial
	if wire := d.Protocol.Wire; wire != nil {
		dial = func(ctx context.Context, address string) (net.Conn, error) {
			c, err := sim.Dial(ctx, address)
			if err != nil {
				return nil, err
			}
			return wire(address, c), nil
		}
	}
	client := recipe.New(recipe.Settings{
		STS: ends.STS, ETK: ends.ETK, KGSS: ends.KGSS, Prescriber: ends.Prescriber, Anchors: pki.Anchors(), Service: recipe.RecipE,
		Transport: soap.Transport{UserAgent: programID, Dial: dial}, Reason: sts.NoReader,
		Profile: recipe.Profile{ProgramID: programID, PrescriptionVersion: prescriptionVersion},
	}, recipe.Doctor{SSIN: doctor.ID.Value, Signing: doctor.Signing, Decryption: doctor.Decryption}, d.Now, d.Rand, nil)
	return &platform{client, sim.Close}, nil
}

// remote is what the engine of this session talks to.
func (s *Session) remote() (outbox.Remote, error) {
	w, err := s.simulated()
	if err != nil {
		return nil, err
	}
	if s.dir.Protocol == nil {
		return &world.Client{World: w, Clock: clock{s.dir.Now}}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.platform == nil {
		if s.platform, err = s.dir.protocol(w); err != nil {
			return nil, err
		}
	}
	return s.platform, nil
}

// composer makes messages for the services of the directory.
func (d Directory) composer() prescribing.Composer {
	if d.Protocol == nil {
		return composer{}
	}
	return kmehr.Composer{Software: software}
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
