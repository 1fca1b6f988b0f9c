package kmehr

import "relais/app/rx"

// Composer makes the message of a prescription at issue (the port Composer of
// app/prescribing), and refuses what Recip-e's schema and rules refuse: nobody reads the
// content again before the pharmacist opens it.
type Composer struct{ Software Software }

// Compose gives the message, or what is wrong with it (rx.Faults).
func (c Composer) Compose(f rx.Facts) ([]byte, error) {
	message, err := Write(f, c.Software)
	if err != nil {
		return nil, err
	}
	if faults := Validate(message, f.Type, f.Content.Expires); len(faults) > 0 {
		return nil, faults
	}
	return message, nil
}
