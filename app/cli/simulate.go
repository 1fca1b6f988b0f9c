package cli

import (
	"errors"
	"path/filepath"
	"time"

	"relais/app/formats"
	"relais/app/rx"
	"relais/app/wiring"
)

// simulateCmd plays the platform's services in this process until it is interrupted.
type simulateCmd struct {
	Listen string   `default:"127.0.0.1:0" placeholder:"127.0.0.1:PORT" help:"${help_simulate_listen}"`
	TLS    bool     `name:"tls" help:"${help_simulate_tls}"`
	PKI    string   `name:"pki" placeholder:"DIR" help:"${help_simulate_pki}"`
	Trust  []string `placeholder:"CA.pem" help:"${help_simulate_trust}"`
	State  string   `placeholder:"DIR" help:"${help_simulate_state}"`
	Faults string   `placeholder:"FILE" help:"${help_simulate_faults}"`
	Knobs  string   `placeholder:"FILE" help:"${help_simulate_knobs}"`
}

func (c simulateCmd) do(r *run) (_ Exit, err error) {
	how := wiring.Simulating{Listen: c.Listen, TLS: c.TLS, PKI: c.PKI, State: c.State, Now: time.Now, Failed: func(err error) { r.tell(err) }}
	for _, name := range c.Trust {
		text, err := r.readFile(name)
		if err != nil {
			return Failed, err
		}
		how.Trust = append(how.Trust, text)
	}
	if c.Knobs != "" {
		if how.Knobs, err = r.readFile(c.Knobs); err != nil {
			return Failed, err
		}
	}
	if c.Faults != "" {
		if how.Faults, _, err = r.readPlan(c.Faults); err != nil {
			return Failed, err
		}
	}
	s, err := wiring.Simulate(how)
	if err != nil {
		return Failed, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := r.answer(c.told(s), func(p *page) {
		e := s.Endpoints
		p.say("cli.simulate.runs")
		p.table([][]string{
			{"STS", e.STS}, {"STS (SAML 1.1)", e.STSLegacy}, {"ETK", e.ETK}, {"KGSS", e.KGSS}, {"Recip-e", e.Prescriber},
			{"/servicelist", e.ServiceList}, {"/status", e.Status}, {"/control", e.Control}, {"/pharmacist", e.Pharmacist}, {"/patient", e.Patient},
		})
		if c.PKI != "" {
			p.say("cli.simulate.keystore", "file", filepath.Join(c.PKI, wiring.SimulatedKeystore), "password", wiring.KeystorePassword)
		}
	}); err != nil {
		return Failed, err
	}
	<-r.ctx.Done()
	return Done, nil
}

// told is the answer for programs.
func (c simulateCmd) told(s *wiring.Simulation) formats.Simulation {
	e := s.Endpoints
	out := formats.Simulation{
		STS: e.STS, STSLegacy: e.STSLegacy, ETK: e.ETK, KGSS: e.KGSS, Prescriber: e.Prescriber, Alternate: e.Alternate, ServiceList: e.ServiceList,
		Status: e.Status, Control: e.Control, Pharmacist: e.Pharmacist, Patient: e.Patient,
	}
	if c.PKI != "" {
		out.PKI, out.Keystore, out.Password = c.PKI, filepath.Join(c.PKI, wiring.SimulatedKeystore), wiring.KeystorePassword
	}
	return out
}

// readPlan reads a fault plan, as the services take it and as it stands in the file.
func (r *run) readPlan(name string) ([]wiring.Fault, formats.FaultPlan, error) {
	data, err := r.readFile(name)
	if err != nil {
		return nil, formats.FaultPlan{}, err
	}
	plan, faults := formats.Decode[formats.FaultPlan](data)
	if faults = append(faults, plan.Check()...); len(faults) > 0 {
		return nil, plan, faults
	}
	list := make([]wiring.Fault, len(plan.Faults))
	for i, f := range plan.Faults {
		list[i] = wiring.Fault{Service: rx.Service(f.Service), Operation: rx.Op(f.Operation), Kind: f.Kind, After: f.After, Count: f.Count,
			From: span(f.From), For: span(f.For)}
	}
	return list, plan, nil
}
