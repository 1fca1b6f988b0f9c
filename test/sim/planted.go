package sim

import (
	"context"
	"slices"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// mistake is a known mistake that the simulation must find (R14). It stands in wrappers
// around ports, waits and replies, so that no product code knows of it.
type mistake struct {
	name string
	says string
	rare bool // found by a soak's seeds alone
	wait func(*rx.Waits)
	hear func(*Sim, rx.Call, *rx.Reply) // what the engine hears in place of the reply
	mute func(rx.Call) bool             // calls that never leave
	keep func(*planted)                 // what the store does instead
}

// Planted are the mistakes, by name. Two more stand where the doctor acts: they are of
// the use cases.
var Planted = []mistake{
	{name: "print-before-claim", says: "the sheet comes out, then the door is claimed"},
	{name: "callers-retry", says: "the order's id is not the caller's"},

	{name: "no-fence", says: "absence counts before the request can no longer come", wait: func(w *rx.Waits) { w.Processing, w.Between = -w.Timestamp, 0 }},
	{name: "fence-too-early", rare: true, says: "the time that a gateway may still work is forgotten", wait: func(w *rx.Waits) { w.Processing = 0 }},
	{name: "second-look-at-once", rare: true, says: "lists lag, and the second look does not wait for it", wait: func(w *rx.Waits) { w.Between, w.LookAgain = 0, time.Second }},

	{name: "retry-on-timeout", says: "no answer counts as not sent", hear: func(_ *Sim, c rx.Call, r *rx.Reply) {
		if c.Op == rx.OpCreate && r.Result == rx.Unanswered {
			r.Result = rx.ResultNotSent
		}
	}},
	{name: "drop-is-not-sent", says: "a connection that broke counts as not sent", hear: func(_ *Sim, c rx.Call, r *rx.Reply) {
		if c.Op == rx.OpCreate && r.Result == rx.Unanswered && r.Why != "timeout" {
			r.Result = rx.ResultNotSent
		}
	}},
	{name: "timeout-is-refused", says: "no answer counts as a refusal", hear: func(_ *Sim, c rx.Call, r *rx.Reply) {
		if c.Op == rx.OpCreate && r.Result == rx.Unanswered {
			r.Result, r.Problem = rx.ResultRefused, &rx.Problem{}
		}
	}},
	{name: "invented-rid", says: "no answer gets a RID of our own", hear: func(s *Sim, c rx.Call, r *rx.Reply) {
		if c.Op == rx.OpCreate && r.Result == rx.Unanswered {
			r.Result, r.RID = rx.ResultAccepted, "BEP199999999"
		}
	}},
	{name: "swapped-rids", says: "an answer is taken for that of another call", hear: func(s *Sim, c rx.Call, r *rx.Reply) {
		if c.Op != rx.OpCreate || !r.OK() {
			return
		}
		if s.swapped == "" {
			s.swapped, r.Result, r.RID = r.RID, rx.Unanswered, ""
			return
		}
		s.swapped, r.RID = "", s.swapped
	}},
	{name: "first-page-only", says: "a list is read to the end of its first page", hear: func(_ *Sim, _ rx.Call, r *rx.Reply) { r.More = false }},
	{name: "unreadable-is-anothers", says: "what cannot be read is not ours", hear: func(_ *Sim, c rx.Call, r *rx.Reply) {
		if c.Op == rx.OpGet && (r.KeyID == "" || !r.OK()) && r.Result != rx.Unanswered && r.Result != rx.ResultNotSent {
			r.Result, r.KeyID, r.Local = rx.ResultAccepted, "another", "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7aff"
		}
	}},
	{name: "status-misread", says: "a status that was read counts as revoked", hear: func(_ *Sim, c rx.Call, r *rx.Reply) {
		if c.Op == rx.OpStatus && r.OK() {
			r.Status = rx.StatusRevoked
		}
	}},
	{name: "revoke-never-asked", says: "a record that must go is left", mute: func(c rx.Call) bool { return c.Op == rx.OpRevoke }},

	{name: "mark-not-durable", says: "the create leaves, the attempt is written later", keep: func(p *planted) { p.mark = markLost }},
	{name: "key-reuse", says: "keys are cached by patient", keep: func(p *planted) {
		p.mark = func(m *Model, a marking) (rx.Parcel, rx.Prescription, error) {
			patient := m.disk.rows[a.id].p.Patient
			keys := m.disk.keys[patient]
			parcel, row, err := a.on(m)
			m.disk.keys[patient] = keys
			return parcel, row, err
		}
	}},
	{name: "signs-longer", says: "the request lives longer than is written down", keep: func(p *planted) {
		p.mark = parcels(func(_ *Model, parcel *rx.Parcel) { parcel.SignedUntil = parcel.SignedUntil.Add(10 * time.Minute) })
	}},
	{name: "wrong-patient", says: "a parcel names another patient", keep: func(p *planted) {
		p.mark = parcels(func(_ *Model, parcel *rx.Parcel) { parcel.Patient = patients[0].SSIN })
	}},
	{name: "wrong-content", says: "a parcel carries the first line of its order", keep: func(p *planted) {
		p.mark = parcels(func(m *Model, parcel *rx.Parcel) {
			order := m.disk.rows[parcel.Prescription].p.Order
			parcel.Message = m.disk.rows[m.disk.orders[order].ids[0]].message
		})
	}},
	{name: "mark-ignores-the-door", says: "a send does not look whether it was claimed meanwhile", keep: func(p *planted) {
		p.mark = func(m *Model, a marking) (rx.Parcel, rx.Prescription, error) {
			before := *m.disk.rows[a.id]
			before.p.State, a.version = rx.StateReady, 0
			m.disk.rows[a.id] = &before
			return a.on(m)
		}
	}},
	{name: "no-outside-mark", says: "the mark is never written", keep: func(p *planted) { p.outside = func(*Model) error { return nil } }},
	{name: "mark-after-send", says: "the outside mark is written by the next one", keep: func(p *planted) {
		late := false
		p.outside = func(m *Model) error {
			if late = !late; late {
				return nil
			}
			return m.Outside(ctx)
		}
	}},
	{name: "mark-refusal-swallowed", says: "a mark that could not be written is taken for written", keep: func(p *planted) {
		p.outside = func(m *Model) error { _ = m.Outside(ctx); return nil }
	}},
	{name: "restore-unnoticed", says: "an older copy is taken for the directory", keep: func(p *planted) {
		p.begin = func(*Model) error { return nil }
	}},
	{name: "restore-keeps-keys", says: "keys that the lost copy may have used are used again, and no engine forgets them", keep: func(p *planted) {
		p.hoards = true
		p.begin = func(m *Model) error {
			keys := map[rx.ID][]rx.Key{}
			for patient, list := range m.disk.keys {
				keys[patient] = list
			}
			err := m.start()
			m.disk.keys = keys
			return err
		}
	}},
	{name: "saved-but-refused", says: "an order that the disk refused is called saved", keep: func(p *planted) {
		p.issue = func(m *Model, in rx.Issue) (rx.Issued, error) {
			out, err := m.Issue(ctx, in)
			if rx.CodeOf(err) == codeDisk {
				out, err = rx.Issued{Order: in.Order}, nil
				for _, i := range in.Items {
					out.Prescriptions = append(out.Prescriptions, i.Prescription)
				}
			}
			return out, err
		}
	}},
	{name: "order-lost-at-crash", says: "the last order is called saved before it is durable", keep: func(p *planted) {
		var last []rx.ID
		p.issue = func(m *Model, in rx.Issue) (rx.Issued, error) {
			out, err := m.Issue(ctx, in)
			last = m.disk.orders[in.Order].ids
			return out, err
		}
		p.begin = func(m *Model) error {
			for _, id := range last {
				delete(m.disk.rows, id)
			}
			m.disk.order = slices.DeleteFunc(m.disk.order, func(id rx.ID) bool { return slices.Contains(last, id) }) // issued again, it is not the last
			last = nil
			return m.start()
		}
	}},
	{name: "content-changes", says: "what was issued is changed when it is printed", keep: func(p *planted) {
		p.apply = func(m *Model, id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
			next, err := m.Apply(ctx, id, version, e)
			if err == nil && e.Kind == rx.EventPrinted {
				after := *m.disk.rows[id]
				after.sum[0]++
				m.disk.rows[id] = &after
			}
			return next, err
		}
	}},
	{name: "restart-is-ready", says: "after a crash what was on the wire waits again", keep: func(p *planted) { p.apply = forgetful }},
	{name: "answer-dropped", says: "an answer is heard and not written", keep: func(p *planted) { p.apply = dropping(rx.EventAccepted, "") }},
	{name: "rid-not-read-back", says: "an answer names a RID of nothing, and the RID that was adopted is never read back", hear: func(s *Sim, c rx.Call, r *rx.Reply) {
		if c.Op == rx.OpCreate && r.OK() && len(s.misnamed) == 0 {
			r.RID = "BEP0TESTZZZZ"
			s.misnamed[r.RID] = true
		}
	}, keep: func(p *planted) { p.apply = dropping(rx.EventReadBack, "") }},
	{name: "promise-dropped", says: "a send that has no answer in time is not called unknown", keep: func(p *planted) { p.apply = dropping(rx.EventUnanswered, "slow") }},
	{name: "unknown-waits-again", says: "without an answer it waits again, its attempt alive", keep: func(p *planted) {
		p.apply = func(m *Model, id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
			next, err := m.Apply(ctx, id, version, e)
			if err == nil && e.Kind == rx.EventUnanswered && next.State == rx.StateUnknown {
				after := *m.disk.rows[id]
				after.p.State = rx.StateReady
				m.disk.rows[id], next = &after, after.p
			}
			return next, err
		}
	}},
	{name: "paper-while-sending", says: "paper may be claimed while it is on the wire", keep: func(p *planted) {
		p.apply = func(m *Model, id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
			if r := m.disk.rows[id]; e.Kind == rx.EventClaimed && r.p.State == rx.StateSending {
				before := *r
				before.p.State = rx.StateReady
				m.disk.rows[id] = &before
			}
			return m.Apply(ctx, id, version, e)
		}
	}},
	{name: "journal-gap", says: "a claim is not in the journal", keep: func(p *planted) {
		p.apply = func(m *Model, id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
			next, err := m.Apply(ctx, id, version, e)
			if n := len(m.disk.journal); err == nil && e.Kind == rx.EventClaimed && n > 0 {
				m.disk.journal = m.disk.journal[:n-1]
			}
			return next, err
		}
	}},
	{name: "hidden-row", says: "the engine does not see every prescription", keep: func(p *planted) {
		p.work = func(tasks []rx.Task) []rx.Task {
			var seen []rx.Task
			for _, t := range tasks {
				if t.ID[len(t.ID)-1] != '7' {
					seen = append(seen, t)
				}
			}
			return seen
		}
	}},
	{name: "one-blocks-all", says: "the engine does one after the other", keep: func(p *planted) {
		p.work = func(tasks []rx.Task) []rx.Task { return tasks[:min(1, len(tasks))] }
	}},
	{name: "replacement-does-not-wait", says: "what replaces another leaves before the other is closed", keep: func(p *planted) {
		p.work = func(tasks []rx.Task) []rx.Task {
			for i := range tasks {
				tasks[i].Around.ReplacedOpen = false
			}
			return tasks
		}
	}},
}

// mistake is the planted one, the zero value when there is none.
func (s *Sim) mistake() mistake {
	for _, m := range Planted {
		if m.name == s.Planted {
			return m
		}
	}
	return mistake{}
}

// withMistake gives the store that the program gets.
func (s *Sim) withMistake(m *Model) keep {
	plant := s.mistake().keep
	if plant == nil {
		return m
	}
	p := &planted{Model: m}
	plant(p)
	return p
}

// planted is the model with other methods; nil: its own.
type planted struct {
	*Model
	apply   func(*Model, rx.ID, int64, rx.Event) (rx.Prescription, error)
	mark    func(*Model, marking) (rx.Parcel, rx.Prescription, error)
	issue   func(*Model, rx.Issue) (rx.Issued, error)
	outside func(*Model) error
	work    func([]rx.Task) []rx.Task
	begin   func(*Model) error
	hoards  bool // no key is forgotten
}

// marking are the arguments of Mark.
type marking struct {
	id                rx.ID
	version           int64
	at, signed, until time.Time
}

func (a marking) on(m *Model) (rx.Parcel, rx.Prescription, error) {
	return m.Mark(ctx, a.id, a.version, a.at, a.signed, a.until)
}

func (p *planted) Apply(_ context.Context, id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
	if p.apply == nil {
		return p.Model.Apply(ctx, id, version, e)
	}
	return p.apply(p.Model, id, version, e)
}

func (p *planted) Mark(_ context.Context, id rx.ID, version int64, at, signed, until time.Time) (rx.Parcel, rx.Prescription, error) {
	a := marking{id, version, at, signed, until}
	if p.mark == nil {
		return a.on(p.Model)
	}
	return p.mark(p.Model, a)
}

func (p *planted) DropKeys(ctx context.Context, before time.Time) error {
	if p.hoards {
		return nil
	}
	return p.Model.DropKeys(ctx, before)
}

func (p *planted) Issue(_ context.Context, in rx.Issue) (rx.Issued, error) {
	if p.issue == nil {
		return p.Model.Issue(ctx, in)
	}
	return p.issue(p.Model, in)
}

func (p *planted) Outside(context.Context) error {
	if p.outside == nil {
		return p.Model.Outside(ctx)
	}
	return p.outside(p.Model)
}

func (p *planted) Work(context.Context) ([]rx.Task, error) {
	tasks, err := p.Model.Work(ctx)
	if p.work != nil {
		tasks = p.work(tasks)
	}
	return tasks, err
}

func (p *planted) start() error {
	if p.begin == nil {
		return p.Model.start()
	}
	return p.begin(p.Model)
}

// parcels changes what is sent.
func parcels(change func(*Model, *rx.Parcel)) func(*Model, marking) (rx.Parcel, rx.Prescription, error) {
	return func(m *Model, a marking) (rx.Parcel, rx.Prescription, error) {
		parcel, p, err := a.on(m)
		if err == nil {
			change(m, &parcel)
		}
		return parcel, p, err
	}
}

func markLost(m *Model, a marking) (rx.Parcel, rx.Prescription, error) {
	row, journal := m.disk.rows[a.id], m.disk.journal
	keys := m.disk.keys[row.p.Patient]
	parcel, next, err := a.on(m)
	if err == nil && next.Attempts[len(next.Attempts)-1].N == 1 {
		m.disk.rows[a.id], m.disk.keys[row.p.Patient], m.disk.journal = row, keys[1:], journal
	}
	return parcel, next, err
}

// dropping says that an event was written, and does not.
func dropping(kind rx.EventKind, why string) func(*Model, rx.ID, int64, rx.Event) (rx.Prescription, error) {
	return func(m *Model, id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
		if e.Kind == kind && (why == "" || e.Why == why) {
			return m.disk.rows[id].p, nil
		}
		return m.Apply(ctx, id, version, e)
	}
}

// forgetful takes a restart for a send that never happened.
func forgetful(m *Model, id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
	if a := m.disk.rows[id].p.LiveAttempt(); e.Kind == rx.EventRestarted && a != nil {
		e = rx.Event{Kind: rx.EventNotSent, At: e.At, N: a.N, Why: "restart"}
	}
	return m.Apply(ctx, id, version, e)
}

var _ outbox.Store = (*planted)(nil)
