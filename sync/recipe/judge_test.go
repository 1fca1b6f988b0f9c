package recipe

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/app/rx"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/recipe/wire"
)

var at = time.Date(2026, 11, 22, 9, 40, 0, 0, time.UTC)

// Whatever the transport tells, only what surely did not happen is anything but unanswered.
func TestFailed(t *testing.T) {
	gate := func(soa, origin string) *soap.Fault {
		return &soap.Fault{Code: "Client", SOA: soa, Origin: origin, Messages: map[string]string{"FR": "exemple"}}
	}
	for name, c := range map[string]struct {
		err    error
		result rx.Result
		why    string
	}{
		"no connection":            {&soap.Error{Kind: soap.KindConnect, Outcome: soap.NotSent}, rx.ResultNotSent, "refused-connection"},
		"broken before the body":   {&soap.Error{Kind: soap.KindBroken, Outcome: soap.NotSent, Connected: true}, rx.ResultNotSent, "dropped"},
		"broken in the body":       {&soap.Error{Kind: soap.KindBroken, Connected: true, Written: 1}, rx.Unanswered, "dropped"},
		"late":                     {&soap.Error{Kind: soap.KindLate, Connected: true, Written: 9000}, rx.Unanswered, "timeout"},
		"given up in time":         {&soap.Error{Kind: soap.KindCancelled, Outcome: soap.NotSent}, rx.ResultNotSent, "given-up"},
		"given up too late":        {&soap.Error{Kind: soap.KindCancelled, Written: 1}, rx.Unanswered, "timeout"},
		"502":                      {&soap.Error{Kind: soap.KindStatus, Status: 502, Written: 1}, rx.Unanswered, "http-502"},
		"redirected":               {&soap.Error{Kind: soap.KindStatus, Status: 302, Written: 1}, rx.Unanswered, "http-302"},
		"no XML":                   {&soap.Error{Kind: soap.KindAnswer, Status: 200, Written: 1}, rx.Unanswered, "foreign"},
		"signature":                {&soap.Error{Kind: soap.KindSignature, Status: 200, Written: 1}, rx.Unanswered, "foreign"},
		"cannot be built":          {&soap.Error{Kind: soap.KindRequest, Outcome: soap.NotSent}, rx.ResultNotSent, "request"},
		"fault of the service":     {&soap.Error{Kind: soap.KindFault, Fault: gate("SOA-00001", "Provider")}, rx.Unanswered, "SOA-00001"},
		"service away":             {&soap.Error{Kind: soap.KindFault, Fault: gate("SOA-02001", "Consumer")}, rx.Unanswered, "SOA-02001"},
		"session at the gate":      {&soap.Error{Kind: soap.KindFault, Outcome: soap.Refused, Fault: gate("SOA-01001", "Consumer")}, rx.Unanswered, "SOA-01001"},
		"rights at the gate":       {&soap.Error{Kind: soap.KindFault, Outcome: soap.Refused, Fault: gate("SOA-01002", "Consumer")}, rx.Unanswered, "SOA-01002"},
		"form at the gate":         {&soap.Error{Kind: soap.KindFault, Outcome: soap.Refused, Fault: gate("SOA-03006", "Consumer")}, rx.ResultRefused, "SOA-03006"},
		"form behind the gate":     {&soap.Error{Kind: soap.KindFault, Fault: gate("SOA-03006", "Provider")}, rx.Unanswered, "SOA-03006"},
		"a fault of nobody's code": {&soap.Error{Kind: soap.KindFault, Fault: &soap.Fault{Code: "Server", String: "exemple"}}, rx.Unanswered, "soap-fault"},
		"another error":            {errors.New("exemple"), rx.Unanswered, "answer"},
	} {
		reply := failed(c.err)
		if reply.Result != c.result || reply.Why != c.why {
			t.Errorf("%s: %v %q", name, reply.Result, reply.Why)
		}
		if (reply.Result == rx.ResultRefused) && reply.Problem == nil {
			t.Errorf("%s: refused without a problem", name)
		}
	}
}

const messageID = "id1"

// answered is the reply to a create whose outer status and secured bytes are these.
func answered(t interface {
	Fatal(...any)
	Helper()
}, codes []string, secured []byte) rx.Reply {
	t.Helper()
	return answeredTo(t, messageID, codes, secured)
}

// answeredTo is the same of an answer that names a request.
func answeredTo(t interface {
	Fatal(...any)
	Helper()
}, request string, codes []string, secured []byte) rx.Reply {
	t.Helper()
	text, err := wire.Response{Operation: wire.CreatePrescription, ID: "_1", InResponseTo: request, IssueInstant: wire.DateTime{Time: at},
		Status: wire.OuterStatus{Codes: codes, Message: "exemple"}, Secured: secured}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := xmldsig.Parse(text, xmldsig.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return new(Client).read(context.Background(), operations[rx.OpCreate], messageID, symm, &soap.Answer{Content: doc.Root()})
}

var symm = wire.SymmKey([]byte("abcdefghijklmnopqrstuvwx"))

func under(t interface {
	Fatal(...any)
	Helper()
}, result wire.CreateResult) []byte {
	t.Helper()
	text, err := wire.CreatePrescription.EncodeResult(result)
	if err != nil {
		t.Fatal(err)
	}
	return symm.Encrypt(text)
}

func status(code string, messages ...wire.Message) wire.Outcome {
	return wire.Outcome{Status: wire.Status{Code: code, Messages: messages}}
}

func TestRead(t *testing.T) {
	const rid = "BEP012345678"
	good, responder := []string{wire.Success}, []string{"urn:be:fgov:ehealth:2.0:status:Responder", "urn:be:fgov:ehealth:2.0:status:InvalidInput"}
	platform := &rx.Problem{Code: "InvalidInput", Messages: map[rx.Lang]string{rx.EN: "exemple"}}
	var other wire.SymmKey
	other[0] = 1
	refusal := status("300", wire.Message{Language: "FR", Text: "[ERR900004] Le patient manque."}, wire.Message{Language: "NL", Text: "[ERR900004] De patiënt ontbreekt."})
	for name, c := range map[string]struct {
		codes   []string
		secured []byte
		want    rx.Reply
	}{
		"done":                         {good, under(t, wire.CreateResult{Outcome: status("100"), RID: rid}), rx.Reply{Result: rx.ResultAccepted, RID: rid}},
		"done, as some say it":         {[]string{"200"}, under(t, wire.CreateResult{Outcome: status("200"), RID: rid}), rx.Reply{Result: rx.ResultAccepted, RID: rid}},
		"done without a RID":           {good, under(t, wire.CreateResult{Outcome: status("100")}), rx.Reply{Result: rx.Unanswered, Why: "answer"}},
		"refused":                      {good, under(t, wire.CreateResult{Outcome: refusal}), refused("ERR900004", map[rx.Lang]string{rx.FR: "[ERR900004] Le patient manque.", rx.NL: "[ERR900004] De patiënt ontbreekt."})},
		"refused, and the platform":    {responder, under(t, wire.CreateResult{Outcome: refusal}), refused("ERR900004", map[rx.Lang]string{rx.FR: "[ERR900004] Le patient manque.", rx.NL: "[ERR900004] De patiënt ontbreekt."})},
		"refused with a RID":           {good, under(t, wire.CreateResult{Outcome: status("300"), RID: rid}), refused("status-300", nil)},
		"another status":               {good, under(t, wire.CreateResult{Outcome: status("400"), RID: rid}), rx.Reply{Result: rx.Unanswered, Why: "answer", Problem: &rx.Problem{Code: "status-400"}}},
		"done, but not the platform":   {responder, under(t, wire.CreateResult{Outcome: status("100"), RID: rid}), rx.Reply{Result: rx.Unanswered, Why: "answer", Problem: platform}},
		"the platform alone":           {responder, nil, rx.Reply{Result: rx.Unanswered, Why: "outer-refusal", Problem: platform}},
		"good, with nothing in it":     {good, nil, rx.Reply{Result: rx.Unanswered, Why: "answer"}},
		"under another key":            {good, other.Encrypt([]byte("<x/>")), rx.Reply{Result: rx.Unanswered, Why: "answer"}},
		"something else under the key": {good, symm.Encrypt([]byte("<x/>")), rx.Reply{Result: rx.Unanswered, Why: "answer"}},
	} {
		c.want.ServerAt = at
		if got := answered(t, c.codes, c.secured); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q %q %v at %v", name, got.Result, got.Why, got.Problem, got.ServerAt)
		}
	}
}

// Which request an answer names is free: what is under the key of the call answers it, and without a content nothing does.
func TestAnswerNamesAnotherRequest(t *testing.T) {
	const rid = "BEP012345678"
	good, responder := []string{wire.Success}, []string{"urn:be:fgov:ehealth:2.0:status:Responder"}
	var other wire.SymmKey
	other[0] = 1
	for name, c := range map[string]struct {
		codes   []string
		secured []byte
		result  rx.Result
		why     string
		said    bool
	}{
		"done":              {good, under(t, wire.CreateResult{Outcome: status("100"), RID: rid}), rx.ResultAccepted, "", false},
		"refused":           {good, under(t, wire.CreateResult{Outcome: status("300")}), rx.ResultRefused, "", true},
		"under another key": {good, other.Encrypt([]byte("<x/>")), rx.Unanswered, "answer", false},
		"without a content": {responder, nil, rx.Unanswered, "answer", false},
	} {
		for _, request := range []string{"urn:uuid:exemple", "0"} {
			got := answeredTo(t, request, c.codes, c.secured)
			if got.Result != c.result || got.Why != c.why || (got.Problem != nil) != c.said || got.OK() && got.RID != rid {
				t.Errorf("%s: %s %q %v", name, got.Result, got.Why, got.Problem)
			}
		}
	}
}

func refused(code string, messages map[rx.Lang]string) rx.Reply {
	return rx.Reply{Result: rx.ResultRefused, Problem: &rx.Problem{Code: code, Messages: messages}}
}

// The cipher of results has no MAC: what is changed under way must not become a refusal, which would let the same medicine be prescribed again.
func TestChangedAnswerIsNoRefusal(t *testing.T) {
	secured := under(t, wire.CreateResult{Outcome: status("100"), RID: "BEP012345678"})
	rapid.Check(t, func(t *rapid.T) {
		changed := append([]byte(nil), secured...)
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			i := rapid.IntRange(0, len(changed)-1).Draw(t, "at")
			changed[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		}
		if reply := answered(t, []string{wire.Success}, changed); reply.Result == rx.ResultRefused {
			t.Fatalf("refused: %v", reply.Problem)
		}
	})
}

func TestSourceOf(t *testing.T) {
	for name, c := range map[string]struct{ text, source string }{
		"no XML":    {"exemple", "Unknown"},
		"no KMEHR":  {"<other/>", "Unknown"},
		"no source": {`<kmehrmessage xmlns="urn:k"><header><id S="ID-KMEHR">1</id></header></kmehrmessage>`, "Unknown"},
		"whole": {`<kmehrmessage xmlns="urn:k"><header><externalsource><source><cd S="CD-EXTERNALSOURCE">samv2</cd><version>E1</version></source></externalsource></header></kmehrmessage>`,
			"samv2:E1"},
	} {
		if source := sourceOf([]byte(c.text)); source != c.source {
			t.Errorf("%s: %q", name, source)
		}
	}
}
