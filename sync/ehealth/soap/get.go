package soap

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Get reads a public document of the platform over the same kind of connection as a request: an answer of status 200 and at
// most limit bytes. What it says is as true as whoever signed it. Errors are *Error, KindConnect or later; nothing was done there.
func (t Transport) Get(ctx context.Context, address string, limit int) ([]byte, error) {
	fail := func(kind Kind, reason string, cause error) ([]byte, error) {
		if ctx.Err() != nil {
			kind = KindCancelled
		}
		return nil, &Error{Kind: kind, reason: reason, cause: cause}
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fail(KindRequest, "the address", errAddress)
	}
	d := t.Deadlines.orDefaults()
	within, done := context.WithTimeoutCause(ctx, d.Connect+d.Answer, errLate)
	defer done()
	req, err := http.NewRequestWithContext(within, http.MethodGet, address, nil)
	if err != nil {
		return fail(KindRequest, "the address", errAddress)
	}
	req.Header.Set("User-Agent", t.UserAgent)
	carrier := t.carrier(&meter{}, d.Connect)
	defer carrier.CloseIdleConnections()
	resp, err := carrier.RoundTrip(req)
	if err != nil {
		return fail(KindConnect, "no answer", err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	if resp.StatusCode != http.StatusOK {
		return fail(KindStatus, fmt.Sprintf("HTTP %d", resp.StatusCode), nil)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	switch {
	case err != nil:
		return fail(KindBroken, "the answer", err)
	case len(text) > limit:
		return fail(KindAnswer, "the answer", errLarge)
	}
	return text, nil
}
