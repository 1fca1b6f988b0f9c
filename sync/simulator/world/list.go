package world

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"relais/app/rx"
)

// open lists what of the patient may still be delivered: not delivered, or in
// process. A prescriber sees their locked ones too.
func (o *operation) open() rx.Reply {
	return o.list(func(s rx.Status) bool { return s == rx.NotDelivered || s == rx.InProcess }, false)
}

// history lists with statuses: the history store holds what is archived, the
// active data all the rest.
func (o *operation) history() rx.Reply {
	return o.list(func(s rx.Status) bool { return (s != rx.Archived) == o.call.Active }, true)
}

// list gives the patient's records whose status is wanted, in order of storing, a
// page at a time. A session is the end of the page before it and the moment of
// the first page: what is stored later does not come into later pages.
func (o *operation) list(wanted func(rx.Status) bool, withStatus bool) rx.Reply {
	if o.call.Patient == "" {
		return refuse(patientMissing)
	}
	from := position{page: o.twist.Page, until: o.now.Add(-o.twist.Lag)}
	if from.page == 0 {
		from.page = o.control.Page
	}
	if o.call.Session != "" {
		var ok bool
		if from, ok = o.resume(); !ok {
			return refuse(sessionUnknown)
		}
	}
	reply := accepted
	last := from.after
	for _, r := range o.tx.ofPatient(o.call.Patient) {
		status := r.StatusAt(o.now)
		if r.Seq <= from.after || o.foreign(r) || r.Listed.After(from.until) || !wanted(status) {
			continue
		}
		if from.page > 0 && len(reply.Listed) == from.page {
			reply.More = true
			reply.Session = o.session(position{last, from.page, from.until})
			break
		}
		line := rx.Listed{RID: r.RID}
		if withStatus {
			line.Status = status
		}
		reply.Listed = append(reply.Listed, line)
		last = r.Seq
	}
	return reply
}

// position in a list that is given in pages.
type position struct {
	after int64 // Seq of the last record given
	page  int
	until time.Time // records that were listed by then
}

// session writes a position; it serves the same list of the same patient only.
func (o *operation) session(p position) string {
	return fmt.Sprintf("%d.%d.%d.%s", p.after, p.page, p.until.UnixNano(), o.listID())
}

func (o *operation) resume() (position, bool) {
	var p position
	var nanos int64
	var list string
	n, err := fmt.Sscanf(o.call.Session, "%d.%d.%d.%s", &p.after, &p.page, &nanos, &list)
	if err != nil || n != 4 || p.page < 1 || list != o.listID() {
		return p, false
	}
	p.until = time.Unix(0, nanos)
	return p, true
}

func (o *operation) listID() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %t%s", o.call.Op, string(o.call.Patient), o.call.Active, string(o.by)))
	return hex.EncodeToString(sum[:8])
}
