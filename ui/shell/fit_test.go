package shell

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"relais/app/documents"
	"relais/app/i18n"
	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
	"relais/ui/screen"
)

// menuHeight is what the menu takes of the window.
const menuHeight = 30

// said is what a model said in one of its tests, in each language.
func said[V any](t *testing.T, name string) map[rx.Lang]V {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "model", "testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var views map[rx.Lang]V
	if err := json.Unmarshal(b, &views); err != nil {
		t.Fatal(err)
	}
	return views
}

// rows is a history with its rows.
type rows struct {
	View model.HistoryView
	All  []model.Row
}

// state is a screen state: how to show it in a language.
type state struct {
	name string
	show func(t *testing.T, l rx.Lang, w fyne.Window)
}

// states are all screen states that the models' tests produced.
func states(t *testing.T) []state {
	var all []state
	files, err := filepath.Glob(filepath.Join("..", "model", "testdata", "*.json"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d views of the models: %v", len(files), err)
	}
	strips, drill := said[model.StripView](t, "strip-down"), said[model.DrillView](t, "drill")
	inFrame := func(l rx.Lang, w fyne.Window, p place, o fyne.CanvasObject, show func()) {
		f := newFrame(func(rx.Lang) {})
		f.hold(o)
		put(w, l, f.box, func() {
			f.show(l, frameView{strip: strips[l], drill: drillOf(drill[l]), at: p, goTo: func(place) {}, next: next(l)})
			show()
		})
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		s := state{name: name}
		switch family, _, _ := strings.Cut(name, "-"); family {
		case "unlock":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				u := screen.NewUnlock(model.NewUnlock(&model.Env{}, "", nil), func() {}, func() {})
				put(w, l, u.Object(), func() { u.Show(said[model.UnlockView](t, name)[l]) })
			}
		case "start":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				x := screen.NewStart(&model.Start{}, func() {}, func() {})
				put(w, l, x.Object(), func() { x.Show(said[model.StartView](t, name)[l]) })
			}
		case "exercise":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				v, m := said[model.ExerciseView](t, name)[l], model.NewExercise(&model.Env{Lang: l, Do: func(func(context.Context) func()) {}}, nil, nil, nil)
				x := &exercise{model: m, banner: kit.NewText(), steps: kit.NewText(), end: kit.NewButtons(), news: kit.NewNotices()}
				inside := x.news.Object()
				pick := screen.NewPrescribe(&model.Prescribe{}, func() {})
				if len(v.Notices) == 0 {
					f := newFrame(func(rx.Lang) {})
					f.hold(pick.Object())
					f.show(l, frameView{strip: strips[l], drill: drillOf(drill[l]), goTo: func(place) {}, next: next(l)})
					inside = f.box
				}
				under(w, x.above(), inside, func() {
					x.show()
					x.news.Show(v.Notices)
					pick.Show(l, said[model.PrescribeView](t, "paper-asked")[l])
				})
			}
		case "damage":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				x := screen.NewDamage(func() {})
				put(w, l, x.Object(), func() { x.Show(said[model.DamageView](t, name)[l]) })
			}
		case "outages":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				x := screen.NewOutages()
				inFrame(l, w, placeOutages, x.Object(), func() { x.Show(l, said[model.OutagesView](t, name)[l]) })
			}
		case "settings":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				x := screen.NewSettings(model.NewSettings(&model.Env{}, "", nil, nil), func() {})
				inFrame(l, w, placeSettings, x.Object(), func() { x.Show(said[model.SettingsView](t, name)[l]) })
			}
		case "palette":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				x := screen.NewPalette(&model.Palette{}, func() {})
				v := said[model.PaletteView](t, name)[l]
				inFrame(l, w, placeTreat, x.Object(), func() { x.Show(&v) })
			}
		case "preview":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				x := screen.NewPreview(&model.Preview{}, func() {})
				v := said[model.PreviewView](t, name)[l]
				d, err := documents.Calibration{Language: l}.Layout()
				if err != nil {
					t.Fatal(err)
				}
				v.Page = func() documents.Page { return d.Pages[0] }
				inFrame(l, w, placePrescribe, x.Object(), func() { x.Show(&v) })
			}
		case "leave":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				x := screen.NewLeave(func() {}, func() {})
				put(w, l, x.Object(), func() { x.Show(said[model.LeaveView](t, name)[l]) })
			}
		case "treat":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				x := screen.NewTreat(model.NewTreat(&model.Env{}, nil, nil), func() {})
				inFrame(l, w, placeTreat, x.Object(), func() { x.Show(said[model.TreatView](t, name)[l]) })
			}
		case "history":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				x := screen.NewHistory(model.NewHistory(&model.Env{}, nil), func() {})
				v := said[rows](t, name)[l]
				v.View.Row = func(i int) model.Row { return v.All[i] }
				inFrame(l, w, placeHistory, x.Object(), func() { x.Show(l, v.View) })
			}
		case "strip":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				f := newFrame(func(rx.Lang) {})
				put(w, l, f.box, func() { f.show(l, frameView{strip: said[model.StripView](t, name)[l], next: next(l)}) })
			}
		case "print":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				f := newFrame(func(rx.Lang) {})
				put(w, l, f.box, func() {
					f.show(l, frameView{strip: strips[l], prints: said[[]model.Notice](t, name)[l], next: next(l)})
				})
			}
		case "drill":
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				f, v := newFrame(func(rx.Lang) {}), said[model.DrillView](t, name)[l]
				put(w, l, f.box, func() { f.show(l, frameView{drill: &v, next: next(l)}) })
			}
		default:
			s.show = func(t *testing.T, l rx.Lang, w fyne.Window) {
				x := screen.NewPrescribe(&model.Prescribe{}, func() {})
				inFrame(l, w, placePrescribe, x.Object(), func() { x.Show(l, said[model.PrescribeView](t, name)[l]) })
			}
		}
		all = append(all, s)
	}
	return all
}

func next(l rx.Lang) model.Button {
	return model.Button{Label: i18n.Text(l, "ui.next"), Key: i18n.Text(l, "ui.key.next"), On: true}
}

// least is the smallest window; large the smallest one in which text of twice the size stands as text of the usual size does.
var least, large = fyne.NewSize(minWidth, minHeight), fyne.NewSize(1920, 1000+menuHeight)

// room is what a window of size leaves to its screen.
func room(size fyne.Size) fyne.Size { return size.SubtractWidthHeight(0, menuHeight) }

// put shows o in a window, below the simulation's banner, as a running window comes to show it.
func put(w fyne.Window, l rx.Lang, o fyne.CanvasObject, show func()) {
	under(w, kit.NewText(kit.OnDrill(i18n.Text(l, "ui.simulation"))), o, show)
}

// drillOf is the switch without what went wrong.
func drillOf(v model.DrillView) *model.DrillView {
	v.Notices = nil
	return &v
}

// under shows o in a window under a banner.
func under(w fyne.Window, banner, o fyne.CanvasObject, show func()) {
	w.SetPadded(false)
	w.SetContent(kit.Reachable(room(least), kit.Simulation(banner, o)))
	w.Resize(w.Canvas().Size())
	show()
	settled(w)
	settings := fyne.CurrentApp().Settings()
	if now := settings.Theme().(kit.Theme).In(o.Size()); now != settings.Theme() { // as the shell does
		settings.SetTheme(now)
		show()
		settled(w)
	}
}

// settled lays a window out until nothing asks for more room, as the driver of a real one does.
func settled(w fyne.Window) {
	for range 4 {
		relay(w.Content())
	}
}

// relay lays everything out again, from the inside out.
func relay(o fyne.CanvasObject) {
	switch o := o.(type) {
	case *fyne.Container:
		for _, inside := range o.Objects {
			relay(inside)
		}
		if o.Layout != nil {
			o.Layout.Layout(o.Objects, o.Size())
		}
	case *container.Scroll:
		relay(o.Content)
		o.Refresh()
	case fyne.Widget:
		for _, inside := range test.WidgetRenderer(o).Objects() {
			relay(inside)
		}
	}
}

// seen is a text on the screen, with the place where it may be; or a part that can be pressed, typed into or scrolled.
type seen struct {
	part     fyne.CanvasObject // nil: a text
	text     string
	at       fyne.Position
	size     fyne.Size
	from, to fyne.Position // where it is seen
	scrolls  bool          // what is below can be scrolled to
	typed    bool          // inside an entry
}

// texts are all texts that o shows.
func texts(o fyne.CanvasObject, at, from, to fyne.Position, scrolls, typed bool) (all []seen) {
	if !o.Visible() {
		return nil
	}
	at = at.Add(o.Position())
	inside := func(objects []fyne.CanvasObject) {
		for _, i := range objects {
			all = append(all, texts(i, at, from, to, scrolls, typed)...)
		}
	}
	switch o := o.(type) {
	case *canvas.Text:
		if strings.TrimSpace(o.Text) != "" {
			size := fyne.MeasureText(o.Text, o.TextSize, o.TextStyle)
			if o.Alignment == fyne.TextAlignCenter {
				at.X += (o.Size().Width - size.Width) / 2
			}
			all = []seen{{nil, o.Text, at, size, from, to, scrolls, typed}}
		}
	case *fyne.Container:
		inside(o.Objects)
	case *container.Scroll:
		all = []seen{{o, "the scrolled part", at, o.Size(), from, to, scrolls, typed}}
		end := at.Add(o.Size())
		from, to = fyne.NewPos(max(from.X, at.X), max(from.Y, at.Y)), fyne.NewPos(min(to.X, end.X), min(to.Y, end.Y))
		all = append(all, texts(o.Content, at, from, to, true, typed)...)
	case *kit.Page: // its words are those of the paper
		all = []seen{{o, "page", at, o.Size(), from, to, scrolls, typed}}
	case fyne.Widget:
		switch p := o.(type) {
		case *kit.Entry:
			typed = true
			all = []seen{{o, "entry " + p.PlaceHolder, at, o.Size(), from, to, scrolls, typed}}
		case *kit.Button:
			all = []seen{{o, "button " + p.Text, at, o.Size(), from, to, scrolls, typed}}
		case *kit.Choice:
			all = []seen{{o, "choice " + p.Selected, at, o.Size(), from, to, scrolls, typed}}
		case *kit.Check:
			all = []seen{{o, "switch " + p.Text, at, o.Size(), from, to, scrolls, typed}}
		}
		inside(test.WidgetRenderer(o).Objects())
	}
	return all
}

// shown are the texts and the parts of a window.
func shown(w fyne.Window) (words, parts []seen) {
	c := w.Content()
	for _, x := range texts(c, fyne.NewPos(0, 0), fyne.NewPos(0, 0), fyne.NewPos(c.Size().Width, c.Size().Height), false, false) {
		if x.part != nil {
			parts = append(parts, x)
		} else {
			words = append(words, x)
		}
	}
	return words, parts
}

// No text is cut, covered or outside the smallest window, on any screen in any language, also with text of twice the size.
func TestEverythingFits(t *testing.T) {
	for _, x := range []struct {
		percent int
		size    fyne.Size
		narrow  bool
	}{{100, least, false}, {200, least, true}, {200, large, false}} {
		t.Run(fmt.Sprintf("%d at %.0f", x.percent, x.size.Width), func(t *testing.T) {
			testFits(t, kit.Theme{Text: x.percent, Narrow: x.narrow}, room(x.size))
		})
	}
}

func testFits(t *testing.T, look kit.Theme, size fyne.Size) {
	app := test.NewTempApp(t)
	shortened := map[string]bool{}
	for _, l := range rx.Langs {
		for _, key := range []string{"ui.paper", "ui.choice.paper", "ui.reading", "ui.unlock.busy", "ui.hand.short", "ui.back.withdraw", "ui.back.revoke", "ui.practice.change", "ui.exercise", "ui.exercise.wait", "ui.reach.lock", "ui.reach.unlock", "ui.reach.notify", "ui.recipe.asking"} {
			shortened[i18n.Text(l, key)] = true
		}
	}
	for _, s := range states(t) {
		for _, l := range rx.Langs {
			t.Run(s.name+"/"+string(l), func(t *testing.T) {
				if app.Settings().Theme() != look {
					app.Settings().SetTheme(look)
				}
				w := app.NewWindow("")
				defer w.Close()
				w.Resize(size)
				s.show(t, l, w)
				if now := app.Settings().Theme(); now != look && !strings.HasPrefix(s.name, "exercise") {
					t.Fatalf("%+v in this room", now)
				}
				if m := w.Content().MinSize(); m.Width > w.Canvas().Size().Width || m.Height > w.Canvas().Size().Height {
					t.Errorf("needs %v", m)
				}
				all, parts := shown(w)
				checkParts(t, parts, look)
				if len(all) < 3 {
					t.Fatalf("%d texts", len(all))
				}
				for i, x := range all {
					end := x.at.Add(x.size)
					switch {
					case x.typed:
					case x.at.X < x.from.X-0.5 || end.X > x.to.X+0.5:
						t.Errorf("%q is cut: from %.0f to %.0f, seen from %.0f to %.0f", x.text, x.at.X, end.X, x.from.X, x.to.X)
					case !x.scrolls && (x.at.Y < x.from.Y-0.5 || end.Y > x.to.Y+0.5):
						t.Errorf("%q is outside: %.0f to %.0f of %.0f", x.text, x.at.Y, end.Y, x.to.Y)
					case strings.Contains(x.text, "…") && !slices.ContainsFunc(slicesOf(shortened), func(k string) bool {
						return strings.Contains(x.text, k) || strings.Contains(k, strings.TrimLeft(x.text, "✔◷▲✖\u00a0"))
					}):
						t.Errorf("%q is shortened", x.text)
					}
					for _, y := range all[:i] {
						if !outOfSight(x) && !outOfSight(y) && overlap(x, y) {
							t.Errorf("%q lies over %q", x.text, y.text)
						}
					}
				}
			})
		}
	}
}

// checkParts holds that whatever can be pressed or typed into is whole, can be scrolled to and lies under nothing else; and
// that what is scrolled shows three lines at least.
func checkParts(t *testing.T, parts []seen, look kit.Theme) {
	t.Helper()
	for i, x := range parts {
		end := x.at.Add(x.size)
		least := x.part.MinSize()
		switch s, scroll := x.part.(*container.Scroll); {
		case x.at.X < x.from.X-0.5 || end.X > x.to.X+0.5:
			t.Errorf("%s is cut: from %.0f to %.0f, seen from %.0f to %.0f", x.text, x.at.X, end.X, x.from.X, x.to.X)
		case !x.scrolls && (x.at.Y < x.from.Y-0.5 || end.Y > x.to.Y+0.5):
			t.Errorf("%s is outside: %.0f to %.0f of %.0f", x.text, x.at.Y, end.Y, x.to.Y)
		case scroll:
			if lines := 3 * look.Size(theme.SizeNameText); s.Content.MinSize().Height > x.size.Height && x.size.Height < lines {
				t.Errorf("%s shows %.0f of %.0f", x.text, x.size.Height, s.Content.MinSize().Height)
			}
			continue
		case x.size.Width < least.Width-0.5 || x.size.Height < least.Height-0.5:
			t.Errorf("%s has %v and needs %v", x.text, x.size, least)
		}
		for _, y := range parts[:i] {
			if _, scroll := y.part.(*container.Scroll); !scroll && !outOfSight(x) && !outOfSight(y) && overlap(x, y) {
				t.Errorf("%s lies over %s", x.text, y.text)
			}
		}
	}
}

func slicesOf(m map[string]bool) (list []string) {
	for k := range m {
		list = append(list, k)
	}
	return list
}

func outOfSight(x seen) bool {
	return x.at.Y >= x.to.Y || x.at.Y+x.size.Height <= x.from.Y
}

func overlap(x, y seen) bool {
	w := min(x.at.X+x.size.Width, y.at.X+y.size.Width) - max(x.at.X, y.at.X)
	h := min(x.at.Y+x.size.Height, y.at.Y+y.size.Height, x.to.Y, y.to.Y) - max(x.at.Y, y.at.Y, x.from.Y, y.from.Y)
	return w > 1 && h > 2
}

// What each screen says in French and in Dutch, from top to bottom.
func TestScreens(t *testing.T) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(kit.Theme{})
	for _, s := range states(t) {
		for _, l := range []rx.Lang{rx.FR, rx.NL} {
			t.Run(s.name+"/"+string(l), func(t *testing.T) {
				w := app.NewWindow("")
				defer w.Close()
				w.Resize(room(least))
				s.show(t, l, w)
				words, _ := shown(w)
				golden(t, s.name+"."+string(l), picture(words))
			})
		}
	}
}

// picture is the texts in sight as lines, from top to bottom and from left to right.
func picture(all []seen) string {
	slices.SortStableFunc(all, func(a, b seen) int {
		if d := math.Round(float64(a.at.Y+a.size.Height/2-b.at.Y-b.size.Height/2) / 12); d != 0 {
			return int(d)
		}
		return cmp.Compare(a.at.X, b.at.X)
	})
	var b strings.Builder
	last := float32(-100)
	for _, x := range all {
		if outOfSight(x) {
			continue
		}
		if middle := x.at.Y + x.size.Height/2; middle-last > 6 {
			fmt.Fprintf(&b, "\n%s", strings.Repeat(" ", int(x.at.X/16)))
			last = middle
		} else {
			b.WriteString(" | ")
		}
		b.WriteString(x.text)
	}
	return strings.TrimPrefix(b.String(), "\n") + "\n"
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if os.Getenv("RELAIS_GOLDEN") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (RELAIS_GOLDEN=1 writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs (RELAIS_GOLDEN=1 writes it anew); now:\n%s", file, got)
	}
}
