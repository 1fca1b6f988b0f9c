// Package damage is the suite of damaged directories: a practice with a real history, written by the real use cases, engine, store and vault, is damaged in
// one way, seeded, and opened again by the real program.
//
// The judge knows the truth from before. Whatever is read afterwards must equal it, or be an error; what is missing must have a finding. Nothing damaged may
// reach the services or a sheet of paper. Anything else is silently wrong, of which there may be none.
//
//	practice.go   the history, and its image on disk: at rest, and as a killed program leaves it
//	ways.go       the ways to damage an image
//	judge.go      what is read, what is done, and whether it is right
package damage
