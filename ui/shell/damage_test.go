package shell

import (
	"slices"
	"testing"

	"relais/app/rx"
)

// A damaged directory says so in the doctor's words, is taken along or read, and nothing in it can be begun.
func TestDamagedDirectory(t *testing.T) {
	c := &cottage{harmed: rx.Fault(rx.CodeDamaged)}
	s := newStageOn(t, c)
	s.typed(c.DemoPassphrase())
	s.lock.Follow(s.window.Canvas(), s.unlock.View().Focus)
	s.unlock.Try(c.DemoPassphrase(), s.enter)
	s.until("the question", s.says("Relais ne peut pas se fier à tout le dossier de données"))
	if !s.says("118 sur 120")() {
		t.Errorf("how much can be read is not said:\n%s", s.screen())
	}
	s.damage.View().Export.Press()
	s.until("the export", s.says("relais-export"))
	if c.exported != 1 {
		t.Errorf("exported %d times", c.exported)
	}
	s.look()
	s.until("the banner", s.says("Lecture seule"))
	if s.open.at != placeHistory {
		t.Errorf("at %v", s.open.at)
	}
	if !s.open.frame.nav[placePrescribe].Disabled() || !s.open.frame.next.Disabled() {
		t.Error("something can be begun")
	}
	if !s.says("Les 3 derniers")() {
		t.Errorf("that the end is missing is not said:\n%s", s.screen())
	}
	for _, m := range s.window.MainMenu().Items[1:5] {
		for _, item := range m.Items {
			item.Action()
			if looks := slices.Contains([]string{"À traiter", "Historique", "Pannes", "Réglages", "Toutes les commandes…", "Aperçu"}, named(item)); item.Disabled == looks || s.open.at == placePrescribe {
				t.Errorf("%s is disabled: %v, and leads to %v", item.Label, item.Disabled, s.open.at)
			}
		}
	}
	s.lockUp()
	s.until("the lock", s.says("Relais est verrouillé"))
	s.closedBehind()
	if c.closed != 1 {
		t.Errorf("closed %d times", c.closed)
	}
}
