package documents

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// style is how a span looks; the type scale is in sheet.go.
type style struct {
	size int // tenths of a point
	bold bool
	grey uint8
}

// span is text in one style. Between two spans of a paragraph stands a space.
type span struct {
	text string
	style
}

// run is a piece of a line, at x from the left of its column.
type run struct {
	x int
	span
}

// line is a wrapped line: gap above it, its baseline drop below its top.
type line struct {
	runs              []run
	gap, drop, height int
}

// word is what stands between spaces.
type word struct {
	span
	width ems
	glued bool // stays on the line of the word before
	first bool // begins a line of the text
}

// wrap breaks spans into lines of at most width. Every character of the text but
// the spaces and ends of lines stands in exactly one run. There is always one line.
func wrap(width int, spans ...span) []line {
	words := wordsOf(spans)
	var lines []line
	var current []word
	used, most := ems(0), ems(width*emsInch/2540)
	flush := func() {
		lines = append(lines, lineOf(current, spans[0].size))
		current, used = nil, 0
	}
	for i := 0; i < len(words); {
		n := 1 // words that stay together
		group := words[i].width
		for i+n < len(words) && words[i+n].glued {
			group += spaceBefore(words[i+n]) + words[i+n].width
			n++
		}
		if group > most { // part what is glued before a word is broken
			n, group = 1, words[i].width
		}
		space := ems(0)
		if len(current) > 0 {
			space = spaceBefore(words[i])
		}
		switch {
		case i > 0 && words[i].first:
			flush()
			words[i].first = false
		case used+space+group <= most:
			current = append(current, words[i:i+n]...)
			used += space + group
			i += n
		case len(current) > 0:
			flush()
		default: // alone on its line, and wider than it
			head, tail := breakWord(words[i].span, most)
			current = append(current, newWord(head))
			words[i] = newWord(tail)
			flush()
		}
	}
	flush()
	return lines
}

func newWord(s span) word { return word{span: s, width: emsOf(s.text, s.size, s.bold)} }

func spaceBefore(w word) ems { return emsOf(" ", w.size, w.bold) }

// wordsOf splits at spaces and ends of lines; a no-break space splits nothing.
func wordsOf(spans []span) []word {
	var words []word
	for _, s := range spans {
		for i, text := range strings.Split(clean(s.text), "\n") {
			before := len(words)
			for _, t := range strings.Split(text, " ") {
				if t == "" {
					continue
				}
				w := newWord(span{t, s.style})
				if len(words) > before {
					w.glued = stayTogether(words[len(words)-1].text, t)
				}
				words = append(words, w)
			}
			if i > 0 && len(words) > before {
				words[before].first = true
			}
		}
	}
	return words
}

// stayTogether tells that no line may end between a and b: a number and its unit
// or noun (MSCUI MEDi-041), the groups of a long number, a French sign and its word.
func stayTogether(a, b string) bool {
	last, _ := utf8.DecodeLastRuneInString(a)
	next, size := utf8.DecodeRuneInString(b)
	switch {
	case strings.ContainsRune(":;!?%»‰°", next) && size == len(b), last == '«':
		return true
	case !unicode.IsDigit(last):
		return strings.HasSuffix(a, "≤") || strings.HasSuffix(a, "≥") || strings.HasSuffix(a, "<") || strings.HasSuffix(a, ">")
	case unicode.IsDigit(next):
		return len(strings.TrimRight(b, ",.;")) == 3
	default:
		return unicode.IsLetter(next) || strings.ContainsRune("%‰°€", next)
	}
}

// lineOf sets words side by side; neighbours of one style become one run.
func lineOf(words []word, size int) line {
	l := line{}
	x := ems(0)
	for i, w := range words {
		size = max(size, w.size)
		if i > 0 {
			x += spaceBefore(w)
		}
		if n := len(l.runs); n > 0 && l.runs[n-1].style == w.style {
			l.runs[n-1].text += " " + w.text
		} else {
			l.runs = append(l.runs, run{x.length(), w.span})
		}
		x += w.width
	}
	l.height = points(size * 13 / 10)
	l.drop = points(size)
	return l
}

// breakWord parts a word that is wider than a line: after a sign that joins parts of
// a word if there is one, else before a letter or a number; after a number or
// inside of it only when nothing else is left; never before a combining mark.
func breakWord(s span, most ems) (head, tail span) {
	best, rank := 0, 0
	var before rune
	for i, r := range s.text {
		if i > 0 && !unicode.Is(unicode.M, r) {
			if best > 0 && emsOf(s.text[:i], s.size, s.bold) > most {
				break
			}
			if now := breakRank(before, r); now >= rank || best == 0 {
				best, rank = i, now
			}
		}
		before = r
	}
	if best == 0 {
		best = len(s.text) // one letter alone: wider than its column, still shown
	}
	return span{s.text[:best], s.style}, span{s.text[best:], s.style}
}

func breakRank(before, after rune) int {
	number := func(r rune) bool { return unicode.IsDigit(r) || r == ',' || r == '.' }
	switch {
	case number(before) && number(after):
		return 0
	case unicode.IsDigit(before):
		return 1
	case strings.ContainsRune("-/_@+,.;:)\u00a0", before):
		return 3
	}
	return 2
}
