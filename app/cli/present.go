package cli

import (
	"context"
	"slices"
	"time"

	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// present turns what the use cases give into the formats.
type present struct {
	svc  *prescribing.Service
	lang rx.Lang
}

func (r *run) present() present { return present{r.session.Service, r.lang} }

// when is a moment in the practice's zone, "" for none.
func (p present) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(p.svc.Now().Location()).Format("2006-01-02T15:04:05.000Z07:00")
}

func (p present) prescription(item rx.Item) formats.Prescription {
	out := formats.Prescription{Line: item.Line, ID: item.ID, State: item.State.String(), Door: string(item.State.Door()), RID: item.RID()}
	if r := item.AdoptedRecord(); r != nil {
		out.RIDUnread = r.Unread()
	}
	for _, d := range p.svc.Owed(item) {
		out.Duties = append(out.Duties, d.ID())
	}
	return out
}

func (p present) prescriptions(items []rx.Item) (list formats.List[formats.Prescription]) {
	for _, item := range items {
		list = append(list, p.prescription(item))
	}
	return list
}

func (p present) listed(item rx.Item) formats.Listed {
	return formats.Listed{Prescription: p.prescription(item), Order: item.Order, Issued: p.when(item.Issued), Medicine: item.Facts.Product.Name}
}

func (p present) shown(item rx.Item, timeline []rx.Happening) formats.Shown {
	out := formats.Shown{Listed: p.listed(item), Frozen: item.Facts, ProofCopies: item.Proofs}
	for _, a := range item.Attempts {
		result := string(a.Result)
		if a.Result == rx.OnTheWire {
			result = "on-the-wire"
		}
		out.Attempts = append(out.Attempts, formats.Attempt{N: a.N, Marked: p.when(a.Marked), Result: result, Expires: p.when(a.Expires),
			Ended: p.when(a.Ended), Why: a.Why, Problem: problem(a.Problem)})
	}
	for _, s := range item.Sheets {
		out.Sheets = append(out.Sheets, formats.Sheet{ID: s.ID, Step: string(s.Step()), Handwritten: s.Handwritten, Day: s.Day.String(), Forced: s.Forced,
			Claimed: p.when(s.Claimed.At), Copies: s.Copies, Forms: s.Forms, Printed: p.when(s.Printed), Out: p.when(s.Out.At), Handed: p.when(s.Handed.At),
			Destroyed: p.when(s.Destroyed.At)})
	}
	for _, s := range item.Records {
		out.Server = append(out.Server, formats.Record{RID: s.RID, Attempt: s.Attempt, Adopted: s.Adopted, Status: string(s.Status), Read: p.when(s.Read),
			RevokeAsked: p.when(s.Asked.At), Denied: problem(s.Denied), Ours: p.when(s.Ours.At), Foreign: p.when(s.Foreign.At)})
	}
	out.Timeline = append(out.Timeline, p.issued(item))
	marked := 0
	for _, h := range timeline {
		line := p.happened(h)
		if h.Event.Kind == rx.EventMarked {
			marked++
			line.Attempt = marked
		}
		out.Timeline = append(out.Timeline, line)
	}
	return out
}

// issued is the first line of every timeline.
func (p present) issued(item rx.Item) formats.Happened {
	return formats.Happened{At: p.when(item.Issued), Event: "issued", To: rx.StateReady.String()}
}

// happened is a line of the journal.
func (p present) happened(h rx.Happening) formats.Happened {
	e := h.Event
	out := formats.Happened{At: p.when(e.At), Event: e.Kind.String(), From: h.From.String(), To: h.To.String(), Attempt: e.N, RID: e.RID, Why: e.Why}
	out.Text = e.Text
	out.Foreign = e.Kind == rx.EventReadBack && !e.Ours
	whys := []string{e.Reason, string(e.Paper), string(e.Outcome), string(e.Status), string(e.Visibility), string(e.Flag)}
	if e.Notice != nil {
		whys = append(whys, string(e.Notice.Result), e.Notice.Pharmacy)
	}
	for _, why := range whys {
		if out.Why == "" {
			out.Why = why
		}
	}
	return out
}

func problem(p *rx.Problem) *formats.Problem {
	if p == nil {
		return nil
	}
	out := &formats.Problem{Code: p.Code, Messages: map[string]string{}}
	for lang, text := range p.Messages {
		out.Messages[string(lang)] = text
	}
	return out
}

func (p present) duty(d rx.Duty) formats.Duty {
	out := formats.Duty{ID: d.ID(), Prescription: d.Prescription, Kind: d.Kind.String(), Since: p.when(d.Since), Deadline: p.when(d.Deadline), Why: d.Why}
	for _, o := range d.Outcomes {
		out.Outcomes = append(out.Outcomes, string(o))
	}
	return out
}

// lines are the prescriptions of an order, by line.
func (p present) lines(ctx context.Context, order rx.ID) ([]rx.Item, error) {
	items, err := p.svc.Store.List(ctx, rx.Filter{Order: order})
	slices.SortFunc(items, func(a, b rx.Item) int { return a.Line - b.Line })
	return items, err
}

// these are prescriptions by id, in that order.
func (p present) these(ctx context.Context, ids []rx.ID) (items []rx.Item, err error) {
	for _, id := range ids {
		item, err := p.svc.Store.Item(ctx, id)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// exit is how it stands with a prescription that was to be sent: product "exit codes".
func (p present) exit(item rx.Item) Exit {
	for _, d := range p.svc.Owed(item) {
		switch d.Kind {
		case rx.DutyRestored, rx.DutyTwinCheck, rx.DutyReconfirm:
			return NeedsPerson
		case rx.DutyTell:
			if d.Why == "double" || d.Why == "twin" {
				return NeedsPerson
			}
		}
	}
	switch item.State {
	case rx.StateReady:
		return Kept
	case rx.StateSending, rx.StateUnknown: // it may have left, it may not: the patient cannot go unknowing
		return NeedsPerson
	case rx.StateRefused, rx.StateLapsed:
		return Failed
	}
	return Done
}

func (p present) exits(items []rx.Item) Exit {
	exit := Done
	for _, item := range items {
		exit = exit.or(p.exit(item))
	}
	return exit
}

// answered tells that nothing will come for item by waiting.
func (p present) answered(item rx.Item) bool {
	switch item.State {
	case rx.StateSending, rx.StateUnknown:
		return false
	case rx.StateReady:
		return p.svc.MaySend(item) != nil
	}
	return true
}

// show writes prescriptions for people: where each stands, and what to do next.
func (pg *page) show(p present, items []rx.Item) {
	for _, item := range items {
		owed := p.svc.Owed(item)
		pg.line("%2d  %s", item.Line+1, item.Facts.Product.Name)
		pg.line("    %s", i18n.State(p.lang, item.Prescription, owed))
		pg.refusal(p, item, "    ")
		if rid := item.RID(); rid != "" {
			pg.line("    RID %s", string(rid))
		}
		pg.line("    %s", string(item.ID))
		pg.next(p, item, owed)
	}
}

// refusal writes what the service said when it refused.
func (pg *page) refusal(p present, item rx.Item, indent string) {
	if said := i18n.Refusal(p.lang, item.Prescription); said != "" {
		pg.line("%s%s", indent, said)
	}
}

// next writes the next steps of a prescription: those of its duties, else of its state.
func (pg *page) next(p present, item rx.Item, owed []rx.Duty) {
	for _, d := range owed {
		_, _, next := i18n.Duty(p.lang, d)
		pg.line("    → %s", next)
	}
	key := "cli.next." + item.State.String()
	if len(owed) == 0 && i18n.Has(key) {
		pg.line("    → %s", pg.run.text(key))
	}
}
