package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"relais/app/rx"
)

// golden compares what a view says in each language with testdata/NAME.json; RELAIS_GOLDEN=1 writes it. The screens are
// tested with the same files: they show what the models said here.
func golden[V any](t *testing.T, b *bench, name string, view func() V) {
	t.Helper()
	said := map[rx.Lang]any{}
	for _, l := range rx.Langs {
		b.env.Lang = l
		said[l] = plain(reflect.ValueOf(view()))
	}
	b.env.Lang = rx.FR
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(said); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".json")
	if os.Getenv("RELAIS_GOLDEN") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file+".new", got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil { // another package's tests read it
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (RELAIS_GOLDEN=1 writes it)", err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s differs (RELAIS_GOLDEN=1 writes it anew):\n%s", file, firstDifference(got.String(), string(want)))
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

// plain is what a view says: zero values and functions say nothing.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		return plain(v.Elem())
	case reflect.Struct:
		m := map[string]any{}
		for i := range v.NumField() {
			if f := v.Field(i); v.Type().Field(i).IsExported() && f.Kind() != reflect.Func && !f.IsZero() {
				m[v.Type().Field(i).Name] = plain(f)
			}
		}
		return m
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

// rows are the rows of a history, for its golden file.
type rows struct {
	View HistoryView
	All  []Row
}

func withRows(v HistoryView) rows {
	r := rows{View: v}
	for i := range v.Rows {
		r.All = append(r.All, v.Row(i))
	}
	return r
}
