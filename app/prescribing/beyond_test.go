package prescribing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"relais/app/prescribing"
	"relais/app/rx"
)

const rid rx.RID = "BEP0TESTTEST"

// platform answers calls in order, and keeps them.
type platform struct {
	replies map[rx.Op][]rx.Reply // the last one stays
	calls   []rx.Call
	err     error
	during  func()
}

func (p *platform) Do(_ context.Context, call rx.Call) (rx.Reply, error) {
	if p.err != nil {
		return rx.Reply{}, p.err
	}
	p.calls = append(p.calls, call)
	if p.during != nil {
		p.during()
	}
	list := p.replies[call.Op]
	if len(list) == 0 {
		return rx.Reply{Result: rx.Unanswered, Why: "timeout"}, nil
	}
	if len(list) > 1 {
		p.replies[call.Op] = list[1:]
	}
	return list[0], nil
}

func (p *platform) asked() string {
	var ops []string
	for _, c := range p.calls {
		ops = append(ops, strings.TrimSpace(string(c.Op)+" "+string(c.RID)))
	}
	p.calls = nil
	return strings.Join(ops, ", ")
}

func (p *ports) Bearer(_ context.Context, rid rx.RID) (rx.ID, error) {
	for _, item := range p.items {
		if slices.ContainsFunc(item.Records, func(r rx.Record) bool { return r.RID == rid }) {
			return item.ID, p.call("bearer")
		}
	}
	return "", rx.Fault(rx.CodeNotFound)
}

func (p *ports) SettingNames(_ context.Context, prefix string) (names []string, err error) {
	for name := range p.settings {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, p.call("setting names")
}

// reaching is a desk that reaches Recip-e, with a confirmed prescription.
func reaching(t *testing.T) (*desk, *platform, rx.ID) {
	d := newDesk(t)
	p := &platform{replies: map[rx.Op][]rx.Reply{}}
	d.Service.Platform, d.Service.Index = p, d.ports
	id := d.issued(1)[0]
	d.happen(id, mark, rx.Event{Kind: rx.EventAccepted, N: 1, RID: rid})
	d.log, d.changes = nil, 0
	return d, p, id
}

var (
	tookIt   = rx.Reply{Result: rx.ResultAccepted, ServerAt: monday}
	silence  = rx.Reply{Result: rx.Unanswered, Why: "timeout"}
	puzzle   = rx.Reply{Result: rx.Unanswered, Why: "answer", ServerAt: monday}
	portal   = rx.Reply{Result: rx.Unanswered, Why: "http-302"}
	anError  = rx.Reply{Result: rx.Unanswered, Why: "SOA-01002", Problem: &rx.Problem{Code: "SOA-01002", Messages: map[rx.Lang]string{rx.FR: "Pas de droits.", rx.NL: "Geen rechten."}}}
	uncalled = rx.Reply{Result: rx.ResultNotSent, Why: "not-recognised"}
	rebuffed = rx.Reply{Result: rx.ResultNotSent, Why: "session-refused", Problem: anError.Problem}
	nowhere  = rx.Reply{Result: rx.ResultNotSent, Why: "refused-connection"}
	saysNo   = rx.Reply{Result: rx.ResultRefused, Problem: &rx.Problem{Code: "ERR900002", Messages: map[rx.Lang]string{rx.FR: "[ERR900002] Trop tard.", rx.NL: "[ERR900002] Te laat."}}}
	revoked  = rx.Reply{Result: rx.ResultRefused, Problem: &rx.Problem{Code: "ERR100028", Messages: map[rx.Lang]string{rx.FR: "[ERR100028] x"}}}
)

func status(s rx.Status) rx.Reply {
	return rx.Reply{Result: rx.ResultAccepted, Status: s, ServerAt: monday}
}

func TestRefresh(t *testing.T) {
	d, p, id := reaching(t)
	p.replies[rx.OpStatus] = []rx.Reply{status(rx.InProcess), status(rx.StatusRevoked)}
	got, err := d.Refresh(ctx, id)
	d.well(err)
	if r := got.AdoptedRecord(); r.Status != rx.InProcess || !r.Read.Equal(monday) || d.changes != 1 {
		t.Errorf("%+v, engine told %d times", r, d.changes)
	}
	if calls := p.asked(); calls != "getPrescriptionStatus "+string(rid) {
		t.Error(calls)
	}
	d.acted("apply status-read")
	got, err = d.Refresh(ctx, id)
	d.well(err)
	if got.State != rx.StateRevoked || got.RevokedBy != rx.ByPatient {
		t.Errorf("%s by %s", got.State, got.RevokedBy)
	}
}

// Each use case, with each way in which it cannot be: nothing is kept of what did not take place.
func TestBeyondRefuses(t *testing.T) {
	type use struct {
		op                    rx.Op
		do                    func(*desk, rx.ID) error
		silent, unclear, said rx.Code
	}
	uses := map[string]use{
		"refresh": {rx.OpStatus, func(d *desk, id rx.ID) error { _, err := d.Refresh(ctx, id); return err }, prescribing.CodePlatformAway, prescribing.CodePlatformUnclear, prescribing.CodePlatformRefused},
		"lock":    {rx.OpVision, func(d *desk, id rx.ID) error { _, err := d.SetVisibility(ctx, id, rx.Locked); return err }, prescribing.CodePlatformSilent, prescribing.CodeSettingUnclear, prescribing.CodeSettingUnsure},
		"flag":    {rx.OpFeedback, func(d *desk, id rx.ID) error { _, err := d.SetFeedback(ctx, id, true); return err }, prescribing.CodePlatformSilent, prescribing.CodeSettingUnclear, prescribing.CodeSettingUnsure},
	}
	for name, u := range uses {
		for _, c := range []struct {
			reply rx.Reply
			code  rx.Code
		}{{silence, u.silent}, {puzzle, u.unclear}, {portal, u.unclear}, {anError, u.said},
			{uncalled, prescribing.CodePlatformUncalled}, {rebuffed, prescribing.CodePlatformRebuffed}, {nowhere, prescribing.CodePlatformAway}, {saysNo, prescribing.CodePlatformRefused}, {revoked, prescribing.CodeRevokedThere},
			{rx.Reply{Result: rx.ResultRefused}, prescribing.CodePlatformRefused}} {
			d, p, id := reaching(t)
			before := d.is(id).Version
			p.replies[u.op] = []rx.Reply{c.reply}
			d.code(u.do(d, id), c.code)
			if d.acts() != "" || d.is(id).Version != before || len(p.calls) != 1 {
				t.Errorf("%s: %s: something was kept, or asked more than once", name, c.reply.Result)
			}
		}
		d, p, id := reaching(t)
		p.err = rx.Fault(rx.CodeReadingOnly)
		d.code(u.do(d, id), rx.CodeReadingOnly)
		d.Service.Platform = nil
		d.code(u.do(d, id), rx.CodeReadingOnly)
		d.code(u.do(d, "nobody"), rx.CodeNotFound)
		d, p, _ = reaching(t)
		waits := d.issued(1)[0]
		d.code(u.do(d, waits), rx.CodeNoRID)
		if len(p.calls) > 0 {
			t.Errorf("%s without a RID was asked", name)
		}
	}
	d, p, id := reaching(t)
	_, err := d.SetVisibility(ctx, id, "closed")
	d.code(err, rx.CodeNotInList)
	if len(p.calls) > 0 {
		t.Error("asked for a visibility that there is not")
	}
}

func TestRefusalInWords(t *testing.T) {
	d, p, id := reaching(t)
	p.replies[rx.OpStatus] = []rx.Reply{saysNo}
	_, err := d.Refresh(ctx, id)
	var fault *rx.Error
	if !errors.As(err, &fault) || fault.Problem == nil || fault.Problem.Code != "ERR900002" {
		t.Errorf("%v %v", err, fault)
	}
}

func TestSettings(t *testing.T) {
	d, p, id := reaching(t)
	p.replies[rx.OpVision], p.replies[rx.OpFeedback] = []rx.Reply{tookIt}, []rx.Reply{tookIt}
	got, err := d.SetVisibility(ctx, id, rx.Locked)
	d.well(err)
	if c := p.calls[0]; c.Vision != rx.Locked || c.RID != rid || c.Patient != marie.SSIN {
		t.Error("another call")
	}
	if r := got.AdoptedRecord(); r.VisibilityOf(d.at0(id).Facts) != rx.Locked {
		t.Errorf("%q is kept", r.Visibility)
	}
	for _, wanted := range []bool{true, false} {
		got, err = d.SetFeedback(ctx, id, wanted)
		d.well(err)
		if r := got.AdoptedRecord(); r.AsksFeedback(d.at0(id).Facts) != wanted {
			t.Errorf("feedback wanted: %v, kept %q", wanted, r.Flag)
		}
	}
	if p.calls[1].Flag != true || p.calls[2].Flag != false {
		t.Error("another flag")
	}
}

func (d *desk) at0(id rx.ID) rx.Item { return d.items[d.ports.at(id)] }

func TestFeedback(t *testing.T) {
	d, p, id := reaching(t)
	ours := rx.Letter{RID: rid, By: "29999915", Sent: monday, Text: "stock épuisé"}
	second := ours
	second.Text = "reçu demain"
	sealed := rx.Letter{RID: rid, By: "29999915", Sent: monday, Sealed: true}
	theirs := rx.Letter{RID: "BEP0AAAAAAAA", By: "29999915", Sent: monday.AddDate(0, 0, 1), Text: "autre logiciel"}
	list := rx.Reply{Result: rx.ResultAccepted, Letters: []rx.Letter{ours, theirs, sealed, second}}
	p.replies[rx.OpFeedbacks] = []rx.Reply{list}
	for i, want := range []int{4, 0, 0} {
		fresh, err := d.FetchFeedback(ctx, false)
		d.well(err)
		if fresh != want {
			t.Errorf("time %d: %d are new", i, fresh)
		}
	}
	for _, c := range p.calls {
		if c.Flag {
			t.Fatal("Recip-e was told that it was read")
		}
	}
	if got := d.is(id); len(got.Feedbacks) != 3 || got.UnreadFeedback() != 3 {
		t.Errorf("%d are kept", len(got.Feedbacks))
	}
	all, err := d.Feedback(ctx)
	d.well(err)
	var texts []string
	for _, w := range all {
		texts = append(texts, fmt.Sprintf("%s %t %t", w.Text, w.Item != nil, w.Sealed))
	}
	if want := []string{"autre logiciel false false", "stock épuisé true false", " true true", "reçu demain true false"}; !slices.Equal(texts, want) {
		t.Errorf("%q", texts)
	}
	for _, w := range all {
		d.well(d.SeeFeedback(ctx, w))
	}
	if all, err := d.Feedback(ctx); len(all) > 0 || err != nil {
		t.Errorf("%d are still to be read, %v", len(all), err)
	}
	p.calls = nil
	fresh, err := d.FetchFeedback(ctx, true)
	d.well(err)
	if fresh != 0 || len(p.calls) != 2 || p.calls[0].Flag || !p.calls[1].Flag {
		t.Errorf("%d new, %d calls", fresh, len(p.calls))
	}
	if all, err := d.Feedback(ctx); len(all) > 0 || err != nil {
		t.Errorf("what was seen came back: %d, %v", len(all), err)
	}
}

// What cannot be kept is not called read: it is asked for again.
func TestFeedbackThatIsNotKept(t *testing.T) {
	for _, op := range []string{"apply feedback", "set setting", "setting", "bearer"} {
		d, p, _ := reaching(t)
		p.replies[rx.OpFeedbacks] = []rx.Reply{{Result: rx.ResultAccepted, Letters: []rx.Letter{
			{RID: rid, By: "29999915", Sent: monday, Text: "a"}, {RID: "BEP0AAAAAAAA", By: "29999915", Sent: monday, Text: "b"}}}}
		d.refuse(op, errDisk)
		_, err := d.FetchFeedback(ctx, true)
		d.code(err, rx.CodeIO)
		if len(p.calls) != 1 {
			t.Errorf("%s fails, and Recip-e is told that all was read", op)
		}
	}
}

// A letter that cannot be kept, each time, holds up no other.
func TestFeedbackBesideWhatIsNotKept(t *testing.T) {
	d, p, _ := reaching(t)
	p.replies[rx.OpFeedbacks] = []rx.Reply{{Result: rx.ResultAccepted, Letters: []rx.Letter{
		{RID: rid, By: "29999915", Sent: monday, Text: "a"}, {RID: "BEP0AAAAAAAA", By: "29999915", Sent: monday, Text: "b"}}}}
	d.refuse("apply feedback", rx.Fault(rx.CodeDamaged))
	fresh, err := d.FetchFeedback(ctx, true)
	d.code(err, rx.CodeDamaged)
	if all, err := d.Feedback(ctx); fresh != 1 || len(all) != 1 || all[0].Text != "b" || err != nil || len(p.calls) != 1 {
		t.Errorf("%d new, %d to be read, %d calls, %v", fresh, len(all), len(p.calls), err)
	}
}

func TestAtRecipe(t *testing.T) {
	d, p, id := reaching(t)
	known := d.patientOf(id)
	wished := d.issued(1)[0] // open there, and to be revoked
	d.happen(wished, mark, rx.Event{Kind: rx.EventAccepted, N: 1, RID: "BEP0WISHWISH"}, rx.Event{Kind: rx.EventRevokeWished, Reason: "stopped"})
	gone := d.issued(1)[0] // open here, and not listed
	d.happen(gone, mark, rx.Event{Kind: rx.EventAccepted, N: 1, RID: "BEP0GONEGONE"}, rx.Event{Kind: rx.EventStatusRead, RID: "BEP0GONEGONE", Status: rx.NotDelivered})
	sending := d.issued(1)[0] // there, and not adopted yet
	d.happen(sending, mark)
	d.log = nil

	p.replies[rx.OpOpen] = []rx.Reply{
		{Result: rx.ResultAccepted, Listed: []rx.Listed{{RID: rid}, {RID: "BEP0WISHWISH"}}, More: true, Session: "more"},
		{Result: rx.ResultAccepted, Listed: []rx.Listed{{RID: "BEP0OTHEROTH"}, {RID: "BEP0SEALSEAL"}, {RID: "BEP0REFUREFU"}, {RID: "BEP0SENDSEND"}, {RID: "BEP0TWINTWIN"}}},
	}
	p.replies[rx.OpStatus] = []rx.Reply{status(rx.NotDelivered), status(rx.InProcess), status(rx.Delivered)}
	p.replies[rx.OpGet] = []rx.Reply{
		{Result: rx.ResultAccepted, Content: &rx.Content{Author: "Autre", Lines: []rx.ContentLine{{Name: "Ibuprofène"}}}},
		{Result: rx.ResultAccepted, Sealed: rx.SealedKeyRefused}, saysNo, {Result: rx.ResultAccepted, Local: d.is(sending).LocalID()},
		{Result: rx.ResultAccepted, Local: d.is(id).LocalID()},
	}
	all, err := d.AtRecipe(ctx, known)
	d.well(err)
	var got []string
	for _, st := range all {
		item := ""
		if st.Item != nil {
			item = st.Item.State.String()
		}
		name := ""
		if st.Content != nil {
			name = st.Content.Lines[0].Name
		}
		got = append(got, strings.Join([]string{string(st.RID), fmt.Sprint(st.Listed), item, string(st.Differ), name, st.Sealed, string(rx.CodeOf(st.Err))}, "|"))
	}
	want := []string{"BEP0TESTTEST|true|confirmed||||", "BEP0WISHWISH|true|confirmed|must-go|||", "BEP0OTHEROTH|true|||Ibuprofène||", "BEP0SEALSEAL|true||||key-refused|",
		"BEP0REFUREFU|true|||||platform-refused", "BEP0SENDSEND|true|sending|not-adopted|||", "BEP0TWINTWIN|true|confirmed|double|||", "BEP0GONEGONE|false|confirmed|not-open|||"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if p.calls[1].Session != "more" || p.calls[0].Patient != marie.SSIN {
		t.Error("the list was not read to its end")
	}
	if acts := d.acts(); acts != "apply status-read, apply status-read, apply status-read" {
		t.Errorf("looking did %s", acts)
	}
	if s := d.is(gone).AdoptedRecord().Status; s != rx.Delivered {
		t.Errorf("%s", s)
	}
}

// When Recip-e goes away in between, what was read is given, and nothing more is asked.
func TestAtRecipeInterrupted(t *testing.T) {
	d, p, id := reaching(t)
	known := d.patientOf(id)
	p.replies[rx.OpOpen] = []rx.Reply{{Result: rx.ResultAccepted, Listed: []rx.Listed{{RID: "BEP0OTHEROTH"}, {RID: rid}, {RID: "BEP0SEALSEAL"}}}}
	p.replies[rx.OpGet] = []rx.Reply{{Result: rx.ResultAccepted, Content: &rx.Content{}}}
	all, err := d.AtRecipe(ctx, known)
	d.code(err, prescribing.CodePlatformAway)
	if len(all) != 3 || all[0].Content == nil || all[1].Err == nil || all[2].Err == nil || p.asked() != "listOpenRids, getPrescription BEP0OTHEROTH, getPrescriptionStatus BEP0TESTTEST" {
		t.Errorf("%d standing", len(all))
	}
	p.replies[rx.OpOpen] = []rx.Reply{{Result: rx.ResultAccepted, More: true, Session: "again"}} // a list without an end was answered, each page of it
	_, err = d.AtRecipe(ctx, known)
	d.code(err, prescribing.CodePlatformUnclear)
	p.replies[rx.OpOpen] = []rx.Reply{silence}
	_, err = d.AtRecipe(ctx, known)
	d.code(err, prescribing.CodePlatformAway)
	_, err = d.AtRecipe(ctx, "nobody")
	d.code(err, rx.CodeNotFound)
	d.known[0].SSIN = ""
	_, err = d.AtRecipe(ctx, known)
	d.code(err, rx.CodePaperOnly)
}

// patientOf makes the patient of the prescriptions known.
func (d *desk) patientOf(id rx.ID) rx.ID {
	d.known = append(d.known, rx.Known{Patient: marie, ID: d.is(id).Patient, Version: 1})
	return d.is(id).Patient
}

func TestNotify(t *testing.T) {
	say := prescribing.Notification{Pharmacy: "29999915", Text: " Merci de préparer.\r\nCe soir. "}
	for _, c := range []struct {
		reply  rx.Reply
		result rx.Result
		code   rx.Code
	}{
		{tookIt, rx.ResultAccepted, ""}, {saysNo, rx.ResultRefused, prescribing.CodePlatformRefused}, {nowhere, rx.ResultNotSent, prescribing.CodePlatformAway},
		{silence, rx.Unanswered, prescribing.CodeNotifyUnknown}, {rx.Reply{}, rx.Unanswered, prescribing.CodeNotifyUnknown},
		{uncalled, rx.ResultNotSent, prescribing.CodePlatformUncalled}, {rx.Reply{Result: rx.ResultNotSent, Why: "no-pharmacy"}, rx.ResultNotSent, prescribing.CodePharmacyUnknown},
		{puzzle, rx.Unanswered, prescribing.CodeNotifyUnclear}, {anError, rx.Unanswered, prescribing.CodeNotifyUnsure},
	} {
		d, p, id := reaching(t)
		p.replies[rx.OpNotify] = []rx.Reply{c.reply}
		p.during = func() { // what leaves is kept before
			if n := d.is(id).Notices; len(n) != 1 || n[0].Result != rx.OnTheWire {
				t.Error("it left before it was kept")
			}
		}
		got, err := d.Notify(ctx, id, say)
		d.code(err, c.code)
		if len(got.Notices) != 1 || got.Notices[0].Result != c.result || got.Notices[0].Pharmacy != "29999915" {
			t.Errorf("%s: %+v", c.result, got.Notices)
		}
		if len(p.calls) != 1 || string(p.calls[0].Text) != "Merci de préparer.\nCe soir.\nRID "+string(rid) || p.calls[0].Patient != marie.SSIN {
			t.Errorf("%s: %d calls", c.result, len(p.calls))
		}
		p.during = nil
		_, err = d.Notify(ctx, id, say)
		if doubtful := c.result == rx.Unanswered; doubtful != (rx.CodeOf(err) == prescribing.CodeNotifyUndecided) || doubtful != (len(p.calls) == 1) {
			t.Errorf("%s: again: %v, %d calls", c.result, err, len(p.calls))
		}
		calls := len(p.calls)
		again := say
		again.Again = true
		if _, err = d.Notify(ctx, id, again); rx.CodeOf(err) != c.code || len(p.calls) != calls+1 {
			t.Errorf("%s: although: %v", c.result, err)
		}
		other := say
		other.Pharmacy = "20000001"
		if _, err = d.Notify(ctx, id, other); rx.CodeOf(err) != c.code {
			t.Errorf("%s: another pharmacy: %v", c.result, err)
		}
	}
}

func TestNotifyRefuses(t *testing.T) {
	for text, c := range map[string]struct {
		say  prescribing.Notification
		path string
	}{
		"no text":   {prescribing.Notification{Pharmacy: "29999915", Text: " \n"}, "$.text: missing"},
		"long":      {prescribing.Notification{Pharmacy: "29999915", Text: strings.Repeat("é", 501)}, "$.text: too-long"},
		"control":   {prescribing.Notification{Pharmacy: "29999915", Text: "a\x00b"}, "$.text: unshowable"},
		"seven":     {prescribing.Notification{Pharmacy: "2999991", Text: "a"}, "$.pharmacy: pharmacy-form"},
		"a letter":  {prescribing.Notification{Pharmacy: "2999991a", Text: "a"}, "$.pharmacy: pharmacy-form"},
		"all of it": {prescribing.Notification{}, "$.pharmacy: pharmacy-form; $.text: missing"},
	} {
		d, p, id := reaching(t)
		_, err := d.Notify(ctx, id, c.say)
		if err == nil || err.Error() != c.path || len(p.calls) > 0 || d.acts() != "" {
			t.Errorf("%s: %v", text, err)
		}
	}
	say := prescribing.Notification{Pharmacy: "29999915", Text: strings.Repeat("é", 500)}
	d, p, id := reaching(t)
	waits := d.issued(1)[0]
	_, err := d.Notify(ctx, waits, say)
	d.code(err, rx.CodeNoRID)
	d.refuse("apply notified", errDisk)
	_, err = d.Notify(ctx, id, say)
	d.code(err, rx.CodeIO)
	if len(p.calls) > 0 {
		t.Error("it left without being kept")
	}
	d.Service.Platform = nil
	_, err = d.Notify(ctx, id, say)
	d.code(err, rx.CodeReadingOnly)
}
