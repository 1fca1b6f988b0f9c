// Package shell is the window: its frame, its lock, its menu and the way from screen to screen. It is given a Fyne app
// by the front door and a House by whoever opens data directories; it opens no files and reaches no network.
//
// Contract: everything runs on Fyne's goroutine; what takes time goes through a bridge.Gate, one for each time that the
// window is unlocked. Locking or closing shows at once a screen without a patient; behind it what is under way is ended
// and waited for, and the Desk is closed: a spooler that does not answer holds nobody up. The present language holds for every text of the window, Fyne's own included; it is changed while the window is open.
//
// Failure modes: a House that cannot be unlocked is told on the lock screen; one that can only be read asks what the
// doctor wants, and then shows every prescription under a banner; a Desk whose feed or engine fails in the
// strip; an error of closing is what Run returns.
package shell

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/assets"
	"relais/ui/bridge"
	"relais/ui/kit"
	"relais/ui/model"
	"relais/ui/screen"
)

// The smallest window in which every screen is whole, in Fyne's units.
const (
	minWidth  = 1024
	minHeight = 700
	menuRoom  = 40 // what the menu takes of it, at most
)

// pulse is how often the window looks at the clock.
const pulse = 250 * time.Millisecond

// shell is the window.
type shell struct {
	app    fyne.App
	window fyne.Window
	house  House
	lang   rx.Lang
	face   face // as kept, or being kept

	exercise  *exercise      // nil but in the window of an exercise
	apart     *shell         // the window of an exercise, nil while there is none
	clearing  sync.WaitGroup // of exercises that are over
	behind    *parting       // the last desk that was locked or closed
	closing   *kit.Text      // nil but while the window closes
	uncleared atomic.Pointer[error]

	latest  atomic.Pointer[face]
	keeping sync.Mutex
	gates   func() *bridge.Gate
	gate    *bridge.Gate
	opened  Desk // by the unlocking under way or done

	env    *model.Env   // while locked
	first  *model.Start // nil but at the first start
	ask    *screen.Start
	unlock *model.Unlock
	lock   *screen.Unlock
	why    error          // that the directory was not opened for work
	damage *model.Damage  // nil unless it is open for reading only
	harm   *screen.Damage // nil once the doctor has chosen to read
	notice *kit.Text      // stands above everything then
	open   *open          // nil while locked
	leave  *model.Leave   // the question before closing, nil when it is not asked
	asked  *screen.Leave
	banner *kit.Text
	place  *fyne.Container // what fills the window
	err    error           // of closing
}

// parting is a desk that is being closed behind the screen.
type parting struct {
	done chan struct{}
	err  error // once done
}

// going tells that it is not over.
func (p *parting) going() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// ErrNotShown: the system made no window, and nobody would ever see the program run.
var ErrNotShown = errors.New("shell: the system made no window")

// Run shows the window and returns when it was closed.
func Run(app fyne.App, house House) error {
	s := newShell(app, house, bridge.New)
	s.window.Resize(fyne.NewSize(minWidth, minHeight))
	app.Lifecycle().SetOnStarted(func() {
		if !made(s.window) {
			s.err = ErrNotShown
			app.Quit()
			return
		}
		s.start()
	})
	s.window.ShowAndRun()
	return s.err
}

// made reports whether the system has a window for w. Fyne goes on without one where the display cannot draw OpenGL.
func made(w fyne.Window) bool {
	native, ok := w.(driver.NativeWindow)
	if !ok {
		return true
	}
	var is bool
	native.RunNative(func(window any) { is = !reflect.ValueOf(window).IsZero() })
	return is
}

func newShell(app fyne.App, house House, gates func() *bridge.Gate) *shell {
	app.SetIcon(fyne.NewStaticResource("icon.png", assets.Icon))
	s := &shell{app: app, house: house, gates: gates, window: app.NewWindow("Relais"), banner: kit.NewText(), notice: kit.NewText(), place: container.NewStack()}
	s.window.SetPadded(false)
	s.lang = house.Language()
	s.faced()
	s.ground()
	s.window.SetMaster()
	s.window.SetCloseIntercept(s.quit)
	s.window.Canvas().SetOnTypedKey(func(key *fyne.KeyEvent) {
		switch {
		case key.Name != fyne.KeyEscape || s.open == nil:
		case s.leave != nil:
			s.stay()
		default:
			s.open.cancel()
		}
	})
	s.shut()
	return s
}

// face is how the window looks before the directory is open.
type face struct {
	lang rx.Lang
	look model.Look
}

// faced puts on what was kept of the directory.
func (s *shell) faced() {
	lang, dark, text := s.house.Face()
	if !slices.Contains(rx.Langs, lang) {
		lang = s.lang
	}
	if !slices.Contains(model.TextSizes, text) {
		text = 0
	}
	s.lang, s.face = lang, face{lang, model.Look{Dark: dark, Text: text}}
	s.app.Settings().SetTheme(kit.Theme{Dark: dark, Text: text}.In(fyne.NewSize(minWidth, minHeight-menuRoom)))
}

// keepFace keeps the language and the look of the open window for the next lock screen.
func (s *shell) keepFace() {
	look, ok := s.app.Settings().Theme().(kit.Theme)
	now := face{s.lang, model.Look{Dark: look.Dark, Text: look.Text}}
	if !ok || s.open == nil || s.open.env.Reading || now == s.face {
		return
	}
	s.face = now
	s.latest.Store(&now)
	s.gate.Do(func(context.Context) func() {
		s.keeping.Lock() // whichever of two comes last keeps the latest
		defer s.keeping.Unlock()
		l := s.latest.Load()
		err := s.house.KeepFace(l.lang, l.look.Dark, l.look.Text)
		return func() {
			if s.open != nil && err != nil {
				s.open.kept = err
				s.show()
			}
		}
	})
}

// ground is what every screen stands on; what is larger than the window, with large text, is scrolled to.
func (s *shell) ground() {
	var content fyne.CanvasObject = s.place
	switch {
	case s.exercise != nil:
		content = kit.Simulation(s.exercise.above(), s.place)
	case s.house.Simulated():
		content = kit.Simulation(s.banner, s.place)
	}
	s.window.SetContent(kit.Reachable(fyne.NewSize(minWidth, minHeight-menuRoom), content))
}

// wear shows the window in a look.
func (s *shell) wear(l model.Look) {
	s.dress(kit.Theme{Dark: l.Dark, Text: l.Text})
	s.keepFace()
	s.show()
}

// dress takes a theme, as it is in the room of this window.
func (s *shell) dress(t kit.Theme) {
	if t = t.In(s.place.Size()); t != s.app.Settings().Theme() {
		s.app.Settings().SetTheme(t)
	}
}

// start begins the pulse; Fyne runs from now on.
func (s *shell) start() { s.gate.Every(pulse, s.beat) }

// shut shows the lock screen; at the first start the question that comes before.
func (s *shell) shut() {
	s.gate = s.gates()
	s.open, s.damage, s.harm, s.leave = nil, nil, nil, nil
	s.env = &model.Env{Do: s.gate.Do, Changed: s.show, Lang: s.lang}
	if s.house.FirstStart() {
		s.first = model.NewStart(s.env, s.house.Try, s.house.Working())
		s.ask = screen.NewStart(s.first, s.tried, s.show)
		s.fill(s.ask.Object())
		s.speak(s.lang)
		return
	}
	s.lockScreen()
}

// tried goes on to the lock screen of the demonstration.
func (s *shell) tried() {
	s.first = nil
	s.faced()
	s.ground()
	s.lockScreen()
}

func (s *shell) lockScreen() {
	behind := s.behind
	s.unlock = model.NewUnlock(s.env, s.house.DemoPassphrase(), func(ctx context.Context, passphrase []byte) error {
		again := slices.Clone(passphrase)
		defer clear(again)
		if behind != nil { // the directory has one window
			select {
			case <-behind.done:
			case <-ctx.Done():
				clear(passphrase)
				return ctx.Err()
			}
		}
		desk, err := s.house.Unlock(ctx, passphrase)
		if s.why = err; readable[rx.CodeOf(err)] {
			desk, err = s.house.UnlockReadOnly(ctx, again)
		}
		if err == nil {
			s.opened = desk
		}
		return err
	})
	s.unlock.Behind = behind.going
	s.lock = screen.NewUnlock(s.unlock, s.enter, s.show)
	s.fill(s.lock.Object())
	s.speak(s.lang)
}

// readable are the faults of a directory that can perhaps be read although it cannot be worked in.
var readable = map[rx.Code]bool{rx.CodeDamaged: true, rx.CodeReadOnly: true, rx.CodeDiskFull: true, rx.CodeIO: true, rx.CodeNewer: true}

// enter opens the window on what was unlocked; on what can only be read after a question.
func (s *shell) enter() {
	if yes, sound, all, ends := s.opened.ReadingOnly(); yes {
		s.damage = model.NewDamage(s.env, s.why, sound, all, ends, s.opened.Export)
		s.harm = screen.NewDamage(s.look)
		s.fill(s.harm.Object())
		s.speak(s.lang)
		return
	}
	s.work()
}

// look opens the window for reading: on every prescription.
func (s *shell) look() {
	s.harm = nil
	s.work()
	s.fill(container.NewBorder(kit.NewColumn(kit.Framed(s.notice), kit.Rule()), nil, nil, nil, s.open.frame.box))
	s.open.goTo(placeHistory)
}

func (s *shell) work() {
	s.open = newOpen(s, s.opened)
	s.fill(s.open.frame.box)
	s.speak(s.lang)
	s.open.start()
}

func (s *shell) fill(o fyne.CanvasObject) {
	s.place.Objects = []fyne.CanvasObject{o}
	s.place.Refresh()
}

// speak puts the whole window into a language.
func (s *shell) speak(l rx.Lang) {
	s.lang, s.env.Lang = l, l
	speakFyne(l)
	s.banner.Set(kit.OnDrill(i18n.Text(l, "ui.simulation")))
	s.window.SetMainMenu(s.menu())
	s.keepFace()
	s.show()
}

// show shows what the models say now.
func (s *shell) show() {
	if s.closing != nil {
		s.closing.Set(kit.Toned(model.Busy, i18n.Text(s.lang, "ui.closing")))
		return
	}
	if s.exercise != nil {
		if s.exercise.show(); s.open != nil {
			s.open.show()
		}
		return
	}
	if s.leave != nil {
		v := s.leave.View()
		s.asked.Show(v)
		s.asked.Follow(s.window.Canvas(), v.Focus)
		return
	}
	if s.open != nil {
		s.open.show()
		if s.damage != nil {
			s.notice.Set(kit.Toned(model.Bad, s.damage.Banner()))
		}
		return
	}
	if s.harm != nil {
		v := s.damage.View()
		s.harm.Show(v)
		s.harm.Follow(s.window.Canvas(), v.Focus)
		return
	}
	if s.first != nil {
		v := s.first.View()
		s.ask.Show(v)
		s.ask.Follow(s.window.Canvas(), v.Focus)
		return
	}
	v := s.unlock.View()
	s.lock.Show(v)
	s.lock.Follow(s.window.Canvas(), v.Focus)
}

// beat is the pulse.
func (s *shell) beat() {
	if t, ok := s.app.Settings().Theme().(kit.Theme); ok && s.apart == nil {
		s.dress(t) // the window may have another size
	}
	switch {
	case s.exercise != nil && s.open == nil:
	case s.open != nil:
		s.open.prescribe.Tick()
		s.open.drill.Tick()
	case s.first == nil:
		s.unlock.Pass(pulse)
	}
	s.show()
}

// part ends what is under way, and closes the desk behind the screen once that is over.
func (s *shell) part() *parting {
	before, wait, p := s.behind, s.gate.Shut(), &parting{done: make(chan struct{})}
	s.behind = p
	bridge.Behind(func() {
		defer close(p.done)
		if before != nil {
			<-before.done
			p.err = before.err
		}
		wait()
		if desk := s.opened; desk != nil {
			s.opened = nil
			p.err = errors.Join(p.err, desk.Close(context.Background()))
		}
	})
	return p
}

// parted waits until p is over, and what exercises left is cleared away. It is called away from the screen.
func (s *shell) parted(p *parting) error {
	<-p.done
	s.clearing.Wait()
	if left := s.uncleared.Swap(nil); left != nil {
		return errors.Join(p.err, *left)
	}
	return p.err
}

// lockUp goes back to the lock screen. What was being written is a draft.
func (s *shell) lockUp() {
	if s.open == nil || s.exercise != nil {
		return
	}
	s.open.prescribe.Leave(func() {
		s.part()
		s.shut()
		s.start()
	})
}

// quit closes the window. What was being written is a draft. While something is open it asks first; asked again it closes.
func (s *shell) quit() {
	switch {
	case s.exercise != nil:
		s.patientArrives()
		s.exercise.first.quit()
	case s.open == nil:
		s.end()
	case s.leave != nil:
		s.stay()
		s.open.prescribe.Leave(s.end)
		s.show()
	default:
		if s.leave = model.NewLeave(s.open.env, s.open.strip.Counts(), s.open.prescribe.Unsent()); s.leave == nil {
			s.open.prescribe.Leave(s.end)
			return
		}
		s.asked = screen.NewLeave(s.stay, s.quit)
		s.fill(s.asked.Object())
		s.show()
	}
}

// stay goes back to work.
func (s *shell) stay() {
	if s.leave != nil {
		s.leave, s.asked = nil, nil
		s.fill(s.open.frame.box)
		s.open.goTo(s.open.at)
	}
}

// end closes the window when what is under way is over; until then it shows that, and nothing else.
func (s *shell) end() {
	if s.closing != nil {
		return
	}
	p := s.part()
	s.gate = s.gates()
	s.open, s.damage, s.harm, s.leave = nil, nil, nil, nil
	s.closing = kit.NewText()
	s.fill(kit.Sheet(fyne.NewSize(60*kit.Unit, 40*kit.Unit), kit.Card(kit.Framed(s.closing))))
	s.speak(s.lang)
	s.gate.Do(func(context.Context) func() {
		err := s.parted(p)
		return func() {
			s.gate.Shut()
			s.err = err
			s.window.SetCloseIntercept(nil)
			s.window.Close()
			s.app.Quit()
		}
	})
}
