package outbox_test

import (
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// A surplus record is revoked only when the one that the prescription bears was read back as ours: the RID of an answer may
// be another's or nobody's, and what a look-up finds is then all that the patient has.
func TestSurplusGoesWhenTheOtherIsOurs(t *testing.T) {
	const nobodys = rx.RID("BEP0TESTZZZZ")
	for name, c := range map[string]struct {
		twice  bool // the create is processed twice, and both are found; else once
		rid    func(s *recipe) rx.RID
		twist  func(w *practice, s *recipe, act outbox.Act, n int) (rx.Reply, bool)
		gone   bool
		unread bool // the one that is borne: it stands as it is
	}{
		"processed twice": {twice: true, gone: true},
		"processed twice, and reading back takes long": {twice: true, gone: true, twist: func(_ *practice, _ *recipe, act outbox.Act, n int) (rx.Reply, bool) {
			return silence, act.Call.Op == rx.OpGet && n < 3
		}},
		"processed twice, and the one that is borne cannot be read": {twice: true, twist: func(w *practice, s *recipe, act outbox.Act, _ int) (rx.Reply, bool) {
			return w.refusal(), act.Call.Op == rx.OpGet && act.Call.RID == s.records[0].rid
		}, unread: true},
		"the answer's RID is nobody's": {rid: func(*recipe) rx.RID { return nobodys }},
		"the answer's RID is nobody's, and reading back takes long": {rid: func(*recipe) rx.RID { return nobodys }, twist: func(_ *practice, _ *recipe, act outbox.Act, n int) (rx.Reply, bool) {
			return lostLine, act.Call.RID == nobodys && n < 3
		}},
		"the answer's RID is another's, which we may not read": {rid: func(s *recipe) rx.RID {
			s.records = append(s.records, record{"BEP0TESTYYYY", numbers[jan], "another key", "another order", rx.NotDelivered})
			return "BEP0TESTYYYY"
		}, twist: func(w *practice, _ *recipe, act outbox.Act, _ int) (rx.Reply, bool) {
			return w.refusal(), act.Call.Op == rx.OpGet && act.Call.RID == "BEP0TESTYYYY"
		}, unread: true},
		"the answer's RID is another's": {rid: func(s *recipe) rx.RID {
			s.records = append(s.records, record{"BEP0TESTYYYY", numbers[jan], "another key", "another order", rx.NotDelivered})
			return "BEP0TESTYYYY"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := story(t)
			r := newRecipe(w)
			n := 0
			w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
				if c.twist != nil {
					if reply, strikes := c.twist(w, r, act, n); strikes {
						n++
						return time.Second, reply
					}
				}
				after, reply := r.serve(act)
				if act.Call.Op == rx.OpCreate {
					if c.twice {
						again := r.records[len(r.records)-1]
						again.rid = w.rid()
						r.records = append(r.records, again)
					}
					if c.rid != nil {
						reply.RID = c.rid(r)
					}
				}
				return after, reply
			}
			id := w.issue(marie)
			w.step()
			from := w.mono
			w.pass(3 * time.Hour)
			w.is(id, rx.StateConfirmed)
			p := w.rows[id]
			if rec := p.AdoptedRecord(); rec.RID != r.records[0].rid && !c.unread || rec.Unread() != c.unread {
				t.Errorf("bears %s of %v, unread %v", rec.RID, r.records, rec.Unread())
			}
			revoked := 0
			for _, rec := range r.records {
				if rec.status == rx.StatusRevoked {
					revoked++
				}
			}
			if asked := w.count(rx.OpRevoke, from); c.gone && (revoked != 1 || r.records[0].status == rx.StatusRevoked) || !c.gone && asked+revoked > 0 {
				t.Errorf("%d records are revoked, after %d askings", revoked, asked)
			}
			if n == 0 && c.twist != nil {
				t.Error("the fault was never met")
			}
			if gets := w.count(rx.OpGet, from); gets > 60 {
				t.Errorf("%d records were read", gets)
			}
		})
	}
}

// The answer to one create names the record of another, whose own answer is lost: while nobody could read whose record it
// is, the other is not called absent, and then each bears its own.
func TestNoAbsenceBesideAnUnreadRID(t *testing.T) {
	w := story(t)
	r := newRecipe(w)
	creates, away := 0, true
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		after, reply := r.serve(act)
		switch {
		case act.Call.Op == rx.OpCreate:
			const given = rx.RID("BEP0TESTXXXX") // to the first, and then made by the second
			if creates++; creates == 2 {
				r.records[len(r.records)-1].rid = given
				return after, lostLine
			}
			reply.RID = given
		case act.Call.Op == rx.OpGet && act.Call.RID == "BEP0TESTXXXX" && away:
			return after, silence
		}
		return after, reply
	}
	first := w.issue(marie)
	w.step()
	w.pass(time.Second)
	w.is(first, rx.StateConfirmed)
	second := w.issue(marie)
	w.step()
	w.pass(10 * time.Second)
	w.is(second, rx.StateUnknown)
	w.pass(2 * time.Hour)
	w.is(second, rx.StateUnknown)
	if a := w.rows[second].Attempts[0]; a.Result != rx.Unanswered || !a.Missed.IsZero() {
		t.Errorf("the attempt is %s, missed %v", a.Result, a.Missed)
	}
	away = false
	w.pass(time.Hour)
	for id, want := range map[rx.ID]rx.RID{first: r.records[0].rid, second: "BEP0TESTXXXX"} {
		w.is(id, rx.StateConfirmed)
		if rec := w.rows[id].Records[len(w.rows[id].Records)-1]; rec.RID != want || !rec.Adopted || !rec.Ours.Set() {
			t.Errorf("%s bears %s, not %s", w.number(id), rec.RID, want)
		}
	}
}

// The answer named another's RID, and its status was read as ended before its content could be: it is read back all the
// same, and the own record is borne in its place.
func TestEndedIsReadBack(t *testing.T) {
	const others = rx.RID("BEP0TESTYYYY")
	for _, status := range []rx.Status{rx.StatusRevoked, rx.Delivered, rx.Expired} {
		w := story(t)
		r := newRecipe(w)
		away := true
		w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
			after, reply := r.serve(act)
			if act.Call.Op == rx.OpCreate {
				r.records = append(r.records, record{others, numbers[jan], "another key", "another order", status})
				reply.RID = others
			}
			if act.Call.Op == rx.OpGet && act.Call.RID == others && away {
				return after, silence
			}
			return after, reply
		}
		id := w.issue(marie)
		w.step()
		w.pass(5 * time.Second)
		w.is(id, rx.StateConfirmed)
		w.doctor(id, rx.Event{Kind: rx.EventStatusRead, RID: others, Status: status, ServerAt: w.serverAt()})
		w.pass(10 * time.Minute)
		away = false
		w.pass(time.Hour)
		w.is(id, rx.StateConfirmed)
		if p := w.rows[id]; p.RID() != r.records[0].rid || r.records[0].status != rx.NotDelivered {
			t.Errorf("%s: bears %s, its own is %s", status, p.RID(), r.records[0].status)
		}
	}
}

// One bears the RID of another, whose answer is lost, and its content is not given, since it was delivered: the other is
// not called absent, and not sent a second time.
func TestNoAbsenceBesideAnUnreadRIDThatEnded(t *testing.T) {
	const given = rx.RID("BEP0TESTXXXX")
	w := story(t)
	r := newRecipe(w)
	creates := 0
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpCreate && creates == 0 { // not processed at all
			creates++
			reply := w.ok()
			reply.RID = given
			return r.delay, reply
		}
		after, reply := r.serve(act)
		switch {
		case act.Call.Op == rx.OpCreate:
			if creates++; creates == 2 {
				made := &r.records[len(r.records)-1]
				made.rid, made.status = given, rx.Delivered
				return after, lostLine
			}
		case act.Call.Op == rx.OpGet && act.Call.RID == given:
			return after, w.refusal()
		}
		return after, reply
	}
	first := w.issue(marie)
	w.step()
	w.pass(time.Second)
	second := w.issue(marie)
	w.step()
	w.pass(9 * time.Hour) // the status of the first is read meanwhile
	if s := w.rows[first].Records[0].Status; s != rx.Delivered {
		t.Fatalf("the status is %q", s)
	}
	w.is(second, rx.StateUnknown)
	if creates != 2 {
		t.Errorf("%d creates", creates)
	}
}

// The answer named the right RID, and Recip-e refuses to read it for some minutes, or its gate or a revoked record for
// longer: it is not struck, and nobody is told that it is wrong.
func TestRightRIDIsNotStruck(t *testing.T) {
	refusal := func(w *practice, code string) rx.Reply {
		r := w.refusal()
		r.Problem = &rx.Problem{Code: code}
		return r
	}
	for name, c := range map[string]struct {
		code   string
		lasts  time.Duration
		others bool // getPrescription gives another record
	}{
		"refused for some minutes": {code: "ERR1", lasts: 10 * time.Minute},
		"refused at the gate":      {code: "SOA-03005", lasts: 3 * time.Hour},
		"it stands revoked":        {code: "ERR100028", lasts: 3 * time.Hour},
		"another is given":         {others: true, lasts: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w := story(t)
			r := newRecipe(w)
			var from time.Duration
			w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
				after, reply := r.serve(act)
				switch reads := act.Call.Op == rx.OpGet || act.Call.Op == rx.OpStatus; {
				case !reads || w.mono-from >= c.lasts:
				case !c.others:
					return after, refusal(w, c.code)
				case act.Call.Op == rx.OpGet:
					reply.RID, reply.KeyID, reply.Local = "BEP0TESTYYYY", "another key", "another order"
				}
				return after, reply
			}
			id := w.issue(marie)
			w.step()
			from = w.mono
			w.pass(10 * time.Second)
			w.doctor(id, rx.Event{Kind: rx.EventLetGo})
			w.pass(6 * time.Hour)
			p := w.rows[id]
			w.is(id, rx.StateConfirmed)
			if rec := p.AdoptedRecord(); len(p.Records) != 1 || !rec.Ours.Set() || p.Misnamed.Set() || last(w.log, "unanswered 1") >= 0 || last(w.log, "found 1") >= 0 {
				t.Errorf("bears %v of %d, misnamed %v: %v", rec.Ours.Set(), len(p.Records), p.Misnamed.Set(), w.log)
			}
			if gets := w.count(rx.OpGet, from); gets > 40 {
				t.Errorf("read %d times", gets)
			}
		})
	}
}

// A revoke waits for the reading of its RID: that one comes before all others of an earlier program, and where the content
// is never given the status is enough.
func TestRevokeIsReadFirst(t *testing.T) {
	for name, hangs := range map[string]bool{"the newest of many": false, "getPrescription never answers": true} {
		t.Run(name, func(t *testing.T) {
			w := story(t)
			r := newRecipe(w)
			w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
				after, reply := r.serve(act)
				if hangs && act.Call.Op == rx.OpGet {
					return after, silence
				}
				return after, reply
			}
			var id rx.ID
			before := w.now().AddDate(0, -1, 0)
			for range 200 {
				id = w.issue(marie)
				p := w.rows[id]
				rid, key := w.rid(), rx.KeyID("key of "+id)
				p.State, p.Issued = rx.StateConfirmed, before
				p.Attempts = []rx.Attempt{{N: 1, Key: key, Result: rx.ResultAccepted, Checked: true}}
				p.Records = []rx.Record{{RID: rid, Attempt: 1, Adopted: true, Known: rx.Stamp{At: before, Rev: 1}, Status: rx.NotDelivered}}
				w.rows[id] = p
				r.records = append(r.records, record{rid, numbers[marie], key, p.LocalID(), rx.NotDelivered})
			}
			w.step()
			w.pass(time.Minute)
			w.unwanted(id)
			w.step()
			wait := 5 * time.Second
			if hangs {
				wait = 30 * time.Minute // the gate closes as well
			}
			w.pass(wait)
			w.is(id, rx.StateRevoked)
		})
	}
}
