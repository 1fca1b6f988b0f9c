package cli

import (
	"errors"
	"slices"
	"strings"

	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// Codes of commands about what is at Recip-e.
const (
	CodePatientNone    rx.Code = "patient-none"    // the words fit no patient
	CodePatientSeveral rx.Code = "patient-several" // they fit several (n)
)

// away are the codes of what is so whatever Recip-e is asked.
var away = []rx.Code{prescribing.CodePlatformAway, prescribing.CodePlatformUncalled, prescribing.CodePlatformRebuffed}

// refreshCmd reads how prescriptions stand at Recip-e now.
type refreshCmd struct {
	IDs []id `arg:"" name:"id" help:"${help_ids}"`
}

func (c refreshCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	var faults []error
	for _, id := range c.IDs {
		_, err := s.Service.Refresh(r.ctx, id.ID)
		faults = append(faults, err)
		if slices.Contains(away, rx.CodeOf(err)) { // for the others too
			break
		}
	}
	if len(c.IDs) == 1 && faults[0] != nil {
		return Failed, faults[0]
	}
	exit := Done
	for _, err := range faults {
		if err != nil {
			exit = exit.or(r.tell(err))
		}
	}
	return r.reached(plain(c.IDs), exit)
}

// visibilityCmd changes who finds a prescription.
type visibilityCmd struct {
	ID         id     `arg:"" name:"id" help:"${help_id}"`
	Visibility string `arg:"" enum:"open,locked" name:"open|locked" help:"${help_visibility_to}"`
}

func (c visibilityCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	if _, err := s.Service.SetVisibility(r.ctx, c.ID.ID, rx.Visibility(c.Visibility)); err != nil {
		return Failed, err
	}
	return r.reached(plain([]id{c.ID}), Done)
}

// askFeedbackCmd changes whether pharmacists may write back.
type askFeedbackCmd struct {
	ID   id     `arg:"" name:"id" help:"${help_id}"`
	Flag string `arg:"" enum:"on,off" name:"on|off" help:"${help_ask_feedback_to}"`
}

func (c askFeedbackCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	if _, err := s.Service.SetFeedback(r.ctx, c.ID.ID, c.Flag == "on"); err != nil {
		return Failed, err
	}
	return r.reached(plain([]id{c.ID}), Done)
}

// notifyCmd says something to a pharmacy; the text comes from the standard input.
type notifyCmd struct {
	ID              id     `arg:"" name:"id" help:"${help_id}"`
	Pharmacy        string `required:"" placeholder:"NNNNNNNN" help:"${help_pharmacy}"`
	AlthoughUnknown bool   `help:"${help_notify_although}"`
}

func (c notifyCmd) do(r *run) (Exit, error) {
	text, err := r.words()
	if err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	_, err = s.Service.Notify(r.ctx, c.ID.ID, prescribing.Notification{Pharmacy: c.Pharmacy, Text: text, Again: c.AlthoughUnknown})
	switch rx.CodeOf(err) {
	case "":
		return r.reached(plain([]id{c.ID}), Done)
	case prescribing.CodeNotifyUnknown: // somebody must ask the pharmacy
		r.tell(err)
		return r.reached(plain([]id{c.ID}), NeedsPerson)
	}
	return Failed, err
}

// openCmd tells what Recip-e holds as open for a patient: by the words on the standard input,
// or by the id that `patients find` gives.
type openCmd struct {
	Patient id `placeholder:"ID" help:"${help_patient}"`
}

func (c openCmd) do(r *run) (Exit, error) {
	words := ""
	if c.Patient.ID == "" {
		var err error
		if words, err = r.words(); err != nil {
			return Failed, err
		}
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	exit := Done
	patient := c.Patient.ID
	if patient == "" {
		found, lost := s.Service.FindPatients(r.ctx, words)
		if exit, err = r.partly(exit, lost); err != nil {
			return Failed, err
		}
		switch len(found) {
		case 0:
			return Failed, rx.Fault(CodePatientNone)
		case 1:
			patient = found[0].ID
		default:
			return Failed, rx.Fault(CodePatientSeveral, "n", i18n.Int(len(found)))
		}
	}
	all, err := s.Service.AtRecipe(r.ctx, patient)
	if err != nil && len(all) == 0 {
		return Failed, err
	}
	if err != nil {
		exit = exit.or(r.tell(err))
	}
	p := r.present()
	var out formats.AtRecipe
	for _, st := range all {
		out.Prescriptions = append(out.Prescriptions, p.standing(st))
	}
	return exit, r.answer(out, func(pg *page) {
		if len(all) == 0 {
			pg.say("cli.open.none")
		}
		for _, st := range all {
			pg.standing(p, st)
		}
	})
}

// feedbackCmd tells what pharmacists wrote.
type feedbackCmd struct {
	Read bool `help:"${help_feedback_read}"`
}

func (c feedbackCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	exit := Done
	fresh, err := s.Service.FetchFeedback(r.ctx, c.Read)
	if err != nil { // what is kept is shown all the same
		exit = r.tell(err)
	}
	all, lost := s.Service.Feedback(r.ctx)
	if exit, err = r.partly(exit, lost); err != nil {
		return Failed, err
	}
	p := r.present()
	out := formats.FeedbackList{Fresh: fresh}
	for _, w := range all {
		out.Feedback = append(out.Feedback, p.feedback(w))
	}
	if err := r.answer(out, func(pg *page) {
		if len(all) == 0 {
			pg.say("cli.feedback.none")
		}
		for _, w := range all {
			pg.feedback(p, w)
		}
	}); err != nil || !c.Read {
		return exit, err
	}
	for _, w := range all { // it was shown
		if err := s.Service.SeeFeedback(r.ctx, w); err != nil {
			return Failed, err
		}
	}
	return exit, nil
}

// reached tells how prescriptions of ours stand at Recip-e after an act.
func (r *run) reached(ids []rx.ID, exit Exit) (Exit, error) {
	p := r.present()
	items, err := p.these(r.ctx, ids)
	if err != nil {
		return Failed, err
	}
	var out formats.AtRecipe
	var all []prescribing.Standing
	for _, item := range items {
		st := prescribing.Standing{RID: item.RID(), Item: &item}
		all = append(all, st)
		out.Prescriptions = append(out.Prescriptions, p.standing(st))
	}
	return exit, r.answer(out, func(pg *page) {
		for _, st := range all {
			pg.standing(p, st)
		}
	})
}

func (p present) standing(st prescribing.Standing) formats.Standing {
	out := formats.Standing{RID: st.RID, Listed: st.Listed, Differs: string(st.Differ), Sealed: st.Sealed, Error: p.fault(st.Err)}
	if c := st.Content; c != nil {
		out.Content = &formats.Content{Author: c.Author, Written: c.Written, Expires: c.Expires}
		for _, l := range c.Lines {
			out.Content.Lines = append(out.Content.Lines, formats.ContentLine(l))
		}
	}
	if st.Item == nil {
		return out
	}
	item := *st.Item
	out.ID, out.State, out.Medicine = item.ID, item.State.String(), item.Facts.Product.Name
	if i := slices.IndexFunc(item.Records, func(rec rx.Record) bool { return rec.RID == st.RID }); i >= 0 {
		rec := item.Records[i]
		out.Status, out.Read = string(rec.Status), p.when(rec.Read)
		out.Visibility, out.Feedback = string(rec.VisibilityOf(item.Facts)), rec.AsksFeedback(item.Facts)
	}
	for _, n := range item.Notices {
		result := string(n.Result)
		if n.Result == rx.OnTheWire {
			result = "on-the-wire"
		}
		out.Notices = append(out.Notices, formats.Notice{N: n.N, Pharmacy: n.Pharmacy, At: p.when(n.At), Result: result})
	}
	return out
}

// fault is an error as a member of an answer.
func (p present) fault(err error) *formats.Fault {
	if err == nil {
		return nil
	}
	s := i18n.Say(p.lang, err)[0]
	return &formats.Fault{Code: string(s.Code), Path: s.Path, Message: s.What, Next: s.Next}
}

// standing writes one for people: what it is, how it stands, what differs and what follows.
func (pg *page) standing(p present, st prescribing.Standing) {
	here, today := p.svc.Now().Location(), rx.DateOf(p.svc.Now())
	if item := st.Item; item != nil {
		pg.line("%s", item.Facts.Product.Name)
		pg.line("    %s", i18n.State(p.lang, item.Prescription, p.svc.Owed(*item)))
		if i := slices.IndexFunc(item.Records, func(rec rx.Record) bool { return rec.RID == st.RID }); i >= 0 {
			rec := item.Records[i]
			pg.line("    RID %s · %s", string(st.RID), i18n.Status(p.lang, rec.Status, rec.Read.In(here), today))
			v := rec.VisibilityOf(item.Facts)
			pg.line("    %s", pg.run.text("beyond.visibility."+string(v)))
			if rec.AsksFeedback(item.Facts) {
				pg.line("    %s", pg.run.text("beyond.feedback.asked"))
			}
		} else { // not known as one of its records
			pg.line("    RID %s", string(st.RID))
		}
		for _, n := range item.Notices {
			result := string(n.Result)
			if n.Result == rx.OnTheWire {
				result = "unanswered"
			}
			pg.line("    %s", pg.run.text("beyond.notice."+result, "pharmacy", n.Pharmacy, "moment", i18n.Moment(p.lang, n.At.In(here))))
		}
		pg.line("    %s", string(item.ID))
	} else {
		pg.line("%s", pg.run.text("beyond.other"))
		pg.line("    RID %s", string(st.RID))
	}
	if c := st.Content; c != nil && st.Item == nil {
		for _, l := range c.Lines {
			pg.line("    %s", strings.Trim(l.Name+" · "+l.Posology, " ·"))
		}
		if c.Author != "" {
			pg.line("    %s", pg.run.text("beyond.author", "name", c.Author, "date", c.Written))
		}
	}
	if st.Sealed != "" && st.Item == nil {
		pg.line("    %s", pg.run.text("beyond.sealed."+st.Sealed))
	}
	if st.Differ != prescribing.Alike {
		pg.line("    → %s", pg.run.text("beyond.differs."+string(st.Differ)))
	}
	var fault *rx.Error
	if errors.As(st.Err, &fault) {
		pg.line("    %s", i18n.Say(p.lang, fault)[0].What)
	}
}

func (p present) feedback(w prescribing.Written) formats.Feedback {
	out := formats.Feedback{RID: w.RID, By: w.By, Sent: p.when(w.Sent), Text: w.Text, Sealed: w.Sealed}
	if w.Item != nil {
		out.Prescription, out.Medicine = w.Item.ID, w.Item.Facts.Product.Name
	}
	return out
}

// feedback writes one for people.
func (pg *page) feedback(p present, w prescribing.Written) {
	if w.Item != nil {
		patient := w.Item.Facts.Patient
		pg.line("%s %s · %s · %s", patient.LastName, patient.FirstName, i18n.Date(patient.BirthDate), w.Item.Facts.Product.Name)
	} else {
		pg.line("%s", pg.run.text("beyond.other"))
	}
	pg.line("    RID %s · %s", string(w.RID), pg.run.text("beyond.feedback.from", "sender", w.By, "moment", i18n.Moment(p.lang, w.Sent.In(p.svc.Now().Location()))))
	if w.Sealed {
		pg.line("    %s", pg.run.text("beyond.feedback.sealed"))
	} else {
		pg.line("    %s", w.Text)
	}
}

// deliverCmd and writeBackCmd are the hands of a pharmacist in the simulated world.
type deliverCmd struct {
	RID string `arg:"" name:"rid" help:"${help_rid}"`
}

func (c deliverCmd) do(r *run) (Exit, error) {
	rid, err := rx.ParseRID(c.RID)
	if err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	return Done, s.Dispense(rid)
}

type writeBackCmd struct {
	RID string `arg:"" name:"rid" help:"${help_rid}"`
}

func (c writeBackCmd) do(r *run) (Exit, error) {
	rid, err := rx.ParseRID(c.RID)
	if err != nil {
		return Failed, err
	}
	text, err := r.words()
	if err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	return Done, s.WriteBack(rid, text)
}
