package i18n

import (
	"strings"
	"time"

	"relais/app/rx"
)

// State is the label of a prescription as product.md words it, with what is derived
// from its facts: where the sheet stands, that paper was forced, who revoked. owed
// are its duties (rx.Owed).
func State(lang rx.Lang, p rx.Prescription, owed []rx.Duty) string {
	owes := func(k rx.DutyKind, why string) bool {
		for _, d := range owed {
			if d.Kind == k && (why == "" || d.Why == why) {
				return true
			}
		}
		return false
	}
	key := "state." + p.State.String()
	switch {
	case p.State == rx.StatePaper && owes(rx.DutyTell, "double"):
		key += ".double"
	case p.State == rx.StatePaper && owes(rx.DutyRevokeOnSight, ""):
		key += ".forced"
	case p.State == rx.StatePaper && len(p.Sheets) > 0:
		key += "." + string(p.Sheets[len(p.Sheets)-1].Step())
	case p.State == rx.StateRevoked && p.RevokedBy != "":
		key += "." + string(p.RevokedBy)
	case p.State == rx.StateConfirmed && p.Wished.Set():
		key = "state.revoked.unconfirmed"
	}
	return Text(lang, key)
}

// Event is what happened, for a timeline.
func Event(lang rx.Lang, e rx.Event) string {
	if e.Kind == rx.EventReadBack && !e.Ours {
		return Text(lang, "event.read-back.foreign")
	}
	if e.Kind == rx.EventPrinted && e.Sheet == nil {
		return Text(lang, "event.printed.proof")
	}
	return Text(lang, "event."+e.Kind.String())
}

// Unread says of a RID that rests on the answer to a create alone that nobody has read it
// back yet, "" otherwise.
func Unread(lang rx.Lang, p rx.Prescription) string {
	if r := p.AdoptedRecord(); r == nil || p.State != rx.StateConfirmed || !r.Unread() {
		return ""
	}
	return Text(lang, "rid.unread")
}

// Refusal is what the service said when it refused p, "" when it did not or said nothing.
func Refusal(lang rx.Lang, p rx.Prescription) string {
	said := p.Refused()
	if said == nil {
		return ""
	}
	return Text(lang, "problem", "text", told(lang, said), "code", said.Code)
}

// Duty is the name of a duty, why it is owed and what to do about it, as sentences.
func Duty(lang rx.Lang, d rx.Duty) (name, why, next string) {
	key := "duty." + d.Kind.String()
	after := key + ".next"
	if special := after + "." + d.Why; Has(special) {
		after = special
	}
	return Text(lang, key), Text(lang, key+".why."+d.Why), Text(lang, after)
}

// Status is what Recip-e said of a record, and when it was read: "aucune délivrance
// enregistrée (lu à 09:12)". read and today are in the practice's time zone; the
// day is told when it is not today.
func Status(lang rx.Lang, s rx.Status, read time.Time, today rx.Date) string {
	text := Text(lang, statusKey(s))
	switch {
	case s == rx.StatusUnread || read.IsZero():
		return text
	case rx.DateOf(read) == today:
		return Text(lang, "status.read-at", "status", text, "time", Clock(read))
	}
	return Text(lang, "status.read-on", "status", text, "moment", Moment(lang, read))
}

// statusKey is "status.not-delivered" for NotDelivered.
func statusKey(s rx.Status) string {
	if s == rx.StatusUnread {
		return "status.unread"
	}
	return "status." + kebab(string(s))
}

// kebab is CamelCase as camel-case.
func kebab(camel string) string {
	var b strings.Builder
	for i, c := range camel {
		if c >= 'A' && c <= 'Z' {
			if i > 0 {
				b.WriteByte('-')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}
