package prescribing

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"relais/app/rx"
)

// Access is with what the doctor enters the platform: a certificate that lasts for years, and a
// session that lasts for hours.
type Access struct {
	Holder   string    // of the certificate that is kept; "" none is
	Until    time.Time // of the certificate
	Warnings rx.Faults // what the doctor is told of it, the most urgent first
	Session  time.Time // until when it lasts; zero: none is open here
	Renewal  time.Time // when it is renewed by itself, while the window is open
}

func (Access) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Access(…)") }
func (Access) LogValue() slog.Value       { return slog.StringValue("Access(…)") }
