package assets

import _ "embed"

// The invented practice of the demonstration, its medicines and its patients, in
// the JSON shapes of rx.Practice, a list of rx.Medicine and a list of rx.Patient.
// Every name, number and package is made up: the medicines say "Exemple" in their
// names and have CNKs that start with 99 (save the one of the documentation), the
// patients say "Demo", with serial numbers at the very end of a day's range.
var (
	//go:embed demo/practice.json
	DemoPractice []byte
	//go:embed demo/medicines.json
	DemoMedicines []byte
	//go:embed demo/patients.json
	DemoPatients []byte
)
