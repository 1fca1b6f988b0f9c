package restore

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/simulator/world"
)

// play is the whole run: a path, the copy, what the copy does not know, the copy at work, the judgement.
func (r *run) play() {
	defer r.end()
	beside := []*life{r.patient("beside, left to itself"), r.patient("beside, to paper"), r.patient("beside, redone")}
	subject := r.patient("subject")
	r.plan(r.faults)
	if r.by(2) { // what waits beside it is waiting for Recip-e
		r.plan(down)
	}
	for _, l := range beside {
		r.issue(r.original, l)
	}
	r.pass(30 * time.Second)
	r.plan(r.faults)
	r.arm()
	r.walk(subject)
	if r.at == "" {
		r.mu.Lock()
		r.copied = true
		r.mu.Unlock()
		r.take()
	}
	if !r.isCopied() {
		r.broken("the step was never met")
	}
	r.loseTime(beside)

	desks := r.open()
	here := desks[len(desks)-1]
	if r.tooShort(here) {
		return
	}
	if r.by(2) && !r.both { // paper beside an original that may still send: see beyond_test.go
		r.force(here)
	}
	for _, d := range desks {
		r.quiet(d)
	}
	r.retry(here)
	if r.by(2) {
		slices.Reverse(desks)
	}
	r.settle(desks...)
	if r.then != nil {
		r.must(desks[0].close())
		desks[0] = r.then(r)
		r.quiet(desks[0])
		r.retry(desks[0])
		r.settle(desks[0])
	}
	r.judge(desks)
}

// pass lets time pass, in which the senders work.
func (r *run) pass(d time.Duration) { time.Sleep(d) }

func (r *run) arm() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.armed = true
}

// patient is a new invented one, with what they are prescribed.
func (r *run) patient(name string) *life {
	n := len(r.lives)
	first := 600101001 + int64(n)*10_000_000
	id, err := rx.NewID(time.Now(), r.original.dir.Rand)
	r.must(err)
	l := &life{name: name, order: rx.Request{ID: id,
		Patient: rx.Patient{SSIN: rx.SSIN(fmt.Sprintf("%09d%02d", first, 97-first%97)), FirstName: "Fictif", LastName: fmt.Sprint("Exemple", n),
			BirthDate: rx.Date{Year: 1960 + n, Month: 1, Day: 1}, Sex: rx.Male, Language: rx.FR},
		Lines: []rx.Line{{Kind: rx.Package, CNK: "0318717", Quantity: 1, Posology: rx.Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, DurationDays: 5}}}}}
	r.lives = append(r.lives, l)
	return l
}

func (r *run) issue(d *desk, l *life) prescribing.Done {
	r.note("%s: issue %s", d.name, l.name)
	if l.locals == nil {
		l.locals = []rx.ID{rx.LocalIDOf(l.order.ID, 0)} // before it is there: the copy may be made in the middle
	}
	done, err := d.Service.Issue(ctx, l.order, l.how)
	if rx.CodeOf(err) != rx.CodeAnswerRestored { // a sheet that waits for the answer
		r.must(err)
	}
	return done
}

// item is the prescription of a life that counts: the replacement where there is one.
func (r *run) item(d *desk, l *life) (rx.Item, bool) {
	all, err := d.Service.Store.List(ctx, rx.Filter{})
	r.must(err)
	for _, local := range slices.Backward(l.locals) {
		for _, item := range all {
			if item.LocalID() == local {
				return item, true
			}
		}
	}
	return rx.Item{}, false
}

// walk takes the subject along its path, which may be waited for at each step.
func (r *run) walk(l *life) {
	d := r.original
	r.issue(d, l)
	r.pass(20 * time.Second)
	if r.stage.path == send {
		if r.at != "" && !r.isCopied() {
			r.plan(r.faults)
			r.pass(2 * time.Minute)
		}
		return
	}
	r.print(d, l)
	if r.stage.path == paper {
		r.hand(d, l)
		return
	}
	r.destroyAndRedo(d, l)
	if !r.isCopied() {
		r.plan(fine)
		r.pass(20 * time.Minute)
	}
}

// print takes a life to paper, and the sheet comes out.
func (r *run) print(d *desk, l *life) {
	item, ok := r.item(d, l)
	if !ok {
		return
	}
	r.note("%s: print %s", d.name, l.name)
	if _, err := d.Service.Paper(ctx, []rx.ID{item.ID}, prescribing.Claim{Reason: "outage-recipe"}); err != nil {
		r.note("refused: %v", rx.CodeOf(err))
		return
	}
	l.drawer = true
	r.answer(d, item.ID, rx.DutyConfirmPrint, rx.CameOut)
}

// hand gives the sheet in the drawer to the patient.
func (r *run) hand(d *desk, l *life) {
	item, _ := r.item(d, l)
	if item.State != rx.StatePaper || !l.drawer {
		return
	}
	r.note("%s: hand over %s", d.name, l.name)
	l.drawer = false
	l.handed++
	r.answer(d, item.ID, rx.DutyHandOver, rx.Handed)
}

// destroyAndRedo destroys the sheet in the drawer and issues the same again.
func (r *run) destroyAndRedo(d *desk, l *life) {
	item, _ := r.item(d, l)
	if item.State != rx.StatePaper || !l.drawer {
		return
	}
	r.note("%s: redo %s", d.name, l.name)
	l.drawer = false
	l.locals = append(l.locals, rx.LocalIDOf(rx.RedoID(item.ID), 0))
	_, err := d.Service.Redo(ctx, item.ID)
	r.must(err)
}

func (r *run) answer(d *desk, id rx.ID, kind rx.DutyKind, o rx.Outcome) {
	r.note("%s: %s: %s", d.name, kind, o)
	_, err := d.Service.Settle(ctx, rx.Duty{Kind: kind, Prescription: id}.ID(), prescribing.Answer{Outcome: o, Paper: "outage-recipe"})
	r.must(err)
}

// loseTime is what happens at the original after the copy was made.
func (r *run) loseTime(beside []*life) {
	d := r.original
	r.note("what the copy does not know")
	r.plan(down)
	if r.by(2) {
		r.print(d, beside[1])
		r.hand(d, beside[1])
	}
	if r.by(2) {
		r.print(d, beside[2])
		r.destroyAndRedo(d, beside[2])
	}
	if !r.by(4) {
		r.newOrders(d)
	}
	if !r.by(3) {
		r.plan(fine)
	}
	r.pass(time.Duration(1+r.rng.IntN(20)) * time.Minute)
	if r.by(3) { // a pharmacist delivers what is there
		for _, rec := range r.truth().Records {
			if rec.Status == rx.NotDelivered {
				r.must(r.world.Act(world.Deliver, rec.RID, time.Now()))
			}
		}
	}
}

// newOrders are orders that the copy does not know.
func (r *run) newOrders(d *desk) {
	r.issue(d, r.patient("unknown to the copy"))
	byHand := r.patient("unknown to the copy, by hand")
	byHand.how = prescribing.How{Paper: "outside-practice", Handwritten: true}
	r.issue(d, byHand)
	byHand.handed++
	printed := r.patient("unknown to the copy, printed")
	printed.how = prescribing.How{Paper: "outside-practice"}
	r.issue(d, printed)
	printed.drawer = true
	if r.by(2) {
		item, _ := r.item(d, printed)
		r.answer(d, item.ID, rx.DutyConfirmPrint, rx.CameOut)
		r.hand(d, printed)
	}
}

// open puts the copy to work. Of the desks that are open then the last is the copy.
func (r *run) open() []*desk {
	o := r.original
	acted := o.did()
	var desks []*desk
	if r.both {
		desks = append(desks, o)
	} else {
		marks := o.marks()
		r.must(o.close())
		if r.by(2) {
			r.note("cut off: the last mark is that of the last act")
			r.putMarks(marks)
		}
	}
	d := r.place.open(r)
	if acted && d.restored == 0 {
		r.broken("the copy was not recognised")
	}
	return append(desks, d)
}

// marks are the files outside the directory, by path.
func (d *desk) marks() map[string][]byte {
	files := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(d.dir.Marks, "*"))
	d.r.must(err)
	for _, name := range names {
		files[name], err = os.ReadFile(name)
		d.r.must(err)
	}
	return files
}

func (r *run) putMarks(files map[string][]byte) {
	for name, text := range files {
		r.must(os.WriteFile(name, text, 0o600))
	}
}

// tooShort is of a copy that is older by lines without any act, where the program was cut off since: it cannot be told from one whose log lost its end.
// It is called damaged, and sends nothing.
func (r *run) tooShort(d *desk) bool {
	r.pass(time.Second)
	if !d.isDamaged() {
		return false
	}
	if d.restored > 0 || r.original.did() {
		r.broken("%s: a copy that is older by an act is called damaged", d.name)
	}
	there := r.records()
	r.pass(time.Hour)
	if d.creates() > 0 || r.records() > there {
		r.broken("%s: damaged, and something was sent", d.name)
	}
	r.met[shortened]++
	return true
}

// quiet: nobody answers. Nothing is sent of what is asked, nothing goes to paper, nothing is redone.
func (r *run) quiet(d *desk) {
	r.note("%s: nobody answers", d.name)
	r.plan(fine)
	items, err := d.Service.Store.List(ctx, rx.Filter{})
	r.must(err)
	before := d.creates()
	for _, item := range items {
		if !item.RestoredOpen() {
			continue
		}
		r.met[questions]++
		if !slices.ContainsFunc(d.Service.Owed(item), func(o rx.Duty) bool { return o.Kind == rx.DutyRestored && len(o.Outcomes) == 3 }) {
			r.broken("%s: no question about what is %s", d.name, item.State)
		}
		pdf, err := d.Service.Paper(ctx, []rx.ID{item.ID}, prescribing.Claim{Reason: "outage-recipe", AlthoughUnknown: true})
		if len(pdf) > 0 || err == nil {
			r.broken("%s: a sheet before the answer, of what was %s", d.name, item.State)
		}
		r.met[refused]++
		if _, err := d.Service.Redo(ctx, item.ID); err == nil {
			r.broken("%s: issued again before the answer", d.name)
		}
	}
	r.pass(world.LongestProcessing + time.Minute) // what the original sent may still be processed
	there := r.records()
	r.pass(10 * time.Minute)
	if n := d.creates() - before; n > 0 && d.restored > 0 {
		r.broken("%s: %d creates before the answer", d.name, n)
	}
	if !r.both && d.restored > 0 && r.records() > there {
		r.broken("%s: a record came before the answer", d.name)
	}
	r.timelines(d)
}

func (r *run) records() int { return len(r.truth().Records) }

// timelines: after a restore no attempt is made before a person's answer, nor while an earlier attempt may have arrived.
func (r *run) timelines(d *desk) {
	items, err := d.Service.Store.List(ctx, rx.Filter{})
	r.must(err)
	for _, item := range items {
		lines, err := d.Service.Store.Timeline(ctx, item.ID)
		r.must(err)
		asked, unknown := false, false
		for _, l := range lines {
			switch l.Event.Kind {
			case rx.EventRestored:
				asked, unknown = true, l.To == rx.StateUnknown
			case rx.EventRestoredAns:
				asked = false
			case rx.EventAbsent:
				unknown = false
			case rx.EventMarked, rx.EventClaimed, rx.EventPrinted:
				if asked || unknown && l.Event.Kind == rx.EventMarked {
					r.broken("%s: %s before the answer or the look-up", d.name, l.Event.Kind)
				}
				if l.Event.Kind == rx.EventMarked && item.Restored.Set() && l.Event.At.After(item.Restored.At) {
					r.met[sent]++
				}
			}
		}
	}
}

// retry is a caller who does not know what became of an order.
func (r *run) retry(d *desk) {
	before := d.creates()
	for _, l := range r.lives {
		if l.known || r.by(4) {
			continue
		}
		done := r.issue(d, l)
		if done.Existing {
			continue
		}
		r.met[retries]++
		issued, err := d.Service.Store.Order(ctx, l.order.ID)
		r.must(err)
		for _, p := range issued.Prescriptions {
			if !p.RestoredOpen() && !l.how.Handwritten { // what was written by hand is with the patient: the order says so
				r.broken("%s: an order of the lost copy is issued again, and nobody is asked", d.name)
			}
		}
		if len(done.Sheet) > 0 {
			r.broken("%s: a sheet of an order of the lost copy is made again", d.name)
		}
	}
	r.pass(6 * time.Minute)
	if n := d.creates() - before; n > 0 {
		r.broken("%s: %d creates of orders that the lost copy may have sent", d.name, n)
	}
	r.timelines(d)
}

// force: the doctor answers that nothing was given and does not wait for the look-up. What is at the server then has to go.
func (r *run) force(d *desk) {
	items, err := d.Service.Store.List(ctx, rx.Filter{State: rx.StateUnknown})
	r.must(err)
	r.plan(down)
	for _, item := range items {
		l := r.lifeOf(item)
		if !item.RestoredOpen() || l.handed > 0 || r.delivered(l) || l.redone() {
			continue
		}
		r.met[forced]++
		r.answer(d, item.ID, rx.DutyRestored, rx.NothingGiven)
		_, err := d.Service.Paper(ctx, []rx.ID{item.ID}, prescribing.Claim{Reason: "outage-recipe", AlthoughUnknown: true})
		r.must(err)
		l.drawer = true
		r.answer(d, item.ID, rx.DutyConfirmPrint, rx.CameOut)
		r.hand(d, l)
		return
	}
}
