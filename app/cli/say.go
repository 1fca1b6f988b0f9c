package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/printing"
	"relais/app/rx"
)

// language is that of the person: --lang, else the system's, else French. It is needed
// before the command line is understood, for its help and its faults.
func language(args []string, getenv func(string) string) rx.Lang {
	for i, arg := range args {
		word, given := strings.CutPrefix(arg, "--lang=")
		if arg == "--lang" && i+1 < len(args) {
			word, given = args[i+1], true
		}
		if lang, ok := i18n.Lang(word); given && ok {
			return lang
		}
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if word := getenv(name); word != "" {
			lang, _ := i18n.Lang(word[:min(2, len(word))])
			return lang
		}
	}
	return rx.FR
}

// tell tells of an error on the standard error, in words; the answer follows.
func (r *run) tell(err error) Exit {
	r.complain(i18n.Say(r.lang, err))
	if rx.CodeOf(err) == rx.CodeInternal { // a fault of the program: its engineers need the cause, which holds nothing of a patient
		fmt.Fprintln(r.Stderr, "  ["+err.Error()+"]")
	}
	return Failed
}

// fail tells of an error that leaves no answer: with --json also on the standard output.
func (r *run) fail(err error) Exit {
	r.tell(err)
	if r.wantsJSON() {
		out := formats.Failure{}
		for _, s := range i18n.Say(r.lang, err) {
			out.Faults = append(out.Faults, formats.Fault{Code: string(s.Code), Path: s.Path, Message: s.What, Next: s.Next})
		}
		out.Error = out.Faults[0]
		if err := r.json(out); err != nil {
			r.complain(i18n.Say(r.lang, err))
		}
	}
	switch rx.CodeOf(err) {
	case CodeUsage:
		return Usage
	case rx.CodeAnswerRestored, rx.CodeNeedsConfirmation, printing.CodeMayCome, printing.CodeCame:
		return NeedsPerson
	}
	return Failed
}

// wantsJSON also when the command line was not understood.
func (r *run) wantsJSON() bool {
	if r.tree != nil {
		return r.tree.JSON
	}
	for _, arg := range r.Args {
		if arg == "--json" {
			return true
		}
	}
	return false
}

// complain writes sentences and next steps to the standard error.
func (r *run) complain(said []i18n.Said) {
	for _, s := range said {
		where := ""
		if s.Where != "" {
			where = s.Where + ": "
			if s.Path != s.Where {
				where = s.Where + " (" + s.Path + "): "
			}
		}
		fmt.Fprintf(r.Stderr, "relais: %s%s\n  → %s\n", where, s.What, s.Next)
	}
}

// warn tells of what a person may overrule.
func (r *run) warn(warnings rx.Faults) {
	if len(warnings) > 0 {
		r.complain(i18n.Say(r.lang, warnings))
	}
}

// json writes an output of the formats.
func (r *run) json(v any) error {
	b, err := formats.Encode(v)
	if err != nil {
		return err
	}
	if _, err := r.Stdout.Write(b); err != nil {
		return rx.Fault(CodeFileWrite, "file", "-").Because(err)
	}
	return nil
}

// answer writes v with --json, else what people reads.
func (r *run) answer(v any, people func(p *page)) error {
	if r.tree.JSON {
		return r.json(v)
	}
	p := &page{run: r}
	people(p)
	if _, err := r.Stdout.Write([]byte(p.text.String())); err != nil {
		return rx.Fault(CodeFileWrite, "file", "-").Because(err)
	}
	return nil
}

// page is an answer for people.
type page struct {
	*run
	text strings.Builder
}

// line writes a line of its own.
func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

// say writes a text of the catalogues as a line.
func (p *page) say(key string, args ...string) { p.line("%s", p.run.text(key, args...)) }

// table writes rows with their columns aligned.
func (p *page) table(rows [][]string) {
	w := tabwriter.NewWriter(&p.text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	w.Flush() // a strings.Builder takes everything
}

// usage turns what the parser says into a fault. The parser's own words are for those who
// write scripts; values are cut off, for one may be a patient's.
func usage(parser *kong.Kong, err error) error {
	form, detail := "relais", err.Error()
	var fault *rx.Error
	if errors.As(err, &fault) { // a value that is not what it should be
		return fault
	}
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if node := parse.Context.Selected(); node != nil && node.Name != "window" {
			form = summary(node)
		}
	}
	if form == "relais" {
		form = summary(parser.Model.Node)
	}
	return rx.Fault(CodeUsage, "usage", form, "detail", " ("+given.ReplaceAllString(detail, "$1")+")")
}

// summary is how a command is written.
func summary(node *kong.Node) string { return "relais " + strings.TrimSpace(node.Summary()) }

// given is where the parser repeats what was given.
var given = regexp.MustCompile(`(?s)(?: but got .*|(unexpected argument|unexpected token) .*)$`)
