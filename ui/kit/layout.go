package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// NewColumn puts objects under one another, each as wide as the column and as high as it then needs. Hidden and empty
// ones take no room.
func NewColumn(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(column{}, objects...)
}

type column struct{}

func (column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		o.Resize(fyne.NewSize(size.Width, o.MinSize().Height)) // the width decides where text wraps
		h := o.MinSize().Height
		o.Resize(fyne.NewSize(size.Width, h))
		o.Move(fyne.NewPos(0, y))
		y += h
	}
}

func (column) MinSize(objects []fyne.CanvasObject) (min fyne.Size) {
	for _, o := range objects {
		if o.Visible() {
			m := o.MinSize()
			min.Width, min.Height = max(min.Width, m.Width), min.Height+m.Height
		}
	}
	return min
}

// flow puts objects beside one another and goes on below when the line is full.
type flow struct{ width float32 }

func (f *flow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	f.width = size.Width
	f.place(objects, func(o fyne.CanvasObject, at fyne.Position, size fyne.Size) {
		o.Resize(size)
		o.Move(at)
	})
}

func (f *flow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return f.place(objects, func(fyne.CanvasObject, fyne.Position, fyne.Size) {})
}

// NewFlow puts objects beside one another and goes on below when the line is full.
func NewFlow(objects ...fyne.CanvasObject) *fyne.Container { return container.New(&flow{}, objects...) }

// Gap leaves half a unit around o.
func Gap(o fyne.CanvasObject) *fyne.Container { return container.New(&frame{Unit / 2}, o) }

// Bottom puts o at the bottom of the room that it gets.
func Bottom(o fyne.CanvasObject) *fyne.Container { return container.NewVBox(layout.NewSpacer(), o) }

// Top puts o at the top of the room that it gets.
func Top(o fyne.CanvasObject) *fyne.Container { return container.NewVBox(o, layout.NewSpacer()) }

// NewBeside puts right at the right of left, which gets the rest of the width, or below it where the rest would be too narrow
// to read in; right is a row of buttons.
func NewBeside(left, right fyne.CanvasObject) *fyne.Container {
	return container.New(&beside{}, left, right)
}

type beside struct{ width float32 }

// rest is what right leaves of the width to left; all of it when right goes below.
func (b *beside) rest(right fyne.CanvasObject) float32 {
	w := wide(right)
	if rest := b.width - w; w == 0 || rest >= look().scaled(24*Unit) {
		return rest
	}
	return b.width
}

func (b *beside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	b.width = size.Width
	left, right := objects[0], objects[1]
	rest := b.rest(right)
	if rest < size.Width {
		right.Resize(fyne.NewSize(size.Width-rest, right.MinSize().Height))
		right.Move(fyne.NewPos(rest, 0))
		left.Resize(fyne.NewSize(rest, size.Height))
		left.Move(fyne.NewPos(0, 0))
		return
	}
	for _, o := range objects { // the width decides where text wraps, and buttons go on below
		o.Resize(fyne.NewSize(size.Width, o.MinSize().Height))
	}
	height := left.MinSize().Height
	left.Resize(fyne.NewSize(size.Width, height))
	left.Move(fyne.NewPos(0, 0))
	right.Move(fyne.NewPos(0, height))
}

func (b *beside) MinSize(objects []fyne.CanvasObject) fyne.Size {
	left, right := objects[0].MinSize(), objects[1].MinSize()
	if b.rest(objects[1]) < b.width {
		return fyne.NewSize(max(left.Width, right.Width), max(left.Height, right.Height))
	}
	return fyne.NewSize(max(left.Width, right.Width), left.Height+right.Height)
}

// wide is the width of a row when nothing of it goes on below.
func wide(o fyne.CanvasObject) (w float32) {
	row, ok := o.(*fyne.Container)
	if !ok {
		return o.MinSize().Width
	}
	for _, b := range row.Objects {
		if !b.Visible() {
			continue
		}
		if w > 0 {
			w += Unit / 2
		}
		w += b.MinSize().Width
	}
	return w
}

// place tells where each object goes at the last known width; it gives the least width and the height.
func (f *flow) place(objects []fyne.CanvasObject, put func(fyne.CanvasObject, fyne.Position, fyne.Size)) (min fyne.Size) {
	x, y, line := float32(0), float32(0), float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		if x > 0 && f.width > 0 && x+m.Width > f.width {
			x, y, line = 0, y+line+Unit/2, 0
		}
		put(o, fyne.NewPos(x, y), m)
		x += m.Width + Unit/2
		line = max(line, m.Height)
		min.Width = max(min.Width, m.Width)
	}
	min.Height = y + line
	return min
}

// Sided lays objects out as wide does; where there is little room, below one another in their order.
func Sided(wide fyne.Layout, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(sided{wide}, objects...)
}

type sided struct{ wide fyne.Layout }

func (s sided) now() fyne.Layout {
	if Narrow() {
		return column{}
	}
	return s.wide
}

func (s sided) Layout(objects []fyne.CanvasObject, size fyne.Size) { s.now().Layout(objects, size) }
func (s sided) MinSize(objects []fyne.CanvasObject) fyne.Size      { return s.now().MinSize(objects) }

// Pane scrolls o in the room that is left to it; where there is little room o is as high as it needs, and scrolled to
// with all around it.
func Pane(o fyne.CanvasObject) *fyne.Container {
	p := &pane{inside: o, scroll: container.NewVScroll(o)}
	p.box = container.New(p, p.scroll)
	return p.box
}

type pane struct {
	inside fyne.CanvasObject
	scroll *container.Scroll
	box    *fyne.Container
}

// now is what the pane shows: a scroll that has nothing to scroll would keep the wheel from the one around it.
func (p *pane) now() fyne.CanvasObject {
	var o fyne.CanvasObject = p.scroll
	if Narrow() {
		o = p.inside
	}
	p.box.Objects[0] = o
	return o
}

func (p *pane) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	o := p.now()
	o.Resize(size)
	o.Move(fyne.NewPos(0, 0))
}

func (p *pane) MinSize([]fyne.CanvasObject) fyne.Size { return p.now().MinSize() }

// Capped scrolls what is higher than most; what is lower takes no more than it needs.
func Capped(o fyne.CanvasObject, most float32) *fyne.Container {
	return container.New(&capped{most: most, inside: o}, Pane(o))
}

type capped struct {
	most   float32
	inside fyne.CanvasObject
}

func (c *capped) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(size)
	objects[0].Move(fyne.NewPos(0, 0))
}

func (c *capped) MinSize([]fyne.CanvasObject) fyne.Size {
	m := c.inside.MinSize()
	if !Narrow() {
		m.Height = min(m.Height, look().scaled(c.most))
	}
	return m
}

// Reachable has o whole where it needs more room than there is: it is scrolled to. least is what it must be given.
func Reachable(least fyne.Size, o fyne.CanvasObject) *fyne.Container {
	room := newGround(theme.ColorNameBackground, "")
	room.min = least
	return container.NewStack(room, container.NewScroll(o))
}

// Sheet puts o in the middle, as large as size where there is room for that, and never smaller than it needs.
func Sheet(size fyne.Size, o fyne.CanvasObject) *fyne.Container {
	return container.New(&sheet{size}, o)
}

type sheet struct{ size fyne.Size }

func (s *sheet) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		w := min(size.Width, max(look().scaled(s.size.Width), o.MinSize().Width))
		o.Resize(fyne.NewSize(w, o.Size().Height)) // the width decides where text wraps
		h := min(size.Height, max(s.size.Height, o.MinSize().Height))
		o.Resize(fyne.NewSize(w, h))
		o.Move(fyne.NewPos((size.Width-w)/2, (size.Height-h)/2))
	}
}

func (s *sheet) MinSize(objects []fyne.CanvasObject) (min fyne.Size) {
	for _, o := range objects {
		min = min.Max(o.MinSize())
	}
	return min
}

// AtLeast gives an object a least size.
func AtLeast(size fyne.Size, o fyne.CanvasObject) *fyne.Container {
	return container.New(&atLeast{size}, o)
}

type atLeast struct{ size fyne.Size }

func (a *atLeast) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
		o.Move(fyne.NewPos(0, 0))
	}
}

func (a *atLeast) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := fyne.NewSize(look().scaled(a.size.Width), a.size.Height)
	for _, o := range objects {
		m = m.Max(o.MinSize())
	}
	return m
}

// ground is a rectangle in colours of the theme; stroke "" is without a border.
type ground struct {
	widget.BaseWidget
	fill, stroke fyne.ThemeColorName
	radius       float32
	min          fyne.Size
}

func newGround(fill, stroke fyne.ThemeColorName) *ground {
	g := &ground{fill: fill, stroke: stroke}
	if stroke != "" {
		g.radius = Unit / 2
	}
	g.ExtendBaseWidget(g)
	return g
}

// CreateRenderer draws it.
func (g *ground) CreateRenderer() fyne.WidgetRenderer {
	r := &groundRenderer{ground: g, back: canvas.NewRectangle(nil)}
	r.paint()
	return r
}

type groundRenderer struct {
	ground *ground
	back   *canvas.Rectangle
}

func (r *groundRenderer) paint() {
	r.back.FillColor, r.back.CornerRadius = shade(r.ground.fill), r.ground.radius
	if r.ground.stroke != "" {
		r.back.StrokeColor, r.back.StrokeWidth = shade(r.ground.stroke), 1
	}
}

func (r *groundRenderer) Layout(size fyne.Size)        { r.back.Resize(size) }
func (r *groundRenderer) MinSize() fyne.Size           { return r.ground.min }
func (r *groundRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.back} }
func (r *groundRenderer) Destroy()                     {}

func (r *groundRenderer) Refresh() {
	r.paint()
	r.back.Refresh()
}

// Card is a white ground with a thin border around o.
func Card(o fyne.CanvasObject) *fyne.Container {
	return container.NewStack(newGround(colorSurface, theme.ColorNameSeparator), container.NewPadded(o))
}

// Ask is the ground of an inline question.
func Ask(o fyne.CanvasObject) *fyne.Container {
	return container.NewStack(newGround(colorWarnSoft, colorWarn), container.NewPadded(o))
}

// Simulation puts a banner above o and a border around it, so that nobody takes what is invented for real.
func Simulation(banner, o fyne.CanvasObject) *fyne.Container {
	back, inside := newGround(colorDrill, ""), newGround(theme.ColorNameBackground, "")
	return container.NewStack(back, container.New(&frame{Unit / 2}, container.NewBorder(banner, nil, nil, nil, container.NewStack(inside, o))))
}

// OnDrill are words on the simulation's ground.
func OnDrill(s string) Span { return Span{Text: s, Bold: true, Color: colorOnDrill} }

// Rule is a thin line.
func Rule() fyne.CanvasObject {
	r := newGround(theme.ColorNameSeparator, "")
	r.min = fyne.NewSize(1, 1)
	return r
}

// frame leaves a margin around what it holds.
type frame struct{ margin float32 }

func (f *frame) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size.SubtractWidthHeight(2*f.margin, 2*f.margin))
		o.Move(fyne.NewPos(f.margin, f.margin))
	}
}

func (f *frame) MinSize(objects []fyne.CanvasObject) (min fyne.Size) {
	for _, o := range objects {
		min = min.Max(o.MinSize())
	}
	return min.AddWidthHeight(2*f.margin, 2*f.margin)
}

// Framed leaves one unit around o.
func Framed(o fyne.CanvasObject) *fyne.Container { return container.New(&frame{Unit}, o) }
