package formats

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"relais/app/rx"
)

// Decode reads a file of the format T: one JSON value, at most MaxBytes, UTF-8. Names
// are compared exactly; unknown, missing and double fields, null, and values of
// another type are faults, as are trailing data. What is not faulty is filled in, so
// that a caller may check it in the same round.
func Decode[T any](data []byte) (T, rx.Faults) {
	var v T
	n, fault := parse(data)
	if fault != nil {
		return v, rx.Faults{fault}
	}
	var a assigner
	a.set("$", n, reflect.ValueOf(&v).Elem())
	return v, a.faults
}

// Encode writes v for people and programs: indented, with a line's end.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, rx.Fault(rx.CodeInternal).Because(err)
	}
	return b.Bytes(), nil
}

// List is a list that is written [] when it is empty, never null.
type List[T any] []T

// MarshalJSON writes a list.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}

// assigner fills a value from a tree and collects the faults.
type assigner struct{ faults rx.Faults }

// fault keeps a fault; after so many a further one helps nobody.
func (a *assigner) fault(path string, code rx.Code, args ...string) {
	if len(a.faults) < 100 {
		a.faults = append(a.faults, rx.Fault(code, args...).At(path))
	}
}

// is tells that n has the wanted type, else it is a fault.
func (a *assigner) is(path string, n *node, want string) bool {
	if n.kind != want {
		a.fault(path, rx.CodeWrongType, "want", want, "got", n.kind)
	}
	return n.kind == want
}

func (a *assigner) set(path string, n *node, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		p := reflect.New(v.Type().Elem())
		a.set(path, n, p.Elem())
		v.Set(p)
		return
	}
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if a.is(path, n, "string") {
			a.text(path, n.text, text)
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		if a.is(path, n, "string") {
			v.SetString(n.text)
		}
	case reflect.Bool:
		if a.is(path, n, "boolean") {
			v.SetBool(n.text == "true")
		}
	case reflect.Int, reflect.Int64:
		if i, err := strconv.ParseInt(n.text, 10, v.Type().Bits()); n.kind == "number" && err == nil {
			v.SetInt(i)
		} else {
			a.fault(path, rx.CodeWrongType, "want", "integer", "got", n.kind)
		}
	case reflect.Slice:
		if a.is(path, n, "array") {
			v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
			for i, item := range n.items {
				a.set(fmt.Sprintf("%s[%d]", path, i), item, v.Index(i))
			}
		}
	case reflect.Map:
		if a.is(path, n, "object") {
			a.table(path, n, v)
		}
	case reflect.Struct:
		if a.is(path, n, "object") {
			a.object(path, n, v)
		}
	default: // a type that no format has
		a.fault(path, rx.CodeInternal)
	}
}

// text hands a string to a type of its own, whose refusal is the fault.
func (a *assigner) text(path, s string, into encoding.TextUnmarshaler) {
	err := into.UnmarshalText([]byte(s))
	if e := (*rx.Error)(nil); errors.As(err, &e) {
		a.fault(path, e.Code)
	} else if err != nil { // time.Time: its own text would repeat the value
		a.fault(path, rx.CodeDateForm)
	}
}

// table fills a map by name: messages by language.
func (a *assigner) table(path string, n *node, v reflect.Value) {
	v.Set(reflect.MakeMap(v.Type()))
	for _, f := range n.fields {
		key, value := reflect.ValueOf(f.name).Convert(v.Type().Key()), reflect.New(v.Type().Elem()).Elem()
		if v.MapIndex(key).IsValid() {
			a.fault(member(path, f.name), rx.CodeDuplicateField)
		}
		a.set(member(path, f.name), f.value, value)
		v.SetMapIndex(key, value)
	}
}

func (a *assigner) object(path string, n *node, v reflect.Value) {
	known := fieldsOf(v.Type())
	given := map[string]bool{}
	for _, f := range n.fields {
		at := member(path, f.name)
		i := slices.IndexFunc(known, func(k structField) bool { return k.name == f.name })
		switch {
		case i < 0:
			a.unknown(at, f.name, known)
		case given[f.name]:
			a.fault(at, rx.CodeDuplicateField)
		default:
			given[f.name] = true
			a.set(at, f.value, v.FieldByIndex(known[i].index))
		}
	}
	for _, k := range known {
		if k.required && !given[k.name] {
			a.fault(path+"."+k.name, rx.CodeMissing)
		}
	}
}

// unknown says which known field was meant, or which are known.
func (a *assigner) unknown(at, name string, known []structField) {
	names := make([]string, len(known))
	nearest, least := "", 3
	for i, k := range known {
		names[i] = k.name
		if d := distance(plain(name), plain(k.name)); d < least && d < len(k.name) {
			nearest, least = k.name, d
		}
	}
	if nearest != "" {
		a.fault(at, rx.CodeMisspeltField, "near", nearest)
	} else {
		a.fault(at, rx.CodeUnknownField, "list", strings.Join(names, ", "))
	}
}

// structField is a field of a format.
type structField struct {
	name     string
	owner    string // the type that has it, which an embedded one may be
	index    []int
	kind     reflect.Type
	required bool // neither omitempty nor omitzero: always written, so always expected
}

// fieldsOf are the fields of a struct type by their JSON names, those of embedded
// structs in place.
func fieldsOf(t reflect.Type) []structField {
	var fields []structField
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				fields = append(fields, inner)
			}
			continue
		}
		fields = append(fields, structField{name, t.Name(), []int{i}, f.Type, !strings.Contains(options, "omit")})
	}
	return fields
}

// plain is a name without what people write in different ways: firstName, first-name.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("_- ", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// distance is the number of letters to insert, delete or change between a and b
// (Levenshtein). Names longer than any field of ours are far from all.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
