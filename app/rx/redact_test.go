package rx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"
)

// What no output may show: a text and a number that stand in every field.
const (
	markText   = "Zqxjk"
	markNumber = 7_395_517
)

// fill sets every exported field at any depth to a marker.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(markText)
	case reflect.Int, reflect.Int64:
		v.SetInt(markNumber)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Uint8:
		v.SetUint('Z')
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if v.Type() != reflect.TypeFor[time.Time]() {
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		}
	}
}

func filled[T any]() any {
	v := reflect.New(reflect.TypeFor[T]()).Elem()
	fill(v)
	return v.Interface()
}

// bearers are the types that hold what a log must not show, each filled with markers.
func bearers() []any {
	return []any{
		filled[SSIN](), filled[NIHII](), filled[CNK](), filled[RID](), filled[KeyID](),
		filled[Patient](), filled[Practice](), filled[Prescriber](), filled[Address](),
		filled[Request](), filled[Line](), filled[Posology](), filled[Compound](), filled[RegimenEntry](),
		filled[Checked](), filled[CheckedLine](), filled[Issuance](), filled[Facts](), filled[Product](), filled[Problem](),
		filled[Issue](), filled[IssueItem](), filled[Draft](), filled[Known](), filled[Writing](),
		filled[Key](), filled[Parcel](), filled[Call](), filled[Content](), filled[ContentLine](), filled[Letter](), filled[Feedback](), filled[Notice](),
	}
}

// tellers are what holds the doctor's own words beside facts that a log may show, with a
// marker in the words alone.
func tellers() []any {
	event, notes := Event{Kind: EventWithdrawn, Reason: "other", Text: markText}, Notes{Reason: "other", ReasonText: markText}
	p := Prescription{State: StateWithdrawn, Notes: notes}
	return []any{event, notes, p, Task{Prescription: p}}
}

// nested puts v where a careless line of code may put it.
func nested(v any) []any {
	t := reflect.TypeOf(v)
	pointer := reflect.New(t)
	pointer.Elem().Set(reflect.ValueOf(v))
	slice := reflect.MakeSlice(reflect.SliceOf(t), 1, 1)
	slice.Index(0).Set(reflect.ValueOf(v))
	table := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), t))
	table.SetMapIndex(reflect.ValueOf("key"), reflect.ValueOf(v))
	holder := reflect.New(reflect.StructOf([]reflect.StructField{
		{Name: "Value", Type: t}, {Name: "Pointer", Type: reflect.PointerTo(t)}, {Name: "Nil", Type: reflect.PointerTo(t)},
		{Name: "Slice", Type: slice.Type()}, {Name: "Map", Type: table.Type()}, {Name: "Any", Type: reflect.TypeFor[any]()},
	}))
	for name, value := range map[string]reflect.Value{"Value": reflect.ValueOf(v), "Pointer": pointer, "Slice": slice, "Map": table, "Any": pointer} {
		holder.Elem().FieldByName(name).Set(value)
	}
	all := []any{pointer.Interface(), slice.Interface(), table.Interface(), holder.Interface(), holder.Elem().Interface(), []any{v, []any{v}}, map[string]any{"key": v}}
	if t.Comparable() {
		keyed := reflect.MakeMap(reflect.MapOf(t, reflect.TypeFor[int]()))
		keyed.SetMapIndex(reflect.ValueOf(v), reflect.ValueOf(1))
		all = append(all, keyed.Interface())
	}
	return all
}

// shows tells that out holds a marker, as text, as hexadecimal or as bytes.
func shows(out string) bool {
	for _, mark := range []string{markText, fmt.Sprint(markNumber), fmt.Sprintf("%x", markText), fmt.Sprintf("%X", markText), fmt.Sprintf("% x", markText),
		fmt.Sprintf("%U", 'Z'), fmt.Sprint([]byte(markText)[:3])[1:9], fmt.Sprintf("%x", markNumber)} {
		if strings.Contains(strings.ToLower(out), strings.ToLower(mark)) {
			return true
		}
	}
	return false
}

func TestMarkersAreSeen(t *testing.T) {
	if plain := fmt.Sprint(filled[Medicine]()); !shows(plain) {
		t.Fatalf("a type that hides nothing shows no marker: %s", plain)
	}
}

func TestNothingIsPrinted(t *testing.T) {
	formats := []string{"a value too many"}
	for _, verb := range "abcdefghijklmnoqrstuvxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" { // all but p and w, see redact.go
		for _, flags := range []string{"", "+", "#", "-30", " ", "03", ".2", "+#"} {
			formats = append(formats, "%"+flags+string(verb))
		}
	}
	for _, bearer := range append(bearers(), tellers()...) {
		for i, v := range append(nested(bearer), bearer) {
			for _, format := range formats {
				if out := fmt.Sprintf(format, v); shows(out) {
					t.Fatalf("%s of %T (%d) shows %s", format, v, i, out)
				}
			}
			for _, out := range []string{fmt.Sprint(v), fmt.Sprintln(v, v), fmt.Errorf("found %v: %w", v, io.EOF).Error()} {
				if shows(out) {
					t.Fatalf("%T (%d) shows %s", v, i, out)
				}
			}
		}
	}
}

// What a log may show of them it does: every fact, and that there are words.
func TestFactsArePrinted(t *testing.T) {
	for _, v := range []any{filled[Event](), filled[Notes](), filled[Prescription]()} {
		out, of := fmt.Sprintf("%+v", v), reflect.TypeOf(v)
		for i := range of.NumField() {
			if name := of.Field(i).Name; !strings.Contains(out, name+":") {
				t.Errorf("%s without %s: %s", of.Name(), name, out)
			}
		}
		if !strings.Contains(out, "Text:…") || !strings.Contains(out, "Reason:"+markText) {
			t.Errorf("%s: %s", of.Name(), out)
		}
		if empty := fmt.Sprintf("%+v", reflect.Zero(of).Interface()); strings.Contains(empty, "Text:…") {
			t.Errorf("words where there are none: %s", empty)
		}
	}
}

// Nor by what they stand in.
func TestWordsAreNotPrintedByTheirHolders(t *testing.T) {
	event, p := tellers()[0].(Event), tellers()[2].(Prescription)
	for _, holder := range []any{Happening{Event: event}, Act{Event: event}, Item{Prescription: p}, Issued{Prescriptions: []Prescription{p}}} {
		for i, v := range append(nested(holder), holder) {
			for _, verb := range []string{"%v", "%+v", "%#v"} {
				if out := fmt.Sprintf(verb, v); shows(out) || !strings.Contains(out, "Text:…") && !strings.Contains(out, `Text:"…"`) && !strings.Contains(out, "other …") {
					t.Errorf("%s of %T (%d): %s", verb, holder, i, out)
				}
			}
		}
	}
}

// Also when somebody asks for the text himself.
func TestNothingIsSaid(t *testing.T) {
	for _, bearer := range append(bearers(), tellers()...) {
		if s, ok := bearer.(fmt.Stringer); ok && shows(s.String()) {
			t.Errorf("String of %T shows %s", bearer, s)
		}
		if s, ok := bearer.(fmt.GoStringer); ok && shows(s.GoString()) {
			t.Errorf("GoString of %T", bearer)
		}
	}
}

func TestNothingIsLogged(t *testing.T) {
	var out bytes.Buffer
	loggers := []*slog.Logger{
		slog.New(slog.NewTextHandler(&out, nil)),
		slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{AddSource: true, ReplaceAttr: RedactAttr})),
	}
	for _, bearer := range append(bearers(), tellers()...) {
		out.Reset()
		slog.New(slog.NewJSONHandler(&out, nil)).Info("found", "value", bearer)
		if out.Len() == 0 || shows(out.String()) {
			t.Fatalf("%T without RedactAttr shows %s", bearer, out.String())
		}
		for i, v := range append(nested(bearer), bearer) {
			for _, l := range loggers {
				out.Reset()
				l.Info("found", "value", v, slog.Group("group", slog.Any("value", v)), "error", fmt.Errorf("on %v: %w", v, io.EOF))
				l.With("value", v).WithGroup("group").Info("found", slog.Any("value", v))
				if out.Len() == 0 || shows(out.String()) {
					t.Fatalf("%T (%d) shows %s", v, i, out.String())
				}
			}
		}
	}
}

// The errors of parsers do not repeat what they were given.
func TestErrorsShowNothing(t *testing.T) {
	for name, parse := range map[string]func(string) error{
		"ssin":    func(s string) error { _, err := ParseSSIN(s); return err },
		"nihii":   func(s string) error { _, err := ParseNIHII(s); return err },
		"cnk":     func(s string) error { _, err := ParseCNK(s); return err },
		"rid":     func(s string) error { _, err := ParseRID(s); return err },
		"id":      func(s string) error { _, err := ParseID(s); return err },
		"date":    func(s string) error { _, err := ParseDate(s); return err },
		"decimal": func(s string) error { _, err := ParseDecimal(s); return err },
		"facts":   func(s string) error { _, err := ParseFacts([]byte(s)); return err },
	} {
		for _, s := range []string{markText, fmt.Sprint(markNumber), `{"version": "` + markText + `"}`} {
			err := parse(s)
			var fault *Error
			if !errors.As(err, &fault) {
				if name == "cnk" && err == nil { // seven digits may be a sound CNK
					continue
				}
				t.Fatalf("%s: %v", name, err)
			}
			if shows(fmt.Sprintf("%v %+v %#v", err, err, fault.Args)) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
