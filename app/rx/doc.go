// Package rx is the domain of Relais: what a Belgian GP prescribes, and what may become of it.
//
// It owns the words (patient, order, line, posology, prescription, attempt,
// record, sheet, duty), the identifiers with their checks, and every decision:
//
//   - Step: what an event makes of a prescription, as a table with a written
//     outcome for every pair of state and event;
//   - Owed: the duties that follow from the facts at a moment;
//   - MaySend: whether a waiting prescription may leave now;
//   - Conclude: what a look-up at Recip-e says about an attempt without answer.
//
// Contract: everything here is a pure function of its arguments. No clock, no
// randomness of its own, no disk, no network; only the standard library's quiet
// parts. Who acts on a decision stores the facts first (see docs/doors.md).
//
// Failure modes: a refused event or a faulty value is an *Error with a code, the
// place of the fault and what the message needs; it never holds patient data.
// Types that hold patient data print themselves redacted with every verb.
package rx
