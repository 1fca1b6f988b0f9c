package assets

import _ "embed"

// Invented data of the demonstration, as JSON. No person and no package of it exists; numbers are made to be true to
// their check digits, and the CNKs begin with 99, which no package has (but for one that an example of the formats names).
var (
	// DemoMedicines is {"version", "medicines": [...]}, each as rx.Medicine writes itself.
	//
	//go:embed demo/medicines.json
	DemoMedicines []byte

	// DemoPatients is a list of 40 people, each as rx.Patient writes itself.
	//
	//go:embed demo/patients.json
	DemoPatients []byte

	// DemoPractice is a practice file of `relais init`.
	//
	//go:embed demo/practice.json
	DemoPractice []byte
)
