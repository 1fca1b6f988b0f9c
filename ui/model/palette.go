package model

import (
	"relais/app/i18n"
	"relais/app/prescribing"
)

// Palette finds commands by words of their names, in any order, each the beginning of a word.
type Palette struct {
	env      *Env
	commands func() []Button // with what can be done now
	words    string
	sel      int
	shown    bool
	focus    Focus
}

// NewPalette makes a palette of commands, closed.
func NewPalette(env *Env, commands func() []Button) *Palette {
	return &Palette{env: env, commands: commands}
}

// Open asks for a command.
func (p *Palette) Open() {
	p.words, p.sel, p.shown = "", 0, true
	p.focus.to(FieldText)
}

// Shown tells that it is open.
func (p *Palette) Shown() bool { return p.shown }

// Close closes it; nothing was done.
func (p *Palette) Close() { p.shown = false }

// Search keeps the commands with these words.
func (p *Palette) Search(words string) { p.words, p.sel = words, 0 }

// Move selects another command.
func (p *Palette) Move(by int) { p.sel = max(0, min(len(p.found())-1, p.sel+by)) }

// Enter does the selected command, when it can be done now.
func (p *Palette) Enter() {
	if found := p.found(); p.sel < len(found) {
		p.do(found[p.sel])
	}
}

func (p *Palette) do(b Button) {
	if b.On {
		p.Close()
		b.Press()
	}
}

func (p *Palette) found() (found []Button) {
	for _, b := range p.commands() {
		if prescribing.Holds(p.words, b.Label) {
			found = append(found, b)
		}
	}
	return found
}

// PaletteView is the open palette.
type PaletteView struct {
	Words, Hint, Empty string
	Commands           []CommandView
	Focus              Focus
}

// CommandView is one command.
type CommandView struct {
	Label, Key string
	Off        string // why it does nothing now; "" it can be done
	Selected   bool
	Press      func()
}

// View is the palette; nil while it is closed.
func (p *Palette) View() *PaletteView {
	if !p.shown {
		return nil
	}
	v := &PaletteView{Words: p.words, Hint: i18n.Text(p.env.Lang, "ui.palette.hint"), Focus: p.focus}
	for i, b := range p.found() {
		c := CommandView{Label: b.Label, Key: b.Key, Selected: i == p.sel, Press: p.env.press(func() { p.do(b) })}
		if !b.On {
			c.Off = i18n.Text(p.env.Lang, "ui.palette.off")
		}
		v.Commands = append(v.Commands, c)
	}
	if len(v.Commands) == 0 {
		v.Empty = i18n.Text(p.env.Lang, "ui.palette.none")
	}
	return v
}
