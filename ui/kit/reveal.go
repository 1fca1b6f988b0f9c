package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// reveal scrolls so that o is in sight: whoever moves by keyboard must see where they are.
func reveal(o fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	c := driver.CanvasForObject(o)
	if c == nil {
		return // not drawn yet
	}
	scrolls, _ := around(c.Content(), o)
	for _, s := range scrolls {
		top := driver.AbsolutePositionForObject(o).Y - driver.AbsolutePositionForObject(s).Y
		below := top + o.Size().Height - s.Size().Height
		switch {
		case top < 0:
			s.ScrollToOffset(s.Offset.AddXY(0, top))
		case below > 0:
			s.ScrollToOffset(s.Offset.AddXY(0, below))
		}
	}
}

// around finds the scrolled parts that o lies in, from the outermost.
func around(at, o fyne.CanvasObject) (scrolls []*container.Scroll, found bool) {
	if at == o {
		return nil, true
	}
	switch at := at.(type) {
	case *fyne.Container:
		for _, inside := range at.Objects {
			if scrolls, found = around(inside, o); found {
				return scrolls, true
			}
		}
	case *container.Scroll:
		if scrolls, found = around(at.Content, o); found {
			return append([]*container.Scroll{at}, scrolls...), true
		}
	case *Tap:
		return around(at.inside, o)
	}
	return nil, false
}
