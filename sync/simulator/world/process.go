package world

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"time"

	"relais/app/rx"
)

// Process performs the operation of call at the moment at of the caller's clock,
// without any gate. It never changes anything of what it refuses.
func (w *World) Process(call rx.Call, twist Twist, at time.Time) (reply rx.Reply) {
	if err := w.do(at, func(tx shelf) { reply = w.process(tx, &call, "", twist, at).Reply }); err != nil {
		return failure
	}
	return reply
}

func (w *World) process(tx shelf, call *rx.Call, by rx.NIHII, twist Twist, at time.Time) Answer {
	op := operation{w: w, tx: tx, call: call, by: by, twist: twist, control: tx.control()}
	op.now = op.control.server(at)
	var reply rx.Reply
	switch perform, ok := operations[call.Op]; {
	case !ok:
		reply = refuse(noSuchOperation)
	case twist.Refuse:
		reply = refuse(refusedByPlan)
	default:
		reply = perform(&op)
	}
	reply.ServerAt = op.now.UTC()
	return Answer{reply, op.given}
}

// operation is one call being performed.
type operation struct {
	w       *World
	tx      shelf
	call    *rx.Call
	by      rx.NIHII // "" the one prescriber
	twist   Twist
	control *control
	now     time.Time // server's clock, in the caller's location
	given   []Message // feedbacks
}

// operations of the prescriber service and the KGSS (recipe protocol §1.5, §2.5).
var operations = map[rx.Op]func(*operation) rx.Reply{
	rx.OpNewKey:     (*operation).newKey,
	rx.OpCreate:     (*operation).create,
	rx.OpRevoke:     (*operation).revoke,
	rx.OpGet:        (*operation).get,
	rx.OpStatus:     (*operation).status,
	rx.OpHistory:    (*operation).history,
	rx.OpOpen:       (*operation).open,
	rx.OpVision:     (*operation).vision,
	rx.OpFeedback:   (*operation).feedbackFlag,
	rx.OpNotify:     (*operation).notify,
	rx.OpFeedbacks:  (*operation).feedbacks,
	rx.OpProperties: func(*operation) rx.Reply { return accepted },
}

var accepted = rx.Reply{Result: rx.ResultAccepted}

func refuse(p *rx.Problem) rx.Reply { return rx.Reply{Result: rx.ResultRefused, Problem: p} }

func (o *operation) newKey() rx.Reply {
	if o.call.Patient == "" {
		return refuse(patientMissing)
	}
	reply := accepted
	reply.Key = o.w.newKey(o.tx, o.call.Patient)
	return reply
}

// newKey hands out a key whose id was never used.
func (w *World) newKey(tx shelf, patient rx.SSIN) rx.Key {
	for {
		var b [32]byte
		for i := 0; i < len(b); i += 8 {
			binary.LittleEndian.PutUint64(b[i:], w.src.Uint64())
		}
		key := rx.Key{ID: rx.KeyID(base64.StdEncoding.EncodeToString(b[:16])), Secret: b[16:]}
		if _, taken := tx.key(key.ID); !taken {
			tx.addKey(key.ID, keyRow{Patient: patient, Secret: bytes.Clone(key.Secret)})
			return key
		}
	}
}

// create stores a prescription. It judges the outer fields alone, as Recip-e does,
// which has no key to the content.
func (o *operation) create() rx.Reply {
	p := o.call.Parcel
	switch today := rx.DateOf(o.now); {
	case p == nil || p.Patient == "":
		return refuse(patientMissing)
	case p.Type != "P0" && p.Type != "P1":
		return refuse(typeWrong)
	case p.Key.ID == "" || len(p.Message) == 0:
		return refuse(contentMissing)
	case p.Expires.IsZero():
		return refuse(expiryMissing)
	case p.Expires.Before(today):
		return refuse(expiryPast)
	case p.Expires.After(rx.LatestExpiry(today)):
		return refuse(expiryFar)
	}
	rid, ok := o.w.newRID(o.tx, p.Type)
	if !ok {
		return refuse(noMoreRIDs)
	}
	created := o.now.UTC()
	o.tx.addRecord(&Record{
		RID: rid, Patient: p.Patient, Key: p.Key.ID, Local: p.Local, Content: bytes.Clone(p.Message), Type: p.Type,
		Created: created, Expires: p.Expires, Ends: dayAfter(p.Expires, o.now.Location()), Listed: created.Add(o.twist.Lag),
		Visibility: visibility(p.Visibility), Feedback: p.Feedback, Status: rx.NotDelivered, By: Prescriber, Moved: created,
		Unreadable: o.twist.Blind, Prescriber: o.by,
	})
	reply := accepted
	reply.RID = rid
	return reply
}

// visibility as kept: what is not locked is open (recipe protocol §1.6).
func visibility(v rx.Visibility) rx.Visibility {
	if v == rx.Locked {
		return rx.Locked
	}
	return rx.Open
}

func dayAfter(d rx.Date, loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, loc).UTC()
}

// ridAlphabet is digits and letters without I, O, U (recipe protocol §5).
const ridAlphabet = "0123456789ABCDEFGHJKLMNPQRSTVWXYZ"

// ridMark stands in every RID of the simulated world.
const ridMark = "TEST"

// newRID draws a RID that was never given, false when there seems to be none left
// (about a million for each type).
func (w *World) newRID(tx shelf, kind string) (rx.RID, bool) {
	for range 1000 {
		b := [12]byte{'B', 'E', 'P', kind[1]}
		copy(b[4:], ridMark)
		n := w.src.Uint64()
		for i := 8; i < 12; i++ {
			b[i] = ridAlphabet[n%uint64(len(ridAlphabet))]
			n /= uint64(len(ridAlphabet))
		}
		if rid := rx.RID(b[:]); tx.record(rid) == nil {
			return rid, true
		}
	}
	return "", false
}

// own is the record of the call's RID, nil when the prescriber has none of it.
func (o *operation) own() *Record {
	r := o.tx.record(o.call.RID)
	if r == nil || o.foreign(r) {
		return nil
	}
	return r
}

// foreign tells whether a record is another prescriber's.
func (o *operation) foreign(r *Record) bool {
	return r.Other || r.Prescriber != "" && o.by != "" && r.Prescriber != o.by
}

// usable is own, with the problem when it is not there or revoked.
func (o *operation) usable() (*Record, *rx.Problem) {
	switch r := o.own(); {
	case r == nil:
		return nil, ridUnknown
	case r.Status == rx.StatusRevoked:
		return nil, alreadyRevoked
	default:
		return r, nil
	}
}

func (o *operation) revoke() rx.Reply {
	r, problem := o.usable()
	switch {
	case problem != nil:
		return refuse(problem)
	case o.control.KeepInProcess && r.StatusAt(o.now) == rx.InProcess:
		return refuse(notRevocable)
	case !r.move(revoke, o.now):
		return refuse(notRevocable)
	}
	r.Reason = o.call.Reason
	o.tx.putRecord(r)
	return accepted
}

func (o *operation) get() rx.Reply {
	r, problem := o.usable()
	switch {
	case problem != nil:
		return refuse(problem)
	case r.Unreadable || o.twist.Blind:
		return refuse(keyUnreadable)
	}
	reply := accepted
	reply.RID, reply.KeyID, reply.Local = r.RID, r.Key, r.Local
	return reply
}

func (o *operation) status() rx.Reply {
	r := o.own()
	if r == nil {
		return refuse(ridUnknown)
	}
	reply := accepted
	reply.RID, reply.Status = r.RID, r.StatusAt(o.now)
	return reply
}

func (o *operation) vision() rx.Reply {
	r, problem := o.usable()
	if problem != nil {
		return refuse(problem)
	}
	r.Visibility = visibility(o.call.Vision)
	o.tx.putRecord(r)
	return accepted
}

func (o *operation) feedbackFlag() rx.Reply {
	r, problem := o.usable()
	if problem != nil {
		return refuse(problem)
	}
	r.Feedback = o.call.Flag
	o.tx.putRecord(r)
	return accepted
}

// notify stores a notification. The protocol has no RID in it, the double may have.
func (o *operation) notify() rx.Reply {
	patient := o.call.Patient
	if o.call.RID != "" {
		r, problem := o.usable()
		if problem != nil {
			return refuse(problem)
		}
		patient = r.Patient
	}
	switch {
	case patient == "":
		return refuse(patientMissing)
	case len(o.call.Text) == 0:
		return refuse(contentMissing)
	}
	o.tx.addMessage(Message{RID: o.call.RID, Patient: patient, Pharmacy: o.call.Pharmacy, Text: bytes.Clone(o.call.Text), At: o.now.UTC()})
	return accepted
}

// feedbacks lists the RIDs that have unread feedback, once for each; with the read
// flag what it lists counts as read.
func (o *operation) feedbacks() rx.Reply {
	reply := accepted
	for _, m := range o.tx.messages() {
		if !m.Feedback || m.Read {
			continue
		}
		r := o.tx.record(m.RID)
		if r == nil || o.foreign(r) {
			continue
		}
		o.given = append(o.given, m)
		reply.Listed = append(reply.Listed, rx.Listed{RID: r.RID, Status: r.StatusAt(o.now)})
		reply.Letters = append(reply.Letters, rx.Letter{RID: r.RID, Sent: m.At, Text: string(m.Text)})
		if o.call.Flag {
			m.Read = true
			o.tx.putMessage(m)
		}
	}
	return reply
}
