package wiring

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	randv2 "math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"relais/app/rx"
	"relais/sync/simulator"
	"relais/sync/simulator/world"
)

// Codes of the simulated platform as a program of its own.
const (
	CodeLoopbackOnly    rx.Code = "loopback-only"    // it listens on this computer itself alone (address)
	CodeCannotListen    rx.Code = "cannot-listen"    // the address is taken, or not to be had (address)
	CodeTestAuthority   rx.Code = "test-authority"   // not certificates of test authorities, or one of the real platform's
	CodePKIDirectory    rx.Code = "pki-directory"    // it holds something, and not a whole PKI; or it cannot be written
	CodeSimulationState rx.Code = "simulation-state" // the directory cannot be made
	CodeKnobs           rx.Code = "simulation-knobs" // not a file of knobs
)

// Simulating is how the platform is played by this process.
type Simulating struct {
	Listen string   // host:port of this computer itself
	TLS    bool     // the addresses are of https
	PKI    string   // its directory; "" keys that nobody keeps
	State  string   // directory in which it is durable; "" in memory
	Trust  [][]byte // PEM: authorities of further clients
	Knobs  []byte   // JSON, nil the strictest
	Faults []Fault
	Now    func() time.Time
	Failed func(error) // is told when the state cannot be kept, nil: nobody is
}

// SimulatedKeystore names the keystore of the simulation's doctor in a PKI directory, and its password.
const (
	SimulatedKeystore = "doctor.p12"
	KeystorePassword  = simulator.Password
)

// Simulation is the platform being played.
type Simulation struct {
	Endpoints simulator.Endpoints

	sim   *simulator.Simulator
	world *world.World
}

// Simulate plays the platform until Close.
func Simulate(how Simulating) (_ *Simulation, err error) {
	options := simulator.Options{Clock: clock{how.Now}}
	for _, text := range how.Trust {
		authorities, err := simulator.ReadAuthorities(text)
		if err != nil {
			return nil, rx.Fault(CodeTestAuthority).Because(err)
		}
		options.Trust = append(options.Trust, authorities...)
	}
	if how.Knobs != nil {
		d := json.NewDecoder(bytes.NewReader(how.Knobs))
		d.DisallowUnknownFields()
		if err := d.Decode(&options.Knobs); err != nil || d.Decode(new(any)) != io.EOF {
			return nil, rx.Fault(CodeKnobs).Because(err)
		}
	}
	pki, err := pkiOf(how)
	if err != nil {
		return nil, err
	}
	s := &Simulation{}
	if s.world, err = worldOf(how.State); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if how.Failed != nil {
		s.world.Watch(how.Failed)
		if _, err := s.world.Aside(how.Now()); err != nil { // what was on its way when it ended last
			return s, err
		}
	}
	switch s.sim, err = simulator.New(s.world, pki, options); {
	case errors.Is(err, simulator.ErrRealAuthority):
		return s, rx.Fault(CodeTestAuthority).Because(err)
	case err != nil:
		return s, err
	}
	if len(how.Faults) > 0 {
		if err := s.world.SetPlan(plan(how.Faults), how.Now()); err != nil {
			return s, err
		}
	}
	switch s.Endpoints, err = s.sim.Listen(how.Listen, how.TLS); {
	case errors.Is(err, simulator.ErrAddress):
		return s, rx.Fault(CodeLoopbackOnly, "address", how.Listen)
	case err != nil:
		return s, rx.Fault(CodeCannotListen, "address", how.Listen).Because(err)
	}
	return s, nil
}

func pkiOf(how Simulating) (*simulator.PKI, error) {
	if how.PKI == "" {
		return simulator.NewPKI(rand.Reader, nil, how.Now())
	}
	p, err := simulator.OpenPKI(how.PKI, rand.Reader, nil, how.Now())
	if err != nil {
		return nil, rx.Fault(CodePKIDirectory).Because(err)
	}
	return p, nil
}

// worldOf opens the world of a directory, or makes one in memory.
func worldOf(state string) (*world.World, error) {
	var seed [32]byte
	_, _ = rand.Read(seed[:]) // it never fails
	source := randv2.NewChaCha8(seed)
	if state == "" {
		return world.New(source), nil
	}
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, rx.Fault(CodeSimulationState).Because(err)
	}
	return world.Open(filepath.Join(state, worldFile), source)
}

// Close ends it; what is durable stays.
func (s *Simulation) Close() error {
	var err error
	if s.sim != nil {
		err = s.sim.Close()
	}
	if s.world != nil {
		err = errors.Join(err, s.world.Err(), s.world.Close())
	}
	return err
}
