package formats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf8"

	"relais/app/rx"
)

// Bounds of a file. An order of ten lines with everything said has some 20 kB.
const (
	MaxBytes = 1 << 20
	MaxDepth = 16 // an order has 6, the longest output 8
)

// node is a JSON value as it was written.
type node struct {
	kind   string // string, number, boolean, null, array, object
	text   string // of a string (unescaped), number or boolean
	items  []*node
	fields []field // in the order of the file
}

type field struct {
	name  string
	value *node
}

// parse reads one JSON value. What encoding/json would let pass is refused:
// invalid UTF-8, and nesting that only an attack has. A byte order mark, which some
// editors write, is passed over (RFC 8259 §8.1).
func parse(data []byte) (*node, *rx.Error) {
	if len(data) > MaxBytes {
		return nil, rx.Fault(rx.CodeFileTooLarge, "max", strconv.Itoa(MaxBytes)).At("$")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, rx.Fault(rx.CodeNotUTF8).At("$")
	}
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		line, column := 1, 1
		if s := (*json.SyntaxError)(nil); errors.As(err, &s) {
			before := data[:min(max(int(s.Offset)-1, 0), len(data))]
			line = 1 + bytes.Count(before, []byte("\n"))
			column = 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
		}
		return nil, rx.Fault(rx.CodeNotJSON, "line", strconv.Itoa(line), "column", strconv.Itoa(column)).At("$")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return read(d, "$", MaxDepth)
}

// read takes the next value, which is sound JSON, from d.
func read(d *json.Decoder, path string, depth int) (*node, *rx.Error) {
	token, err := d.Token()
	if err != nil {
		return nil, rx.Fault(rx.CodeInternal).At(path)
	}
	switch v := token.(type) {
	case string:
		return &node{kind: "string", text: v}, nil
	case json.Number:
		return &node{kind: "number", text: string(v)}, nil
	case bool:
		return &node{kind: "boolean", text: strconv.FormatBool(v)}, nil
	case nil:
		return &node{kind: "null"}, nil
	}
	if depth == 0 {
		return nil, rx.Fault(rx.CodeTooDeep, "max", strconv.Itoa(MaxDepth)).At(path)
	}
	n := &node{kind: "array"}
	if token == json.Delim('{') {
		n.kind = "object"
	}
	for d.More() {
		at, name := fmt.Sprintf("%s[%d]", path, len(n.items)), ""
		if n.kind == "object" {
			key, err := d.Token()
			if err != nil {
				return nil, rx.Fault(rx.CodeInternal).At(path)
			}
			name = key.(string)
			at = member(path, name)
		}
		value, fault := read(d, at, depth-1)
		if fault != nil {
			return nil, fault
		}
		if n.kind == "object" {
			n.fields = append(n.fields, field{name, value})
		} else {
			n.items = append(n.items, value)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, rx.Fault(rx.CodeInternal).At(path)
	}
	return n, nil
}

// fieldName is what a field of a format looks like.
var fieldName = regexp.MustCompile(`^[a-z][A-Za-z0-9_-]{0,39}$`)

// member is the path of a field. A name that looks like no field of ours, and so may
// be a value gone astray, is not repeated.
func member(path, name string) string {
	if !fieldName.MatchString(name) {
		name = "*"
	}
	return path + "." + name
}
