package recipe

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/kgss"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
)

// Each reason why there is no session has its class, and nothing left.
func TestWithoutSession(t *testing.T) {
	for want, err := range map[string]error{
		"session":           &sts.Error{Kind: sts.NoAnswer},
		"not-recognised":    &sts.Error{Kind: sts.NotRecognised},
		"session-untrusted": fmt.Errorf("below: %w", &sts.Error{Kind: sts.NotTrusted}),
		"certificate":       &sts.Error{Kind: sts.Unusable},
		"clock":             &sts.Error{Kind: sts.Clock},
	} {
		if reply := withoutSession(err); reply.Result != rx.ResultNotSent || reply.Why != want || reply.Problem != nil {
			t.Errorf("%v: %s %q %v", err, reply.Result, reply.Why, reply.Problem)
		}
	}
	if reply := withoutSession(&sts.Error{Kind: sts.Refused, Status: "RequestDenied"}); reply.Why != "session-refused" || reply.Problem.Code != "RequestDenied" {
		t.Errorf("refused: %q %v", reply.Why, reply.Problem)
	}
	for err, want := range map[error]string{
		nil:                                 "",
		&sts.Error{Kind: sts.NotRecognised}: "not-recognised",
		context.DeadlineExceeded:            "timeout",
	} {
		if got := heardSession(err); got != want {
			t.Errorf("%v: the STS is told to be %q", err, got)
		}
	}
}

// The depot that knows nobody has answered; what it did not give is told of whoever lacks it.
func TestRecipientLacks(t *testing.T) {
	for _, c := range []struct {
		reason               etk.Reason
		class, own, ofItself string
	}{
		{etk.NoAnswer, "recipient", "recipient", "recipient"},
		{etk.NotFound, "recipient-absent", "own-etk-absent", ""},
		{etk.Ambiguous, "recipient-several", "own-etk-unusable", ""},
		{etk.Refused, "recipient-refused", "own-etk-unusable", "recipient-refused"},
		{etk.NotReadable, "recipient-untrusted", "own-etk-unusable", "answer"},
	} {
		err := &etk.DepotError{Reason: c.reason}
		own := keyFailed(errors.Join(&kgss.Error{Kind: kgss.NoToken, Own: true}, err))
		if got := recipientLacks(err); got != c.class || own.Why != c.own || own.Result != rx.ResultNotSent || heardDepot(err) != c.ofItself {
			t.Errorf("%s: %q, of our own %s %q, of the depot %q", c.reason, got, own.Result, own.Why, heardDepot(err))
		}
	}
}

func TestKeyFailed(t *testing.T) {
	if reply := keyFailed(&kgss.Error{Kind: kgss.NotTrusted}); reply.Result != rx.Unanswered || reply.Why != "key-untrusted" {
		t.Errorf("%s %q", reply.Result, reply.Why)
	}
	reply := keyFailed(&kgss.Error{Kind: kgss.NotMade, Codes: []string{"300"}, Messages: []kgss.Message{{Language: "FR", Text: "Pas de lecteur."}, {Text: "No reader."}}})
	if p := reply.Problem; reply.Result != rx.ResultRefused || reply.Why != "key-refused" || p.Code != "KGSS-300" || p.Messages[rx.FR] != "Pas de lecteur." || p.Messages[rx.EN] != "No reader." {
		t.Errorf("%s %v", reply.Result, p)
	}
}

// A server that is not believed was reached; nothing was said to it.
func TestUntrustedServer(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	client := soap.Client{Transport: soap.Transport{Anchors: x509.NewCertPool()}, Clock: time.Now}
	_, err := client.Call(context.Background(), soap.Request{URL: server.URL, Body: []byte("<a/>")})
	if got := failed(err); got.Result != rx.ResultNotSent || got.Why != "untrusted-server" {
		t.Errorf("%s %q: %v", got.Result, got.Why, err)
	}
}
