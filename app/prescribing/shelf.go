package prescribing

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"

	"relais/app/rx"
)

// Bounds of the shelf: what is longer is no short list any more.
const (
	MaxFavourites = 200
	MaxTemplates  = 50
)

// Shelf is what the doctor keeps to prescribe again, for whomever: single lines, and several under a name. No line of it
// has a date or a reason that was typed for one patient.
type Shelf struct {
	Version    int        `json:"version"`
	Favourites []rx.Line  `json:"favourites,omitempty"`
	Templates  []Template `json:"templates,omitempty"`
}

// Template is several lines under a name.
type Template struct {
	Name  string    `json:"name"`
	Lines []rx.Line `json:"lines"`
}

func (Shelf) Format(f fmt.State, _ rune)    { _, _ = io.WriteString(f, "Shelf(…)") }
func (Shelf) LogValue() slog.Value          { return slog.StringValue("Shelf(…)") }
func (Template) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Template(…)") }
func (Template) LogValue() slog.Value       { return slog.StringValue("Template(…)") }

const shelfSetting = "shelf"

// Shelf reads it. CodeSettingUnread comes with an empty one: what stands there is damaged, and is put aside before
// anything is kept in its place.
func (s *Service) Shelf(ctx context.Context) (Shelf, error) {
	shelf := Shelf{Version: keptVersion}
	if err := s.readKept(ctx, shelfSetting, &shelf); err != nil {
		return Shelf{Version: keptVersion}, err
	}
	return shelf, nil
}

// KeepFavourite puts a line on the shelf, first of all. The same line again moves to the front.
func (s *Service) KeepFavourite(ctx context.Context, l rx.Line) (Shelf, error) {
	l = shelved(l)
	return s.changeShelf(ctx, func(shelf *Shelf) error {
		shelf.Favourites = append([]rx.Line{l}, without(shelf.Favourites, l)...)
		if len(shelf.Favourites) > MaxFavourites {
			return rx.Fault(rx.CodeShelfFull, "max", fmt.Sprint(MaxFavourites))
		}
		return nil
	})
}

// DropFavourite takes a line off the shelf.
func (s *Service) DropFavourite(ctx context.Context, l rx.Line) (Shelf, error) {
	return s.changeShelf(ctx, func(shelf *Shelf) error {
		shelf.Favourites = without(shelf.Favourites, l)
		return nil
	})
}

// KeepTemplate keeps lines under a name, in place of a template of that name.
func (s *Service) KeepTemplate(ctx context.Context, name string, lines []rx.Line) (Shelf, error) {
	t := Template{Name: strings.Join(strings.Fields(name), " ")}
	switch n := len([]rune(t.Name)); {
	case n == 0:
		return Shelf{}, rx.Fault(rx.CodeMissing).At("$.name")
	case n > rx.MaxName:
		return Shelf{}, rx.Fault(rx.CodeTooLong, "max", fmt.Sprint(rx.MaxName)).At("$.name")
	case len(lines) == 0 || len(lines) > rx.MaxLines:
		return Shelf{}, rx.Fault(rx.CodeLineCount, "min", "1", "max", fmt.Sprint(rx.MaxLines)).At("$.lines")
	}
	for _, l := range lines {
		t.Lines = append(t.Lines, shelved(l))
	}
	return s.changeShelf(ctx, func(shelf *Shelf) error {
		shelf.Templates = append(slices.DeleteFunc(shelf.Templates, func(o Template) bool { return rx.Fold(o.Name) == rx.Fold(t.Name) }), t)
		slices.SortFunc(shelf.Templates, func(a, b Template) int { return strings.Compare(rx.Fold(a.Name), rx.Fold(b.Name)) })
		if len(shelf.Templates) > MaxTemplates {
			return rx.Fault(rx.CodeShelfFull, "max", fmt.Sprint(MaxTemplates))
		}
		return nil
	})
}

// DropTemplate takes the template of that name off the shelf.
func (s *Service) DropTemplate(ctx context.Context, name string) (Shelf, error) {
	return s.changeShelf(ctx, func(shelf *Shelf) error {
		shelf.Templates = slices.DeleteFunc(shelf.Templates, func(o Template) bool { return o.Name == name })
		return nil
	})
}

func (s *Service) changeShelf(ctx context.Context, change func(*Shelf) error) (Shelf, error) {
	shelf, before := s.Shelf(ctx)
	if err := change(&shelf); err != nil {
		return Shelf{}, err
	}
	return shelf, s.writeKept(ctx, shelfSetting, shelf, before)
}

// shelved is a line without what belongs to one patient on one day.
func shelved(l rx.Line) rx.Line {
	l = WithRiskReason(l, "", "")
	l.Begin, l.Expires = rx.Date{}, rx.Date{}
	return l
}

func without(lines []rx.Line, l rx.Line) []rx.Line {
	return slices.DeleteFunc(slices.Clone(lines), func(o rx.Line) bool { return reflect.DeepEqual(o, l) })
}

// Holds tells that each word begins a word of one of the texts, whatever the case and the accents.
func Holds(words string, texts ...string) bool {
	return holds(strings.Fields(rx.Fold(words)), texts...)
}
