package simulator

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"relais/app/rx"
	"relais/sync/simulator/world"
)

// Endpoints are the addresses of a simulator.
type Endpoints struct {
	STS         string `json:"sts"`       // WS-Trust
	STSLegacy   string `json:"sts_samlp"` // SAML 1.1 protocol
	ETK         string `json:"etk"`
	KGSS        string `json:"kgss"`
	Prescriber  string `json:"prescriber"`
	Alternate   string `json:"prescriber_alternate"` // of the service list; the same service
	ServiceList string `json:"service_list"`
	Status      string `json:"status"`
	Control     string `json:"control"`
	Pharmacist  string `json:"pharmacist"`
	Patient     string `json:"patient"`
}

// doors are the listeners of a simulator, each for one service: what becomes of a connection is decided before it says what
// it wants. The one without a service is for everything else, which meets no faults.
var doors = []struct {
	service rx.Service
	name    string
}{{"", "control"}, {rx.STS, "sts"}, {rx.ETKDepot, "etk"}, {rx.KGSS, "kgss"}, {rx.Recipe, "recipe"}, {rx.Recipe, "recipe-alternate"}}

// inside is the domain of the names inside a process (RFC 6761 §6.4: it never exists).
const inside = ".simulator.invalid"

func insideNames() (names []string) {
	for _, d := range doors {
		names = append(names, d.name+inside)
	}
	return names
}

// endpoints gives the addresses by the base of each door.
func endpoints(base map[string]string) Endpoints {
	return Endpoints{
		STS: base["sts"] + pathSTS, STSLegacy: base["sts"] + pathSTSLegacy, ETK: base["etk"] + pathETK, KGSS: base["kgss"] + pathKGSS,
		Prescriber: base["recipe"] + pathPrescriber, Alternate: base["recipe-alternate"] + pathPrescriber, ServiceList: base["control"] + pathList, Status: base["control"] + pathStatus,
		Control: base["control"] + pathFaults, Pharmacist: base["control"] + pathPharmacist, Patient: base["control"] + pathPatient,
	}
}

// network is how connections come in.
type network struct {
	sim    *Simulator
	server *http.Server
	tls    *tls.Config
	pipes  *pipes

	mu        sync.Mutex
	listeners []net.Listener
	serving   sync.WaitGroup
}

func (n *network) begin(s *Simulator) {
	n.sim = s
	n.tls = &tls.Config{Certificates: []tls.Certificate{s.pki.server()}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, SessionTicketsDisabled: true}
	n.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	n.pipes = &pipes{connections: make(chan net.Conn), closed: make(chan struct{})}
	n.serve(n.pipes)
}

func (n *network) serve(l net.Listener) {
	n.mu.Lock()
	n.listeners = append(n.listeners, l)
	n.mu.Unlock()
	n.serving.Go(func() { _ = n.server.Serve(l) }) // until Close
}

// Close ends all connections and listeners. The world stays as it is.
func (s *Simulator) Close() error {
	err := s.network.server.Close()
	s.network.serving.Wait()
	return err
}

// ErrAddress: not an address of this computer itself.
var ErrAddress = errors.New("simulator: it listens on loopback addresses alone")

// Listen opens the doors on this computer itself and gives their addresses, by https or by http; each door takes both. With
// port 0 each has one of its own, else they have the port and those that follow.
func (s *Simulator) Listen(address string, secure bool) (Endpoints, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return Endpoints{}, fmt.Errorf("%w: %q is no host and port", ErrAddress, address)
	}
	first, err := net.ResolveTCPAddr("tcp", address)
	if err != nil || first.IP == nil || !first.IP.IsLoopback() {
		return Endpoints{}, fmt.Errorf("%w: not on %q", ErrAddress, host)
	}
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	base := map[string]string{}
	var listeners []net.Listener
	for i, d := range doors {
		at := *first
		if at.Port != 0 {
			at.Port += i
		}
		l, err := net.ListenTCP("tcp", &at)
		if err != nil {
			for _, opened := range listeners {
				_ = opened.Close()
			}
			return Endpoints{}, fmt.Errorf("simulator: it cannot listen: %w", err)
		}
		listeners = append(listeners, &gate{l, &s.network, d.service})
		base[d.name] = scheme + l.Addr().String()
	}
	for _, l := range listeners {
		s.network.serve(l)
	}
	ends := endpoints(base)
	s.mu.Lock()
	s.ends = ends
	s.mu.Unlock()
	return ends, nil
}

// Inside are the addresses that Dial knows.
func (s *Simulator) Inside() Endpoints {
	base := map[string]string{}
	for _, d := range doors {
		base[d.name] = "https://" + d.name + inside
	}
	return endpoints(base)
}

var errRefused = errors.New("simulator: connection refused")

// Dial connects to one of the addresses of Inside. It fits soap.Transport.Dial.
func (s *Simulator) Dial(ctx context.Context, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	for _, d := range doors {
		if host == d.name+inside {
			return s.network.dial(ctx, d.service)
		}
	}
	return nil, fmt.Errorf("simulator: no such host: %s", host)
}

func (n *network) dial(ctx context.Context, service rx.Service) (net.Conn, error) {
	met := n.met(service)
	if met == world.RefuseConnect {
		return nil, errRefused
	}
	client, server := net.Pipe()
	select {
	case n.pipes.connections <- n.taken(server, met, true):
		return client, nil
	case <-n.pipes.closed:
		return nil, errRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// taken is a connection as it is served.
func (n *network) taken(c net.Conn, met world.Kind, abrupt bool) net.Conn {
	if met == world.TLSFail {
		return &failing{c}
	}
	return &sniffed{Conn: c, config: n.tls, abrupt: abrupt}
}

// met is what becomes of a connection.
func (n *network) met(service rx.Service) world.Kind {
	if service == "" {
		return ""
	}
	return n.sim.world.Connect(service, n.sim.clock.Now())
}

// pipes is the listener inside a process.
type pipes struct {
	connections chan net.Conn
	once        sync.Once
	closed      chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "simulator", Net: "pipe"} }

// gate decides what becomes of each connection to a door.
type gate struct {
	net.Listener
	network *network
	service rx.Service
}

func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		met := g.network.met(g.service)
		if met != world.RefuseConnect {
			return g.network.taken(c, met, false), nil
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // reset
		}
		_ = c.Close()
	}
}

// failing is a connection on which the handshake of TLS fails, whatever comes.
type failing struct{ net.Conn }

func (c *failing) Read(b []byte) (int, error) {
	if _, err := c.Conn.Read(b); err != nil {
		return 0, err
	}
	_, _ = c.Conn.Write([]byte{21, 3, 3, 0, 2, 2, 40}) // alert: fatal, handshake_failure
	return 0, io.EOF
}

// sniffed is a connection over TLS or not, as its first byte tells.
type sniffed struct {
	net.Conn
	config *tls.Config
	abrupt bool // TLS says no goodbye: over a pipe, which holds nothing, both sides would wait for each other's

	once sync.Once
	over atomic.Pointer[net.Conn] // what is read and written; nil: nothing came
	err  error
}

// recordHandshake is the first byte of TLS.
const recordHandshake = 22

func (c *sniffed) sniff() {
	first := make([]byte, 1)
	if _, c.err = io.ReadFull(c.Conn, first); c.err != nil {
		return
	}
	var over net.Conn = &begun{c.Conn, io.MultiReader(bytes.NewReader(first), c.Conn)}
	if first[0] == recordHandshake {
		over = tls.Server(over, c.config)
	}
	c.over.Store(&over)
}

func (c *sniffed) Read(b []byte) (int, error) {
	if c.once.Do(c.sniff); c.err != nil {
		return 0, c.err
	}
	return (*c.over.Load()).Read(b)
}

func (c *sniffed) Write(b []byte) (int, error) {
	if c.once.Do(c.sniff); c.err != nil {
		return 0, c.err
	}
	return (*c.over.Load()).Write(b)
}

func (c *sniffed) Close() error {
	if over := c.over.Load(); over != nil && !c.abrupt {
		return (*over).Close()
	}
	return c.Conn.Close()
}

// begun is a connection of which something was read.
type begun struct {
	net.Conn
	from io.Reader
}

func (c *begun) Read(b []byte) (int, error) { return c.from.Read(b) }

// isLoopbackHost tells whether the Host of a request names this computer or the inside of a process.
func isLoopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, inside) || ip != nil && ip.IsLoopback()
}
