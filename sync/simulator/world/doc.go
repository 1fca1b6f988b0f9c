// Package world is the simulated server without its protocol: what Recip-e and
// the KGSS hold and do, the faults that a call may meet, and the ground truth
// against which every test judges. It shares no code with what it tests.
//
// # Two layers
//
// A call is decided twice, so that a simulation under its own scheduler and a
// client in real time share all behaviour:
//
//	fate := w.Fate(call, start)             // when the call starts: its way, its times
//	for i, p := range fate.Passes {
//		// at start+p.Process, in order of time:
//		reply := w.Pass(call, fate, i, start) // the gate, then the operation
//		// when i == fate.Heard and fate.Ends == Answers, this reply comes back
//	}
//	// at start+fate.End the caller learns, by fate.Ends:
//	//   Answers  the reply of pass fate.Heard
//	//   Drops    fate.Reply(): unanswered, "dropped"
//	//   Refuses  fate.Reply(): not-sent, "refused-connection"
//	//   Hangs    nothing ever: the caller gives up by itself: unanswered, "timeout"
//
// Fate is data: nothing has happened yet when it is known. Process is the bare
// operation, for whoever has gates of their own. Send and Receive do the same with the world as the scheduler: what is
// on its way is kept with the world and takes place when its time has come,
// whether or not the caller still lives. Client stands on them and is the
// Remote of the engine.
//
// The protocol (package simulator) stands in front in the way that Behind tells:
// a connection is made, or not, before it is known what it is for.
//
// # Time
//
// Every method takes the time of the caller's clock, which must not run
// backwards between calls. Server time is that plus Settings.Offset. Days are
// counted in the location of the caller's clock.
//
// # What the server does
//
// Creates are never deduplicated. At the gate a create whose signed timestamp
// has ended by the server's clock at arrival, or begins more than 5 minutes in
// its future, is turned away with SOA-01001 and this arrival stores nothing: the
// fence of the engine rests on it, and on a processing of at most
// LongestProcessing after arrival. Both are hypotheses about the real service (reliability facts §2.7).
// One prescriber stands before the world; a record of another prescriber is for
// them an unknown RID. Statuses move by table (see moves); a record past its last
// day reads Expired.
//
// RIDs are those of the protocol (§5): BE, P, the digit of the type, then TEST,
// which no real number is known to begin with and which contains none of the
// letters I, O, U that Recip-e leaves out, then four characters more.
//
// # Where it is kept
//
// New keeps everything in memory: given the same source of randomness and the
// same calls, the same answers. Open keeps everything in one SQLite file
// (world.db), shared by several processes at once, with the fault plan and its
// counters and what is on its way: each operation is one immediate transaction.
// Both backends run the same code. The file bears the contents of prescriptions
// in clear, as the pharmacist would read them: it exists in simulated
// directories only and is never part of a backup.
//
// # Failure modes
//
// A file that cannot be read or written: queries answer an *rx.Error of
// CodeStorage; calls end as an unanswered call would (server-failure), with
// nothing half done, Err keeps the first cause, and Watch is told of each. Whatever
// a call holds is kept as it is, also identifiers that are none (rows); a call that
// cannot be kept is never on its way, and one that is and cannot be performed is set
// aside (Aside): nobody else waits for it. A plan that the world cannot play is
// refused whole, each fault with its place (rx.Faults).
package world
