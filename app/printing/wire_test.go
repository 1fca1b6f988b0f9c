package printing

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/OpenPrinting/goipp"

	"relais/app/rx"
)

// server answers IPP requests with do; the spooler is ours, made for it.
func server(t *testing.T, do http.HandlerFunc) *Spooler {
	t.Helper()
	s := httptest.NewServer(do)
	t.Cleanup(s.Close)
	return spoolerAt(t, s.Listener.Addr().String(), time.Second)
}

func spoolerAt(t *testing.T, address string, patience time.Duration) *Spooler {
	t.Helper()
	s := NewSpooler(Address{"tcp", address}, "me", patience, new(net.Dialer).DialContext)
	t.Cleanup(s.Close)
	return s
}

// answer is a good answer to the request of r.
func answer(t *testing.T, r *http.Request, status goipp.Status) *goipp.Message {
	t.Helper()
	var asked goipp.Message
	if err := asked.Decode(r.Body); err != nil {
		t.Error(err)
	}
	m := goipp.NewResponse(goipp.DefaultVersion, status, asked.RequestID)
	m.Operation.Add(goipp.MakeAttribute("attributes-charset", goipp.TagCharset, goipp.String("utf-8")))
	return m
}

func reply(t *testing.T, w io.Writer, m *goipp.Message) {
	t.Helper()
	raw, err := m.EncodeBytes()
	if err != nil {
		t.Error(err)
	}
	_, _ = w.Write(raw)
}

// Whatever a server answers, there is a clear error, in time and in bounded memory.
func TestHostileAnswers(t *testing.T) {
	job := Job{Server: "x", Printer: "lab", Number: 7, Name: "relais-x"}
	for _, c := range []struct {
		name string
		do   http.HandlerFunc
		code rx.Code
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, CodeGarbled},
		{"text", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>hello</html>")) }, CodeGarbled},
		{"zeros", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 9000)) }, CodeGarbled},
		{"without end", func(w http.ResponseWriter, _ *http.Request) {
			for range 4 * maxAnswer / 1000 {
				if _, err := w.Write(bytes.Repeat([]byte{1}, 1000)); err != nil {
					return
				}
			}
		}, CodeGarbled},
		{"nested", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append([]byte{2, 0, 0, 0, 0, 0, 0, 1, 2}, bytes.Repeat([]byte{byte(goipp.TagBeginCollection), 0, 1, 'a', 0, 0}, 50_000)...))
		}, CodeGarbled},
		{"another request", func(w http.ResponseWriter, r *http.Request) {
			m := answer(t, r, goipp.StatusOk)
			m.RequestID += 9
			reply(t, w, m)
		}, CodeGarbled},
		{"another version", func(w http.ResponseWriter, r *http.Request) {
			m := answer(t, r, goipp.StatusOk)
			m.Version = 0x0700
			reply(t, w, m)
		}, CodeGarbled},
		{"no state", func(w http.ResponseWriter, r *http.Request) { reply(t, w, answer(t, r, goipp.StatusOk)) }, CodeGarbled},
		{"an unknown state", func(w http.ResponseWriter, r *http.Request) {
			m := answer(t, r, goipp.StatusOk)
			m.Job.Add(goipp.MakeAttribute("job-state", goipp.TagEnum, goipp.Integer(99)))
			reply(t, w, m)
		}, CodeGarbled},
		{"a state that is no number", func(w http.ResponseWriter, r *http.Request) {
			m := answer(t, r, goipp.StatusOk)
			m.Job.Add(goipp.MakeAttribute("job-state", goipp.TagText, goipp.String("completed")))
			reply(t, w, m)
		}, CodeGarbled},
		{"broken off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = w.Write([]byte{2, 0, 0})
		}, CodeGarbled},
		{"a password", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, CodeNotAllowed},
		{"encryption", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUpgradeRequired) }, CodeNotAllowed},
		{"a failure", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, CodeGarbled},
		{"elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://203.0.113.1/", http.StatusTemporaryRedirect)
		}, CodeGarbled},
		{"forbidden", func(w http.ResponseWriter, r *http.Request) { reply(t, w, answer(t, r, goipp.StatusErrorForbidden)) }, CodeNotAllowed},
		{"busy", func(w http.ResponseWriter, r *http.Request) { reply(t, w, answer(t, r, goipp.StatusErrorBusy)) }, CodeRefused},
	} {
		s := server(t, c.do)
		if _, err := s.State(context.Background(), job); rx.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
		if all, err := s.Printers(context.Background()); c.name != "no state" && !strings.Contains(c.name, "state") && rx.CodeOf(err) != c.code {
			t.Errorf("%s: printers %v, %v, want %s", c.name, all, err, c.code)
		}
	}
}

// A listener that never answers: an error in time. The caller's own end comes through.
func TestSilence(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := spoolerAt(t, l.Addr().String(), 50*time.Millisecond)
	if _, err := s.Printers(context.Background()); rx.CodeOf(err) != CodeSilent {
		t.Errorf("silence: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Printers(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("ended by the caller: %v", err)
	}
}

// A printer list as CUPS gives it, in two groups.
func TestReadPrinters(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		m := answer(t, r, goipp.StatusOk)
		m.Groups = goipp.Groups{{Tag: goipp.TagOperationGroup, Attrs: m.Operation}}
		for i, name := range []string{"one", "two", ""} {
			g := goipp.Group{Tag: goipp.TagPrinterGroup}
			g.Add(goipp.MakeAttribute("printer-name", goipp.TagName, goipp.String(name)))
			g.Add(goipp.MakeAttribute("printer-type", goipp.TagEnum, goipp.Integer(i*typeDefault+(i&1))))
			g.Add(goipp.MakeAttribute("printer-info", goipp.TagTextLang, goipp.TextWithLang{Lang: "fr", Text: "Cabinet"}))
			g.Add(goipp.MakeAttribute("printer-state", goipp.TagEnum, goipp.Integer(3+2*i)))
			g.Add(goipp.MakeAttribute("printer-is-accepting-jobs", goipp.TagBoolean, goipp.Boolean(true)))
			g.Add(goipp.MakeAttr("printer-state-reasons", goipp.TagKeyword, goipp.String("toner-low-report"), goipp.String("media-empty-error")))
			m.Groups.Add(g)
		}
		reply(t, w, m)
	})
	all, err := s.Printers(context.Background())
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	one, two := all[0], all[1]
	if one.Name != "one" || one.Info != "Cabinet" || one.Default || one.Paused || one.path != "/printers/one" || !one.Accepting {
		t.Errorf("%+v", one)
	}
	if !two.Default || !two.Paused || two.path != "/classes/two" {
		t.Errorf("%+v", two)
	}
	if len(one.Obstacles) != 2 || one.Obstacles[0] != (Obstacle{CodeMediaEmpty, "media-empty-error", true}) || one.Obstacles[1].Stops {
		t.Errorf("%+v", one.Obstacles)
	}
}

// What leaves names nobody: the request of a job holds its number, the account and how
// to print, and nothing else.
func TestJobRequest(t *testing.T) {
	var got []goipp.Message
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		var asked goipp.Message
		if err := asked.Decode(r.Body); err != nil {
			t.Error(err)
		}
		got = append(got, asked)
		m := goipp.NewResponse(goipp.DefaultVersion, goipp.StatusOk, asked.RequestID)
		m.Job.Add(goipp.MakeAttribute("job-id", goipp.TagInteger, goipp.Integer(5)))
		reply(t, w, m)
	})
	p := Printer{Name: "lab", path: "/printers/lab", Trays: []string{"main", "by-pass-tray"}}
	for _, tray := range []string{"", "by-pass-tray"} {
		j, err := s.Create(context.Background(), p, "relais-1", "iso_a4_210x297mm", tray, 21000, 29700)
		if err != nil || j.Number != 5 || j.Name != "relais-1" {
			t.Fatalf("%+v, %v", j, err)
		}
	}
	for i, want := range []string{"media", "media-col"} {
		names := map[string]bool{}
		for _, a := range append(got[i].Operation, got[i].Job...) {
			names[a.Name] = true
		}
		for _, name := range []string{"attributes-charset", "attributes-natural-language", "printer-uri", "requesting-user-name", "job-name",
			"copies", "job-sheets", "print-scaling", "sides", want} {
			if !names[name] {
				t.Errorf("request %d lacks %s", i, name)
			}
			delete(names, name)
		}
		if len(names) > 0 {
			t.Errorf("request %d holds more: %v", i, names)
		}
		if got[i].Operation[0].Name != "attributes-charset" || got[i].Operation[1].Name != "attributes-natural-language" {
			t.Error("RFC 8011 wants the character set first, then the language")
		}
	}
	size := values(got[1].Job, "media-col")[0].V.(goipp.Collection)
	if s := size.String(); !strings.Contains(s, "21000") || !strings.Contains(s, "29700") || !strings.Contains(s, "by-pass-tray") {
		t.Errorf("media-col %s", s)
	}
}

// No bytes make the reader panic, and what it accepts has the bounded depth.
func FuzzDecode(f *testing.F) {
	m := goipp.NewResponse(goipp.DefaultVersion, goipp.StatusOk, 3)
	m.Operation.Add(goipp.MakeAttribute("attributes-charset", goipp.TagCharset, goipp.String("utf-8")))
	m.Job.Add(goipp.MakeAttr("job-state-reasons", goipp.TagKeyword, goipp.String("a"), goipp.String("b")))
	m.Job.Add(goipp.MakeAttrCollection("media-col", goipp.MakeAttrCollection("media-size", goipp.MakeAttribute("x-dimension", goipp.TagInteger, goipp.Integer(1)))))
	m.Job.Add(goipp.MakeAttribute("at", goipp.TagDateTime, goipp.Time{Time: time.Unix(0, 0).UTC()}))
	m.Printer.Add(goipp.MakeAttribute("text", goipp.TagTextLang, goipp.TextWithLang{Lang: "fr", Text: "é"}))
	raw, err := m.EncodeBytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:len(raw)-1])
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 1, 3})
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := decode(raw)
		if err != nil {
			return
		}
		if checkDepth(raw) != nil {
			t.Error("deeper than the bound")
		}
		for _, attrs := range append(groups(m, goipp.TagPrinterGroup), m.Job) {
			readPrinter(attrs)
			for _, name := range []string{"job-state", "job-state-reasons", "job-name"} {
				texts(attrs, name)
				number(attrs, name)
				truth(attrs, name)
			}
		}
	})
}
