package model

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

// recipe answers calls in order; the last answer of an operation stays.
type recipe struct {
	replies map[rx.Op][]rx.Reply
	calls   []rx.Call
}

func (r *recipe) Do(_ context.Context, call rx.Call) (rx.Reply, error) {
	r.calls = append(r.calls, call)
	list := r.replies[call.Op]
	if len(list) == 0 {
		return rx.Reply{Result: rx.Unanswered, Why: "timeout"}, nil
	}
	if len(list) > 1 {
		r.replies[call.Op] = list[1:]
	}
	return list[0], nil
}

func (m *memory) Bearer(_ context.Context, rid rx.RID) (rx.ID, error) {
	for _, item := range m.items {
		if slices.ContainsFunc(item.Records, func(r rx.Record) bool { return r.RID == rid }) {
			return item.ID, nil
		}
	}
	return "", rx.Fault(rx.CodeNotFound)
}

func (m *memory) SettingNames(_ context.Context, prefix string) (names []string, err error) {
	for name := range m.settings {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// reaching is a bench that reaches Recip-e, with an order of three lines of which the first is confirmed, in full in the history.
func reaching(t *testing.T) (*bench, *recipe, *History) {
	b, _ := sendThree(t)
	r := &recipe{replies: map[rx.Op][]rx.Reply{}}
	b.env.Service.Platform, b.env.Service.Index = r, b.store
	if err := b.send(0, rx.EventAccepted); err != nil {
		t.Fatal(err)
	}
	h := NewHistory(b.env, func(rx.ID) {})
	h.Load()
	b.settle()
	h.Select(2) // the oldest: newest first
	b.settle()
	return b, r, h
}

// tap presses the button of that label.
func tap(t *testing.T, buttons []Button, label string) {
	t.Helper()
	for _, b := range buttons {
		if b.Label == label {
			if !b.On {
				t.Fatalf("%q cannot be pressed", label)
			}
			b.Press()
			return
		}
	}
	t.Fatalf("no button %q", label)
}

func accepted() rx.Reply { return rx.Reply{Result: rx.ResultAccepted} }

func TestReadNow(t *testing.T) {
	b, r, h := reaching(t)
	r.replies[rx.OpStatus] = []rx.Reply{{Result: rx.ResultAccepted, Status: rx.InProcess, ServerAt: b.clock}}
	tap(t, h.View().Detail.Line.Side, "Lire maintenant")
	b.settle()
	if facts := strings.Join(h.View().Detail.Line.Facts, "; "); !strings.Contains(facts, "lu à 09:40") {
		t.Error(facts)
	}
	delete(r.replies, rx.OpStatus)
	tap(t, h.View().Detail.Line.Side, "Lire maintenant")
	b.settle()
	if v := h.View(); len(v.Notices) != 1 || v.Notices[0].Tone != Bad || !strings.Contains(v.Notices[0].Text, "Rien n'a été changé") {
		t.Errorf("%+v", v.Notices)
	}
	h.Select(0) // without a RID there is nothing to read
	b.settle()
	calls := len(r.calls)
	for _, key := range []func(){h.ReadNow, h.AskVisibility, h.AskFeedback, h.AskNotify} {
		key()
		b.settle()
	}
	if len(r.calls) != calls || h.View().Reach != nil {
		t.Error("a key did something without a RID")
	}
	for _, button := range h.View().Detail.Line.Side {
		if button.Label == "Lire maintenant" {
			t.Error("offered without a RID")
		}
	}
}

func TestVisibilityIsAskedFirst(t *testing.T) {
	b, r, h := reaching(t)
	r.replies[rx.OpVision] = []rx.Reply{accepted()}
	tap(t, h.View().Detail.Line.Side, "Visibilité : verrouiller…")
	q := h.View().Reach
	if q == nil || !strings.Contains(q.Warning, "preuve imprimée") || len(r.calls) > 0 {
		t.Fatalf("%+v, %d calls", q, len(r.calls))
	}
	golden(t, b, "history-visibility", func() rows { return withRows(h.View()) })
	q.Cancel.Press()
	if h.View().Reach != nil || len(r.calls) > 0 {
		t.Error("not closed, or done")
	}
	tap(t, h.View().Detail.Line.Side, "Visibilité : verrouiller…")
	h.View().Reach.Confirm.Press()
	b.settle()
	v := h.View()
	if facts := strings.Join(v.Detail.Line.Facts, "; "); !strings.Contains(facts, "Verrouillée") || !strings.Contains(v.Notices[0].Text, "Donnez au patient la preuve") {
		t.Errorf("%s; %+v", facts, v.Notices)
	}
	tap(t, v.Detail.Line.Side, "Visibilité : ouvrir à toute pharmacie…")
	h.View().Reach.Confirm.Press()
	b.settle()
	if facts := strings.Join(h.View().Detail.Line.Facts, "; "); strings.Contains(facts, "Verrouillée") {
		t.Error(facts)
	}
	if !slices.ContainsFunc(h.View().Detail.Timeline, func(s string) bool { return strings.Contains(s, "Verrouillée") }) {
		t.Error("not in the timeline")
	}
}

func TestFeedbackIsReadOnce(t *testing.T) {
	b, r, h := reaching(t)
	r.replies[rx.OpFeedback] = []rx.Reply{accepted()}
	tap(t, h.View().Detail.Line.Side, "Demander un retour")
	b.settle()
	if facts := strings.Join(h.View().Detail.Line.Facts, "; "); !strings.Contains(facts, "retour du pharmacien est demandé") {
		t.Error(facts)
	}
	r.replies[rx.OpFeedbacks] = []rx.Reply{{Result: rx.ResultAccepted, Letters: []rx.Letter{
		{RID: b.store.items[0].RID(), By: "29999915", Sent: b.clock, Text: "stock épuisé"}, {RID: "BEP0ZZZZZZZZ", By: "29999915", Sent: b.clock, Sealed: true}}}}
	h.View().Letters.Press()
	b.settle()
	v := h.View()
	if v.Letters.Label != "Retours des pharmaciens (2 à lire)" || len(v.Notices) != 2 {
		t.Fatalf("%s, %+v", v.Letters.Label, v.Notices)
	}
	golden(t, b, "history-feedback", func() rows { return withRows(h.View()) })
	for range 2 {
		notices := h.View().Notices
		tap(t, notices[0].Buttons, "Lu")
		b.settle()
	}
	if v := h.View(); v.Letters.Label != "Retours des pharmaciens" || len(v.Notices) != 0 {
		t.Errorf("%s, %+v", v.Letters.Label, v.Notices)
	}
	if !slices.ContainsFunc(h.View().Detail.Timeline, func(s string) bool { return strings.Contains(s, "stock épuisé") }) {
		t.Error("not in the timeline")
	}
	h.View().Letters.Press()
	b.settle()
	if v := h.View(); len(v.Notices) != 1 || !strings.Contains(v.Notices[0].Text, "Aucun nouveau retour") {
		t.Errorf("%+v", v.Notices)
	}
}

func TestNotifyOnce(t *testing.T) {
	b, r, h := reaching(t)
	tap(t, h.View().Detail.Line.Side, "Prévenir une pharmacie…")
	h.SetReach(FieldReach, "2999991")
	h.View().Reach.Confirm.Press()
	b.settle()
	if q := h.View().Reach; q == nil || !strings.Contains(q.Missing, "8 chiffres") || len(r.calls) > 0 {
		t.Fatalf("%+v", q)
	}
	golden(t, b, "history-notify", func() rows { return withRows(h.View()) })
	h.SetReach(FieldReach, "29999915")
	h.SetReach(FieldReachText, "Merci de préparer.")
	h.View().Reach.Confirm.Press()
	b.settle()
	v := h.View()
	if v.Reach != nil || len(v.Notices) != 1 || !strings.Contains(v.Notices[0].Text, "peut-être reçu") || len(r.calls) != 1 {
		t.Fatalf("%+v, %d calls", v.Notices, len(r.calls))
	}
	r.replies[rx.OpNotify] = []rx.Reply{accepted()}
	tap(t, v.Detail.Line.Side, "Prévenir une pharmacie…")
	h.SetReach(FieldReach, "29999915")
	h.SetReach(FieldReachText, "Merci de préparer.")
	h.View().Reach.Confirm.Press()
	b.settle()
	q := h.View().Reach
	if q == nil || !strings.Contains(q.Warning, "sans réponse") || q.Confirm.Label != "Envoyer malgré tout" || len(r.calls) != 1 {
		t.Fatalf("%+v, %d calls", q, len(r.calls))
	}
	q.Confirm.Press()
	b.settle()
	if v := h.View(); v.Reach != nil || len(r.calls) != 2 || !strings.Contains(v.Notices[0].Text, "est chez Recip-e") {
		t.Errorf("%+v, %d calls", v.Notices, len(r.calls))
	}
}

func TestAtRecipeForThePatient(t *testing.T) {
	b, r, _ := reaching(t)
	p := NewPrescribe(b.env)
	b.settle()
	known, err := b.env.Service.Store.Patient(context.Background(), b.store.items[0].Patient)
	if err != nil {
		t.Fatal(err)
	}
	p.pick(known)
	b.settle()
	if v := p.View(); v.Recipe != nil || !v.Ask.On || len(r.calls) > 0 {
		t.Fatal("asked by itself")
	}
	r.replies[rx.OpOpen] = []rx.Reply{{Result: rx.ResultAccepted, Listed: []rx.Listed{{RID: b.store.items[0].RID()}, {RID: "BEP0ZZZZZZZZ"}, {RID: "BEP0YYYYYYYY"}}}}
	r.replies[rx.OpStatus] = []rx.Reply{{Result: rx.ResultAccepted, Status: rx.NotDelivered, ServerAt: b.clock}}
	r.replies[rx.OpGet] = []rx.Reply{
		{Result: rx.ResultAccepted, Content: &rx.Content{Author: "Autre Anne", Written: "2026-11-20", Lines: []rx.ContentLine{{Name: "Ibuprofène", Posology: "2 fois par jour"}}}},
		{Result: rx.ResultAccepted, Sealed: rx.SealedKeyRefused}}
	p.View().Ask.Press()
	if v := p.View(); v.Recipe == nil || v.Recipe.Close.On || v.Ask.On {
		t.Error("it is not said that Recip-e is being asked")
	}
	b.settle()
	golden(t, b, "write-recipe", p.View)
	v := p.View()
	if len(v.Recipe.Notices) != 3 || !strings.Contains(v.Recipe.Notices[1].Text, "Ibuprofène") || !strings.Contains(v.Recipe.Notices[2].Text, "Illisible") {
		t.Errorf("%+v", v.Recipe.Notices)
	}
	v.Recipe.Close.Press()
	if p.View().Recipe != nil {
		t.Error("not closed")
	}
	delete(r.replies, rx.OpOpen)
	p.View().Ask.Press()
	b.settle()
	if v := p.View(); len(v.Recipe.Notices) != 1 || v.Recipe.Notices[0].Tone != Bad {
		t.Errorf("%+v", v.Recipe.Notices)
	}
}

// Nothing of it can be done where nothing can be written.
func TestNothingIsReachedWhileReadingOnly(t *testing.T) {
	b, _, h := reaching(t)
	b.env.Reading = true
	v := h.View()
	for _, button := range append(v.Detail.Line.Side, v.Letters) {
		if button.On && slices.Contains([]string{"Lire maintenant", "Visibilité : verrouiller…", "Demander un retour", "Prévenir une pharmacie…", "Retours des pharmaciens"}, button.Label) {
			t.Errorf("%s can be pressed", button.Label)
		}
	}
}

func TestAccess(t *testing.T) {
	b := newBench(t)
	access := prescribing.Access{}
	b.env.Service.Access = func(context.Context) (prescribing.Access, error) { return access, nil }
	s := NewSettings(b.env, "1", func(rx.Lang) {}, func(Look) {})
	says := func() string {
		s.Load()
		b.settle()
		v := s.View()
		for _, n := range v.Notices {
			v.Access = append(v.Access, n.Text)
		}
		return strings.Join(v.Access, "; ")
	}
	if got := says(); !strings.Contains(got, "aucun certificat n'est nécessaire") || !strings.Contains(got, "Pas de session") {
		t.Error(got)
	}
	b.env.Simulated = false
	if got := says(); !strings.Contains(got, "rien ne peut partir") {
		t.Error(got)
	}
	access = prescribing.Access{Holder: "Anne Exemple", Until: b.clock.AddDate(0, 0, 6), Session: b.clock.Add(2 * time.Hour), Renewal: b.clock.Add(time.Hour),
		Warnings: rx.Faults{rx.Fault("identity-ends", "date", "29/11/2026", "days", "7")}}
	if got := says(); !strings.Contains(got, "Anne Exemple, valable jusqu'au 29/11/2026") || !strings.Contains(got, "Session jusqu'à 11:40, renouvelée d'elle-même vers 10:40") ||
		!strings.Contains(got, "il reste au plus 7 jours") {
		t.Error(got)
	}
	golden(t, b, "settings-access", s.View)
	access.Renewal = time.Time{}
	if got := says(); !strings.Contains(got, "Session jusqu'à 11:40;") {
		t.Error(got)
	}
	b.env.Service.Access = func(context.Context) (prescribing.Access, error) {
		return prescribing.Access{}, rx.Fault(rx.CodeDamaged)
	}
	if got := says(); strings.Contains(got, "Aucun certificat") || !strings.Contains(got, "abîmées") {
		t.Error(got)
	}
	b.env.Service.Access = nil
	if got := says(); got != "" {
		t.Error(got)
	}
}
