package store

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relais/app/rx"
)

// What a doctor does with a record is kept with its prescription, found by its RID, and listed until it was seen.
func TestBeyond(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	out := p.must(db.Issue(ctx, p.order(marie, []string{"a"})))
	_, sending := p.mark(db, out.Prescriptions[0])
	const rid rx.RID = "BEP100000001"
	p.apply(db, sending.ID, rx.Event{Kind: rx.EventAccepted, N: 1, RID: rid})
	if id, err := db.Bearer(ctx, rid); id != sending.ID || err != nil {
		t.Errorf("borne by %s, %v", id, err)
	}
	_, err := db.Bearer(ctx, "BEP100000002")
	wantCode(t, err, rx.CodeNotFound)

	owing := func() bool {
		items, err := db.List(ctx, rx.Filter{Owing: true})
		if err != nil {
			t.Fatal(err)
		}
		return len(items) > 0
	}
	if owing() {
		t.Error("a confirmed one owes something")
	}
	p.apply(db, sending.ID, rx.Event{Kind: rx.EventSettingTaken, RID: rid, Visibility: rx.Locked})
	p.apply(db, sending.ID, rx.Event{Kind: rx.EventNotified, Notice: &rx.Notice{Pharmacy: "29999915"}, Text: "text"})
	p.apply(db, sending.ID, rx.Event{Kind: rx.EventNotified, N: 1, Notice: &rx.Notice{Result: rx.Unanswered, Why: "timeout"}})
	written := p.apply(db, sending.ID, rx.Event{Kind: rx.EventFeedback, Feedback: &rx.Feedback{ID: "f", RID: rid, By: "29999915", Sent: p.now}, Text: "stock épuisé"})
	if !owing() {
		t.Error("feedback that nobody saw is not listed")
	}
	if again := p.apply(db, sending.ID, rx.Event{Kind: rx.EventFeedback, Feedback: &rx.Feedback{ID: "f", RID: rid}, Text: "stock épuisé"}); again.Version != written.Version {
		t.Error("the same feedback was kept twice")
	}
	seen := p.apply(db, sending.ID, rx.Event{Kind: rx.EventFeedbackSeen})
	if owing() {
		t.Error("feedback that was seen is still listed")
	}
	if err := db.Close(ctx); err != nil {
		t.Fatal(err)
	}
	db = p.open()
	item, err := db.Item(ctx, sending.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(seen, item.Prescription); d != "" {
		t.Errorf("read back: %s", d)
	}
	lines, err := db.Timeline(ctx, sending.ID)
	if err != nil || !slices.ContainsFunc(lines, func(l rx.Happening) bool { return l.Event.Kind == rx.EventFeedback && l.Event.Text == "stock épuisé" }) {
		t.Errorf("the text is not in the journal: %v", err)
	}
	if err := db.IntegrityCheck(ctx); err != nil {
		t.Error(err)
	}
}

func TestSettingNames(t *testing.T) {
	db := newPlace(t).create().open()
	for _, name := range []string{"feedback.b", "feedback.a", "feedback", "feedbackx", "Feedback.c", "practice"} {
		if err := db.SetSetting(ctx, name, []byte("value")); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := db.SettingNames(ctx, "feedback."); err != nil || !slices.Equal(names, []string{"feedback.a", "feedback.b"}) {
		t.Errorf("%v, %v", names, err)
	}
	if names, err := db.SettingNames(ctx, "none."); err != nil || names != nil {
		t.Errorf("%v, %v", names, err)
	}
}
