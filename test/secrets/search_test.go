//go:build unix

package secrets

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"relais/app/rx"
)

// needle is one spelling of a marker.
type needle struct {
	bytes []byte
	fold  bool // whatever the case of its ASCII letters
	what  string
}

// key is how many bytes of a needle the search looks up; no spelling is shorter.
const key = 5

// search finds markers in bytes.
type search struct {
	exact, folded table
	markers       map[string]bool
}

type table struct {
	first   [1 << 16]bool // the first two bytes of a needle
	needles map[[key]byte][]needle
}

func newSearch() *search {
	return &search{exact: table{needles: map[[key]byte][]needle{}}, folded: table{needles: map[[key]byte][]needle{}}, markers: map[string]bool{}}
}

// add looks for a marker from now on, in every spelling.
func (s *search) add(kind, marker string) {
	if s.markers[marker] {
		return
	}
	s.markers[marker] = true
	for _, n := range spellings(marker) {
		n.what = kind + ", " + n.what
		t := &s.exact
		if n.fold {
			n.bytes = lower(n.bytes)
			t = &s.folded
		}
		if len(n.bytes) < key {
			panic(fmt.Sprintf("%s: too short", n.what))
		}
		t.first[uint16(n.bytes[0])|uint16(n.bytes[1])<<8] = true
		k := [key]byte(n.bytes)
		t.needles[k] = append(t.needles[k], n)
	}
}

// spellings are all ways in which a value may lie in a file: UTF-8 in both cases and without accents, backwards, UTF-16 of
// both orders, escaped for JSON, hexadecimal, base64 at its three places, and numbers as such.
func spellings(marker string) (all []needle) {
	texts := []string{marker}
	for _, other := range []string{strings.ToUpper(marker), strings.ToLower(marker), rx.Fold(marker), backwards(marker)} {
		if !slices.Contains(texts, other) {
			texts = append(texts, other)
		}
	}
	for i, text := range texts {
		how := []string{"as written", "upper case", "lower case", "without accents", "backwards"}[min(i, 4)]
		all = append(all, needle{[]byte(text), true, how}, needle{[]byte(hex.EncodeToString([]byte(text))), true, how + ", hexadecimal"})
		units := utf16.Encode([]rune(text))
		little, big := make([]byte, 0, 2*len(units)), make([]byte, 0, 2*len(units))
		escaped := ""
		for _, u := range units {
			little, big = binary.LittleEndian.AppendUint16(little, u), binary.BigEndian.AppendUint16(big, u)
			if u < 0x80 {
				escaped += string(rune(u))
			} else {
				escaped += fmt.Sprintf(`\u%04x`, u)
			}
		}
		all = append(all, needle{little, true, how + ", UTF-16LE"}, needle{big, true, how + ", UTF-16BE"})
		if escaped != text {
			all = append(all, needle{[]byte(escaped), true, how + ", escaped for JSON"})
		}
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			for at := range 3 { // so many bytes stand before it in its group of three
				coded := enc.EncodeToString(append(make([]byte, at), text...))
				coded = coded[(8*at+5)/6 : 8*(at+len(text))/6] // only what depends on the marker alone
				all = append(all, needle{[]byte(coded), false, how + ", base64 at " + strconv.Itoa(at)})
			}
		}
	}
	if n, err := strconv.ParseUint(marker, 10, 48); err == nil && len(marker) > 9 { // as SQLite keeps whole numbers, and as memory does
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], n)
		all = append(all, needle{bytes.Clone(b[2:]), false, "number, high byte first"})
		binary.LittleEndian.PutUint64(b[:], n)
		all = append(all, needle{bytes.Clone(b[:6]), false, "number, low byte first"})
	}
	return all
}

func backwards(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

func lower(b []byte) []byte {
	b = bytes.Clone(b)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return b
}

// in gives the spellings that stand in content.
func (s *search) in(content []byte) (hits []string) {
	hits = s.exact.in(content, hits)
	return s.folded.in(lower(content), hits)
}

func (t *table) in(content []byte, hits []string) []string {
	for i := 0; i+key <= len(content); i++ {
		if !t.first[uint16(content[i])|uint16(content[i+1])<<8] {
			continue
		}
		for _, n := range t.needles[[key]byte(content[i:])] {
			if bytes.HasPrefix(content[i:], n.bytes) {
				hits = append(hits, fmt.Sprintf("%s, at %d: %q", n.what, i, n.bytes))
			}
		}
	}
	return hits
}

// found are the hits of a search through files.
type found struct {
	files int
	bytes int64
	hits  []string // outside the simulated services
	world []string // in their files: they are what Recip-e would hold, and the certificates of its invented people
	names []string // of the files, by their path
}

// through searches every file below the places, and the names of all.
func (s *search) through(t *testing.T, places ...string) (f found) {
	t.Helper()
	for _, place := range places {
		err := filepath.WalkDir(place, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name, err := filepath.Rel(filepath.Dir(place), path)
			if err != nil {
				return err
			}
			for _, hit := range s.in([]byte(name)) {
				f.hits = append(f.hits, "the name of "+name+": "+hit)
			}
			if entry.IsDir() {
				return nil
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			f.files, f.bytes, f.names = f.files+1, f.bytes+int64(len(content)), append(f.names, name)
			hits := s.in(content)
			if bytes.Contains(content, []byte("%PDF-")) { // what is in a PDF is compressed
				hits = append(hits, "a PDF")
			}
			for _, hit := range hits {
				if strings.HasPrefix(name, filepath.Join("data", "world.db")) || strings.HasPrefix(name, filepath.Join("data", "pki")) {
					f.world = append(f.world, name+": "+hit)
				} else {
					f.hits = append(f.hits, name+": "+hit)
				}
			}
			return nil
		})
		must(t, err)
	}
	return f
}

// The search finds a marker that lies in a file in any of its spellings.
func TestThePlantedMarkerIsFound(t *testing.T) {
	const name, number = "Zéxqwbel", "19310203917"
	s := newSearch()
	s.add("name", name)
	s.add("number", number)
	utf := func(text string, little bool) (b []byte) {
		for _, u := range utf16.Encode([]rune(text)) {
			if little {
				b = binary.LittleEndian.AppendUint16(b, u)
			} else {
				b = binary.BigEndian.AppendUint16(b, u)
			}
		}
		return b
	}
	coded := func(before int) []byte {
		return []byte(base64.StdEncoding.EncodeToString([]byte("Patient "[:before+3] + name + " et plus")))
	}
	for what, content := range map[string][]byte{
		"as written": []byte(name), "upper case": []byte("ZÉXQWBEL"), "without accents": []byte("zexqwbel"), "backwards": []byte("lebwqxéZ"), "UTF-16LE": utf(name, true),
		"UTF-16BE": utf(name, false), "hexadecimal": []byte(strings.ToUpper(hex.EncodeToString([]byte(name)))), "base64 0": coded(0), "base64 1": coded(1),
		"base64 2": coded(2), "JSON": []byte(`"Z\u00e9xqwbel"`), "number": {4, 0x7e, 0xfb, 0x2b, 0x37, 0x0d}, "digits": []byte("x" + number + "x"),
	} {
		if what == "number" {
			var b [8]byte
			binary.BigEndian.PutUint64(b[:], 19310203917)
			content = b[2:]
		}
		dir := t.TempDir()
		file := append(append(bytes.Repeat([]byte{'x', 0, 0xff}, 4099), content...), "xyz"...)
		must(t, os.WriteFile(filepath.Join(dir, "relais.db-wal"), file, 0o600))
		if f := s.through(t, dir); len(f.hits) == 0 || f.files != 1 {
			t.Errorf("%s: not found in %d files", what, f.files)
		}
		if hits := s.in(slices.Concat(content[:len(content)/2], []byte{'-'}, content[len(content)/2:])); len(hits) > 0 {
			t.Errorf("%s: found where it is not: %v", what, hits)
		}
	}
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "draft-"+name), nil, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "sheet"), []byte("%PDF-1.4"), 0o600))
	if f := s.through(t, dir); len(f.hits) < 2 {
		t.Errorf("a name and a PDF: %v", f.hits)
	}
}
