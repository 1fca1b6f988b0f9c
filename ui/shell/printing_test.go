package shell

import (
	"testing"

	"relais/app/rx"
)

// What became of a document whose window was locked is told above every screen, until it was seen; without a printer a
// document is told to be in a file, or why it is not.
func TestPrintsAreTold(t *testing.T) {
	s := newStageOn(t, &cottage{left: rx.Fault("print-cancelled", "printer", "cabinet")})
	s.unlocked()
	s.until("what was left", s.says("a pu sortir"))
	s.open.goTo(placeSettings)
	s.until("the settings", s.says("Documents et imprimante"))
	if !s.says("a pu sortir")() {
		t.Errorf("not on every screen:\n%s", s.screen())
	}
	list := s.open.prints.View()
	list[0].Buttons[len(list[0].Buttons)-1].Press()
	if s.says("a pu sortir")() || len(s.open.prints.View()) != 0 {
		t.Errorf("seen, and still told:\n%s", s.screen())
	}
	s.open.settings.Papers().TestPage()
	s.until("why there is no page", s.says("Aucune imprimante"))
}
