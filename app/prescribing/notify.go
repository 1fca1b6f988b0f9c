package prescribing

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"relais/app/rx"
)

// MaxNotification is the most characters of what is said to a pharmacy.
const MaxNotification = 500

// Codes of notifications.
const (
	CodePharmacyForm    rx.Code = "pharmacy-form"    // not eight digits
	CodePharmacyUnknown rx.Code = "pharmacy-unknown" // the ETK depot knows none of that number: nothing left
	CodeNotifyUnknown   rx.Code = "notify-unknown"   // no answer: the pharmacy may have it
	CodeNotifyUnclear   rx.Code = "notify-unclear"   // an answer that cannot be understood: the pharmacy may have it
	CodeNotifyUnsure    rx.Code = "notify-unsure"    // an error was said (code, said), and the pharmacy may have it all the same
	CodeNotifyUndecided rx.Code = "notify-undecided" // one before it has no answer: again only when that is said
)

// Notification is what is said to a pharmacy about a prescription.
type Notification struct {
	Pharmacy string // the first eight digits of its NIHII number
	Text     string
	Again    bool // although one to this pharmacy has no answer
}

func (Notification) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Notification(…)") }
func (Notification) LogValue() slog.Value       { return slog.StringValue("Notification(…)") }

var pharmacyForm = regexp.MustCompile(`^[0-9]{8}$`)

// CheckNotification gives its faults; paths begin at "$".
func CheckNotification(n Notification) (faults rx.Faults) {
	if !pharmacyForm.MatchString(n.Pharmacy) {
		faults = append(faults, rx.Fault(CodePharmacyForm).At("$.pharmacy"))
	}
	text := strings.TrimSpace(n.Text)
	switch {
	case text == "":
		faults = append(faults, rx.Fault(rx.CodeMissing).At("$.text"))
	case utf8.RuneCountInString(text) > MaxNotification:
		faults = append(faults, rx.Fault(rx.CodeTooLong, "max", strconv.Itoa(MaxNotification)).At("$.text"))
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == '\ufffe' || r == '\uffff' }):
		faults = append(faults, rx.Fault(rx.CodeUnshowable).At("$.text"))
	}
	return faults
}

// Notify says something to a pharmacy about a prescription, and adds its RID. Each
// notification that leaves is a message of its own: it is kept before its first byte leaves,
// tried once, and what came of it is kept. CodeNotifyUnknown, CodeNotifyUnclear or
// CodeNotifyUnsure when nobody knows.
func (s *Service) Notify(ctx context.Context, id rx.ID, n Notification) (rx.Prescription, error) {
	n.Pharmacy, n.Text = strings.TrimSpace(n.Pharmacy), strings.TrimSpace(strings.ReplaceAll(n.Text, "\r\n", "\n"))
	if faults := CheckNotification(n); len(faults) > 0 {
		return rx.Prescription{}, faults
	}
	if s.Platform == nil {
		return rx.Prescription{}, rx.Fault(rx.CodeReadingOnly)
	}
	var call rx.Call
	p, err := s.apply(ctx, id, func(item rx.Item) (rx.Event, error) {
		rid := item.RID()
		if rid == "" {
			return rx.Event{}, rx.Fault(rx.CodeNoRID)
		}
		if !n.Again && slices.ContainsFunc(item.Notices, func(o rx.Notice) bool { return o.Pharmacy == n.Pharmacy && o.Doubtful() }) {
			return rx.Event{}, rx.Fault(CodeNotifyUndecided)
		}
		text := n.Text + "\nRID " + string(rid)
		call = rx.Call{Op: rx.OpNotify, Patient: item.Facts.Patient.SSIN, RID: rid, Pharmacy: n.Pharmacy, Text: []byte(text)}
		return rx.Event{Kind: rx.EventNotified, At: s.Now(), RID: rid, Text: text, Notice: &rx.Notice{Pharmacy: n.Pharmacy}}, nil
	})
	if err != nil {
		return p, err
	}
	at := len(p.Notices)
	reply, failed := s.ask(ctx, call)
	end := rx.Event{Kind: rx.EventNotified, N: at, Notice: &rx.Notice{Result: reply.Result, Why: reply.Why}, Problem: reply.Problem}
	if reply.Result == rx.OnTheWire {
		end.Notice.Result = rx.Unanswered
	}
	p, err = s.simple(context.WithoutCancel(ctx), id, end) // it left, or did not: that is so whoever gave up waiting
	if err != nil {
		return p, err
	}
	return p, failed
}
