// Package formats owns the JSON files that the command line reads (order, practice,
// fault plan) and the JSON that it prints, with their schemas.
//
// Contract: Decode reads strictly and reports all faults at once, each with its JSON
// path; what a value means is not judged here but by rx.Check, rx.CheckPractice and
// FaultPlan.Check. Encode writes what Decode reads. Schema gives the JSON Schema
// (draft 2020-12) of each format, made from the same types, so that it cannot fall
// behind; docs/schema holds them for readers.
//
// Failure modes: rx.Faults with the codes "Reading a file". No fault holds a value of
// the file.
package formats
