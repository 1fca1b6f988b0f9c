package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/rx"
	"relais/app/wiring"
)

// listCmd lists prescriptions, newest first, or drafts.
type listCmd struct {
	State   string `placeholder:"STATE" help:"${help_state}"`
	Patient id     `placeholder:"ID" help:"${help_patient}"`
}

const stateDraft = "draft"

func (c listCmd) do(r *run) (Exit, error) {
	f := rx.Filter{Patient: c.Patient.ID}
	if c.State != "" && c.State != stateDraft {
		state, err := rx.ParseState(c.State)
		if err != nil {
			return Failed, err
		}
		f.State = state
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	if c.State == stateDraft {
		return r.drafts()
	}
	items, lost := s.Service.Store.List(r.ctx, f)
	exit, err := r.partly(Done, lost)
	if err != nil {
		return Failed, err
	}
	p := r.present()
	var out formats.Listing
	rows := make([][]string, len(items))
	for i, item := range items {
		out.Prescriptions = append(out.Prescriptions, p.listed(item))
		patient := item.Facts.Patient
		rows[i] = []string{item.Issued.In(s.Service.Now().Location()).Format("02/01/2006 15:04"), patient.LastName + " " + patient.FirstName,
			item.Facts.Product.Name, i18n.State(r.lang, item.Prescription, s.Service.Owed(item)), string(item.ID)}
	}
	return exit, r.answer(out, func(pg *page) {
		if len(rows) == 0 {
			pg.say("cli.list.none")
		}
		pg.table(rows)
	})
}

// drafts are listed line by line, each under its draft's id.
func (r *run) drafts() (Exit, error) {
	svc := r.session.Service
	drafts, err := svc.Store.Drafts(r.ctx)
	if err != nil {
		return Failed, err
	}
	var out formats.Listing
	var rows [][]string
	for _, d := range drafts {
		for i, l := range d.Request.Lines {
			name := r.named(l)
			out.Prescriptions = append(out.Prescriptions, formats.Listed{
				Prescription: formats.Prescription{Line: i, ID: d.ID, State: stateDraft, Door: string(rx.DoorNone)},
				Order:        d.ID, Issued: r.present().when(d.Updated), Medicine: name,
			})
			patient := d.Request.Patient
			rows = append(rows, []string{d.Updated.In(svc.Now().Location()).Format("02/01/2006 15:04"), patient.LastName + " " + patient.FirstName, name,
				r.text("state.draft"), string(d.ID)})
		}
	}
	return Done, r.answer(out, func(pg *page) {
		if len(rows) == 0 {
			pg.say("cli.list.none")
		}
		pg.table(rows)
	})
}

// named is what a line that is not issued names.
func (r *run) named(l rx.Line) string {
	medicines := r.session.Service.Medicines
	if m, ok := medicines.ByCNK(l.CNK); ok {
		return m.Name.In(r.lang)
	}
	if m, ok := medicines.ByGroup(l.VMPGroup); ok {
		return m.Name.In(r.lang)
	}
	for _, name := range []string{l.Name, l.Text} {
		if name != "" {
			return strings.Join(strings.Fields(name), " ")
		}
	}
	return r.text("kind." + string(l.Kind))
}

// showCmd shows all that is known of a prescription.
type showCmd struct {
	ID id `arg:"" name:"id" help:"${help_id}"`
}

func (c showCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	item, err := s.Service.Store.Item(r.ctx, c.ID.ID)
	if err != nil {
		return Failed, err
	}
	timeline, err := s.Service.Store.Timeline(r.ctx, c.ID.ID)
	if err != nil {
		return Failed, err
	}
	p := r.present()
	shown := p.shown(item, timeline)
	return Done, r.answer(shown, func(pg *page) { pg.whole(p, item, shown) })
}

// whole writes a prescription with its way.
func (pg *page) whole(p present, item rx.Item, shown formats.Shown) {
	f, here := item.Facts, p.svc.Now().Location()
	pg.line("%s %s · %s", f.Patient.LastName, f.Patient.FirstName, i18n.Date(f.Patient.BirthDate))
	pg.line("%s", f.Product.Name)
	pg.line("%s", f.PosologyText)
	pg.say("cli.show.dates", "begin", i18n.Date(f.Content.Begin), "end", i18n.Date(f.Content.Expires))
	pg.line("%s", i18n.State(p.lang, item.Prescription, p.svc.Owed(item)))
	pg.refusal(p, item, "")
	if item.Proofs > 0 {
		pg.line("%s", i18n.Count(p.lang, "cli.show.proofs", item.Proofs))
	}
	for _, rec := range item.Records {
		pg.line("RID %s · %s", string(rec.RID), i18n.Status(p.lang, rec.Status, rec.Read.In(here), rx.DateOf(p.svc.Now())))
	}
	if unread := i18n.Unread(p.lang, item.Prescription); unread != "" {
		pg.line("%s", unread)
	}
	for _, d := range p.svc.Owed(item) {
		pg.duty(p, d)
	}
	pg.line("")
	var rows [][]string
	for i, h := range shown.Timeline {
		event := pg.run.text("event." + h.Event)
		if h.Foreign {
			event = pg.run.text("event.read-back.foreign")
		}
		if h.Event == rx.EventPrinted.String() && h.From == rx.StateConfirmed.String() {
			event = pg.run.text("event.printed.proof")
		}
		at := ""
		if t := shown.Timeline[i].At; len(t) >= 19 {
			at = t[8:10] + "/" + t[5:7] + "/" + t[:4] + " " + t[11:19]
		}
		detail := h.Why
		if h.Attempt > 0 {
			detail = strings.TrimSpace(pg.run.text("cli.show.attempt", "n", i18n.Int(h.Attempt)) + " " + detail)
		}
		rows = append(rows, []string{at, event, strings.Trim(detail+" · "+strings.Join(strings.Fields(h.Text), " "), " ·")})
	}
	pg.table(rows)
}

// duty writes one duty: what is owed and why, what to do, how to answer.
func (pg *page) duty(p present, d rx.Duty) {
	name, why, next := i18n.Duty(p.lang, d)
	pg.line("• %s: %s", name, why)
	pg.line("  → %s", next)
	if !d.Deadline.IsZero() {
		pg.line("  %s", pg.run.text("cli.duty.deadline", "moment", i18n.Moment(p.lang, d.Deadline.In(p.svc.Now().Location()))))
	}
	for _, o := range d.Outcomes {
		line := fmt.Sprintf("  relais settle %s --outcome %s", d.ID(), o)
		if o == rx.ToPaper {
			line += " --reason R -o F.pdf"
		}
		pg.line("%s   (%s)", line, pg.run.text("outcome."+string(o)))
	}
}

// statusCmd tells how things stand.
type statusCmd struct{}

func (statusCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	services, err := s.Services(r.ctx)
	if err != nil {
		return Failed, err
	}
	treats, lost := s.Service.ToTreat(r.ctx)
	exit, err := r.partly(Done, lost)
	if err != nil {
		return Failed, err
	}
	waiting, err := s.Service.Store.List(r.ctx, rx.Filter{State: rx.StateReady})
	if exit, err = r.partly(exit, err); err != nil {
		return Failed, err
	}
	certificate, err := s.Identity(r.ctx)
	if err != nil && rx.CodeOf(err) != wiring.CodeNoIdentity {
		return Failed, err
	}
	p := r.present()
	out := formats.Status{Waiting: len(waiting), MedicinesAgeDays: s.MedicinesAge()}
	if err == nil {
		out.Certificate = rx.DateOf(certificate.Until).String()
	}
	if left, used, err := s.Service.FormStock(r.ctx); err != nil {
		r.tell(err)
		exit = exit.or(Failed)
	} else {
		stock := p.forms(left, used)
		out.Forms = &stock
	}
	for _, t := range treats {
		if len(t.Outcomes) > 0 {
			out.ToTreat++
		}
	}
	for _, k := range services {
		out.Services = append(out.Services, p.service(k))
	}
	return exit, r.answer(out, func(pg *page) {
		pg.line("%s", r.text("profile."+s.Profile.Name()))
		for _, k := range services {
			pg.service(p, k)
		}
		pg.ending(certificate)
		pg.line("%s", i18n.Count(r.lang, "cli.status.waiting", out.Waiting))
		pg.line("%s", i18n.Count(r.lang, "cli.status.to-treat", out.ToTreat))
		pg.line("%s", i18n.Count(r.lang, "cli.status.medicines", out.MedicinesAgeDays))
		if out.Forms != nil && out.Forms.Used {
			pg.forms(*out.Forms)
		}
	})
}

// availability in one word: unknown (never called), available, unavailable.
func availability(k wiring.Seen) string {
	switch {
	case !k.Known():
		return "unknown"
	case k.Reached:
		return "available"
	}
	return "unavailable"
}

func (p present) service(k wiring.Seen) formats.Service {
	out := formats.Service{Name: string(k.Service), Availability: availability(k), Since: p.when(k.Since), Reason: k.Why}
	if k.Known() {
		out.Evidence = append(out.Evidence, "last-call "+p.when(k.Last))
	}
	if !k.Answered.IsZero() {
		out.Evidence = append(out.Evidence, "last-answer "+p.when(k.Answered))
	}
	if k.Failures > 0 {
		out.Evidence = append(out.Evidence, fmt.Sprintf("failures %d", k.Failures))
	}
	return out
}

func (pg *page) service(p present, k wiring.Seen) {
	here := p.svc.Now().Location()
	name := pg.run.text("service." + string(k.Service))
	switch availability(k) {
	case "unknown":
		pg.say("cli.service.unknown", "name", name)
	case "available":
		if k.Why != "" {
			pg.say("cli.service.refuses", "name", name, "moment", i18n.Moment(p.lang, k.Answered.In(here)), "why", i18n.Failure(p.lang, k.Why))
			return
		}
		pg.say("cli.service.available", "name", name, "moment", i18n.Moment(p.lang, k.Answered.In(here)))
	default:
		if !rx.Silent(k.Why) { // it answered, or something else lacked
			pg.say("cli.service.unusable", "name", name, "moment", i18n.Moment(p.lang, k.Since.In(here)), "failures", i18n.Int(k.Failures), "why", i18n.Failure(p.lang, k.Why))
			return
		}
		pg.say("cli.service.unavailable", "name", name, "moment", i18n.Moment(p.lang, k.Since.In(here)), "failures", i18n.Int(k.Failures))
	}
}

// schemaCmd prints a JSON Schema; of units also their words.
type schemaCmd struct {
	Name string `arg:"" optional:"" help:"${help_name}"`
}

func (c schemaCmd) do(r *run) (Exit, error) {
	if c.Name == "" {
		_, err := fmt.Fprintln(r.Stdout, strings.Join(formats.SchemaNames(), "\n"))
		return Done, err
	}
	schema, err := formats.Schema(c.Name)
	if err != nil {
		return Failed, err
	}
	if c.Name == "unit" {
		return Done, r.units(schema)
	}
	_, err = r.Stdout.Write(schema)
	return Done, err
}

// units adds to the schema of a unit its words, singular and plural, in each language.
func (r *run) units(schema []byte) error {
	var out struct {
		Schema string                          `json:"$schema"`
		ID     string                          `json:"$id"`
		Title  string                          `json:"title"`
		Enum   []string                        `json:"enum"`
		Words  map[string]map[rx.Lang][]string `json:"x-words"`
	}
	if err := json.Unmarshal(schema, &out); err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	out.Words = map[string]map[rx.Lang][]string{}
	for _, unit := range out.Enum {
		out.Words[unit] = map[rx.Lang][]string{}
		for _, lang := range rx.Langs {
			out.Words[unit][lang] = []string{i18n.Text(lang, "unit."+unit+".one"), i18n.Text(lang, "unit."+unit+".many")}
		}
	}
	return r.json(out)
}

// findCmd finds patients by the words on the standard input.
type findCmd struct{}

func (findCmd) do(r *run) (Exit, error) {
	words, err := r.words()
	if err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	found, lost := s.Service.FindPatients(r.ctx, words)
	exit, err := r.partly(Done, lost)
	if err != nil {
		return Failed, err
	}
	var out formats.PatientList
	rows := make([][]string, len(found))
	for i, p := range found {
		out.Patients = append(out.Patients, formats.FoundPatient{ID: p.ID, Patient: p.Patient})
		rows[i] = []string{p.LastName + " " + p.FirstName, i18n.Date(p.BirthDate), p.SSIN.Dotted(), string(p.ID)}
	}
	return exit, r.answer(out, func(pg *page) {
		if len(rows) == 0 {
			pg.say("cli.patients.none")
		}
		pg.table(rows)
	})
}
