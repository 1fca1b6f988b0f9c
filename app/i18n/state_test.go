package i18n

import (
	"testing"
	"time"

	"relais/app/rx"
)

func TestState(t *testing.T) {
	set := rx.Stamp{At: time.Unix(1, 0), Rev: 2}
	paper := func(s rx.Sheet) rx.Prescription {
		return rx.Prescription{State: rx.StatePaper, Sheets: []rx.Sheet{s}}
	}
	for _, c := range []struct {
		p    rx.Prescription
		owed []rx.Duty
		want string
	}{
		{rx.Prescription{State: rx.StateReady}, nil, "Pas encore envoyée, en attente"},
		{rx.Prescription{State: rx.StateUnknown}, []rx.Duty{{Kind: rx.DutyLocate}}, "Envoi sans réponse : peut-être reçue, on vérifie"},
		{rx.Prescription{State: rx.StateConfirmed}, nil, "Envoyée (RID reçu)"},
		{rx.Prescription{State: rx.StateConfirmed, Notes: rx.Notes{Wished: set}}, nil, "Révocation demandée, pas confirmée"},
		{rx.Prescription{State: rx.StateRevoked, Notes: rx.Notes{RevokedBy: rx.ByPatient}}, nil, "Révoquée par le patient"},
		{rx.Prescription{State: rx.StateRevoked}, nil, "Révoquée"},
		{paper(rx.Sheet{}), nil, "Prescription papier (à imprimer)"},
		{paper(rx.Sheet{Out: set}), nil, "Prescription papier (à signer)"},
		{paper(rx.Sheet{Out: set, Handed: set}), nil, "Prescription papier (remise)"},
		{paper(rx.Sheet{Destroyed: set}), nil, "Prescription papier (détruite)"},
		{paper(rx.Sheet{Handed: set}), []rx.Duty{{Kind: rx.DutyRevokeOnSight, Why: "paper"}}, "Prescription papier, version électronique possible"},
		{paper(rx.Sheet{Handed: set}), []rx.Duty{{Kind: rx.DutyRevokeOnSight}, {Kind: rx.DutyTell, Why: "double"}}, "Double possible : papier et version électronique"},
	} {
		if got := State(rx.FR, c.p, c.owed); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// No two states share a label, in any language.
func TestStatesDiffer(t *testing.T) {
	for _, lang := range rx.Langs {
		seen := map[string]rx.State{}
		for _, s := range rx.States {
			label := State(lang, rx.Prescription{State: s}, nil)
			if other, ok := seen[label]; ok {
				t.Errorf("%s: %s and %s are both %q", lang, other, s, label)
			}
			seen[label] = s
		}
	}
}

func TestDuty(t *testing.T) {
	for _, c := range []struct {
		d    rx.Duty
		want [3]string
	}{
		{rx.Duty{Kind: rx.DutyNote, Why: "handed"}, [3]string{"Note in the record",
			"A paper prescription was handed over; the patient's record does not know it yet.", "Copy the prescription into the patient's record, then answer: noted."}},
		{rx.Duty{Kind: rx.DutyHandOver, Why: "elsewhere"}, [3]string{"Date, sign, stamp, hand over",
			"The sheet is printed, but the prescription was sent elsewhere: the sheet is to be destroyed.", "Do not hand it over: destroy it, then answer: destroyed."}},
	} {
		if name, why, next := Duty(rx.EN, c.d); [3]string{name, why, next} != c.want {
			t.Errorf("%s %s: %q %q %q", c.d.Kind, c.d.Why, name, why, next)
		}
	}
}

func TestStatus(t *testing.T) {
	read := time.Date(2026, 11, 22, 9, 12, 0, 0, time.UTC)
	today := rx.DateOf(read)
	for _, c := range []struct {
		status rx.Status
		read   time.Time
		today  rx.Date
		want   byLang
	}{
		{rx.NotDelivered, read, today, byLang{"aucune délivrance enregistrée (lu à 09:12)", "geen aflevering geregistreerd (gelezen om 09:12)",
			"keine Abgabe registriert (gelesen um 09:12)", "no dispensing recorded (read at 09:12)"}},
		{rx.InProcess, read, today.AddDays(1), byLang{"en cours chez une pharmacie (lu le 22/11/2026 à 09:12)", "in behandeling bij een apotheek (gelezen op 22/11/2026 om 09:12)",
			"in Bearbeitung in einer Apotheke (gelesen am 22/11/2026 um 09:12)", "in process at a pharmacy (read on 22/11/2026 at 09:12)"}},
		{rx.StatusUnread, time.Time{}, today, byLang{"statut pas encore lu", "status nog niet gelezen", "Status noch nicht gelesen", "status not read yet"}},
	} {
		c.want.each(t, string(c.status), func(l rx.Lang) string { return Status(l, c.status, c.read, c.today) })
	}
}
