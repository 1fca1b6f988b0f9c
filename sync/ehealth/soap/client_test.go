package soap_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/xmldsig"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const answerText = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><m:Said xmlns:m="urn:example:ask">yes</m:Said></s:Body></s:Envelope>`

// serverDate is what our servers say in Date.
const serverDate = "Sun, 22 Nov 2026 09:29:07 GMT"

var serverTime = time.Date(2026, 11, 22, 9, 29, 7, 0, time.UTC)

func client() soap.Client {
	return soap.Client{
		Clock:     fixed(now),
		Transport: soap.Transport{UserAgent: "Relais/test", Deadlines: soap.Deadlines{Connect: 5 * time.Second, Write: 5 * time.Second, Answer: 5 * time.Second}},
	}
}

func request(url string) soap.Request {
	return soap.Request{URL: url, Action: "urn:example:ask", Body: []byte(content)}
}

// call makes a call that must fail.
func fails(t *testing.T, c soap.Client, r soap.Request) *soap.Error {
	t.Helper()
	answer, err := c.Call(context.Background(), r)
	var e *soap.Error
	if answer != nil || !errors.As(err, &e) || soap.OutcomeOf(fmt.Errorf("wrapped: %w", err)) != e.Outcome {
		t.Fatalf("%v, %v", answer, err)
	}
	return e
}

func secureServer(t *testing.T, h http.HandlerFunc) (*httptest.Server, soap.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	c := client()
	c.Transport.Anchors = x509.NewCertPool()
	c.Transport.Anchors.AddCert(server.Certificate())
	return server, c
}

func TestCall(t *testing.T) {
	var calls atomic.Int32
	server, c := secureServer(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got := map[string]string{"method": r.Method, "proto": r.Proto, "length": fmt.Sprint(r.ContentLength == int64(len(body)))}
		for _, h := range []string{"Content-Type", "SOAPAction", "User-Agent", "Connection", "Accept-Encoding", "Idempotency-Key", "Expect"} {
			got[h] = r.Header.Get(h)
		}
		if diff := cmp.Diff(map[string]string{
			"method": "POST", "proto": "HTTP/1.1", "length": "true", "Content-Type": "text/xml; charset=utf-8", "SOAPAction": `"urn:example:ask"`,
			"User-Agent": "Relais/test", "Connection": "close", "Accept-Encoding": "", "Idempotency-Key": "", "Expect": "",
		}, got); diff != "" {
			t.Error(diff)
		}
		if m, err := soap.Read(body, xmldsig.Limits{}); err != nil || m.Content.Tag != "Ask" {
			t.Errorf("%v", err)
		}
		w.Header().Set("Date", serverDate)
		_, _ = io.WriteString(w, answerText)
	})
	answer, err := c.Call(context.Background(), request(server.URL))
	if err != nil || answer.Content.Tag != "Said" || answer.Content.NamespaceURI() != "urn:example:ask" || !answer.Time.Equal(serverTime) || answer.Verified != nil {
		t.Errorf("%+v, %v", answer, err)
	}
	if n := calls.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestDateMissing(t *testing.T) {
	for _, date := range []string{"", "yesterday"} {
		server, c := secureServer(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Date"] = nil
			if date != "" {
				w.Header().Set("Date", date)
			}
			_, _ = io.WriteString(w, answerText)
		})
		if answer, err := c.Call(context.Background(), request(server.URL)); err != nil || !answer.Time.IsZero() {
			t.Errorf("%q: %+v, %v", date, answer, err)
		}
	}
}

// Answers that are no good ones, and what they leave known.
func TestAnswers(t *testing.T) {
	fault := func(f soap.Fault) string {
		text, err := soap.WriteFault(f)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	gate := soap.Fault{Code: "Client", String: "SOA-01001", SOA: "SOA-01001", Origin: "Consumer"}
	for name, c := range map[string]struct {
		status  int
		body    string
		kind    soap.Kind
		outcome soap.Outcome
	}{
		"fault of the service":    {500, fault(soap.Fault{Code: "Server", String: "SOA-00001", SOA: "SOA-00001", Origin: "Provider"}), soap.KindFault, soap.Unknown},
		"fault at the gate":       {500, fault(gate), soap.KindFault, soap.Refused},
		"fault with 200":          {200, fault(gate), soap.KindFault, soap.Refused},
		"the same of the service": {500, fault(soap.Fault{Code: "Server", SOA: "SOA-01001", Origin: "Provider"}), soap.KindFault, soap.Unknown},
		"fault without a code":    {500, fault(soap.Fault{Code: "Client", String: "no"}), soap.KindFault, soap.Unknown},
		"500 with HTML":           {500, "<html><body>Internal error</body></html>", soap.KindStatus, soap.Unknown},
		"502 with HTML":           {502, "<html><body><hr>Bad gateway</body></html>", soap.KindStatus, soap.Unknown},
		"503, empty":              {503, "", soap.KindStatus, soap.Unknown},
		"500 with a good answer":  {500, answerText, soap.KindStatus, soap.Unknown},
		"202, empty":              {202, "", soap.KindStatus, soap.Unknown},
		"200, empty":              {200, "", soap.KindAnswer, soap.Unknown},
		"200, no envelope":        {200, "<a/>", soap.KindAnswer, soap.Unknown},
		"200, cut off":            {200, answerText[:len(answerText)-3], soap.KindAnswer, soap.Unknown},
		"200, with a DTD":         {200, "<!DOCTYPE x>" + answerText, soap.KindAnswer, soap.Unknown},
		"200, too large":          {200, answerText + strings.Repeat(" ", 4<<20), soap.KindAnswer, soap.Unknown},
		"redirect":                {302, "", soap.KindStatus, soap.Unknown},
		"redirect to repeat":      {307, "", soap.KindStatus, soap.Unknown},
		"permanent redirect":      {308, "", soap.KindStatus, soap.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			server, cl := secureServer(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Date", serverDate)
				w.Header().Set("Location", "/again")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			e := fails(t, cl, request(server.URL))
			if e.Kind != c.kind || e.Outcome != c.outcome || !e.Connected || e.Written == 0 || e.Status != c.status || !e.Time.Equal(serverTime) {
				t.Errorf("%v: %+v", e, e)
			}
			if (e.Fault != nil) != (c.kind == soap.KindFault) {
				t.Errorf("fault %v", e.Fault)
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// Signed answers: what is handed out is what was verified.
func TestSignedAnswer(t *testing.T) {
	good := build(t, x509Signer(person(t, "test-ra")))
	v := verifier(t)
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"signed":   {string(good), ""},
		"changed":  {strings.Replace(string(good), "what is", "what Is", 1), "SIGNATURE_DOES_NOT_MATCH"},
		"unsigned": {answerText, "SECURITY_HEADER_MISSING"},
	} {
		server, cl := secureServer(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, c.text)
		})
		r := request(server.URL)
		r.Answer = &v
		if c.want == "" {
			answer, err := cl.Call(context.Background(), r)
			if err != nil || answer.Verified == nil || answer.Content != answer.Verified.Content {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		e := fails(t, cl, r)
		if e.Kind != soap.KindSignature || e.Outcome != soap.Unknown || e.Verdict == nil || !cmp.Equal(codes(e.Verdict.Errors), []string{c.want}) {
			t.Errorf("%s: %v", name, e)
		}
	}
}

// tcp serves one kind of behaviour per connection, in the clear.
func tcp(t *testing.T, serve func(net.Conn)) (url string, connections *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections = &atomic.Int32{}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			serve(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-over })
	return "http://" + l.Addr().String(), connections
}

// reset closes a connection so that the other side sees a reset.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// readRequest reads a whole request, headers and body.
func readRequest(conn net.Conn) {
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err == nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

// The connection ends at every moment at which one can end: nothing is ever sent twice, and the outcome is not sent only when
// no byte of the body was handed over.
func TestConnectionEnds(t *testing.T) {
	big := []byte("<a>" + strings.Repeat("x", 3<<20) + "</a>")
	const head = "HTTP/1.1 200 OK\r\nDate: " + serverDate + "\r\nContent-Length: 1000\r\n\r\n"
	for name, c := range map[string]struct {
		body  []byte
		serve func(net.Conn)
		kinds []soap.Kind
		time  bool
	}{
		// seen before or after the connection is handed over
		"before the request": {serve: reset, kinds: []soap.Kind{soap.KindBroken, soap.KindConnect}},
		"in the headers": {kinds: []soap.Kind{soap.KindBroken}, serve: func(conn net.Conn) {
			_, _ = io.ReadFull(conn, make([]byte, 10))
			reset(conn)
		}},
		"in the body": {body: big, kinds: []soap.Kind{soap.KindBroken}, serve: func(conn net.Conn) {
			_, _ = io.ReadFull(conn, make([]byte, 100_000))
			reset(conn)
		}},
		"after the body, closed": {kinds: []soap.Kind{soap.KindBroken}, serve: readRequest},
		"after the body, reset": {kinds: []soap.Kind{soap.KindBroken}, serve: func(conn net.Conn) {
			readRequest(conn)
			reset(conn)
		}},
		"in the answer's headers": {kinds: []soap.Kind{soap.KindBroken}, serve: func(conn net.Conn) {
			readRequest(conn)
			_, _ = io.WriteString(conn, head[:30])
		}},
		"in the answer": {kinds: []soap.Kind{soap.KindBroken}, time: true, serve: func(conn net.Conn) {
			readRequest(conn)
			_, _ = io.WriteString(conn, head+answerText[:50])
		}},
		"not HTTP": {kinds: []soap.Kind{soap.KindBroken}, serve: func(conn net.Conn) {
			readRequest(conn)
			_, _ = io.WriteString(conn, "220 mail ready\r\n")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			url, connections := tcp(t, c.serve)
			r := request(url)
			if c.body != nil {
				r.Body = c.body
			}
			e := fails(t, client(), r)
			if !slices.Contains(c.kinds, e.Kind) || e.Connected != (e.Kind == soap.KindBroken) || e.Time.IsZero() == c.time {
				t.Errorf("%v: %+v", e, e)
			}
			if want := map[bool]soap.Outcome{true: soap.NotSent, false: soap.Unknown}[e.Written == 0]; e.Outcome != want {
				t.Errorf("%d bytes written, outcome %v", e.Written, e.Outcome)
			}
			if name != "before the request" && e.Written == 0 {
				t.Error("the server saw the request, yet nothing was written")
			}
			if n := connections.Load(); n != 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

func TestNoConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	plain, _ := tcp(t, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) })
	good := func(w http.ResponseWriter, r *http.Request) { t.Error("a request came through") }
	secure, trusting := secureServer(t, good)
	old := httptest.NewUnstartedServer(http.HandlerFunc(good))
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.StartTLS()
	t.Cleanup(old.Close)

	for name, c := range map[string]struct {
		client soap.Client
		url    string
		kind   soap.Kind
	}{
		"refused":              {client(), "https://" + closed, soap.KindConnect},
		"no TLS there":         {client(), strings.Replace(plain, "http:", "https:", 1), soap.KindConnect},
		"no anchors":           {client(), secure.URL, soap.KindConnect},
		"another name":         {trusting, strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), soap.KindConnect},
		"TLS 1.1":              {trusting, old.URL, soap.KindConnect},
		"no host has the name": {client(), "https://host.invalid/", soap.KindConnect},
		"no scheme":            {client(), "127.0.0.1:1", soap.KindRequest},
		"another scheme":       {client(), "ftp://127.0.0.1/", soap.KindRequest},
		"no address":           {client(), "", soap.KindRequest},
	} {
		e := fails(t, c.client, request(c.url))
		if e.Kind != c.kind || e.Outcome != soap.NotSent || e.Connected || e.Written != 0 || e.Status != 0 {
			t.Errorf("%s: %v: %+v", name, e, e)
		}
	}
	bad := request(secure.URL)
	bad.Body = []byte("<a>")
	if e := fails(t, trusting, bad); e.Kind != soap.KindRequest || e.Outcome != soap.NotSent || !errors.Is(e, xmldsig.ErrXML) {
		t.Errorf("no XML: %v", e)
	}
}

// In the clear nothing leaves this computer: an address of its own that is not loopback stands for another one.
func TestNoTLSOnlyToThisComputer(t *testing.T) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		ip, is := a.(*net.IPNet)
		if !is || ip.IP.IsLoopback() || ip.IP.To4() == nil {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort(ip.IP.String(), "0"))
		if err != nil {
			t.Skip("no address to listen on")
		}
		defer func() { _ = l.Close() }()
		if e := fails(t, client(), request("http://"+l.Addr().String())); e.Kind != soap.KindConnect || e.Outcome != soap.NotSent {
			t.Errorf("%v", e)
		}
		return
	}
	t.Skip("this computer has no other address")
}

func TestDeadlines(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	wait := func(conn net.Conn) {
		select {
		case <-stop:
		case <-time.After(time.Minute):
		}
	}
	silent, _ := tcp(t, wait)
	hanging, _ := tcp(t, func(conn net.Conn) { readRequest(conn); wait(conn) })
	dripping, _ := tcp(t, func(conn net.Conn) {
		readRequest(conn)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
		for range 100 {
			if _, err := io.WriteString(conn, " "); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	short := func(d soap.Deadlines) soap.Client {
		c := client()
		c.Transport.Deadlines = d
		return c
	}
	const soon, long = 100 * time.Millisecond, 30 * time.Second
	large := []byte("<a>" + strings.Repeat("x", 4_000_000) + "</a>") // more than the buffers between hold, as a rule
	for name, c := range map[string]struct {
		deadlines soap.Deadlines
		url       string
		body      []byte
		kind      soap.Kind
		outcome   soap.Outcome
	}{
		"TLS never answers":          {soap.Deadlines{Connect: soon, Write: long, Answer: long}, strings.Replace(silent, "http:", "https:", 1), []byte(content), soap.KindConnect, soap.NotSent},
		"nobody reads the body":      {soap.Deadlines{Connect: long, Write: soon, Answer: soon}, silent, large, soap.KindLate, soap.Unknown},
		"no answer":                  {soap.Deadlines{Connect: long, Write: long, Answer: soon}, hanging, []byte(content), soap.KindLate, soap.Unknown},
		"an answer drop by drop":     {soap.Deadlines{Connect: long, Write: long, Answer: soon}, dripping, []byte(content), soap.KindLate, soap.Unknown},
		"no answer, write is no aim": {soap.Deadlines{Connect: soon, Write: soon, Answer: 3 * soon}, hanging, []byte(content), soap.KindLate, soap.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(c.url)
			r.Body = c.body
			start := time.Now()
			e := fails(t, short(c.deadlines), r)
			if e.Kind != c.kind || e.Outcome != c.outcome || time.Since(start) > 8*time.Second {
				t.Errorf("%v after %v: %+v", e, time.Since(start), e)
			}
		})
	}
}

// A connection alone sends nothing: headers that nobody reads fill it before the body comes.
func TestConnectedIsNotSent(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	url, _ := tcp(t, func(net.Conn) { <-stop })
	c := client()
	c.Transport.Deadlines.Write = 200 * time.Millisecond
	r := request(url)
	r.Action = strings.Repeat("x", 16<<20)
	if e := fails(t, c, r); e.Kind != soap.KindLate || !e.Connected || e.Written != 0 || e.Outcome != soap.NotSent {
		t.Errorf("%+v", e)
	}
}

func TestGivenUpByTheCaller(t *testing.T) {
	stop, arrived := make(chan struct{}), make(chan struct{}, 1)
	defer close(stop)
	url, connections := tcp(t, func(conn net.Conn) {
		readRequest(conn)
		arrived <- struct{}{}
		<-stop
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-arrived; cancel() }()
	c := client()
	_, err := c.Call(ctx, request(url))
	var e *soap.Error
	if !errors.As(err, &e) || e.Kind != soap.KindCancelled || e.Outcome != soap.Unknown || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := c.Call(ctx, request(url)); !errors.As(err, &e) || e.Kind != soap.KindCancelled || e.Outcome != soap.NotSent {
		t.Errorf("given up before: %v", err)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// Given up at any moment, what the error says is true: when it says that nothing was sent, the server saw no byte of the body.
func TestNotSentIsTrue(t *testing.T) {
	const attempts = 300
	var mu sync.Mutex // connections given up while they were dialled may come after the last
	seen, last := map[string]int{}, make(chan struct{})
	url, _ := tcp(t, func(conn net.Conn) {
		all, _ := io.ReadAll(conn)
		head, body, _ := strings.Cut(string(all), "\r\n\r\n")
		_, action, _ := strings.Cut(head, `Soapaction: "`)
		action, _, _ = strings.Cut(action, `"`)
		mu.Lock()
		defer mu.Unlock()
		seen[action] = len(body)
		if action == "last" {
			close(last)
		}
	})
	give := func(action string, after time.Duration) soap.Outcome {
		ctx, cancel := context.WithTimeout(context.Background(), after)
		defer cancel()
		r := request(url)
		r.Action = action
		c := client()
		_, err := c.Call(ctx, r)
		if err == nil {
			t.Fatal("an answer came from nowhere")
		}
		return soap.OutcomeOf(err)
	}
	outcomes := map[string]soap.Outcome{}
	for i := range attempts {
		action := fmt.Sprint("attempt ", i)
		outcomes[action] = give(action, time.Duration(i)*3*time.Microsecond)
	}
	give("last", 100*time.Millisecond)
	<-last // the server serves one after the other: it has seen all there was to see
	mu.Lock()
	defer mu.Unlock()
	notSent := 0
	for action, outcome := range outcomes {
		if outcome != soap.NotSent {
			continue
		}
		notSent++
		if seen[action] > 0 {
			t.Errorf("%s: not sent, yet %d bytes of the body came", action, seen[action])
		}
	}
	if seen["last"] == 0 || notSent == 0 || notSent == attempts {
		t.Errorf("%d of %d not sent: the moments tried say nothing", notSent, attempts)
	}
}

// What a server writes, and where it is, never stands in the text of an error.
func TestErrorsSayNothingOfTheServer(t *testing.T) {
	server, c := secureServer(t, func(w http.ResponseWriter, r *http.Request) {
		text, err := soap.WriteFault(soap.Fault{Code: "SECRET", String: "SECRET 79021802145", SOA: "SOA-03006", Ticket: "SECRET", Origin: "SECRET",
			Environment: "SECRET", Messages: map[string]string{"en": "SECRET"}})
		if err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write(text)
	})
	e := fails(t, c, request(server.URL))
	all := fmt.Sprintf("%v %+v %s %q | %v %+v %#v %s %d", e, e, e, e, *e.Fault, *e.Fault, *e.Fault, e.Fault, e.Fault) + e.Fault.LogValue().String()
	if strings.Contains(all, "SECRET") || strings.Contains(all, "7902") || !strings.Contains(all, "SOA-03006") {
		t.Error(all)
	}
	if e.Fault.String != "SECRET 79021802145" || e.Fault.Messages["en"] != "SECRET" {
		t.Error("the fault itself must hold them")
	}
	refused := fails(t, client(), request("https://SECRET.invalid/"))
	if strings.Contains(fmt.Sprintf("%v %+v", refused, refused), "SECRET") {
		t.Error(refused)
	}
}
