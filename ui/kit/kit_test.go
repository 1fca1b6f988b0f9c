package kit

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"relais/ui/model"
)

// app is a Fyne app without a display, in our look.
func app(t *testing.T) fyne.App {
	a := test.NewTempApp(t)
	a.Settings().SetTheme(Theme{})
	return a
}

// lines are the lines of a text as they are drawn.
func lines(text *Text) (list []string) {
	last := float32(-1)
	for _, o := range test.WidgetRenderer(text).Objects() {
		c := o.(*canvas.Text)
		if y := c.Position().Y + c.Size().Height/2; y-last > 10 {
			list, last = append(list, ""), y
		}
		list[len(list)-1] += c.Text
	}
	return list
}

func TestTextBreaksAtSpacesAndNeverInsideAnAmount(t *testing.T) {
	app(t)
	const words = "amoxicilline Exemple 500\u00a0mg gélules, 16\u00a0gélules · 2\u00a0boîtes"
	text := NewText(Strong("1  "), Words(words))
	for width := float32(120); width < 500; width += 7 {
		text.Resize(fyne.NewSize(width, 10))
		text.Resize(fyne.NewSize(width, text.MinSize().Height))
		shown := strings.Join(lines(text), "\n")
		for _, amount := range []string{"500\u00a0mg", "16\u00a0gélules", "2\u00a0boîtes"} {
			if !strings.Contains(shown, amount) {
				t.Fatalf("at %v:\n%s", width, shown)
			}
		}
		if got := strings.Join(strings.Fields(strings.ReplaceAll(shown, "\u00a0", "_")), " "); got != strings.ReplaceAll("1 "+words, "\u00a0", "_") {
			t.Fatalf("at %v something is missing: %q", width, got)
		}
		for _, o := range test.WidgetRenderer(text).Objects() {
			if end := o.Position().X + o.Size().Width; end > width {
				t.Fatalf("at %v a line ends at %v", width, end)
			}
		}
	}
}

func TestTextShowsAWordThatIsWiderThanItself(t *testing.T) {
	app(t)
	word := strings.Repeat("éà", 60)
	text := NewText(Words(word))
	text.Resize(fyne.NewSize(100, 10))
	if got := strings.Join(lines(text), ""); got != word {
		t.Errorf("%d of %d characters", len([]rune(got)), len([]rune(word)))
	}
	if h := text.MinSize().Height; h < 100 {
		t.Errorf("height %v", h)
	}
	if text.Set(); text.MinSize().Height != 0 {
		t.Error("an empty text takes room")
	}
}

func TestSizesOfOneLineShareTheirBaseLine(t *testing.T) {
	app(t)
	text := NewText(Span{Text: "Historique", Big: true}, Soft("4 prescriptions"))
	text.Resize(fyne.NewSize(400, 40))
	var bases []float32
	for _, o := range test.WidgetRenderer(text).Objects() {
		c := o.(*canvas.Text)
		_, base := fyne.CurrentApp().Driver().RenderedTextSize(c.Text, c.TextSize, c.TextStyle, nil)
		bases = append(bases, c.Position().Y+base)
	}
	if len(bases) != 2 || bases[0]-bases[1] > 0.5 || bases[1]-bases[0] > 0.5 {
		t.Errorf("base lines at %v", bases)
	}
}

// A button that goes takes its meaning with it: a key that comes late does nothing, and nothing else.
func TestButtonsKeepFocusAndNeverChangeMeaning(t *testing.T) {
	a := app(t)
	pressed := ""
	press := func(name string) model.Button {
		return model.Button{Label: name, On: true, Press: func() { pressed = name }}
	}
	row := NewButtons()
	w := a.NewWindow("")
	w.SetContent(row.Object())
	row.Set([]model.Button{press("Attendre"), press("Papier")})
	first, second := row.shown[0], row.shown[1]
	w.Canvas().Focus(second)

	row.Set([]model.Button{press("Sortie"), press("Papier")})
	if row.shown[1] != second || w.Canvas().Focused() != second {
		t.Error("a button that stayed lost its focus")
	}
	first.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	test.Tap(first)
	if pressed != "" {
		t.Errorf("a button that is gone did %q", pressed)
	}
	row.Set([]model.Button{press("Sortie")})
	if w.Canvas().Focused() != nil {
		t.Error("a button that is gone keeps the focus")
	}
	row.shown[0].TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if pressed != "Sortie" {
		t.Errorf("Return did %q", pressed)
	}
	pressed = ""
	row.Set([]model.Button{{Label: "Sortie", Press: func() { pressed = "off" }}})
	row.shown[0].TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	row.shown[0].TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if pressed != "" {
		t.Error("a button that is off was pressed")
	}
}

type shownRow struct {
	button *Button
	column *fyne.Container
}

func (r *shownRow) Object() fyne.CanvasObject { return r.column }
func (r *shownRow) Show(v model.Button)       { r.button.Set(v) }

func TestStackKeepsARowForWhatItIsAbout(t *testing.T) {
	app(t)
	pressed := ""
	row := func(name string) model.Button {
		return model.Button{Label: name, On: true, Press: func() { pressed = name }}
	}
	var made []*shownRow
	stack := NewStack(func() Row[model.Button] {
		b := NewButton()
		made = append(made, &shownRow{b, NewColumn(b)})
		return made[len(made)-1]
	})
	test.NewTempWindow(t, stack.Object())
	key := func(_ int, b model.Button) string { return b.Label }
	stack.Set([]model.Button{row("a"), row("b")}, key)
	stack.Set([]model.Button{row("b"), row("c")}, key)
	if len(made) != 3 || stack.box.Objects[0] != made[1].column {
		t.Fatalf("%d rows were made", len(made))
	}
	test.Tap(made[0].button) // gone
	if pressed != "" {
		t.Errorf("a row that is gone did %q", pressed)
	}
	test.Tap(made[1].button)
	if pressed != "b" {
		t.Errorf("the row of b did %q", pressed)
	}
}

func TestEntryTellsWhatIsTypedAndNotWhatIsSet(t *testing.T) {
	app(t)
	var typed []string
	e := NewEntry(func(s string) { typed = append(typed, s) })
	test.NewTempWindow(t, e)
	e.Set("amo")
	test.Type(e, "x")
	if len(typed) != 1 || typed[0] != "amox" {
		t.Errorf("told %q", typed)
	}
}

func TestChoiceTellsWhatIsChosenAndNotWhatIsSet(t *testing.T) {
	app(t)
	var chosen []string
	c := NewChoice(func(v string) { chosen = append(chosen, v) })
	test.NewTempWindow(t, c)
	list := []model.Choice{{Value: "fr", Label: "Français"}, {Value: "nl", Label: "Nederlands", Chosen: true}}
	c.Set(list, "")
	c.Set([]model.Choice{{Value: "fr", Label: "French"}, {Value: "nl", Label: "Dutch", Chosen: true}}, "")
	if len(chosen) != 0 || c.Selected != "Dutch" {
		t.Errorf("told %q, shows %q", chosen, c.Selected)
	}
	c.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	if len(chosen) != 1 || chosen[0] != "fr" {
		t.Errorf("told %q", chosen)
	}
}

func TestWhatHasTheFocusIsInSight(t *testing.T) {
	a := app(t)
	column := NewColumn()
	var buttons []*Button
	for range 20 {
		b := NewButton()
		b.Set(model.Button{Label: "Remise au patient", On: true})
		buttons = append(buttons, b)
		column.Add(b)
	}
	scroll := container.NewVScroll(column)
	w := a.NewWindow("")
	w.SetContent(scroll)
	w.Resize(fyne.NewSize(300, 100))
	for _, i := range []int{15, 0, 19, 7} {
		w.Canvas().Focus(buttons[i])
		top := buttons[i].Position().Y - scroll.Offset.Y
		if top < 0 || top+buttons[i].Size().Height > scroll.Size().Height {
			t.Errorf("button %d is at %v of %v", i, top, scroll.Size().Height)
		}
	}
}

// A row of buttons stands beside its text while the text has room to be read in, below it otherwise, and covers nothing.
func TestBesideGoesBelowWhereThereIsNoRoom(t *testing.T) {
	a := app(t)
	for _, percent := range []int{100, 200} {
		a.Settings().SetTheme(Theme{Text: percent})
		text, row := NewText(Strong("1  Azithromycine Exemple 500\u00a0mg comprimés, 3\u00a0comprimés · 1\u00a0boîte")), NewButtons()
		row.Set([]model.Button{{Label: "Annuler la ligne…", On: true}, {Label: "Aussi essayé ailleurs", On: true}})
		box := NewBeside(text, row.Object())
		for _, width := range []float32{260, 400, 600, 1200} {
			for range 3 {
				box.Resize(fyne.NewSize(width, box.MinSize().Height))
			}
			left, right := text.Position().Add(text.Size()), row.Object().Position()
			if right.X < left.X-0.5 && right.Y < left.Y-0.5 {
				t.Errorf("%d %%, %v wide: buttons at %v over a text that ends at %v", percent, width, right, left)
			}
			if text.Size().Width < min(width, look().scaled(24*Unit))-0.5 {
				t.Errorf("%d %%, %v wide: %v for the text", percent, width, text.Size().Width)
			}
		}
	}
}
