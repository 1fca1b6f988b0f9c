package prescribing

import (
	"context"
	"slices"

	"relais/app/rx"
)

// What a doctor does with prescriptions that are at Recip-e: to read how they stand, and to
// change how pharmacists see them. Each is asked for by a person who waits: it is tried once,
// and what could not be done is said. Nothing here creates or revokes.

// Codes of what Recip-e did not do.
const (
	CodePlatformAway     rx.Code = "platform-away"     // no answer, and nothing was changed
	CodePlatformUncalled rx.Code = "platform-uncalled" // something else lacked (failure), and Recip-e was not called
	CodePlatformRebuffed rx.Code = "platform-rebuffed" // the same, and the service that is needed first said why (code, said)
	CodePlatformSilent   rx.Code = "platform-silent"   // no answer: the setting may have been taken; it may be asked again
	CodePlatformRefused  rx.Code = "platform-refused"  // what it says is shown as it came (code, said: of the problem)
	CodePlatformUnclear  rx.Code = "platform-unclear"  // an answer that cannot be understood, and nothing was changed
	CodeSettingUnclear   rx.Code = "setting-unclear"   // the same: the setting may have been taken
	CodeSettingUnsure    rx.Code = "setting-unsure"    // it says an error (code, said), which does not tell whether the setting was taken
	CodeRevokedThere     rx.Code = "revoked-there"     // it stands there as revoked
)

// revokedThere is the one code of Recip-e that is known (recipe protocol §1.7).
const revokedThere = "ERR100028"

// asked are the operations that may be asked for here.
var asked = []rx.Op{rx.OpStatus, rx.OpGet, rx.OpOpen, rx.OpVision, rx.OpFeedback, rx.OpFeedbacks, rx.OpNotify}

// ask makes one call. The error says why it did not take place, or may not have.
func (s *Service) ask(ctx context.Context, call rx.Call) (rx.Reply, error) {
	if s.Platform == nil {
		return rx.Reply{Result: rx.ResultNotSent}, rx.Fault(rx.CodeReadingOnly)
	}
	if !slices.Contains(asked, call.Op) {
		return rx.Reply{Result: rx.ResultNotSent}, rx.Fault(rx.CodeInternal)
	}
	ctx, done := context.WithTimeout(ctx, s.Waits.Call)
	defer done()
	reply, err := s.Platform.Do(ctx, call)
	if err != nil {
		return rx.Reply{Result: rx.ResultNotSent}, err
	}
	switch reply.Result {
	case rx.ResultAccepted:
		return reply, nil
	case rx.ResultRefused:
		return reply, refusal(reply.Problem)
	case rx.ResultNotSent:
		return reply, uncalled(reply)
	}
	return reply, doubtful(call.Op, reply)
}

// whyNoPharmacy is the class of a notification to a number that the ETK depot does not know.
const whyNoPharmacy = "no-pharmacy"

// uncalled says of a call of which nothing left what it lacked.
func uncalled(reply rx.Reply) error {
	switch {
	case reply.Why == whyNoPharmacy:
		return rx.Fault(CodePharmacyUnknown)
	case reply.Problem != nil:
		return inItsWords(rx.Fault(CodePlatformRebuffed, "failure", reply.Why, "code", "-", "said", ""), reply.Problem)
	case rx.Silent(reply.Why):
		return rx.Fault(CodePlatformAway)
	}
	return rx.Fault(CodePlatformUncalled, "failure", reply.Why)
}

// doubts are what is said of a call without an answer that counts: nobody answered, the answer cannot be understood, an error was said.
type doubts struct{ silent, unclear, said rx.Code }

// A read changes nothing, and a setting may be asked for again; a message is neither.
var (
	doubtsOfReads    = doubts{CodePlatformAway, CodePlatformUnclear, CodePlatformRefused}
	doubtsOfSettings = doubts{CodePlatformSilent, CodeSettingUnclear, CodeSettingUnsure}
	doubtsOf         = map[rx.Op]doubts{
		rx.OpVision: doubtsOfSettings, rx.OpFeedback: doubtsOfSettings,
		rx.OpNotify: {CodeNotifyUnknown, CodeNotifyUnclear, CodeNotifyUnsure},
	}
)

// doubtful says what is known of a call that has no answer that counts.
func doubtful(op rx.Op, reply rx.Reply) error {
	d, changes := doubtsOf[op]
	if !changes {
		d = doubtsOfReads
	}
	switch {
	case reply.Problem != nil:
		return inItsWords(rx.Fault(d.said, "code", "-", "said", ""), reply.Problem)
	case rx.Silent(reply.Why):
		return rx.Fault(d.silent)
	}
	return rx.Fault(d.unclear)
}

// refusal is what Recip-e said, for people.
func refusal(p *rx.Problem) error {
	if p != nil && p.Code == revokedThere {
		return rx.Fault(CodeRevokedThere)
	}
	return inItsWords(rx.Fault(CodePlatformRefused, "code", "-", "said", ""), p)
}

// inItsWords gives a fault the words of the platform, where it said anything.
func inItsWords(fault *rx.Error, p *rx.Problem) error {
	fault.Problem = p
	return fault
}

// borne is a prescription with its RID; CodeNoRID.
func (s *Service) borne(ctx context.Context, id rx.ID) (rx.Item, rx.RID, error) {
	item, err := s.Store.Item(ctx, id)
	if err != nil {
		return item, "", err
	}
	rid := item.RID()
	if rid == "" {
		return item, "", rx.Fault(rx.CodeNoRID)
	}
	return item, rid, nil
}

// Refresh reads the status of a prescription at Recip-e now, and keeps it as the engine would.
func (s *Service) Refresh(ctx context.Context, id rx.ID) (rx.Prescription, error) {
	item, rid, err := s.borne(ctx, id)
	if err != nil {
		return rx.Prescription{}, err
	}
	return s.readStatus(ctx, item, rid)
}

func (s *Service) readStatus(ctx context.Context, item rx.Item, rid rx.RID) (rx.Prescription, error) {
	reply, err := s.ask(ctx, rx.Call{Op: rx.OpStatus, Patient: item.Facts.Patient.SSIN, RID: rid})
	if err != nil {
		return item.Prescription, err
	}
	return s.simple(ctx, item.ID, rx.Event{Kind: rx.EventStatusRead, RID: rid, Status: reply.Status, ServerAt: reply.ServerAt})
}

// SetVisibility shows a prescription to every pharmacist, or to those alone who have its
// proof: then the patient must have it.
func (s *Service) SetVisibility(ctx context.Context, id rx.ID, v rx.Visibility) (rx.Prescription, error) {
	if !slices.Contains(rx.Visibilities, v) {
		return rx.Prescription{}, rx.Fault(rx.CodeNotInList, "list", "open, locked")
	}
	return s.set(ctx, id, rx.Call{Op: rx.OpVision, Vision: v}, rx.Event{Visibility: v})
}

// SetFeedback lets pharmacists write back about a prescription, or not.
func (s *Service) SetFeedback(ctx context.Context, id rx.ID, wanted bool) (rx.Prescription, error) {
	flag := rx.FlagNotAsked
	if wanted {
		flag = rx.FlagAsked
	}
	return s.set(ctx, id, rx.Call{Op: rx.OpFeedback, Flag: wanted}, rx.Event{Flag: flag})
}

// set changes a setting at Recip-e, and keeps it when Recip-e took it: asking for it again is
// harmless, so it is kept after.
func (s *Service) set(ctx context.Context, id rx.ID, call rx.Call, e rx.Event) (rx.Prescription, error) {
	item, rid, err := s.borne(ctx, id)
	if err != nil {
		return rx.Prescription{}, err
	}
	call.RID, call.Patient = rid, item.Facts.Patient.SSIN
	if _, err := s.ask(ctx, call); err != nil {
		return item.Prescription, err
	}
	e.Kind, e.RID = rx.EventSettingTaken, rid
	return s.simple(ctx, id, e)
}
