package kit

import (
	"image/color"
	"math"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"relais/app/documents"
)

// Page paints one page of a document as it will be printed, as large as its room allows. What stands where is the
// document's own list, the same that its PDF is made of.
//
// Fyne turns no text, so a text that runs upwards (the watermark) shows its letters upright along the same line.
type Page struct {
	widget.BaseWidget
	Key  func(fyne.KeyName) bool // what a key does that does not scroll; false: nothing
	page documents.Page
	min  fyne.Size
}

// NewPage is a page that wants to be at least so wide; it stays empty until Set.
func NewPage(width float32) *Page {
	p := &Page{min: fyne.NewSize(width, width*math.Sqrt2)}
	p.ExtendBaseWidget(p)
	return p
}

// Set shows another page; the zero one is empty.
func (p *Page) Set(page documents.Page) {
	p.page = page
	if page.Width > 0 {
		p.min.Height = p.min.Width * float32(page.Height) / float32(page.Width)
	}
	p.Refresh()
}

// FocusGained is where keys turn pages; the page is all that there is to look at.
func (p *Page) FocusGained() {}

// FocusLost is the end of that.
func (p *Page) FocusLost() {}

// TypedRune does nothing.
func (p *Page) TypedRune(rune) {}

// TypedKey scrolls, or is told to Key.
func (p *Page) TypedKey(key *fyne.KeyEvent) {
	switch {
	case escaped(p, key):
	case key.Name == fyne.KeyDown:
		p.scroll(8 * Unit)
	case key.Name == fyne.KeyUp:
		p.scroll(-8 * Unit)
	case p.Key != nil:
		p.Key(key.Name)
	}
}

// Top scrolls to its beginning.
func (p *Page) Top() { p.scroll(-p.Size().Height) }

func (p *Page) scroll(by float32) {
	c := fyne.CurrentApp().Driver().CanvasForObject(p)
	if c == nil {
		return // not drawn yet
	}
	if scrolls, _ := around(c.Content(), p); len(scrolls) > 0 {
		inmost := scrolls[len(scrolls)-1]
		inmost.ScrollToOffset(inmost.Offset.AddXY(0, by))
	}
}

// Desk has a page in the middle, in a size that can be read: its letters are as large as those of the window, where there is
// room for that.
func Desk(p *Page) *fyne.Container { return container.New(&desk{}, p) }

type desk struct{ width float32 }

// readable is the width of 0.01 mm at which ten points are read as the window's text is.
const readable = 95 * Unit / 21_000

func (d *desk) size(o fyne.CanvasObject) fyne.Size {
	page := o.(*Page).page
	if page.Width == 0 {
		return o.MinSize()
	}
	w := max(o.MinSize().Width, min(d.width, look().scaled(float32(page.Width)*readable)))
	return fyne.NewSize(w, w*float32(page.Height)/float32(page.Width))
}

func (d *desk) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	d.width = size.Width
	for _, o := range objects {
		s := d.size(o)
		o.Resize(s)
		o.Move(fyne.NewPos(max(0, (size.Width-s.Width)/2), 0))
	}
}

func (d *desk) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(objects[0].MinSize().Width, d.size(objects[0]).Height)
}

// CreateRenderer draws it.
func (p *Page) CreateRenderer() fyne.WidgetRenderer {
	return &pageRenderer{of: p, painted: -1}
}

type pageRenderer struct {
	of      *Page
	objects []fyne.CanvasObject
	painted float32 // the scale that objects are of
}

// Layout paints anew when the scale differs.
func (r *pageRenderer) Layout(size fyne.Size) {
	page := r.of.page
	if page.Width == 0 {
		r.objects = nil
		return
	}
	scale := min(size.Width/float32(page.Width), size.Height/float32(page.Height))
	if scale == r.painted {
		return
	}
	r.painted, r.objects = scale, nil
	r.rect(documents.Rect{W: page.Width, H: page.Height, Grey: 255})
	for _, item := range page.Items {
		switch item := item.(type) {
		case documents.Rect:
			r.rect(item)
		case documents.Bars:
			for _, bar := range item.Rects() {
				r.rect(bar)
			}
		case documents.Text:
			r.text(item)
		}
	}
}

func (r *pageRenderer) rect(of documents.Rect) {
	o := canvas.NewRectangle(shadeOf(of.Grey))
	o.Move(fyne.NewPos(r.length(of.X), r.length(of.Y)))
	o.Resize(fyne.NewSize(r.length(of.W), r.length(of.H)))
	r.objects = append(r.objects, o)
}

// text paints each word for itself, and no wider than it is: Fyne shapes letters closer than the PDF does, small ones wider,
// and over a line that adds up.
func (r *pageRenderer) text(of documents.Text) {
	sin, cos := math.Sincos(float64(of.Angle) * math.Pi / 180)
	between := " "
	if of.Angle != 0 {
		between = "" // letter by letter
	}
	before, driver := of, fyne.CurrentApp().Driver()
	before.Text = ""
	for _, word := range strings.SplitAfter(of.Text, between) {
		along, text := float64(before.Width()), strings.TrimSuffix(word, " ")
		before.Text += text
		wide := r.length(before.Width()) - r.length(int(along))
		before.Text += word[len(text):]
		if text == "" {
			continue
		}
		o := canvas.NewText(text, shadeOf(of.Grey))
		o.TextSize = r.length(of.Size) * 2540 / 720
		o.TextStyle.Bold = of.Bold
		o.FontSource = regular
		if of.Bold {
			o.FontSource = bold
		}
		size, baseline := driver.RenderedTextSize(o.Text, o.TextSize, o.TextStyle, o.FontSource)
		if size.Width > min(wide*1.03, wide+o.TextSize/8) { // small: whole points add up to a word that touches the next
			o.TextSize *= wide / size.Width
			size, baseline = driver.RenderedTextSize(o.Text, o.TextSize, o.TextStyle, o.FontSource)
		}
		o.Resize(size)
		x, y := float32(float64(of.X)+along*cos), float32(float64(of.Y)-along*sin)
		o.Move(fyne.NewPos(x*r.painted, y*r.painted-baseline))
		r.objects = append(r.objects, o)
	}
}

// length gives 0.01 mm on the screen.
func (r *pageRenderer) length(hundredths int) float32 { return float32(hundredths) * r.painted }

func (r *pageRenderer) MinSize() fyne.Size           { return r.of.min }
func (r *pageRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *pageRenderer) Destroy()                     {}

// Refresh paints what was set.
func (r *pageRenderer) Refresh() {
	r.painted = -1
	r.Layout(r.of.Size())
	canvas.Refresh(r.of)
}

func shadeOf(grey uint8) color.Color { return color.Gray{Y: grey} }
