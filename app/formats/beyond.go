package formats

import (
	"fmt"
	"io"
	"log/slog"

	"relais/app/rx"
)

// AtRecipe is the output of `open`, `refresh`, `visibility`, `ask-feedback` and `notify`: how
// prescriptions stand at Recip-e.
type AtRecipe struct {
	Prescriptions List[Standing] `json:"prescriptions"`
}

// Standing is one of them: one of ours, or of other software (without id).
type Standing struct {
	RID        rx.RID       `json:"rid,omitempty"`
	Listed     bool         `json:"listed"` // Recip-e listed it as open, in `open`
	ID         rx.ID        `json:"id,omitempty"`
	State      string       `json:"state,omitempty"`
	Medicine   string       `json:"medicine,omitempty"`
	Status     string       `json:"status,omitempty"` // as last read
	Read       string       `json:"read,omitempty"`
	Visibility string       `json:"visibility,omitempty"`
	Feedback   bool         `json:"feedback"`          // pharmacists are asked to write back
	Differs    string       `json:"differs,omitempty"` // must-go, not-open, not-adopted, double, changed
	Content    *Content     `json:"content,omitempty"` // of other software
	Sealed     string       `json:"sealed,omitempty"`  // why it cannot be read
	Notices    List[Notice] `json:"notices"`
	Error      *Fault       `json:"error,omitempty"` // why not all could be read
}

// Content is what can be read of a prescription of other software.
type Content struct {
	Author  string            `json:"author,omitempty"`
	Written string            `json:"written,omitempty"`
	Expires string            `json:"expires,omitempty"`
	Lines   List[ContentLine] `json:"lines"`
}

// ContentLine is one product of it.
type ContentLine struct {
	Name     string `json:"name"`
	Posology string `json:"posology,omitempty"`
	Quantity string `json:"quantity,omitempty"`
	Begin    string `json:"begin,omitempty"`
}

// Notice is a notification to a pharmacy.
type Notice struct {
	N        int    `json:"n"` // from 1
	Pharmacy string `json:"pharmacy"`
	At       string `json:"at"`
	Result   string `json:"result"` // on-the-wire, accepted, refused, not-sent, unanswered
}

// FeedbackList is the output of `feedback`: what was not read before, newest first.
type FeedbackList struct {
	Fresh    int            `json:"fresh"` // kept by this command
	Feedback List[Feedback] `json:"feedback"`
}

// Feedback is what a pharmacist wrote. Without prescription it is about a RID that Relais does
// not know.
type Feedback struct {
	RID          rx.RID `json:"rid"`
	Prescription rx.ID  `json:"prescription,omitempty"`
	Medicine     string `json:"medicine,omitempty"`
	By           string `json:"by,omitempty"` // number of the sender
	Sent         string `json:"sent,omitempty"`
	Text         string `json:"text,omitempty"`
	Sealed       bool   `json:"sealed,omitempty"` // it could not be opened
}

// They hold what pharmacists and others wrote.

func (Standing) Format(f fmt.State, _ rune)    { _, _ = io.WriteString(f, "Standing(…)") }
func (Content) Format(f fmt.State, _ rune)     { _, _ = io.WriteString(f, "Content(…)") }
func (ContentLine) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "ContentLine(…)") }
func (Feedback) Format(f fmt.State, _ rune)    { _, _ = io.WriteString(f, "Feedback(…)") }

func (Standing) LogValue() slog.Value    { return slog.StringValue("Standing(…)") }
func (Content) LogValue() slog.Value     { return slog.StringValue("Content(…)") }
func (ContentLine) LogValue() slog.Value { return slog.StringValue("ContentLine(…)") }
func (Feedback) LogValue() slog.Value    { return slog.StringValue("Feedback(…)") }
