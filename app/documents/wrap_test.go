package documents

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"relais/app/rx"
)

func linesOf(lines []line) (all []string) {
	for _, l := range lines {
		var runs []string
		for _, r := range l.runs {
			runs = append(runs, r.text)
		}
		all = append(all, strings.Join(runs, "|"))
	}
	return all
}

// Widths are given in words of the text: the column is as wide as the widest line
// that is wanted.
func TestWrap(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"at spaces", "un deux trois", "un deux/trois"},
		{"a number stays with its unit", "prendre 500 mg par jour", "prendre/500 mg par/jour"},
		{"and a decimal one", "prendre 0,5 g par jour", "prendre/0,5 g par/jour"},
		{"and one that was joined", "prendre 5\u00a0jours de suite", "prendre/5\u00a0jours de/suite"},
		{"a long number stays whole", "encore 10 000 unités ici", "encore/10 000 unités/ici"},
		{"a French sign stays with its word", "quelle quantité : deux", "quelle/quantité :/deux"},
		{"a sign of order stays with its number", "fonction ≤ 30 ml", "fonction/≤ 30 ml"},
		{"lines of the text stay", "un\ndeux trois", "un/deux trois"},
		{"a word too long is broken after its hyphen", "Hydroxyethyl-Stärke", "Hydroxyethyl-/Stärke"},
		{"a compound is broken where it must", "Rezeptgebührenbefreiung", "Rezeptgebühr/enbefreiung"},
		{"never inside a number", "xxxxxxxxxx1000", "xxxxxxxxxx/1000"},
	} {
		want := strings.Split(c.want, "/")
		width := 0
		for _, l := range want {
			width = max(width, widthOf(l, body, false))
		}
		if have := linesOf(wrap(width, plain(c.text))); strings.Join(have, "/") != c.want {
			t.Errorf("%s: have %q, want %q", c.name, have, want)
		}
	}
}

func TestWrapKeepsAccentWithItsLetter(t *testing.T) {
	const word = "q\u0301q\u0301q\u0301q\u0301q\u0301q\u0301" // no composed form exists
	lines := linesOf(wrap(widthOf("q\u0301q\u0301", body, false), plain(word)))
	if len(lines) != 3 || lines[0] != "q\u0301q\u0301" {
		t.Errorf("have %q", lines)
	}
	if have := linesOf(wrap(widthOf("aaaa-", body, false), plain("aaaa-\u0301aaa"))); have[0] != "aaaa-\u0301" {
		t.Errorf("have %q", have)
	}
	if have := linesOf(wrap(10_000, plain("e\u0301te\u0301"))); have[0] != "été" {
		t.Errorf("not composed: %q", have)
	}
}

func TestWrapStyles(t *testing.T) {
	lines := wrap(10_000, plain("DOSE"), bold("1 gélule"), bold("par jour"))
	if have := linesOf(lines); len(have) != 1 || have[0] != "DOSE|1 gélule par jour" {
		t.Fatalf("have %q", have)
	}
	runs := lines[0].runs
	if want := widthOf("DOSE", body, false) + widthOf(" ", body, true); runs[0].x != 0 || runs[1].x != want {
		t.Errorf("runs at %d and %d, want 0 and %d", runs[0].x, runs[1].x, want)
	}
}

// Whatever the text and the width: every character is there once and in order, and
// no line is wider than the column unless it is one character.
func TestWrapKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var spans []span
		whole := ""
		for i := range rapid.IntRange(1, 3).Draw(t, "spans") {
			text := rapid.StringOfN(rapid.RuneFrom([]rune("abW 1,0:;-éß\u0301Ł≤ \n\u00a0—")), 1, 60, -1).Draw(t, "text")
			spans = append(spans, span{text, style{size: body, bold: i%2 == 1}})
			whole += clean(text)
		}
		width := rapid.IntRange(200, 9_000).Draw(t, "width")
		have := ""
		for _, l := range wrap(width, spans...) {
			for _, r := range l.runs {
				have += r.text
				if right := r.x + widthOf(r.text, r.size, r.bold); right > width && len([]rune(strings.Trim(r.text, "\u0301"))) > 1 {
					t.Fatalf("%q ends at %d of %d", r.text, right, width)
				}
			}
		}
		bare := strings.NewReplacer(" ", "", "\n", "")
		if have, want := bare.Replace(have), bare.Replace(whole); have != want {
			t.Fatalf("have %q, want %q", have, want)
		}
	})
}

func TestShows(t *testing.T) {
	for _, r := range "Łódź Žižka œuvre ßç € ≤ µg → ½ ° ’ « » Ωαβ Жж №®™ \u00a0\u202f\u0301" {
		if !Shows(r) {
			t.Errorf("%q is not shown", r)
		}
	}
	for _, r := range "\t\r\u200b\u202e\ufeff\ufffdע ش中💊"[0:] {
		if r != ' ' && Shows(r) {
			t.Errorf("%q (%U) is shown", r, r)
		}
	}
	if have := clean("a💊b\tc"); have != "a[U+1F48A]b c" {
		t.Errorf("have %q", have)
	}
	c := rx.CheckOptions{Shows: Shows} // the shape that the domain asks for
	if c.Shows('é') != true {
		t.Error("é")
	}
}
