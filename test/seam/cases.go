package seam

import (
	"bytes"
	"slices"
	"time"

	"relais/app/rx"
)

var cases = []struct {
	name string
	run  func(b *bench)
}{
	{"keys are fresh", func(b *bench) {
		one := b.want(rx.ResultAccepted, rx.Call{Op: rx.OpNewKey, Patient: marie}).Key
		two := b.want(rx.ResultAccepted, rx.Call{Op: rx.OpNewKey, Patient: marie}).Key
		if one.ID == "" || one.ID == two.ID || len(one.Secret) != 16 || bytes.Equal(one.Secret, two.Secret) {
			b.Fatal("two keys of 16 bytes with ids of their own were wanted")
		}
	}},
	{"a create gives a RID of its type", func(b *bench) {
		for _, kind := range []string{"P0", "P1"} {
			p := b.parcel(marie)
			p.Type = kind
			rid := b.want(rx.ResultAccepted, create(p)).RID
			if _, err := rx.ParseRID(string(rid)); err != nil || string(rid[:4]) != "BE"+kind {
				b.Fatalf("the RID of a %s has not its form", kind)
			}
			b.stores(p, 1)
		}
	}},
	{"creates are never deduplicated", func(b *bench) {
		p, one := b.created(marie)
		if two := b.want(rx.ResultAccepted, create(p)).RID; one == two {
			b.Fatal("two creates gave one RID")
		}
		b.stores(p, 2)
	}},
	{"the witness comes back", func(b *bench) {
		p, rid := b.created(marie)
		if r := b.want(rx.ResultAccepted, rx.Call{Op: rx.OpGet, RID: rid}); r.KeyID != p.Key.ID || r.Local != p.Local {
			b.Fatal("key id or LOCAL id differ")
		}
	}},
	{"lists are of one patient", func(b *bench) {
		_, rid := b.created(marie)
		if !slices.Equal(b.open(marie), []rx.RID{rid}) || len(b.open(jan)) > 0 || len(b.history(jan, true)) > 0 {
			b.Fatal("the record stands in the wrong list, or not in its own")
		}
		b.stands(rid, marie, rx.NotDelivered)
	}},
	{"statuses move", func(b *bench) {
		_, rid := b.created(marie)
		b.Take(rid)
		b.stands(rid, marie, rx.InProcess)
		b.Deliver(rid)
		b.stands(rid, marie, rx.Delivered)
		b.Archive(rid)
		b.stands(rid, marie, rx.Archived)
	}},
	{"a revoke is read back", func(b *bench) {
		_, rid := b.created(marie)
		revoke := rx.Call{Op: rx.OpRevoke, RID: rid, Reason: "stopped"}
		b.want(rx.ResultAccepted, revoke)
		b.stands(rid, marie, rx.StatusRevoked)
		b.want(rx.ResultRefused, revoke)
		b.want(rx.ResultRefused, rx.Call{Op: rx.OpGet, RID: rid})
		b.stands(rid, marie, rx.StatusRevoked)
	}},
	{"what is delivered is not revoked", func(b *bench) {
		_, rid := b.created(marie)
		b.Deliver(rid)
		b.want(rx.ResultRefused, rx.Call{Op: rx.OpRevoke, RID: rid, Reason: "stopped"})
		b.stands(rid, marie, rx.Delivered)
	}},
	{"the patient revokes", func(b *bench) {
		_, rid := b.created(marie)
		b.PatientRevokes(rid)
		b.stands(rid, marie, rx.StatusRevoked)
	}},
	{"a record expires after its last day", func(b *bench) {
		p := b.parcel(marie)
		p.Expires = rx.DateOf(b.Now())
		rid := b.want(rx.ResultAccepted, create(p)).RID
		b.stands(rid, marie, rx.NotDelivered)
		b.Wait(24 * time.Hour)
		b.stands(rid, marie, rx.Expired)
	}},
	{"an unknown RID is refused", func(b *bench) {
		for _, op := range []rx.Op{rx.OpRevoke, rx.OpGet, rx.OpStatus, rx.OpVision, rx.OpFeedback} {
			b.want(rx.ResultRefused, rx.Call{Op: op, RID: "BEP0ZZZZZZZZ", Reason: "stopped", Vision: rx.Open})
		}
	}},
	{"twins are listed, others' records are not", func(b *bench) {
		p, ours := b.created(marie)
		twin := b.Twin(marie, false, false)
		theirs := b.Twin(marie, false, true)
		if got := b.open(marie); !slices.Equal(got, []rx.RID{ours, twin}) {
			b.Fatalf("%d records are listed", len(got))
		}
		if r := b.want(rx.ResultAccepted, rx.Call{Op: rx.OpGet, RID: twin}); r.KeyID == p.Key.ID || r.KeyID == "" {
			b.Fatal("the twin has not a witness of its own")
		}
		b.want(rx.ResultRefused, rx.Call{Op: rx.OpStatus, RID: theirs})
	}},
	{"small operations", func(b *bench) {
		_, rid := b.created(marie)
		for _, call := range []rx.Call{
			{Op: rx.OpVision, RID: rid, Vision: rx.Locked}, {Op: rx.OpVision, RID: rid, Vision: rx.Open},
			{Op: rx.OpFeedback, RID: rid, Flag: true}, {Op: rx.OpNotify, RID: rid, Patient: marie, Text: []byte("<notification/>"), Pharmacy: pharmacy}, {Op: rx.OpProperties},
		} {
			b.want(rx.ResultAccepted, call)
		}
		b.stands(rid, marie, rx.NotDelivered)
	}},
	{"feedback is given until it is read", func(b *bench) {
		_, rid := b.created(marie)
		b.want(rx.ResultAccepted, rx.Call{Op: rx.OpNotify, RID: rid, Patient: marie, Text: []byte("<notification/>"), Pharmacy: pharmacy}) // is none
		b.Feedback(rid, []byte("<feedback/>"))
		for _, read := range []bool{false, true} {
			if list := b.want(rx.ResultAccepted, rx.Call{Op: rx.OpFeedbacks, Flag: read}).Listed; !slices.Equal(rids(list), []rx.RID{rid}) {
				b.Fatalf("%d feedbacks are listed, want 1", len(list))
			}
		}
		if list := b.want(rx.ResultAccepted, rx.Call{Op: rx.OpFeedbacks}).Listed; len(list) > 0 {
			b.Fatal("feedback that was read is given again")
		}
	}},

	{"answers tell the server's time", func(b *bench) {
		for _, offset := range []time.Duration{0, 20 * time.Minute, -20 * time.Minute} {
			b.Offset(offset)
			p := b.parcel(marie) // signed by the server's clock
			r := b.want(rx.ResultAccepted, create(p))
			if off := r.ServerAt.Sub(b.Now().Add(offset)).Abs(); off > 5*time.Second {
				b.Fatalf("the server's time is %v off", off)
			}
		}
	}},
	{"an ended timestamp is turned away and proves nothing, nothing is stored", func(b *bench) {
		p := b.parcel(marie)
		b.Wait(61 * time.Second)
		b.want(rx.Unanswered, create(p)) // the same request may have passed the gate before
		b.stores(p, 0)
	}},
	{"a timestamp from the future is turned away and proves nothing, nothing is stored", func(b *bench) {
		p := b.parcel(marie)
		p.Signed, p.SignedUntil = p.Signed.Add(10*time.Minute), p.SignedUntil.Add(10*time.Minute)
		b.want(rx.Unanswered, create(p)) // the same request may come a second time
		b.stores(p, 0)
	}},
	{"a past expiry is refused, nothing is stored", func(b *bench) {
		p := b.parcel(marie)
		p.Expires = rx.DateOf(b.Now()).AddDays(-2)
		b.want(rx.ResultRefused, create(p))
		b.stores(p, 0)
	}},

	{"an answer dropped after processing is unanswered, and the record is there", func(b *bench) {
		p := b.parcel(marie)
		b.Fault(rx.OpCreate, "drop-after-processing", 1)
		b.want(rx.Unanswered, create(p))
		b.stores(p, 1)
		if len(b.witness(p)) != 1 {
			b.Fatal("the open list does not show it by its witness")
		}
	}},
	{"a refused connection is not sent, nothing is stored", func(b *bench) {
		p := b.parcel(marie)
		b.Fault(rx.OpCreate, "refuse-connect", 0)
		b.want(rx.ResultNotSent, create(p))
		b.want(rx.ResultNotSent, create(p))
		b.Mend()
		b.Wait(10 * time.Minute)
		b.stores(p, 0)
	}},
	{"a hanging call ends with the caller's patience, unanswered", func(b *bench) {
		p := b.parcel(marie)
		b.Fault(rx.OpCreate, "hang", 1)
		before := b.Now()
		b.want(rx.Unanswered, create(p))
		if waited := b.Now().Sub(before); waited < patience {
			b.Fatalf("given up after %v", waited)
		}
	}},
	{"who gave up before the call sends nothing", func(b *bench) {
		p := b.parcel(marie)
		ctx, cancel := b.Patience(0)
		defer cancel()
		b.is(rx.ResultNotSent, rx.OpCreate, b.remote.Do(ctx, create(p)))
		b.Wait(10 * time.Minute)
		b.stores(p, 0)
	}},
	{"a refusal by the service stores nothing", func(b *bench) {
		p := b.parcel(marie)
		b.Fault(rx.OpCreate, "inner-refusal", 1)
		b.want(rx.ResultRefused, create(p))
		b.stores(p, 0)
		b.want(rx.ResultAccepted, create(p)) // the fault struck once
		b.stores(p, 1)
	}},
	{"every operation can be refused, dropped and down", func(b *bench) {
		p, rid := b.created(marie)
		for _, op := range rx.Ops {
			for kind, result := range map[string]rx.Result{
				"inner-refusal": rx.ResultRefused, "drop-after-processing": rx.Unanswered, "refuse-connect": rx.ResultNotSent,
			} {
				b.Fault(op, kind, 1)
				b.want(result, rx.Call{Op: op, Patient: marie, RID: rid, Parcel: p, Active: true, Reason: "stopped", Vision: rx.Open, Text: []byte("<x/>"), Pharmacy: pharmacy})
			}
		}
	}},
	{"a slow answer is heard by the patient caller only", func(b *bench) {
		p, q := b.parcel(marie), b.parcel(marie)
		b.Fault(rx.OpCreate, "slow", 0)
		b.is(rx.Unanswered, rx.OpCreate, b.within(8*time.Second, create(p)))
		if before := b.Now(); b.want(rx.ResultAccepted, create(q)).RID == "" || b.Now().Sub(before) < 8*time.Second {
			b.Fatal("the answer was not slow")
		}
		b.stores(p, 1)
		b.stores(q, 1)
	}},
	{"late processing takes place after the caller gave up", func(b *bench) {
		p := b.parcel(marie)
		b.Fault(rx.OpCreate, "late-processing", 1)
		b.want(rx.Unanswered, create(p))
		if len(b.witness(p)) != 0 {
			b.Fatal("it was processed before the caller gave up")
		}
		b.Wait(2 * time.Minute)
		b.stores(p, 1)
		if len(b.witness(p)) != 1 {
			b.Fatal("the open list does not show it by its witness")
		}
	}},
	{"processing twice leaves two records of one witness", func(b *bench) {
		p := b.parcel(marie)
		b.Fault(rx.OpCreate, "process-twice", 1)
		rid := b.want(rx.ResultAccepted, create(p)).RID
		b.Wait(2 * time.Minute)
		b.stores(p, 2)
		if found := b.witness(p); len(found) != 2 || !slices.Contains(found, rid) {
			b.Fatal("the open list does not show both")
		}
	}},

	{"a lagging list catches up within a minute", func(b *bench) {
		for _, op := range []rx.Op{rx.OpOpen, rx.OpHistory} {
			_, rid := b.created(marie)
			b.Fault(op, "list-lag", 0)
			call := rx.Call{Op: op, Patient: marie, Active: true}
			if list, _ := b.listed(call); slices.Contains(rids(list), rid) {
				b.Fatal("a fresh record is in a lagging list")
			}
			b.Wait(time.Minute)
			if list, _ := b.listed(call); !slices.Contains(rids(list), rid) {
				b.Fatal("the list still lags after a minute")
			}
			b.Mend()
		}
	}},
	{"a paged list comes to its end by its session", func(b *bench) {
		var all []rx.RID
		for range 5 {
			_, rid := b.created(marie)
			all = append(all, rid)
		}
		for _, op := range []rx.Op{rx.OpOpen, rx.OpHistory} {
			b.Fault(op, "list-paged", 0)
			list, pages := b.listed(rx.Call{Op: op, Patient: marie, Active: true})
			if !slices.Equal(rids(list), all) || pages < 2 {
				b.Fatalf("%d of 5 records on %d pages", len(list), pages)
			}
			session := b.want(rx.ResultAccepted, rx.Call{Op: op, Patient: marie, Active: true}).Session
			b.want(rx.ResultRefused, rx.Call{Op: op, Patient: jan, Active: true, Session: session})
		}
	}},
	{"a candidate that cannot be read gives no witness", func(b *bench) {
		p, rid := b.created(marie)
		b.Fault(rx.OpGet, "unreadable-candidate", 1)
		get := rx.Call{Op: rx.OpGet, RID: rid}
		if r := b.do(get); r.Result == rx.ResultNotSent || r.KeyID != "" || r.Local != "" {
			b.Fatal("it was read")
		}
		if r := b.want(rx.ResultAccepted, get); r.KeyID != p.Key.ID {
			b.Fatal("the witness differs")
		}
		for range 2 {
			if r := b.do(rx.Call{Op: rx.OpGet, RID: b.Twin(marie, true, false)}); r.KeyID != "" || r.Local != "" {
				b.Fatal("a twin that can never be read was read")
			}
		}
	}},
}
