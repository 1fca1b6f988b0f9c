package wiring

import (
	"strings"
	"testing"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

// reached is a session with a prescription that is confirmed through the protocol, and its RID.
func reached(t *testing.T) (*Session, rx.ID, rx.RID) {
	t.Helper()
	s := open(t, protocol(t))
	done, err := s.Service.Issue(ctx, request(), prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	if ended, err := s.Drive(ctx, 20*time.Second, confirmed(s, done.Order)); err != nil || ended.Fault != nil {
		t.Fatal(ended.Fault, err)
	}
	item, err := s.Service.Store.Item(ctx, done.Prescriptions[0].ID)
	if err != nil || item.RID() == "" {
		t.Fatal(err)
	}
	return s, item.ID, item.RID()
}

// What persons ask goes through SOAP and seals; what the pharmacist sealed for the doctor is opened with the doctor's key.
func TestBeyondThroughTheProtocol(t *testing.T) {
	s, id, rid := reached(t)
	if p, err := s.Service.Refresh(ctx, id); err != nil || p.AdoptedRecord().Status != rx.NotDelivered {
		t.Fatal(err)
	}
	if _, err := s.Service.SetVisibility(ctx, id, rx.Locked); err != nil {
		t.Fatal(err)
	}
	w, err := s.simulated()
	if err != nil {
		t.Fatal(err)
	}
	if r, err := w.Record(rid, time.Now()); err != nil || r.Visibility != rx.Locked {
		t.Errorf("%s, %v", r.Visibility, err)
	}
	if _, err := s.Service.SetFeedback(ctx, id, true); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteBack(rid, "stock <épuisé> & fini"); err != nil {
		t.Fatal(err)
	}
	if fresh, err := s.Service.FetchFeedback(ctx, false); err != nil || fresh != 1 {
		t.Fatal(fresh, err)
	}
	written, err := s.Service.Feedback(ctx)
	if err != nil || len(written) != 1 || written[0].Text != "stock <épuisé> & fini" || written[0].Item.ID != id {
		t.Fatalf("%d written, %v", len(written), err)
	}
	p, err := s.Service.Notify(ctx, id, prescribing.Notification{Pharmacy: "29999915", Text: "Merci de préparer."})
	if err != nil || p.Notices[0].Result != rx.ResultAccepted {
		t.Fatal(err)
	}
	truth, err := w.Truth(time.Now())
	if err != nil || len(truth.Notifications) != 1 || !strings.Contains(string(truth.Notifications[0].Text), "<text>Merci de préparer.&#xA;RID "+string(rid)+"</text>") {
		t.Errorf("%d notifications, %v", len(truth.Notifications), err)
	}
	all, err := s.Service.AtRecipe(ctx, p.Patient)
	if err != nil || len(all) != 1 || all[0].RID != rid || all[0].Item == nil {
		t.Errorf("%d standing, %v", len(all), err)
	}
	if err := s.Dispense(rid); err != nil {
		t.Fatal(err)
	}
	if all, err = s.Service.AtRecipe(ctx, p.Patient); err != nil || len(all) != 1 || all[0].Differ != prescribing.NotOpen || all[0].Item.AdoptedRecord().Status != rx.Delivered {
		t.Errorf("%d standing, %v", len(all), err)
	}
	if _, err := s.Service.Revoke(ctx, id, rx.RevokeReasons[0], ""); err != nil {
		t.Fatal(err)
	}
}

// The session that the calls opened is told; the certificate that is kept, too.
func TestAccessIsTold(t *testing.T) {
	s, _, _ := reached(t)
	a, err := s.Service.Access(ctx)
	if err != nil || a.Holder != "" || !a.Session.After(time.Now()) || !a.Renewal.Before(a.Session) {
		t.Errorf("%v until %v, renewed %v: %v", a.Holder != "", a.Session, a.Renewal, err)
	}
	if _, err := s.KeepIdentity(ctx, kept(t, "java.p12")); err != nil {
		t.Fatal(err)
	}
	if a, err = s.Service.Access(ctx); err != nil || a.Holder != "ANNE EXEMPLE" || a.Until.IsZero() {
		t.Errorf("of %q until %v: %v", a.Holder, a.Until, err)
	}
	fresh := open(t, protocol(t))
	if a, err = fresh.Service.Access(ctx); err != nil || !a.Session.IsZero() {
		t.Errorf("a session before the first call: %v, %v", a.Session, err)
	}
}
