package model

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// golden compares a view, as text, with testdata/NAME.txt; RELAIS_GOLDEN=1 writes it.
func golden(t *testing.T, name string, views ...any) {
	t.Helper()
	var b strings.Builder
	for _, v := range views {
		dump(&b, reflect.ValueOf(v), "")
		b.WriteString("\n")
	}
	file := filepath.Join("testdata", name+".txt")
	if os.Getenv("RELAIS_GOLDEN") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (RELAIS_GOLDEN=1 writes it)", err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("%s differs (RELAIS_GOLDEN=1 writes it anew):\n%s", file, firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n got: %s\nwant: %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

var toneNames = []string{"quiet", "good", "busy", "warn", "bad"}

// dump writes what a view says: zero values and functions say nothing.
func dump(b *strings.Builder, v reflect.Value, indent string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			dump(b, v.Elem(), indent)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f, name := v.Field(i), v.Type().Field(i).Name
			if name == "Turn" || name == "Units" || name == "Key" && f.Kind() == reflect.String && len(f.String()) > 30 || f.Kind() == reflect.Func || f.IsZero() {
				continue
			}
			switch f.Kind() {
			case reflect.Struct, reflect.Slice, reflect.Pointer:
				fmt.Fprintf(b, "%s%s\n", indent, name)
				dump(b, f, indent+"  ")
			default:
				fmt.Fprintf(b, "%s%s: ", indent, name)
				dump(b, f, "")
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if v.Index(i).Kind() == reflect.String {
				fmt.Fprintf(b, "%s- %s\n", indent, v.Index(i))
				continue
			}
			fmt.Fprintf(b, "%s-\n", indent)
			dump(b, v.Index(i), indent+"  ")
		}
	case reflect.Int:
		if v.Type() == reflect.TypeFor[Tone]() {
			fmt.Fprintln(b, toneNames[v.Int()])
			return
		}
		fmt.Fprintln(b, v.Int())
	default:
		fmt.Fprintln(b, v.Interface())
	}
}
