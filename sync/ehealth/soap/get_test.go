package soap_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"relais/sync/ehealth/soap"
)

// A public document comes whole, from a server that is trusted, or not at all.
func TestGet(t *testing.T) {
	server, client := secureServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/list":
			if r.Method != http.MethodGet || r.Header.Get("User-Agent") != "Relais/test" {
				w.WriteHeader(http.StatusBadRequest)
			}
			_, _ = io.WriteString(w, "a list")
		case "/moved":
			http.Redirect(w, r, "/list", http.StatusFound)
		case "/slow":
			<-r.Context().Done()
		default:
			http.NotFound(w, r)
		}
	})
	transport := client.Transport
	transport.UserAgent = "Relais/test"
	text, err := transport.Get(context.Background(), server.URL+"/list", 6)
	if string(text) != "a list" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	brief, done := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer done()
	strangers := transport
	strangers.Anchors = x509.NewCertPool()
	for name, c := range map[string]struct {
		transport soap.Transport
		ctx       context.Context
		address   string
		limit     int
		kind      soap.Kind
	}{
		"too long":         {transport, context.Background(), server.URL + "/list", 5, soap.KindAnswer},
		"moved":            {transport, context.Background(), server.URL + "/moved", 9, soap.KindStatus},
		"not there":        {transport, context.Background(), server.URL + "/other", 9, soap.KindStatus},
		"a stranger":       {strangers, context.Background(), server.URL + "/list", 9, soap.KindConnect},
		"no address":       {transport, context.Background(), "list", 9, soap.KindRequest},
		"another protocol": {transport, context.Background(), strings.Replace(server.URL, "https", "file", 1), 9, soap.KindRequest},
		"given up":         {transport, brief, server.URL + "/slow", 9, soap.KindCancelled},
	} {
		text, err := c.transport.Get(c.ctx, c.address, c.limit)
		var e *soap.Error
		if !errors.As(err, &e) || e.Kind != c.kind || text != nil {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}
