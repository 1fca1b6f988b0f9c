// Package recipe is the client of Recip-e, Prescriber version 4, and of what a call there needs: a session (STS), tokens of recipients (ETK
// depot), keys (KGSS). Client is the Remote of the engine: one rx.Call in, one rx.Reply out.
//
// What a reply means is decided in judge.go, from a closed list; the default is unanswered. A create or a notification leaves at most once for
// each Do, whatever happens; operations that may be repeated are repeated once, when the platform did not accept the session, or told that our clock
// was wrong. Statuses of the platform (outer) and of Recip-e (inner) are both looked at. The inner one is under a key that only Recip-e has read,
// so a refusal by it is Recip-e's.
//
// Failure modes: without session, recipient or key nothing leaves (not-sent, with the class of what lacks). With the caller's patience at its end
// a call is unanswered once a byte of it was written. No reply, error or log holds more of a message than rx.Reply has fields for.
package recipe
