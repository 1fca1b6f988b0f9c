package soap

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"

	"relais/sync/ehealth/trust"
)

// Deadlines of one request. They bound its phases apart, since they mean different things: before the body is written the
// request is surely not sent, afterwards its outcome is unknown. A zero one is a minute.
type Deadlines struct {
	Connect time.Duration // address, TCP and TLS
	Write   time.Duration // the request, headers and body
	Answer  time.Duration // from the last byte written to the last byte read
}

func (d Deadlines) orDefaults() Deadlines {
	for _, each := range []*time.Duration{&d.Connect, &d.Write, &d.Answer} {
		if *each == 0 {
			*each = time.Minute
		}
	}
	return d
}

// Transport posts once, over connections that serve one request each: a connection kept open may be closed by the other side
// just when a request is written to it, and leave its outcome unknown for nothing. HTTP/1.1, TLS 1.2 or later, no proxy, no
// compression, no redirect.
type Transport struct {
	// Anchors of TLS; without them no server is trusted. Never those of this computer, to which proxies and malware add.
	Anchors   *x509.CertPool
	Deadlines Deadlines
	UserAgent string // product and version, which eHealth asks for
	// Dial, unless nil, connects to services that run inside this program, in place of TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// exchange is what came of a request: how far it got, and the answer when there is one.
type exchange struct {
	connected bool
	written   int64 // bytes of the body handed to the connection
	status    int
	time      time.Time
	answer    []byte
}

// Causes of the end of a request.
var (
	errAddress = errors.New("no address of a web service")
	errConnect = errors.New("no connection")
	errLate    = errors.New("a deadline passed")
	errClear   = errors.New("http without TLS to another computer")
	errLarge   = errors.New("the answer is larger than allowed")
)

// post sends the body once and reads an answer of at most limit bytes. The exchange says how far it got, also with an error.
func (t Transport) post(ctx context.Context, address, action string, body []byte, limit int) (x exchange, err error) {
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return x, errAddress
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &phases{ctx: ctx, cancel: cancel, deadlines: t.Deadlines.orDefaults()}
	defer p.end()
	m := &meter{}
	defer func() { x.connected, x.written = p.connected(), m.seal() }()

	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, p.trace()), http.MethodPost, address, unseekable{bytes.NewReader(body)})
	if err != nil {
		return x, errAddress
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("Accept", "text/xml")
	req.Header.Set("SOAPAction", `"`+action+`"`)
	req.Header.Set("User-Agent", t.UserAgent)

	carrier := t.carrier(m, p.deadlines.Connect)
	defer carrier.CloseIdleConnections()
	// RoundTrip and not a Client: no redirects, no cookies.
	resp, err := carrier.RoundTrip(req)
	if err != nil {
		m.seal() // before anything is concluded: from here on no byte is handed over
		return x, p.cause(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	x.status = resp.StatusCode
	x.time, _ = http.ParseTime(resp.Header.Get("Date")) // zero when it says nothing
	x.answer, err = io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	switch {
	case err != nil:
		return x, p.cause(err)
	case len(x.answer) > limit:
		return x, errLarge
	}
	return x, nil
}

// unseekable hides what a reader can do besides reading, so that net/http cannot rewind and repeat a body.
type unseekable struct{ io.Reader }

// carrier gives the net/http transport of one request.
func (t Transport) carrier(m *meter, connect time.Duration) *http.Transport {
	anchors := t.Anchors
	if anchors == nil {
		anchors = x509.NewCertPool() // nil would mean those of this computer
	}
	dial := func(ctx context.Context, addr string, secure bool) (net.Conn, error) {
		ctx, done := context.WithTimeoutCause(ctx, connect, errLate)
		defer done()
		conn, err := t.dial(ctx, addr)
		if err != nil {
			return nil, err
		}
		if !secure {
			if t.Dial == nil && !loopback(conn.RemoteAddr()) {
				_ = conn.Close()
				return nil, errClear
			}
			return &metered{Conn: conn, meter: m}, nil
		}
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
		// Not skipped: VerifyConnection verifies, and knows the mark of simulated services.
		shielded := tls.Client(conn, &tls.Config{
			ServerName: host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, VerifyConnection: trust.VerifyServer(anchors),
		})
		if err := shielded.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return &metered{Conn: shielded, meter: m}, nil
	}
	return &http.Transport{
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return dial(ctx, addr, false)
		},
		DialTLSContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return dial(ctx, addr, true)
		},
	}
}

func (t Transport) dial(ctx context.Context, addr string) (net.Conn, error) {
	if t.Dial != nil {
		return t.Dial(ctx, addr)
	}
	return (&net.Dialer{KeepAlive: -1}).DialContext(ctx, "tcp", addr)
}

func loopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// meter counts the bytes of the body that are handed to a connection: those after the first empty line. Once sealed, no
// connection takes another byte, so that the count stays true.
type meter struct {
	mu     sync.Mutex
	sealed bool
	end    int // bytes of "\r\n\r\n" seen in a row
	body   int64
}

const headerEnd = "\r\n\r\n"

var errSealed = errors.New("the request was given up")

// admit counts bytes before they are handed over: of a write that fails, some may have left.
func (m *meter) admit(b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sealed {
		return errSealed
	}
	for i, c := range b {
		if m.end == len(headerEnd) {
			m.body += int64(len(b) - i)
			break
		}
		switch {
		case c == headerEnd[m.end]:
			m.end++
		case c == headerEnd[0]:
			m.end = 1
		default:
			m.end = 0
		}
	}
	return nil
}

func (m *meter) seal() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sealed = true
	return m.body
}

// metered is a connection whose writes are counted, above TLS.
type metered struct {
	net.Conn
	meter *meter
}

func (c *metered) Write(b []byte) (int, error) {
	if err := c.meter.admit(b); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// phases follows a request through connecting, writing and answering, and ends it when one takes too long.
type phases struct {
	ctx       context.Context
	cancel    context.CancelCauseFunc
	deadlines Deadlines

	mu   sync.Mutex
	got  bool
	over bool
	stop func() // of the deadline that runs
}

func (p *phases) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			p.mu.Lock()
			p.got = true
			p.mu.Unlock()
			p.run(p.deadlines.Write)
		},
		WroteRequest: func(i httptrace.WroteRequestInfo) {
			if i.Err == nil {
				p.run(p.deadlines.Answer)
			}
		},
	}
}

// run starts the deadline of a phase in place of that of the phase before.
func (p *phases) run(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	if p.stop != nil {
		p.stop()
	}
	timer, done := context.WithTimeout(p.ctx, d)
	forget := context.AfterFunc(timer, func() { p.cancel(errLate) })
	p.stop = func() { forget(); done() }
}

func (p *phases) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	if p.stop != nil {
		p.stop()
	}
}

func (p *phases) connected() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got
}

// cause tells why the request ended: a deadline of ours, the caller, or the error itself.
func (p *phases) cause(err error) error {
	switch {
	case !p.connected() && p.ctx.Err() == nil:
		return errors.Join(errConnect, err)
	case p.ctx.Err() != nil:
		return context.Cause(p.ctx)
	}
	return err
}
