//go:build unix

package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"relais/app/formats"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/data/store"
	"relais/sync/outbox"
)

// every exported type of the packages through whose hands patients go. TestEveryTypeIsHere holds the list against the source.
var every = map[string][]reflect.Type{
	"app/rx": {of[rx.Act](), of[rx.Address](), of[rx.Around](), of[rx.Attempt](), of[rx.CNK](), of[rx.Call](), of[rx.Candidate](), of[rx.CheckOptions](),
		of[rx.Checked](), of[rx.CheckedLine](), of[rx.Code](), of[rx.Compound](), of[rx.Coverage](), of[rx.Date](), of[rx.Decimal](), of[rx.Door](),
		of[rx.Draft](), of[rx.Duty](), of[rx.DutyKind](), of[rx.Error](), of[rx.Event](), of[rx.EventKind](), of[rx.Facts](), of[rx.Faults](),
		of[rx.Filter](), of[rx.Happening](), of[rx.ID](), of[rx.Issuance](), of[rx.Issue](), of[rx.IssueItem](), of[rx.Issued](), of[rx.Item](),
		of[rx.Key](), of[rx.KeyID](), of[rx.Kind](), of[rx.Known](), of[rx.Lang](), of[rx.Line](), of[rx.Listed](), of[rx.Look](), of[rx.Medicine](),
		of[rx.NIHII](), of[rx.NoSSIN](), of[rx.Notes](), of[rx.Op](), of[rx.Outcome](), of[rx.PaperReason](), of[rx.PaperStep](), of[rx.Parcel](),
		of[rx.Patient](), of[rx.Posology](), of[rx.Practice](), of[rx.Prescriber](), of[rx.Prescription](), of[rx.Problem](), of[rx.Product](),
		of[rx.ProofNeed](), of[rx.ProofWish](), of[rx.RID](), of[rx.Record](), of[rx.RegimenEntry](), of[rx.Renewal](), of[rx.Reply](), of[rx.Request](),
		of[rx.Result](), of[rx.RevokedBy](), of[rx.SSIN](), of[rx.Service](), of[rx.Sex](), of[rx.Sheet](), of[rx.Span](), of[rx.Stamp](), of[rx.State](),
		of[rx.Status](), of[rx.Task](), of[rx.Visibility](), of[rx.Waits](), of[rx.Writing](), of[rx.Words](), of[rx.FormStock](), of[rx.Restock](),
		of[rx.Content](), of[rx.ContentLine](), of[rx.Letter](), of[rx.Feedback](), of[rx.FeedbackFlag](), of[rx.Notice]()},
	"app/prescribing": {of[prescribing.Added](), of[prescribing.Answer](), of[prescribing.Claim](), of[prescribing.Done](), of[prescribing.How](), of[prescribing.Note](),
		of[prescribing.Shelf](), of[prescribing.Template](),
		of[prescribing.Service](), of[prescribing.Treat](), of[prescribing.Written](), of[prescribing.Notification](), of[prescribing.Standing](),
		of[prescribing.Difference](), of[prescribing.Access](), of[prescribing.On]()},
	"sync/outbox": {of[outbox.Act](), of[outbox.Engine](), of[outbox.Idle](), of[outbox.Moment](), of[outbox.Observation](), of[outbox.Runner]()},
	"":            {of[wiring.New](), of[wiring.Made](), of[wiring.Seen](), of[formats.Made](), of[formats.FoundPatient](), of[store.Options]()}, // some of others
}

func of[T any]() reflect.Type { return reflect.TypeFor[T]() }

// closed are the types whose values come from a closed list, or are made here at random: a log may show them.
var closed = map[reflect.Type]bool{of[rx.Code](): true, of[rx.Door](): true, of[rx.ID](): true, of[rx.Kind](): true, of[rx.Lang](): true, of[rx.NoSSIN](): true,
	of[rx.Op](): true, of[rx.Outcome](): true, of[rx.PaperReason](): true, of[rx.PaperStep](): true, of[rx.ProofWish](): true, of[rx.Result](): true,
	of[rx.RevokedBy](): true, of[rx.Service](): true, of[rx.Sex](): true, of[rx.Status](): true, of[rx.Visibility](): true, of[rx.FeedbackFlag](): true,
	of[prescribing.Difference](): true}

// telling are the fields of plain text that a log may show, each with its reason.
var telling = map[string]string{
	"rx.Attempt.Why":            "a class of failures: refused-connection, timeout",
	"rx.Event.Why":              "the same",
	"rx.Reply.Why":              "the same",
	"rx.Reply.Sealed":           "one of rx.Sealed…",
	"outbox.Observation.Why":    "the same",
	"wiring.Seen.Why":           "the same",
	"rx.Event.Reason":           "one of rx.RevokeReasons; the doctor's own words are Text",
	"rx.Notes.Reason":           "the same; the words are ReasonText",
	"rx.Notes.ClosedReason":     "the same",
	"rx.Duty.Why":               "a class",
	"rx.Error.Path":             "names of fields and indexes; formats.member repeats no name that may be a value",
	"rx.Error.Args":             "bounds and lists; the flows look at them as they are made",
	"rx.Medicine.Version":       "of the medicines file",
	"rx.ProofNeed.Forced":       "of rx.ProofReasons",
	"prescribing.How.Forced":    "the same",
	"rx.Span.Unit":              "of rx.TimeUnits",
	"wiring.Made.Environment":   "the name of an environment",
	"formats.Made.Environment":  "the same",
	"formats.Made.Directory":    "where the doctor wants the directory",
	"store.Options.Dir":         "the same",
	"store.Options.Mark":        "the same",
	"store.Options.Environment": "the name of an environment",
	"store.Options.VFS":         "SQLite's file layer by its name",
}

// public types say what everybody may read.
var public = map[reflect.Type]string{
	of[rx.Medicine](): "a medicine of the public file, of nobody", of[rx.Words](): "a text in several languages, of the public file",
}

const planted = "Zqxplanted"

// plant sets every text in v to the marker but what telling and closed leave out.
func plant(v reflect.Value, at string) {
	if telling[at] != "" || closed[v.Type()] {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(planted)
	case reflect.Pointer:
		if v.CanSet() && v.Type().Elem().Kind() == reflect.Struct {
			v.Set(reflect.New(v.Type().Elem()))
			plant(v.Elem(), "")
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(planted))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		plant(v.Index(0), "")
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		plant(value, "")
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("fr").Convert(v.Type().Key()), value)
	case reflect.Interface:
		if v.Type() == of[error]() {
			v.Set(reflect.ValueOf(rx.Fault(rx.CodeInternal)))
		}
	case reflect.Struct:
		if v.Type() == of[time.Time]() || v.Type() == of[rx.Medicine]() {
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				plant(v.Field(i), v.Type().String()+"."+f.Name)
			}
		}
	}
}

// mouth is everything that may say something: a log of both kinds, an error, a text.
type mouth struct {
	out     bytes.Buffer
	loggers []*slog.Logger
}

func newMouth() *mouth {
	m := &mouth{}
	m.loggers = []*slog.Logger{
		slog.New(slog.NewTextHandler(&m.out, nil)),
		slog.New(slog.NewJSONHandler(&m.out, &slog.HandlerOptions{AddSource: true, ReplaceAttr: rx.RedactAttr})),
	}
	return m
}

// tell says v in every way.
func (m *mouth) tell(v any) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&m.out, verb+"\n", v)
	}
	for _, l := range m.loggers {
		l.Info("said", "value", v, slog.Group("in", slog.Any("list", []any{v})), "error", fmt.Errorf("of %v: %w", v, io.EOF))
	}
}

// said is what was said, as a search sees it, and begins anew.
func (m *mouth) said() []byte {
	b := bytes.Clone(m.out.Bytes())
	m.out.Reset()
	return b
}

// S7: no type shows a patient, a number or a key, whatever the verb and whichever the log.
func TestNoTypeShowsWhatItHolds(t *testing.T) {
	s, m := newSearch(), newMouth()
	s.add("planted", planted)
	types := 0
	for _, list := range every {
		for _, typ := range list {
			types++
			p := reflect.New(typ)
			plant(p.Elem(), "")
			v := p.Elem().Interface()
			if public[typ] != "" {
				continue
			}
			slice := reflect.Append(reflect.MakeSlice(reflect.SliceOf(typ), 0, 1), p.Elem())
			for _, in := range []any{v, p.Interface(), slice.Interface(), map[string]any{"a": v}, struct{ Of any }{v}} {
				m.tell(in)
				said := m.said()
				if hits := s.in(said); len(hits) > 0 {
					t.Errorf("%s (as %T) shows %v in %.900s", typ, in, hits[0], said)
					break
				}
			}
		}
	}
	if m.tell(struct{ Name string }{planted}); len(s.in(m.said())) == 0 {
		t.Error("nothing is found in what hides nothing")
	}
	t.Logf("%d types", types)
}

func TestEveryTypeIsHere(t *testing.T) {
	for _, room := range []string{"app/rx", "app/prescribing", "sync/outbox"} {
		known := map[string]bool{}
		for _, typ := range every[room] {
			known[typ.Name()] = true
		}
		packages, err := parser.ParseDir(token.NewFileSet(), filepath.Join("..", "..", filepath.FromSlash(room)), //nolint:staticcheck // one directory, no build tags
			func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, parser.SkipObjectResolution)
		must(t, err)
		for _, p := range packages {
			for _, file := range p.Files {
				ast.Inspect(file, func(n ast.Node) bool {
					spec, ok := n.(*ast.TypeSpec)
					if ok && spec.Name.IsExported() {
						if _, port := spec.Type.(*ast.InterfaceType); !port && !known[spec.Name.Name] {
							t.Errorf("%s.%s is not looked at", room, spec.Name.Name)
						}
					}
					_, function := n.(*ast.FuncDecl)
					return !function
				})
			}
		}
	}
}

// chain says an error and all below it.
func (m *mouth) chain(err error) {
	if err == nil {
		return
	}
	m.tell(err)
	fmt.Fprintln(&m.out, err.Error())
	var fault *rx.Error
	if errors.As(err, &fault) {
		_ = json.NewEncoder(&m.out).Encode(fault.Args)
	}
	switch e := err.(type) { //nolint:errorlint // each link is looked at by itself
	case interface{ Unwrap() error }:
		m.chain(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			m.chain(one)
		}
	}
}
