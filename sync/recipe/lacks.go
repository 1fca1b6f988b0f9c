package recipe

import (
	"context"
	"errors"

	"relais/app/rx"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/kgss"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
)

// What a call needs and did not get: which service lacks it, and whether that one was silent, refused, or is not believed. Nothing of the call
// itself left, whichever class it is.
const (
	whySession          = "session"           // the STS gave no answer
	whySessionRefused   = "session-refused"   // the STS said no; Problem, where it said why
	whySessionUntrusted = "session-untrusted" // what the STS gave is not believed: its signature, its times, its form
	whyNotRecognised    = "not-recognised"    // the STS does not certify that the holder is the doctor of this number (recipe protocol §3.3)
	whyCertificate      = "certificate"       // the keystore's own cannot open a session
	whyClock            = "clock"             // of this computer is wrong by more than the STS allows

	whyRecipient          = "recipient"           // the depot gave no answer, and no token is kept
	whyRecipientAbsent    = "recipient-absent"    // the depot knows none
	whyRecipientSeveral   = "recipient-several"   // the depot knows several
	whyRecipientRefused   = "recipient-refused"   // the depot said no
	whyRecipientUntrusted = "recipient-untrusted" // what the depot gave is not believed
	whyOwnAbsent          = "own-etk-absent"      // the depot knows none of the doctor
	whyOwnUnusable        = "own-etk-unusable"    // the doctor's is not believed, or is for another key than the keystore's
	whyNoPharmacy         = "no-pharmacy"         // the depot knows no pharmacy of the number

	whyKeyRefused   = "key-refused"   // the KGSS said no; Problem
	whyKeyUntrusted = "key-untrusted" // what the KGSS gave is not signed by it, by somebody who is not believed, or too early
)

// sessionClasses are the classes of why the STS gave no token.
var sessionClasses = map[sts.Kind]string{
	sts.Unusable: whyCertificate, sts.Clock: whyClock, sts.Refused: whySessionRefused, sts.Challenged: whySessionRefused,
	sts.OtherRequest: whySessionUntrusted, sts.Malformed: whySessionUntrusted, sts.NotTrusted: whySessionUntrusted, sts.NotRecognised: whyNotRecognised,
}

// withoutSession is the reply to a call for which there is no session.
func withoutSession(err error) rx.Reply {
	reply := notSent(whySession)
	var e *sts.Error
	if !errors.As(err, &e) {
		return reply
	}
	if class, known := sessionClasses[e.Kind]; known {
		reply.Why = class
	}
	var below *soap.Error
	switch {
	case errors.As(err, &below) && below.Kind == soap.KindFault:
		reply.Problem = faultProblem(below.Fault)
		if reply.Why == whySession {
			reply.Why = whySessionRefused
		}
	case e.Status != "":
		reply.Problem = &rx.Problem{Code: e.Status}
	}
	return reply
}

// recipientClasses are the classes of why the depot gave no token that may be used.
var recipientClasses = map[etk.Reason]string{
	etk.NotFound: whyRecipientAbsent, etk.BadNumber: whyRecipientAbsent, etk.Ambiguous: whyRecipientSeveral, etk.Refused: whyRecipientRefused,
	etk.NotReadable: whyRecipientUntrusted, etk.NoToken: whyRecipientUntrusted, etk.NotTrusted: whyRecipientUntrusted, etk.OtherHolder: whyRecipientUntrusted,
}

// recipientLacks is the class of why nothing can be sealed for somebody.
func recipientLacks(err error) string {
	var e *etk.DepotError
	if errors.As(err, &e) && recipientClasses[e.Reason] != "" {
		return recipientClasses[e.Reason]
	}
	return whyRecipient
}

// keyFailed is the reply when there is no key: asking again is always safe.
func keyFailed(err error) rx.Reply {
	var e *kgss.Error
	var below *soap.Error
	if !errors.As(err, &e) {
		return rx.Reply{Result: rx.Unanswered, Why: whyAnswer}
	}
	switch e.Kind {
	case kgss.NotMade, kgss.NotAllowed:
		p := &rx.Problem{Code: "KGSS"}
		if len(e.Codes) > 0 {
			p.Code = "KGSS-" + e.Codes[len(e.Codes)-1]
		}
		for _, m := range e.Messages {
			p.Messages = say(p.Messages, m.Language, m.Text)
		}
		return rx.Reply{Result: rx.ResultRefused, Why: whyKeyRefused, Problem: p, ServerAt: e.At}
	case kgss.NoToken:
		why := recipientLacks(err)
		switch {
		case e.Own && why == whyRecipientAbsent:
			why = whyOwnAbsent
		case e.Own && why != whyRecipient:
			why = whyOwnUnusable
		}
		return notSent(why)
	case kgss.ForeignETK:
		return notSent(whyOwnUnusable)
	case kgss.Unprepared:
		return notSent(whyRequest)
	case kgss.NotTrusted, kgss.NotKGSS, kgss.Old:
		return rx.Reply{Result: rx.Unanswered, Why: whyKeyUntrusted, ServerAt: e.At}
	}
	if errors.As(err, &below) {
		return failed(below)
	}
	return rx.Reply{Result: rx.Unanswered, Why: whyAnswer, ServerAt: e.At}
}

// sessionAsked tells whether a request left for the STS and was waited for, by the error of a call.
func sessionAsked(err error) bool {
	var e *sts.Error
	return waitedFor(err) && (!errors.As(err, &e) || e.Kind != sts.Unprepared && e.Kind != sts.Unusable)
}

// waitedFor: nobody gave a call up before its time.
func waitedFor(err error) bool { return !errors.Is(err, context.Canceled) }

// heardSession is the class of a failure of the STS itself, "" where it gave a token.
func heardSession(err error) string {
	if err == nil {
		return ""
	}
	return classIn(err, withoutSession(err).Why)
}

// heardDepot is the class of a failure of the depot itself: that it knows nobody, or several, is an answer.
func heardDepot(err error) string {
	var e *etk.DepotError
	switch {
	case err == nil, errors.As(err, &e) && (e.Reason == etk.NotFound || e.Reason == etk.BadNumber || e.Reason == etk.Ambiguous):
		return ""
	case errors.As(err, &e) && (e.Reason == etk.NotReadable || e.Reason == etk.NoToken):
		return whyAnswer
	}
	return classIn(err, recipientLacks(err))
}

// classIn is the class of a failure: that of the call below it, else the one given.
func classIn(err error, class string) string {
	var e *soap.Error
	switch {
	case errors.As(err, &e):
		return classOf(e)
	case errors.Is(err, context.DeadlineExceeded):
		return whyTimeout
	}
	return class
}
