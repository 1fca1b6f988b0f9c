package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"relais/ui/kit"
	"relais/ui/model"
)

// Palette is every command by its name.
type Palette struct {
	search   *kit.Entry
	empty    *kit.Text
	commands *kit.Stack[model.CommandView]
	box      *fyne.Container
	focus    focus
}

// NewPalette makes the screen of m.
func NewPalette(m *model.Palette, changed func()) *Palette {
	s := &Palette{empty: kit.NewText(), commands: kit.NewStack(newCommand)}
	s.search = kit.NewEntry(func(words string) { m.Search(words); changed() })
	s.search.Key = keys(m.Move, m.Enter, changed)
	s.box = container.NewBorder(kit.NewColumn(s.search, s.empty), nil, nil, nil, kit.Pane(s.commands.Object()))
	return s
}

// Object is what it looks like.
func (s *Palette) Object() fyne.CanvasObject { return s.box }

// Show shows what the model says.
func (s *Palette) Show(v *model.PaletteView) {
	s.search.Hint(v.Hint)
	s.search.Set(v.Words)
	s.empty.Set(kit.Soft(v.Empty))
	visible(v.Empty != "", s.empty)
	s.commands.Set(v.Commands, func(_ int, c model.CommandView) string { return c.Label })
}

// Follow puts the focus where the model wants it.
func (s *Palette) Follow(c fyne.Canvas, want model.Focus) {
	s.focus.follow(c, want, map[model.Field]fyne.Focusable{model.FieldText: s.search})
}

// command is one of them, with its key.
type command struct {
	text *kit.Text
	tap  *kit.Tap
}

func newCommand() kit.Row[model.CommandView] {
	c := &command{text: kit.NewText()}
	c.tap = kit.NewTap(c.text)
	return c
}

func (c *command) Object() fyne.CanvasObject { return c.tap }

func (c *command) Show(v model.CommandView) {
	label := kit.Strong(v.Label)
	if v.Off != "" {
		label = kit.Quiet(v.Label)
		v.Off = "   " + v.Off
	}
	c.text.Set(label, kit.Words("   "+v.Key), kit.Quiet(v.Off))
	c.tap.Set(v.Selected, v.Press)
}
