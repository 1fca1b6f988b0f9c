// Package simulator is the eHealth platform and Recip-e as one HTTP handler in front of a world.World: the STS in its two
// forms, the ETK depot, the KGSS, Recip-e's prescriber services V4, a pharmacist's and a patient's side, the list of end
// points, a status page, and a control end point for faults. It speaks the real protocol and makes its own PKI.
//
//	sim, err := simulator.New(w, pki, simulator.Options{Clock: clock})
//	ends, err := sim.Listen("127.0.0.1:0", true)    // this computer alone; true: https
//	transport := soap.Transport{Anchors: pki.Anchors().For(trust.TLS)}
//
//	ends := sim.Inside()                            // without a network, for clients in the same process
//	transport := soap.Transport{Anchors: pki.Anchors().For(trust.TLS), Dial: sim.Dial}
//
// # Contract
//
// Messages are judged as the real services would, strictly; each leniency about what is not known of them has a name in
// Knobs. What is refused is refused with the right fault: SOA codes by the platform's gate (security, form), the outer
// status by whoever opens the seal, the inner status by Recip-e, in four languages. What the simulator answers is valid
// against the schemas of the platform. Creates are never deduplicated.
//
// Who may call: holders of certificates below its own authority, which all bear the mark trust.Simulation, and those below
// the test authorities of Options.Trust, never others. Authorities of the real platform are refused there.
//
// # Faults
//
// The world decides what becomes of each call (world.Fate); this package plays it in real time, by Options.Clock. A
// connection that is refused is decided before anything of the call is known (world.Connect): over TLS it ends before the
// handshake, inside the process before there is a connection, so that a client knows that not one byte was taken. Over http
// without TLS it is reset after the system has accepted it: a client cannot tell that from a connection that broke later.
// A fault that names an operation therefore strikes the next connections to its service.
//
// # Failure modes
//
// What cannot be stored is answered with SOA-00001; the status page, world.Err and world.Watch tell. Nothing is logged. The simulator holds contents
// of prescriptions in clear (world) and keys of everybody who lives in it: it is for invented people alone.
package simulator
