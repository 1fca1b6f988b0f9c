package soap_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"relais/sync/ehealth/soap"
)

// pipes are connections inside this program: what one end dials the other accepts.
type pipes struct {
	waiting chan net.Conn
	closed  chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.waiting <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, errors.New("nobody listens")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.waiting:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return nil }

// Services inside this program are called without any network; deadlines are those of the program's clock.
func TestInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inside := newPipes()
		answers := true
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then it is seen when the caller goes
			if !answers {
				<-r.Context().Done()
				return
			}
			_, _ = w.Write([]byte(answerText))
		})}
		go func() { _ = server.Serve(inside) }()
		defer server.Close()

		c := client()
		c.Transport.Dial = inside.dial
		if answer, err := c.Call(context.Background(), request("http://simulated/service")); err != nil || answer.Content.Text() != "yes" {
			t.Fatalf("%v", err)
		}
		answers = false
		start := time.Now()
		if e := fails(t, c, request("http://simulated/service")); e.Kind != soap.KindLate || e.Outcome != soap.Unknown || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %v", e, time.Since(start))
		}
	})
}
