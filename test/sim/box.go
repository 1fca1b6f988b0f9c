package sim

import (
	"context"
	"log/slog"
	"net"
	"net/http"
)

// box is a server inside the process, to whose handler every connection leads.
type box struct {
	server      *http.Server
	connections chan net.Conn
}

func newBox(h http.Handler) *box {
	b := &box{connections: make(chan net.Conn)}
	b.server = &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	closed := make(chan struct{})
	go func() { _ = b.server.Serve(&listener{b.connections, closed}) }() // until Close
	return b
}

func (b *box) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case b.connections <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type listener struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.connections:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error   { close(l.closed); return nil }
func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "box", Net: "pipe"} }
