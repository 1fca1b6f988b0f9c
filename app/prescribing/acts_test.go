package prescribing_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

func TestWithdrawAndRevoke(t *testing.T) {
	type act func(reason, text string) (rx.Prescription, error)
	for name, c := range map[string]struct {
		before []rx.Event
		do     func(*desk, rx.ID) act
		acted  string
		state  rx.State
		closed []rx.Event // what it is refused after
		code   rx.Code
	}{
		// An older copy of the directory that is put back must not send what was withdrawn.
		"withdraw": {nil, func(d *desk, id rx.ID) act {
			return func(reason, text string) (rx.Prescription, error) { return d.Withdraw(ctx, id, reason, text) }
		}, "apply withdrawn, outside", rx.StateWithdrawn, []rx.Event{mark, accepted}, rx.CodeElectronicExists},
		"revoke": {[]rx.Event{mark, accepted}, func(d *desk, id rx.ID) act {
			return func(reason, text string) (rx.Prescription, error) { return d.Revoke(ctx, id, reason, text) }
		}, "apply revoke-wished", rx.StateConfirmed, nil, rx.CodeNotSentYet},
	} {
		for _, reason := range append(slices.Clone(rx.RevokeReasons), "", "whim", "other without a text") {
			t.Run(name+" "+reason, func(t *testing.T) {
				d := newDesk(t)
				id := d.issued(1)[0]
				d.happen(id, c.before...)
				reason, without := strings.CutSuffix(reason, " without a text")
				text := "mots du médecin"
				if without {
					text = ""
				}
				p, err := c.do(d, id)(reason, text)
				if !slices.Contains(rx.RevokeReasons, reason) || without {
					d.code(err, rx.CodeReasonMissing)
					if d.acted(""); d.changes > 0 || len(d.log) > 0 {
						t.Error("something was done")
					}
					return
				}
				d.well(err)
				d.acted(c.acted)
				if p.ID != id || p.State != c.state || p.Reason != reason || p.ReasonText != text || d.changes != 1 {
					t.Errorf("%s for %q, engine told %d times", p.State, p.Reason, d.changes)
				}
				if name == "revoke" && (!p.Wished.Set() || !p.Wished.At.Equal(monday)) {
					t.Errorf("wished %v", p.Wished)
				}
			})
		}
		d := newDesk(t)
		id := d.issued(1)[0]
		d.happen(id, c.closed...)
		_, err := c.do(d, id)("stopped", "")
		d.code(err, c.code)
		if d.changes > 0 || strings.Contains(d.acts(), "outside") {
			t.Errorf("%s: acted after it was refused", name)
		}
		_, err = c.do(d, "nobody")("stopped", "")
		d.code(err, rx.CodeNotFound)
	}
}

func TestLetGo(t *testing.T) {
	d := newDesk(t)
	ids := d.issued(3)
	other := d.issued(1)[0]
	d.well(d.LetGo(ctx, d.is(ids[0]).Order))
	d.acted("apply let-go, apply let-go, apply let-go")
	for _, id := range ids {
		if got := d.is(id).LetGo; !got.Set() || !got.At.Equal(monday) {
			t.Errorf("let go at %v", got)
		}
	}
	if d.is(other).LetGo.Set() {
		t.Error("another patient left")
	}
	d.code(d.LetGo(ctx, "nobody"), rx.CodeNotFound)
}

func TestTwin(t *testing.T) {
	d := newDesk(t)
	id := d.issued(1)[0]
	p, err := d.Twin(ctx, id)
	d.well(err)
	d.acted("apply twin")
	if !p.TwinOpen() || d.changes != 1 {
		t.Errorf("open %t, engine told %d times", p.TwinOpen(), d.changes)
	}
}

// Every duty by which a person is asked, with each of its outcomes; and those that the
// engine works at, which nobody can answer.
func TestSettle(t *testing.T) {
	type is = func(rx.Prescription) bool
	state := func(want rx.State) is { return func(p rx.Prescription) bool { return p.State == want } }
	sheet := func(f func(rx.Sheet) bool) is {
		return func(p rx.Prescription) bool { return len(p.Sheets) == 1 && f(p.Sheets[0]) }
	}
	type outcomes map[rx.Outcome]is
	asked := map[rx.DutyKind]bool{}
	for _, c := range []struct {
		kind   rx.DutyKind
		before []rx.Event
		later  time.Duration
		want   outcomes
	}{
		{rx.DutyLocate, []rx.Event{mark, lost}, 0, nil},
		{rx.DutyLocate, []rx.Event{mark, lost, unclear}, 25 * time.Hour, outcomes{
			rx.SendAgain: func(p rx.Prescription) bool { return p.State == rx.StateUnknown && p.SendAgain.Set() },
			rx.ToPaper: func(p rx.Prescription) bool {
				return p.State == rx.StatePaper && p.Sheet().Forced && p.Sheet().Copies == 1
			},
			rx.Withdraw: func(p rx.Prescription) bool {
				return p.State == rx.StateUnknown && p.Wished.Set() && p.Reason == "stopped"
			},
		}},
		{rx.DutyRevokeOnSight, []rx.Event{mark, lost, forced}, 0, nil},
		{rx.DutyRevoke, []rx.Event{mark, accepted, wished}, 0, nil},
		{rx.DutyRevokeSurplus, []rx.Event{mark, accepted, {Kind: rx.EventFound, N: 1, RID: "BEP0TEST0002"}}, 0, nil},
		{rx.DutyTell, []rx.Event{mark, refused}, 0, outcomes{rx.WasTold: func(p rx.Prescription) bool { return p.Told.Set() }}},
		{rx.DutyTell, []rx.Event{mark, accepted, wished, taken}, 0, outcomes{rx.WasTold: func(p rx.Prescription) bool { return p.Told.Set() }}},
		{rx.DutyTell, []rx.Event{expired}, 100 * 24 * time.Hour, outcomes{rx.WasTold: func(p rx.Prescription) bool { return p.Told.Set() }}},
		{rx.DutyRestored, []rx.Event{restored}, 0, outcomes{
			rx.NothingGiven: func(p rx.Prescription) bool { return p.State == rx.StateUnknown && !p.RestoredOpen() },
			rx.PaperGiven: func(p rx.Prescription) bool {
				return p.State == rx.StatePaper && p.Sheet().Handed.Set() && p.Sheet().ID != ""
			},
			rx.SentElsewhere: func(p rx.Prescription) bool { return p.Elsewhere && !p.RestoredOpen() },
		}},
		{rx.DutyTwinCheck, []rx.Event{twin}, 0, outcomes{rx.OnlyHere: state(rx.StateReady), rx.AlsoThere: state(rx.StateWithdrawn)}},
		{rx.DutyReconfirm, nil, 5 * time.Hour, outcomes{
			rx.Send: func(p rx.Prescription) bool { return p.State == rx.StateReady && p.Reconfirmed.Set() },
			rx.ToPaper: func(p rx.Prescription) bool {
				return p.State == rx.StatePaper && !p.Sheet().Forced && p.Sheet().Copies == 1
			},
			rx.Withdraw: state(rx.StateWithdrawn),
		}},
		{rx.DutyReconfirm, nil, 97 * time.Hour, outcomes{rx.ToPaper: state(rx.StatePaper), rx.Withdraw: state(rx.StateWithdrawn)}},
		{rx.DutyConfirmPrint, []rx.Event{claimed}, 0, outcomes{rx.WasDestroyed: sheet(func(s rx.Sheet) bool { return s.Destroyed.Set() })}},
		{rx.DutyConfirmPrint, []rx.Event{claimed, printed, notOut}, 0, outcomes{
			rx.CameOut:      sheet(func(s rx.Sheet) bool { return s.Out.Set() }),
			rx.WasDestroyed: sheet(func(s rx.Sheet) bool { return s.Destroyed.Set() }),
		}},
		{rx.DutyConfirmPrint, []rx.Event{claimed, printed}, 0, outcomes{
			rx.CameOut:       sheet(func(s rx.Sheet) bool { return s.Out.Set() }),
			rx.DidNotComeOut: sheet(func(s rx.Sheet) bool { return s.Printed.IsZero() && s.Copies == 1 }),
			rx.WasDestroyed:  sheet(func(s rx.Sheet) bool { return s.Destroyed.Set() }),
		}},
		{rx.DutyHandOver, []rx.Event{claimed, printed, out}, 0, outcomes{
			rx.Handed:       sheet(func(s rx.Sheet) bool { return s.Handed.Set() }),
			rx.WasDestroyed: sheet(func(s rx.Sheet) bool { return s.Destroyed.Set() }),
		}},
		{rx.DutyNote, []rx.Event{claimed, printed, out, handed}, 0, outcomes{rx.WasNoted: func(p rx.Prescription) bool { return p.Noted.Set() }}},
		{rx.DutyGiveProof, []rx.Event{gone, mark, accepted}, 0, outcomes{
			rx.Given:     func(p rx.Prescription) bool { return p.ProofDone.Set() },
			rx.NotWanted: func(p rx.Prescription) bool { return p.ProofDone.Set() },
		}},
	} {
		var offered []rx.Outcome
		for _, o := range append([]rx.Outcome{""}, every...) {
			t.Run(c.kind.String()+" "+string(o), func(t *testing.T) {
				d := newDesk(t)
				id := d.issued(1)[0]
				if len(c.before) > 0 && c.before[0].Kind == rx.EventExpired {
					d.clock = monday.Add(c.later)
				}
				d.happen(id, c.before...)
				d.clock, d.changes = monday.Add(c.later), 0
				version := d.is(id).Version
				i := slices.IndexFunc(d.Owed(d.items[0]), func(d rx.Duty) bool { return d.Kind == c.kind })
				if i < 0 {
					t.Fatalf("not owed: %v", d.Owed(d.items[0]))
				}
				duty := d.Owed(d.items[0])[i]
				offered = duty.Outcomes
				pdf, err := d.Settle(ctx, duty.ID(), prescribing.Answer{Outcome: o, Paper: "own-system"})
				holds, ok := c.want[o]
				if !ok {
					d.code(err, rx.CodeNoSuchOutcome)
					if d.acted(""); d.is(id).Version != version || d.changes > 0 || pdf != nil {
						t.Error("something was done")
					}
					return
				}
				d.well(err)
				if p := d.is(id); !holds(*p) || d.changes == 0 {
					t.Errorf("%+v", *p)
				}
				if paper := o == rx.ToPaper; paper != (pdf != nil) || paper && d.is(id).PaperReason != "own-system" {
					t.Errorf("a sheet of %d bytes for %q", len(pdf), d.is(id).PaperReason)
				}
			})
		}
		if len(offered) != len(c.want) {
			t.Errorf("%s offers %v, of which %d are tested", c.kind, offered, len(c.want))
		}
		asked[c.kind] = true
	}
	for _, k := range rx.Duties {
		if !asked[k] {
			t.Errorf("%s is not tested", k)
		}
	}
}

var every = []rx.Outcome{rx.SendAgain, rx.Send, rx.ToPaper, rx.Withdraw, rx.CameOut, rx.DidNotComeOut, rx.Handed, rx.WasDestroyed, rx.WasNoted,
	rx.Given, rx.NotWanted, rx.WasTold, rx.OnlyHere, rx.AlsoThere, rx.NothingGiven, rx.PaperGiven, rx.SentElsewhere}

func TestSettleWhatIsNotOwed(t *testing.T) {
	d := newDesk(t)
	id := d.issued(1)[0]
	for _, duty := range []string{"", "nonsense", string(id), string(id) + ".nonsense", string(id) + ".tell"} {
		for _, o := range []rx.Outcome{rx.WasTold, rx.ToPaper} {
			_, err := d.Settle(ctx, duty, prescribing.Answer{Outcome: o, Paper: "own-line"})
			d.code(err, rx.CodeNotOwed)
		}
	}
	for _, o := range []rx.Outcome{rx.WasTold, rx.ToPaper} {
		_, err := d.Settle(ctx, "019a0000-0000-7000-8000-000000000001.tell", prescribing.Answer{Outcome: o, Paper: "own-line"})
		d.code(err, rx.CodeNotFound)
	}
	d.clock = monday.Add(5 * time.Hour)
	_, err := d.Settle(ctx, string(id)+".reconfirm", prescribing.Answer{Outcome: rx.ToPaper})
	d.code(err, rx.CodeReasonMissing)
	d.items[0].Around.ReplacedOpen = true // nothing of it is unknown: nothing is forced
	_, err = d.Settle(ctx, string(id)+".reconfirm", prescribing.Answer{Outcome: rx.ToPaper, Paper: "own-line"})
	d.code(err, rx.CodeWaitsForReplaced)
	if d.is(id).Version != 1 || d.changes > 0 {
		t.Error("something was done")
	}
}

// A row that others change meanwhile is read again and the act tried on it as it then
// stands; not for ever.
func TestConflicts(t *testing.T) {
	for _, conflicts := range []int{0, 1, 7, 8} {
		d := newDesk(t)
		id := d.issued(1)[0]
		left := conflicts
		d.before = func(op string) error {
			if op == "apply twin" && left > 0 {
				left--
				return rx.Fault(rx.CodeConflict)
			}
			return nil
		}
		p, err := d.Twin(ctx, id)
		want, told := rx.Code(""), 1
		if conflicts == 8 {
			want, told = rx.CodeConflict, 0
		}
		d.code(err, want)
		if p.TwinOpen() != (told == 1) || d.changes != told || strings.Count(strings.Join(d.log, " "), "item") != min(conflicts+1, 8) {
			t.Errorf("after %d conflicts: open %t, engine told %d times: %v", conflicts, p.TwinOpen(), d.changes, d.log)
		}
	}
	d := newDesk(t)
	id := d.issued(1)[0]
	first := true
	d.before = func(op string) error { // between reading and writing it leaves
		if op == "apply claimed" && first {
			first = false
			d.happen(id, mark)
		}
		return nil
	}
	pdf, err := d.Paper(ctx, []rx.ID{id}, prescribing.Claim{Reason: "own-line"})
	d.code(err, rx.CodeBeingSent)
	if pdf != nil || d.is(id).State != rx.StateSending {
		t.Errorf("%s, %d bytes", d.is(id).State, len(pdf))
	}
}
