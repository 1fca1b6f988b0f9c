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
		twice bool // the create is processed twice, and both are found; else once
		rid   func(s *recipe) rx.RID
		twist func(w *practice, s *recipe, act outbox.Act, n int) (rx.Reply, bool)
		gone  bool
	}{
		"processed twice": {twice: true, gone: true},
		"processed twice, and reading back takes long": {twice: true, gone: true, twist: func(_ *practice, _ *recipe, act outbox.Act, n int) (rx.Reply, bool) {
			return silence, act.Call.Op == rx.OpGet && n < 3
		}},
		"processed twice, and the one that is borne cannot be read": {twice: true, gone: true, twist: func(w *practice, s *recipe, act outbox.Act, _ int) (rx.Reply, bool) {
			return w.refusal(), act.Call.Op == rx.OpGet && act.Call.RID == s.records[0].rid
		}},
		"the answer's RID is nobody's": {rid: func(*recipe) rx.RID { return nobodys }},
		"the answer's RID is nobody's, and reading back takes long": {rid: func(*recipe) rx.RID { return nobodys }, twist: func(_ *practice, _ *recipe, act outbox.Act, n int) (rx.Reply, bool) {
			return lostLine, act.Call.RID == nobodys && n < 3
		}},
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
