package printing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/OpenPrinting/goipp"

	"relais/app/rx"
)

// Bounds of an answer. A list of fifty printers with all that is asked for takes some
// 200 kB; collections nest three deep.
const (
	maxAnswer = 2 << 20
	maxDepth  = 8
)

// Spooler is the CUPS of this computer.
type Spooler struct {
	address  Address
	user     string
	patience time.Duration
	client   *http.Client
	requests atomic.Uint32
}

// Dial opens a connection, as net.Dialer.DialContext does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// NewSpooler gives the spooler at address. user is the name under which jobs are made
// and found again: that of the account, since CUPS lets only the owner of a job see
// and cancel it. One exchange takes at most patience. Close ends idle connections.
func NewSpooler(address Address, user string, patience time.Duration, dial Dial) *Spooler {
	return &Spooler{address: address, user: user, patience: patience, client: &http.Client{
		Transport: &http.Transport{
			Proxy: nil,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return dial(ctx, address.Network, address.Name)
			},
			MaxIdleConns: 2, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close ends connections that nobody uses.
func (s *Spooler) Close() { s.client.CloseIdleConnections() }

// host is what requests call the server. CUPS refuses a Host header that it does not
// know as one of its own names.
func (s *Spooler) host() string {
	if s.address.Network == "tcp" {
		return s.address.Name
	}
	return "localhost"
}

// uri of a resource of the server, as IPP names it.
func (s *Spooler) uri(path string) goipp.Value {
	return goipp.String((&url.URL{Scheme: "ipp", Host: s.host(), Path: path}).String())
}

// refusal is a status that is not a success.
type refusal goipp.Status

func (r refusal) Error() string { return "IPP: " + goipp.Status(r).String() }

// request begins a message: character set, language, target (the name of a URI
// attribute and a path; "" for none), who asks.
func (s *Spooler) request(op goipp.Op, target, path string) *goipp.Message {
	m := goipp.NewRequest(goipp.DefaultVersion, op, s.requests.Add(1))
	m.Operation.Add(goipp.MakeAttribute("attributes-charset", goipp.TagCharset, goipp.String("utf-8")))
	m.Operation.Add(goipp.MakeAttribute("attributes-natural-language", goipp.TagLanguage, goipp.String("en")))
	if target != "" {
		m.Operation.Add(goipp.MakeAttribute(target, goipp.TagURI, s.uri(path)))
	}
	m.Operation.Add(goipp.MakeAttribute("requesting-user-name", goipp.TagName, goipp.String(s.user)))
	return m
}

// wanted names the attributes that an answer is to hold.
func wanted(m *goipp.Message, names ...string) {
	a := goipp.Attribute{Name: "requested-attributes"}
	for _, n := range names {
		a.Values.Add(goipp.TagKeyword, goipp.String(n))
	}
	m.Operation.Add(a)
}

// exchange sends m, and document behind it, to a resource. The error is the caller's
// own when ctx ended, a refusal wrapped in *rx.Error when the spooler said no, and else
// tells what was wrong with the way there or with the answer.
func (s *Spooler) exchange(ctx context.Context, resource string, m *goipp.Message, document []byte) (*goipp.Message, error) {
	head, err := m.EncodeBytes()
	if err != nil {
		return nil, fmt.Errorf("printing: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	body := io.MultiReader(bytes.NewReader(head), bytes.NewReader(document))
	address := url.URL{Scheme: "http", Host: s.host(), Path: resource}
	req, err := http.NewRequestWithContext(limited, http.MethodPost, address.String(), body)
	if err != nil {
		return nil, rx.Fault(CodeNoSpooler, "where", s.address.String()).Because(err)
	}
	req.ContentLength = int64(len(head) + len(document))
	req.Header.Set("Content-Type", goipp.ContentType)
	req.Header.Set("User-Agent", "Relais")
	answer, err := s.client.Do(req)
	if err != nil {
		return nil, s.unreached(ctx, limited, err)
	}
	defer answer.Body.Close() // read only
	if answer.StatusCode != http.StatusOK {
		return nil, refusedByHTTP(answer.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return nil, s.unreached(ctx, limited, err)
	}
	said, err := decode(raw)
	if err == nil && said.RequestID != m.RequestID {
		err = errors.New("an answer to another request")
	}
	if err != nil {
		return nil, rx.Fault(CodeGarbled).Because(err)
	}
	return said, judge(goipp.Status(said.Code))
}

// unreached tells why no answer came.
func (s *Spooler) unreached(ctx, limited context.Context, err error) error {
	var op *net.OpError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return rx.Fault(CodeSilent)
	case errors.As(err, &op) && op.Op == "dial":
		return rx.Fault(CodeNoSpooler, "where", s.address.String()).Because(op)
	}
	return rx.Fault(CodeGarbled).Because(err) // broke off, or no HTTP
}

func refusedByHTTP(status int) error {
	cause := fmt.Errorf("HTTP %d", status)
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusUpgradeRequired:
		return rx.Fault(CodeNotAllowed).Because(cause)
	case http.StatusNotFound: // a resource, such as a printer, that is not there
		return rx.Fault(CodeRefused, "status", goipp.StatusErrorNotFound.String()).Because(refusal(goipp.StatusErrorNotFound))
	}
	return rx.Fault(CodeGarbled).Because(cause)
}

// judge makes an error of a status that is no success (RFC 8011, appendix B).
func judge(status goipp.Status) error {
	switch {
	case status <= 0x00ff:
		return nil
	case status == goipp.StatusErrorForbidden, status == goipp.StatusErrorNotAuthenticated, status == goipp.StatusErrorNotAuthorized:
		return rx.Fault(CodeNotAllowed).Because(refusal(status))
	}
	return rx.Fault(CodeRefused, "status", status.String()).Because(refusal(status))
}

// refused tells whether err is the spooler's refusal with that status.
func refused(err error, status goipp.Status) bool {
	var r refusal
	return errors.As(err, &r) && goipp.Status(r) == status
}

// decode reads an answer. Whatever the bytes are, it ends, and with an error unless
// they are one whole message.
func decode(raw []byte) (*goipp.Message, error) {
	if len(raw) > maxAnswer {
		return nil, fmt.Errorf("more than %d bytes", maxAnswer)
	}
	if err := checkDepth(raw); err != nil {
		return nil, err
	}
	m := new(goipp.Message)
	if err := m.DecodeBytes(raw); err != nil {
		return nil, err
	}
	if v := m.Version.Major(); v != 1 && v != 2 {
		return nil, fmt.Errorf("version %s", m.Version)
	}
	return m, nil
}

// checkDepth walks the tags (RFC 8010, section 3.1) and bounds the nesting of
// collections, which the decoder follows by recursion.
func checkDepth(raw []byte) error {
	const head = 8 // version, status, request id
	depth := 0
	for at := head; at < len(raw); {
		tag := goipp.Tag(raw[at])
		at++
		if tag == goipp.TagEnd {
			return nil
		}
		if tag.IsDelimiter() {
			continue
		}
		for range 2 { // name, value
			if at+2 > len(raw) {
				return io.ErrUnexpectedEOF
			}
			at += 2 + int(raw[at])<<8 + int(raw[at+1])
		}
		switch tag {
		case goipp.TagBeginCollection:
			depth++
		case goipp.TagEndCollection:
			depth--
		}
		if depth > maxDepth {
			return fmt.Errorf("collections nested more than %d deep", maxDepth)
		}
	}
	return io.ErrUnexpectedEOF
}

// Where is the spooler's address.
func (s *Spooler) Where() Address { return s.address }
