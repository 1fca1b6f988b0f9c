package shell

import (
	"context"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
)

func TestUnlockByKeyboard(t *testing.T) {
	s := newStage(t)
	if !s.says("fictif-fictief")() || !s.says("SIMULATION")() {
		t.Errorf("the lock screen of the demonstration:\n%s", s.screen())
	}
	s.typed("wrong")
	s.key(fyne.KeyReturn)
	s.until("told", s.says("n'ouvre pas ce dossier"))
	s.unlocked()
	s.until("ready for a patient", func() bool {
		e, ok := s.window.Canvas().Focused().(*kit.Entry)
		return ok && strings.Contains(e.PlaceHolder, "NISS")
	})
}

func TestTheFirstStart(t *testing.T) {
	s := newStageOn(t, &cottage{empty: true, broken: rx.Fault(rx.CodeReadOnly)})
	if !s.says("Essayer (fictif)")() || !s.says("pas encore démarrer")() || s.says("SIMULATION")() {
		t.Errorf("the first start:\n%s", s.screen())
	}
	s.beat()
	s.chosen(rx.FR, "ui.lang.nl")
	if !s.says("Proberen (fictief)")() {
		t.Errorf("in Dutch:\n%s", s.screen())
	}
	s.key(fyne.KeyReturn)
	s.until("told", s.says("read-only-directory"))
	s.house.broken = nil
	s.key(fyne.KeyReturn)
	s.until("the demonstration's lock screen", s.says("Relais is vergrendeld"))
	if !s.says("SIMULATI")() {
		t.Errorf("no banner:\n%s", s.screen())
	}
	s.beat()
	s.unlocked()
}

func TestAnOrderIsWrittenByKeyboardAndKeptWhenTheWindowIsLocked(t *testing.T) {
	s := newStage(t)
	s.unlocked()
	s.until("ready", s.says("Nouveau patient"))
	s.typed("85.07.30-034.27")
	s.until("found", s.says("DUPONT Marie"))
	s.key(fyne.KeyReturn)
	s.until("picked", s.says("femme"))
	s.typed("amox")
	s.until("results", s.says("catégorie C"))
	s.key(fyne.KeyReturn)
	s.typed("1")
	canvas := s.window.Canvas()
	canvas.FocusNext()
	canvas.FocusNext()
	s.typed("3")
	canvas.FocusNext()
	s.typed("7")
	if !s.says("1\u00a0gélule 3\u00a0fois par jour pendant 7\u00a0jours")() {
		t.Errorf("no preview:\n%s", s.screen())
	}
	s.key(fyne.KeyReturn)
	if !s.says("Envoyer 1 ligne – M. Dupont")() {
		t.Errorf("nothing to send:\n%s", s.screen())
	}
	s.chosen(rx.FR, "ui.menu.lock")
	s.until("locked", func() bool { return s.open == nil })
	s.closedBehind()
	if s.house.open || s.house.closed != 1 || len(s.house.shelf.drafts) != 1 {
		t.Errorf("open %v, closed %d times, %d drafts", s.house.open, s.house.closed, len(s.house.shelf.drafts))
	}
	s.unlocked()
	s.until("the draft is there", s.says("Brouillon (non envoyé)"))
}

// Closing while something is open warns, once: Escape goes back to work, closing again closes, and nothing is lost.
func TestClosingWhileSomethingIsOpenWarns(t *testing.T) {
	s := newStage(t)
	s.unlocked()
	s.until("ready", s.says("Nouveau patient"))
	s.typed("85.07.30-034.27")
	s.until("found", s.says("DUPONT Marie"))
	s.key(fyne.KeyReturn)
	s.until("picked", s.says("femme"))
	s.typed("amox")
	s.until("results", s.says("catégorie C"))
	s.key(fyne.KeyReturn)
	s.typed("1")
	s.quit()
	s.until("asked", s.says("1 brouillon non envoyé"))
	s.chosen(rx.FR, "ui.treat")
	if !s.says("Fermer Relais alors que")() || s.house.closed > 0 {
		t.Error("a key of the menu goes past the question")
	}
	s.key(fyne.KeyEscape)
	s.until("back", s.says("1\u00a0gélule"))
	s.quit()
	s.quit()
	s.closedBehind()
	if s.house.closed != 1 {
		t.Errorf("closed %d times", s.house.closed)
	}
	if len(s.house.shelf.drafts) != 1 {
		t.Errorf("%d drafts", len(s.house.shelf.drafts))
	}
}

func TestLanguageOfTheWindow(t *testing.T) {
	s := newStage(t)
	s.chosen(rx.FR, "ui.lang.nl")
	if !s.says("Relais is vergrendeld")() || lang.L("Paste") != "Plakken" || lang.L("Cut") != "Knippen" {
		t.Errorf("%s and %q", s.screen(), lang.L("Paste"))
	}
	s.unlocked()
	s.until("Dutch", s.says("Nieuwe patiënt"))
	s.chosen(rx.NL, "ui.lang.de")
	s.until("kept", func() bool {
		kept, err := s.house.shelf.Setting(context.Background(), languageSetting)
		return err == nil && string(kept) == "de"
	})
	if !s.says("Neuer Patient")() || lang.L("Paste") != "Einfügen" || s.window.MainMenu().Items[1].Label != "Gehe zu" {
		t.Errorf("%s", s.screen())
	}
	for _, l := range rx.Langs {
		speakFyne(l)
		for _, key := range fyneTexts {
			if text := lang.L(key); text == "" || l == rx.NL && text == key && key != "OK" {
				t.Errorf("%s: %q is %q", l, key, text)
			}
		}
	}
}

func TestTheWaysToTheScreens(t *testing.T) {
	s := newStage(t)
	s.unlocked()
	s.until("ready", s.says("Nouveau patient"))
	s.chosen(rx.FR, "ui.treat")
	s.until("to treat", s.says("Rien ne demande votre décision"))
	s.chosen(rx.FR, "ui.history")
	s.until("history", s.says("Aucune prescription encore"))
	s.chosen(rx.FR, "ui.send") // another screen's key does nothing here
	s.chosen(rx.FR, "ui.next")
	s.until("another patient", s.says("Tapez quelques lettres"))
}

func TestThePalette(t *testing.T) {
	s := newStage(t)
	s.unlocked()
	s.until("ready", s.says("Nouveau patient"))
	s.chosen(rx.FR, "ui.palette")
	s.until("asked", s.says("Que voulez-vous faire"))
	s.typed("hist")
	s.key(fyne.KeyReturn)
	s.until("history", s.says("Aucune prescription encore"))
	s.chosen(rx.FR, "ui.palette")
	s.typed("envoyer")
	if !s.says("Ctrl+Entrée")() || !s.says("pas possible maintenant")() {
		t.Errorf("a command of another screen:\n%s", s.screen())
	}
	s.key(fyne.KeyReturn)
	s.key(fyne.KeyEscape)
	s.until("back", s.says("Aucune prescription encore"))
	s.chosen(rx.FR, "ui.palette")
	s.chosen(rx.FR, "ui.outages") // a key goes past it
	s.until("outages", s.says("Pendant une panne"))
	s.chosen(rx.FR, "ui.palette")
	s.typed("essayer maint")
	if !s.says("Ctrl+Maj+T")() {
		t.Errorf("no retry among the commands:\n%s", s.screen())
	}
	s.key(fyne.KeyEscape)
	s.chosen(rx.FR, "ui.palette")
	s.typed("liste du jour")
	s.key(fyne.KeyReturn)
	s.until("the settings, where is said what becomes of it", func() bool { return s.open.at == placeSettings && s.says("Documents et imprimante")() })
	s.chosen(rx.FR, "ui.palette")
	s.typed("verrouiller")
	s.key(fyne.KeyDown) // the first is about a prescription
	s.key(fyne.KeyReturn)
	s.until("locked", func() bool { return s.open == nil })
}

func TestTheLook(t *testing.T) {
	s := newStage(t)
	s.unlocked()
	s.until("ready", s.says("Nouveau patient"))
	s.chosen(rx.FR, "ui.settings")
	s.until("settings", s.says("Taille du texte"))
	words := s.open.frame.next.MinSize()
	worn := kit.Theme{Dark: true, Text: 150, Narrow: true}
	s.open.settings.SetText("150")
	s.open.settings.SetDark("dark")
	s.until("kept", func() bool {
		kept, err := s.house.shelf.Setting(context.Background(), "look")
		return err == nil && string(kept) == `{"dark":true,"text":150}`
	})
	if large := s.open.frame.next.MinSize(); s.app.Settings().Theme() != fyne.Theme(worn) || large.Height < 1.2*words.Height {
		t.Errorf("%+v, %v after %v", s.app.Settings().Theme(), large, words)
	}
	s.lockUp()
	s.until("locked", func() bool { return s.open == nil })
	if s.app.Settings().Theme() != fyne.Theme(worn) {
		t.Error("the lock screen has another look")
	}
	if err := s.house.shelf.SetSetting(context.Background(), "look", []byte(`{"text":125}`)); err != nil { // as another window does
		t.Fatal(err)
	}
	worn = kit.Theme{Text: 125, Narrow: true}
	s.unlocked()
	s.until("worn again", func() bool { return s.app.Settings().Theme() == fyne.Theme(worn) })
}

func TestTheDrillSwitchAndTheEnginesFault(t *testing.T) {
	s := newStage(t)
	s.unlocked()
	s.until("the switch", s.says("Réponse perdue"))
	test.Tap(s.open.frame.weathers[1])
	s.until("down", func() bool { return s.house.Weather() == "down" })
	strong := func(i int) func() bool {
		return func() bool { return s.open.frame.weathers[i].Importance == widget.HighImportance }
	}
	s.until("read", strong(1))
	s.house.weather.Store("hang") // by the command line, which tells nobody
	s.house.later.Add(int64(3 * time.Second))
	s.beat()
	s.until("as it is", strong(2))
	s.house.fault = rx.Fault(rx.CodeDiskFull)
	s.house.news <- nil
	s.until("told", s.says("disk-full"))
}

func TestTheStripTriesAtOnce(t *testing.T) {
	s := newStage(t)
	s.unlocked()
	s.until("ready", s.says("Nouveau patient"))
	if s.says("Essayer maintenant")() {
		t.Error("there is something to try while nothing is known to be away")
	}
	s.house.away = s.house.service.Now().Add(-time.Minute)
	s.house.news <- nil
	s.until("told", s.says("Essayer maintenant"))
	s.chosen(rx.FR, "ui.strip.retry") // by its key
	if s.house.retried != 1 {
		t.Errorf("tried %d times by the key", s.house.retried)
	}
	s.house.retried = 0
	b := s.open.frame.retry.Object().(*fyne.Container).Objects[0].(*kit.Button)
	s.window.Canvas().Focus(b)
	s.key(fyne.KeyReturn)
	if s.house.retried != 1 {
		t.Errorf("tried %d times", s.house.retried)
	}
	s.house.away = time.Time{}
	s.house.news <- nil
	s.until("gone", func() bool { return !s.says("Essayer maintenant")() })
	s.chosen(rx.FR, "ui.strip.retry")
	if test.Tap(b); s.house.retried != 1 || s.window.Canvas().Focused() == fyne.Focusable(b) {
		t.Error("a button that is gone is pressed, or has the focus")
	}
}

func TestClosingWhileUnlockingLeavesNothingOpen(t *testing.T) {
	s := newStage(t)
	s.typed(s.house.DemoPassphrase())
	s.key(fyne.KeyReturn)
	s.quit()
	s.closedBehind()
	if s.house.open {
		t.Error("the directory is still open")
	}
}

// Large text in a small window stands below one another, and beside again where the window is large; the field that has
// the focus keeps it.
func TestLargeText(t *testing.T) {
	s := newStage(t)
	s.unlocked()
	s.open.goTo(placeSettings)
	look := func() kit.Theme { return s.app.Settings().Theme().(kit.Theme) }
	s.open.settings.SetText("200")
	if !look().Narrow || !s.open.frame.narrow {
		t.Fatalf("%+v", look())
	}
	focused := s.window.Canvas().Focused()
	s.window.Resize(large)
	s.beat()
	if look().Narrow || s.open.frame.narrow || look().Text != 200 {
		t.Fatalf("%+v", look())
	}
	if focused == nil || s.window.Canvas().Focused() != focused {
		t.Error("the focus was lost")
	}
}

// The lock screen stands in the language and the look that were chosen last.
func TestTheLockScreenKnowsItsFace(t *testing.T) {
	c := &cottage{face: face{rx.NL, model.Look{Dark: true, Text: 125}}}
	s := newStageOn(t, c)
	if look := s.app.Settings().Theme().(kit.Theme); !look.Dark || look.Text != 125 || !s.says("Wachtwoord")() {
		t.Fatalf("%+v\n%s", look, s.screen())
	}
	s.unlocked()
	s.until("ready", s.says("Nieuwe patiënt"))
	s.chosen(rx.NL, "ui.settings")
	s.until("settings", s.says("125"))
	s.open.settings.SetText("100")
	s.chosen(rx.NL, "ui.lang.de")
	want := face{rx.DE, model.Look{Dark: true, Text: 100}}
	s.until("kept", func() bool {
		_, err := s.house.shelf.Setting(context.Background(), "language")
		return err == nil && s.shell.face == want
	})
	if err := s.close(); err != nil || c.face != want {
		t.Errorf("%+v, %v", c.face, err)
	}
	for _, odd := range []face{{"xx", model.Look{Text: 7}}, {}} {
		c := &cottage{face: odd}
		if s := newStageOn(t, c); s.lang != rx.FR || s.app.Settings().Theme().(kit.Theme).Text != 0 {
			t.Errorf("%+v: %s", odd, s.lang)
		}
	}
}

// An exercise takes the window's place and gives it back at one key, with all that was in it.
func TestAnExerciseUntilARealPatientArrives(t *testing.T) {
	s := newStage(t)
	s.drill() // from before the lock
	x := s.apart
	if x == nil || s.open != nil {
		t.Fatal("no exercise beside a locked directory")
	}
	s.until("begun", func() bool { return x.open != nil })
	x.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if s.apart != nil {
		t.Fatal("it goes on")
	}
	s.unlocked()
	s.until("ready", func() bool { _, ok := s.window.Canvas().Focused().(*kit.Entry); return ok })
	s.typed("dup")
	s.until("found", s.says("85.07.30-034.27"))
	s.key(fyne.KeyReturn)
	s.until("a patient", func() bool { return s.open.prescribe.View().Name != "" })
	s.typed("amo")
	s.until("all is read", func() bool {
		return s.says("catégorie C")() && s.says("Rien encore.")() && s.says("Services simulés")() && s.says("attente")()
	})
	before, focused := s.screen(), s.window.Canvas().Focused()

	s.chosen(rx.FR, "ui.exercise")
	x = s.apart
	exercise := &stage{shell: x, house: s.house.drilled[0], in: s.in, t: t}
	if !exercise.says("Un vrai patient arrive")() {
		t.Fatalf("before it has begun:\n%s", exercise.screen())
	}
	s.drill()
	if s.apart != x {
		t.Fatal("a second exercise")
	}
	s.until("begun", func() bool { return x.open != nil })
	x.drill()
	if x.apart != nil {
		t.Fatal("an exercise within an exercise")
	}
	exercise.until("patients", exercise.says("EXERCICE"))
	exercise.until("entry", func() bool { _, ok := x.window.Canvas().Focused().(*kit.Entry); return ok })
	exercise.typed("cla")
	exercise.until("an invented patient", exercise.says("CLAES"))
	exercise.key(fyne.KeyReturn)
	x.lockUp()
	if x.open == nil {
		t.Fatal("an exercise was locked")
	}
	x.open.prescribe.AddPatient() // a form is open, and the key still leaves
	x.show()
	exercise.until("form", func() bool { return x.open.prescribe.Form() != nil })
	exercise.key(fyne.KeyEscape)
	if s.apart != nil {
		t.Fatal("it goes on")
	}
	if got := s.screen(); got != before || s.window.Canvas().Focused() != focused {
		t.Errorf("the first window was:\n%s\nand is:\n%s", before, got)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	for i, c := range s.house.drilled {
		if c.open || c.closed != 1 {
			t.Errorf("exercise %d was closed %d times", i, c.closed)
		}
	}
	if s.house.closed != 1 {
		t.Errorf("the first was closed %d times", s.house.closed)
	}
}

// An exercise that cannot begin says why, and what is safe; one that is left while it begins is cleared away.
func TestAnExerciseThatDoesNotBegin(t *testing.T) {
	s := newStage(t)
	s.house.broken = rx.Fault(rx.CodeDiskFull)
	s.drill()
	exercise := &stage{shell: s.apart, house: s.house, in: s.in, t: t}
	s.until("told", exercise.says("Votre dossier n'a pas été touché."))
	exercise.patientArrives()
	s.house.broken = nil
	s.drill()
	s.apart.patientArrives()
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.house.drilled {
		if c.closed != 1 {
			t.Error("what had begun was left")
		}
	}
}

// Each key stands in the words of its item, where it can be read, and means one thing in each language.
func TestTheKeysOfTheMenu(t *testing.T) {
	s := newStage(t)
	for _, l := range rx.Langs {
		s.speak(l)
		meaning, words := map[string]string{}, map[string]string{}
		for _, m := range s.window.MainMenu().Items {
			for _, item := range m.Items {
				if item.Shortcut == nil {
					continue
				}
				name, key := named(item), strings.TrimPrefix(item.Label, named(item)+"   ")
				if _, drawn := item.Shortcut.(fyne.KeyboardShortcut); drawn || key == "" || key == name {
					t.Errorf("%s: the key of %q is drawn by the toolkit, or not said", l, item.Label)
				}
				shortcut := item.Shortcut.ShortcutName()
				if meaning[shortcut] != "" || words[key] != "" {
					t.Errorf("%s: %s is %q and %q", l, key, name, meaning[shortcut]+words[key])
				}
				meaning[shortcut], words[key] = name, name
			}
		}
		if len(meaning) < 20 {
			t.Errorf("%s: %d keys", l, len(meaning))
		}
	}
}
