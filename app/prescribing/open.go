package prescribing

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"relais/app/rx"
)

// Standing is one prescription of a patient at Recip-e: one of ours, or of other software.
type Standing struct {
	RID    rx.RID
	Listed bool     // Recip-e lists it as open
	Item   *rx.Item // ours, with its status as read just now; nil: Relais does not know it
	Differ Difference
	Err    error // what could not be read of it, nil when all was

	// Of one that Relais does not know.
	Content *rx.Content // nil: it cannot be read
	Sealed  string      // why, one of rx.Sealed…; "" where Err says it
}

func (Standing) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Standing(…)") }
func (Standing) LogValue() slog.Value       { return slog.StringValue("Standing(…)") }

// Difference is what Recip-e holds otherwise than Relais.
type Difference string

const (
	Alike      Difference = ""
	MustGo     Difference = "must-go"     // open there, and to be revoked by what is known here
	NotOpen    Difference = "not-open"    // open by what is known here, and not listed there
	NotAdopted Difference = "not-adopted" // the content is of one of ours, which has no such RID yet: the engine finds it
	Double     Difference = "double"      // the content is of one of ours, which bears another RID
	Changed    Difference = "changed"     // the status had changed since it was last read
)

// maxPages bounds a list of one patient.
const maxPages = 50

// AtRecipe is what Recip-e holds as open for a patient, in its order, then what is open by
// what is known here and not listed. Nothing is changed by looking, save that the statuses of
// ours are kept. An error with a list: not all of it could be read, see Standing.Err.
// CodePaperOnly for a patient without a national number.
func (s *Service) AtRecipe(ctx context.Context, patient rx.ID) ([]Standing, error) {
	known, err := s.Store.Patient(ctx, patient)
	if err != nil {
		return nil, err
	}
	if known.SSIN == "" {
		return nil, rx.Fault(rx.CodePaperOnly)
	}
	rids, err := s.openRIDs(ctx, known.SSIN)
	if err != nil {
		return nil, err
	}
	items, lost := s.Store.List(ctx, rx.Filter{Patient: patient})
	if !Partial(lost) {
		return nil, lost
	}
	l := look{Service: s, items: items}
	all := make([]Standing, 0, len(rids))
	for _, rid := range rids {
		all = append(all, l.at(ctx, rid))
	}
	for _, item := range items {
		r := item.AdoptedRecord()
		if r != nil && item.State == rx.StateConfirmed && r.Status.MayBeDelivered() && !item.Over(s.Now()) && !slices.Contains(rids, r.RID) {
			st := l.ours(ctx, item, r.RID)
			st.Listed, st.Differ = false, NotOpen
			all = append(all, st)
		}
	}
	if l.failed != nil {
		return all, l.failed
	}
	return all, lost
}

// openRIDs reads the list to its end.
func (s *Service) openRIDs(ctx context.Context, patient rx.SSIN) (rids []rx.RID, err error) {
	call := rx.Call{Op: rx.OpOpen, Patient: patient}
	for range maxPages {
		reply, err := s.ask(ctx, call)
		if err != nil {
			return nil, err
		}
		for _, l := range reply.Listed {
			if !slices.Contains(rids, l.RID) {
				rids = append(rids, l.RID)
			}
		}
		if !reply.More {
			return rids, nil
		}
		call.Session = reply.Session
	}
	return nil, rx.Fault(CodePlatformUnclear) // a list without an end
}

// look reads one after another, until a service is away: then nothing more is asked.
type look struct {
	*Service
	items  []rx.Item
	failed error
}

func (l *look) at(ctx context.Context, rid rx.RID) Standing {
	for _, item := range l.items {
		if slices.ContainsFunc(item.Records, func(r rx.Record) bool { return r.RID == rid }) {
			return l.ours(ctx, item, rid)
		}
	}
	st := Standing{RID: rid, Listed: true}
	if st.Err = l.failed; st.Err != nil {
		return st
	}
	reply, err := l.ask(ctx, rx.Call{Op: rx.OpGet, RID: rid})
	if err != nil {
		st.Err = l.note(err)
		return st
	}
	st.Content, st.Sealed = reply.Content, reply.Sealed
	for i := range l.items {
		if reply.Local != "" && l.items[i].LocalID() == reply.Local {
			st.Item, st.Differ = &l.items[i], NotAdopted
			if l.items[i].RID() != "" {
				st.Differ = Double
			}
		}
	}
	return st
}

func (l *look) ours(ctx context.Context, item rx.Item, rid rx.RID) Standing {
	st := Standing{RID: rid, Listed: true, Item: &item}
	at := func() *rx.Record {
		return &item.Records[slices.IndexFunc(item.Records, func(r rx.Record) bool { return r.RID == rid })]
	}
	was := at().Status
	if st.Err = l.failed; st.Err == nil {
		p, err := l.readStatus(ctx, item, rid)
		if err != nil {
			st.Err = l.note(err)
		} else {
			item.Prescription = p
		}
	}
	switch now := at(); {
	case item.MustGo(*now) && now.Status.MayBeDelivered():
		st.Differ = MustGo
	case was != now.Status && was != rx.StatusUnread:
		st.Differ = Changed
	}
	return st
}

// note keeps an error after which nothing more is asked: what Recip-e says of one record is of
// that one alone.
func (l *look) note(err error) error {
	if code := rx.CodeOf(err); code != CodePlatformRefused && code != CodePlatformUnclear && code != CodeRevokedThere {
		l.failed = err
	}
	return err
}
