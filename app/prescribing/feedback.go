package prescribing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"relais/app/rx"
)

// Written is a pharmacist's feedback that is kept here.
type Written struct {
	rx.Feedback
	Text string
	Item *rx.Item // whose RID it is; nil: Relais does not know the RID
	Seen bool     // the doctor has read it
}

func (Written) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Written(…)") }
func (Written) LogValue() slog.Value       { return slog.StringValue("Written(…)") }

// strayed is feedback about a RID that no prescription here bears, as a sealed setting: of
// other software, or of a directory that is lost.
type strayed struct {
	Version  int         `json:"version"`
	Feedback rx.Feedback `json:"feedback"`
	Text     string      `json:"text,omitempty"`
	Seen     bool        `json:"seen,omitempty"`
}

// strayPrefix begins the names of those settings; the feedback's id, which says nothing, follows.
const strayPrefix = "feedback."

// FetchFeedback asks Recip-e for what pharmacists wrote, and keeps what is new with the
// prescription that it is about; fresh is how much. With tell, Recip-e is told, once all of it
// is kept, that it was read, and need not give it again. What cannot be kept holds up nothing
// else that is listed; the first such fault is told.
func (s *Service) FetchFeedback(ctx context.Context, tell bool) (fresh int, err error) {
	for _, told := range []bool{false, true} {
		if told && !tell {
			break
		}
		reply, err := s.ask(ctx, rx.Call{Op: rx.OpFeedbacks, Flag: told})
		if err != nil {
			return fresh, err
		}
		for _, l := range reply.Letters {
			isNew, fault := s.keepLetter(ctx, l)
			if fault == nil && isNew {
				fresh++
			} else if err == nil {
				err = fault
			}
		}
		if err != nil {
			return fresh, err
		}
	}
	return fresh, nil
}

// letterID is the same for a letter however often it is listed: it is sealed anew each time.
func letterID(l rx.Letter) string {
	h := sha256.New()
	for _, part := range []string{string(l.RID), l.By, l.Sent.UTC().Format(time.RFC3339Nano), l.Text} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	if l.Sealed {
		h.Write([]byte("sealed"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (s *Service) keepLetter(ctx context.Context, l rx.Letter) (fresh bool, err error) {
	f := rx.Feedback{ID: letterID(l), RID: l.RID, By: l.By, Sent: l.Sent, Sealed: l.Sealed}
	id, err := s.Index.Bearer(ctx, l.RID)
	switch rx.CodeOf(err) {
	case "":
		before := int64(0)
		p, err := s.apply(ctx, id, func(item rx.Item) (rx.Event, error) {
			before = item.Version
			return rx.Event{Kind: rx.EventFeedback, At: s.Now(), RID: l.RID, Feedback: &f, Text: l.Text}, nil
		})
		return p.Version != before, err
	case rx.CodeNotFound:
		return s.keepStray(ctx, strayed{Version: keptVersion, Feedback: f, Text: l.Text})
	}
	return false, err
}

// keepStray keeps feedback of its own name once: two processes that do so at the same time
// write the same.
func (s *Service) keepStray(ctx context.Context, stray strayed) (fresh bool, err error) {
	var was strayed
	before := s.readKept(ctx, strayPrefix+stray.Feedback.ID, &was)
	if before == nil && was.Version > 0 {
		return false, nil
	}
	return true, s.writeKept(ctx, strayPrefix+stray.Feedback.ID, stray, before)
}

// Feedback is all feedback that the doctor has not seen, newest first; CodeUnread comes with
// what could be read.
func (s *Service) Feedback(ctx context.Context) ([]Written, error) {
	items, lost := s.Store.List(ctx, rx.Filter{Owing: true})
	if !Partial(lost) {
		return nil, lost
	}
	var all []Written
	for _, item := range items {
		if item.UnreadFeedback() == 0 {
			continue
		}
		written, err := s.FeedbackOn(ctx, item)
		if err != nil {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(written, func(w Written) bool { return w.Seen })...)
	}
	strays, err := s.strays(ctx)
	if !Partial(err) {
		return nil, err
	}
	for _, stray := range strays {
		if !stray.Seen {
			all = append(all, Written{Feedback: stray.Feedback, Text: stray.Text})
		}
	}
	slices.SortStableFunc(all, func(a, b Written) int { return b.Sent.Compare(a.Sent) })
	if lost == nil {
		lost = err
	}
	return all, lost
}

// FeedbackOn is what pharmacists wrote about one prescription, in the order in which it was read.
func (s *Service) FeedbackOn(ctx context.Context, item rx.Item) (all []Written, err error) {
	if len(item.Feedbacks) == 0 {
		return nil, nil
	}
	timeline, err := s.Store.Timeline(ctx, item.ID)
	return s.feedbackIn(item, timeline), err
}

// feedbackIn takes the texts from the journal.
func (s *Service) feedbackIn(item rx.Item, timeline []rx.Happening) (all []Written) {
	for _, f := range item.Feedbacks {
		w := Written{Feedback: f, Item: &item, Seen: f.Known.Rev <= item.FeedbackSeen.Rev}
		for _, h := range timeline {
			if h.Event.Kind == rx.EventFeedback && h.Event.Feedback != nil && h.Event.Feedback.ID == f.ID {
				w.Text = h.Event.Text
			}
		}
		all = append(all, w)
	}
	return all
}

// strays reads what is kept of RIDs that Relais does not know; CodeSettingUnread comes with
// what could be read.
func (s *Service) strays(ctx context.Context) (all []strayed, lost error) {
	if s.Index == nil { // nobody is called, and nothing was kept so
		return nil, nil
	}
	names, err := s.Index.SettingNames(ctx, strayPrefix)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.Contains(strings.TrimPrefix(name, strayPrefix), ".") { // put aside
			continue
		}
		var stray strayed
		switch err := s.readKept(ctx, name, &stray); rx.CodeOf(err) {
		case "":
			all = append(all, stray)
		case rx.CodeSettingUnread, rx.CodeNewer:
			lost = rx.Fault(rx.CodeUnread, "n", "1")
		default:
			return nil, err
		}
	}
	return all, lost
}

// SeeFeedback notes that the doctor has read what w says, with all else about the same
// prescription that was there by then.
func (s *Service) SeeFeedback(ctx context.Context, w Written) error {
	if w.Item != nil {
		_, err := s.simple(ctx, w.Item.ID, rx.Event{Kind: rx.EventFeedbackSeen})
		return err
	}
	name := strayPrefix + w.ID
	var stray strayed
	if err := s.readKept(ctx, name, &stray); err != nil || stray.Seen || stray.Version == 0 {
		return err
	}
	stray.Seen = true
	b, err := json.Marshal(stray)
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	return s.Store.SetSetting(ctx, name, b)
}
