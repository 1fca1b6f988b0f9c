package recipe

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"relais/app/rx"
	"relais/sync/ehealth/soap"
	"relais/sync/recipe/wire"
)

// What a reply means. Anything that is not on this list is unanswered: the operation may have taken place, now or later.
//
//	not-sent   no byte of the body was handed to a connection (soap.NotSent)                      recipe protocol §1.8
//	refused    Recip-e's own status says no (code 300), under the key of the call                 §1.6
//	refused    the platform's gate found the message malformed (SOA-03001 to SOA-03007 with       §1.8, §6.1
//	           Origin Consumer): the same bytes are refused however often they pass
//	accepted   both statuses are good, and what the operation gives is there                      §1.6
//
// A gate that does not accept the session or the timestamp (SOA-01001, SOA-01002) proves nothing: the same request may have passed it before, or
// may yet. A platform's status without one of Recip-e proves nothing either.
//
// InResponseTo decides nothing: the schema leaves it free, and the platform may write its own number (§1.8). A result under the key of the call,
// which is drawn for it alone, answers that call; what has no content and names another request is nobody's answer.

// failed is the reply to a call that got no good answer of SOAP.
func failed(err error) rx.Reply {
	var e *soap.Error
	if !errors.As(err, &e) {
		return rx.Reply{Result: rx.Unanswered, Why: whyAnswer}
	}
	reply := rx.Reply{Result: rx.Unanswered, Why: classOf(e), ServerAt: e.Time}
	switch {
	case e.Outcome == soap.NotSent:
		reply.Result, reply.ServerAt = rx.ResultNotSent, e.Time
	case e.Kind == soap.KindFault:
		reply.Problem = faultProblem(e.Fault)
		if e.Fault.AtGate() && malformed(e.Fault.SOA) {
			reply.Result = rx.ResultRefused
		}
	}
	return reply
}

func malformed(soa string) bool { return strings.HasPrefix(soa, "SOA-030") }

// notAuthenticated: the platform does not accept the session, or the timestamp.
func notAuthenticated(err error) bool {
	var e *soap.Error
	return errors.As(err, &e) && e.Fault != nil && e.Fault.SOA == "SOA-01001"
}

func classOf(e *soap.Error) string {
	switch e.Kind {
	case soap.KindConnect:
		if notBelieved(e) {
			return whyServer
		}
		return whyConnect
	case soap.KindBroken:
		return whyDropped
	case soap.KindLate:
		return whyTimeout
	case soap.KindCancelled:
		if e.Written == 0 {
			return whyGivenUp
		}
		return whyTimeout
	case soap.KindStatus:
		return fmt.Sprintf("http-%d", e.Status)
	case soap.KindFault:
		if e.Fault.SOA != "" {
			return e.Fault.SOA
		}
		return "soap-fault"
	case soap.KindRequest:
		return whyRequest
	}
	return whyForeign
}

// notBelieved tells whether there was no connection because the server's certificate is not one of those that may be trusted.
func notBelieved(e error) bool {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(e, &authority) || errors.As(e, &name) || errors.As(e, &invalid)
}

// faultProblem is what the platform said.
func faultProblem(f *soap.Fault) *rx.Problem {
	p := &rx.Problem{Code: f.SOA}
	if p.Code == "" {
		p.Code = "SOAP-" + f.Code
	}
	for language, text := range f.Messages {
		p.Messages = say(p.Messages, language, text)
	}
	if p.Messages == nil && f.String != "" {
		p.Messages = say(nil, "EN", f.String)
	}
	return p
}

// read is the reply to a call that got an answer.
func (c *Client) read(ctx context.Context, o operation, id string, key wire.SymmKey, answer *soap.Answer) rx.Reply {
	nothing := rx.Reply{Result: rx.Unanswered, Why: whyAnswer, ServerAt: answer.Time}
	outer, err := wire.ParseResponse(o.wire, answer.Content)
	if err != nil {
		return nothing
	}
	if nothing.ServerAt.IsZero() { // the transport said nothing of the time
		nothing.ServerAt = outer.IssueInstant.Time
	}
	if outer.Secured == nil {
		if !outer.Status.Good() && outer.To(id) { // without a content nothing else binds it to the call
			nothing.Why = whyOuter
			nothing.Problem = outerProblem(outer.Status)
			c.rotate()
		}
		return nothing
	}
	plain, err := key.Decrypt(outer.Secured)
	if err != nil {
		return nothing
	}
	result, fill := o.result()
	if err := o.wire.DecodeResult(plain, result); err != nil {
		return nothing
	}
	status := result.Told()
	switch {
	case status.Code == wire.Failed:
		return rx.Reply{Result: rx.ResultRefused, Problem: statusProblem(status), ServerAt: nothing.ServerAt}
	case !status.Good():
		nothing.Problem = statusProblem(status)
		return nothing
	case !outer.Status.Good():
		nothing.Problem = outerProblem(outer.Status)
		return nothing
	}
	reply := rx.Reply{Result: rx.ResultAccepted, ServerAt: nothing.ServerAt}
	if !fill(&reply) {
		return nothing
	}
	switch got := result.(type) {
	case *wire.GetResult:
		c.opened(ctx, got, &reply)
	case *wire.FeedbacksResult:
		reply.Letters = c.letters(got.Feedbacks)
	}
	return reply
}

// outerProblem is what the platform's status said: the innermost code of its own says most.
func outerProblem(s wire.OuterStatus) *rx.Problem {
	code := s.Codes[len(s.Codes)-1]
	return &rx.Problem{Code: code[strings.LastIndex(code, ":")+1:], Messages: say(nil, "EN", string(s.Message))}
}

// codeInText is how Recip-e writes its code before a message.
var codeInText = regexp.MustCompile(`^\s*\[(ERR[0-9]{3,9})\]`)

var codeForm = regexp.MustCompile(`^[0-9]{3}$`)

// statusProblem is what Recip-e said.
func statusProblem(s wire.Status) *rx.Problem {
	p := &rx.Problem{Code: s.MessageCode}
	for _, m := range s.Messages {
		if found := codeInText.FindStringSubmatch(string(m.Text)); found != nil {
			p.Code = found[1]
		}
		p.Messages = say(p.Messages, m.Language, string(m.Text))
	}
	if p.Code == "" {
		p.Code = "status-other"
		if codeForm.MatchString(s.Code) {
			p.Code = "status-" + s.Code
		}
	}
	return p
}

// longest is how much of a message is kept.
const longest = 2000

// say adds a message, the first of each language; one without a language of ours counts as English.
func say(to map[rx.Lang]string, language, text string) map[rx.Lang]string {
	if text = strings.TrimSpace(strings.ToValidUTF8(text, "")); text == "" {
		return to
	}
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest])
	}
	lang := rx.EN
	for _, l := range []rx.Lang{rx.FR, rx.NL, rx.DE} {
		if strings.EqualFold(language, string(l)) {
			lang = l
		}
	}
	if to == nil {
		to = map[rx.Lang]string{}
	}
	if _, there := to[lang]; !there {
		to[lang] = text
	}
	return to
}
