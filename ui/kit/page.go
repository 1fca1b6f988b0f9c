package kit

import (
	"image/color"
	"math"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"relais/app/documents"
)

// Page paints one page of a document as it will be printed, as large as its room allows. What stands where is the
// document's own list, the same that its PDF is made of.
//
// Fyne turns no text, so a text that runs upwards (the watermark) shows its letters upright along the same line.
type Page struct {
	widget.BaseWidget
	page documents.Page
	min  fyne.Size
}

// NewPage is a page that wants to be at least so wide; it stays empty until Set.
func NewPage(width float32) *Page {
	p := &Page{min: fyne.NewSize(width, width*math.Sqrt2)}
	p.ExtendBaseWidget(p)
	return p
}

// Set shows another page.
func (p *Page) Set(page documents.Page) {
	p.page = page
	p.min.Height = p.min.Width * float32(page.Height) / float32(page.Width)
	p.Refresh()
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

// text paints each word for itself: Fyne shapes letters closer than the PDF does, and over a line that adds up.
func (r *pageRenderer) text(of documents.Text) {
	sin, cos := math.Sincos(float64(of.Angle) * math.Pi / 180)
	between := " "
	if of.Angle != 0 {
		between = "" // letter by letter
	}
	before := of
	before.Text = ""
	for _, word := range strings.SplitAfter(of.Text, between) {
		along := float64(before.Width())
		before.Text += word
		if word = strings.TrimSuffix(word, " "); word == "" {
			continue
		}
		o := canvas.NewText(word, shadeOf(of.Grey))
		o.TextSize = r.length(of.Size) * 2540 / 720
		o.TextStyle.Bold = of.Bold
		o.FontSource = regular
		if of.Bold {
			o.FontSource = bold
		}
		size, baseline := fyne.CurrentApp().Driver().RenderedTextSize(o.Text, o.TextSize, o.TextStyle, o.FontSource)
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
