package shell

import (
	"context"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"relais/app/rx"
	"relais/assets"
	"relais/ui/kit"
	"relais/ui/model"
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
	s.lockUp()
	s.closedBehind()
	if !slices.Equal(s.house.saw, []rx.ID{"job"}) {
		t.Errorf("saw %v", s.house.saw)
	}
	s.house.left = nil
	s.unlocked()
	s.chosen(rx.FR, "ui.settings")
	s.until("what is kept", s.says("feuille simple"))
	s.open.settings.Papers().TestPage()
	s.until("why there is no page", s.says("Aucune imprimante"))
}

// A spooler that does not answer keeps neither the lock screen waiting nor a patient on the screen: the job is brought to
// its end behind, and the next unlocking waits for that. Closing says what it waits for.
func TestASpoolerThatDoesNotAnswerHoldsNobodyUp(t *testing.T) {
	for _, closing := range []bool{false, true} {
		c := &cottage{answers: make(chan struct{})}
		s := newStageOn(t, c)
		s.unlocked()
		s.until("ready", s.says("Nouveau patient"))
		s.typed("85.07.30-034.27")
		s.until("found", s.says("DUPONT Marie"))
		s.key(fyne.KeyReturn)
		s.until("picked", s.says("femme"))
		done := false
		s.open.print(model.PrintJob{Kind: "proof", Of: []rx.ID{"1"}, Make: func(context.Context) ([]byte, error) { return nil, nil },
			Heard: func(string, string, []error) {}, Done: func(string, string, error, error) { done = true }})
		if closing {
			s.quit()
		} else {
			s.lockUp()
		}
		s.until("gone", func() bool { return s.open == nil })
		if screen := s.screen(); strings.Contains(screen, "DUPONT") || strings.Contains(screen, "Relais est verrouillé") == closing ||
			strings.Contains(screen, "Une impression en cours est d'abord annulée") != closing {
			t.Fatalf("closing %v:\n%s", closing, screen)
		}
		if s.drill(); closing && s.apart != nil {
			t.Error("an exercise in a window that closes")
		} else if !closing {
			s.apart.patientArrives()
		}
		if closing {
			s.quit() // once more
		} else {
			s.typed(c.DemoPassphrase())
			s.key(fyne.KeyReturn)
			s.beat()
			if !s.says("une impression en cours est d'abord annulée")() || s.open != nil || !s.behind.going() {
				t.Errorf("unlocking does not wait:\n%s", s.screen())
			}
		}
		close(c.answers)
		if !closing {
			s.until("unlocked", func() bool { return s.open != nil })
		}
		s.closedBehind()
		if done || c.closed != 1 || c.open == closing {
			t.Errorf("closing %v: told %v, closed %d times, open %v", closing, done, c.closed, c.open)
		}
	}
}

// Pages are looked at by keys, in the place of the screen, which is as it was afterwards.
func TestThePreviewByKeyboard(t *testing.T) {
	s := newStage(t)
	s.house.shelf.settings["practice"] = assets.DemoPractice
	s.unlocked()
	s.until("ready", s.says("Nouveau patient"))
	s.chosen(rx.FR, "ui.preview") // of nothing
	if s.open.preview.Shown() {
		t.Fatal("a preview of nothing")
	}
	s.chosen(rx.FR, "ui.settings")
	s.until("the settings", s.says("Documents et imprimante"))
	s.until("what is kept", s.says("feuille simple"))
	before := s.window.Canvas().Focused()
	s.chosen(rx.FR, "ui.preview")
	s.until("a page", s.says("page 1 de"))
	page, ok := s.window.Canvas().Focused().(*kit.Page)
	if !ok || s.says("Documents et imprimante")() {
		t.Fatalf("%T has the focus:\n%s", s.window.Canvas().Focused(), s.screen())
	}
	settled(s.window)
	top := page.Position()
	s.key(fyne.KeyDown)
	s.key(fyne.KeyRight)
	s.until("the next", s.says("page 2 de"))
	s.key(fyne.KeyPageUp)
	s.until("back", s.says("page 1 de"))
	if page.Position() != top {
		t.Error("a page does not begin at its top")
	}
	s.key(fyne.KeyEscape)
	if !s.says("Documents et imprimante")() || s.window.Canvas().Focused() != before || before == nil {
		t.Errorf("not where it was: %T\n%s", s.window.Canvas().Focused(), s.screen())
	}
	s.chosen(rx.FR, "ui.palette")
	s.typed("aper")
	s.key(fyne.KeyReturn)
	s.until("from the palette", s.says("page 1 de"))
	s.chosen(rx.FR, "ui.history")
	s.until("another screen", s.says("Aucune prescription encore"))
	if s.open.preview.Shown() {
		t.Error("still open")
	}
}
