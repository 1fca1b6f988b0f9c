package cli

import (
	"strconv"

	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/rx"
	"relais/app/wiring"
)

// verifyCmd checks the data directory whole, without writing anything in it.
type verifyCmd struct{}

func (verifyCmd) do(r *run) (Exit, error) {
	s, err := r.openReadOnly()
	if err != nil {
		return Failed, err
	}
	report := s.Report()
	out := formats.Verified{Sound: report.Sound(), Prescriptions: formats.Tally(report.Prescriptions), Patients: formats.Tally(report.Patients),
		Orders: formats.Tally(report.Orders)}
	for _, f := range report.Findings {
		out.Findings = append(out.Findings, formats.Finding{Table: f.Table, Row: f.Row, What: string(f.What)})
	}
	exit := Done
	if !out.Sound {
		exit = Damage
	}
	return exit, r.answer(out, func(pg *page) { pg.report(report) })
}

// few is how many rows of a kind are named to people; with --json all are.
const few = 20

// report writes what was found: how much is sound, what is not, and what to do.
func (pg *page) report(r *wiring.Report) {
	if r.Sound() {
		pg.say("cli.verify.sound")
	} else {
		pg.say("cli.verify.damaged")
	}
	for _, t := range []struct {
		key   string
		tally formats.Tally
	}{{"prescriptions", formats.Tally(r.Prescriptions)}, {"patients", formats.Tally(r.Patients)}, {"orders", formats.Tally(r.Orders)}} {
		pg.say("cli.verify."+t.key, "sound", strconv.Itoa(t.tally.Sound), "all", strconv.Itoa(t.tally.All))
	}
	if r.Sound() {
		return
	}
	type kind struct{ table, what string }
	rows, order := map[kind][]string{}, []kind{}
	for _, f := range r.Findings {
		k := kind{f.Table, string(f.What)}
		if rows[k] == nil {
			order = append(order, k)
		}
		rows[k] = append(rows[k], f.Row)
	}
	for _, k := range order {
		pg.line("• %s: %s", k.table, i18n.Count(pg.lang, "cli.verify."+k.what, len(rows[k])))
		for i, row := range rows[k] {
			if i == few {
				pg.line("    …")
				break
			}
			if row != "" {
				pg.line("    %s", row)
			}
		}
	}
	pg.say("cli.verify.next")
}

// exportCmd writes what is sound for other programs.
type exportCmd struct {
	CSV string `name:"csv" required:"" placeholder:"DIR" help:"${help_csv}"`
}

func (c exportCmd) do(r *run) (Exit, error) {
	s, err := r.openReadOnly()
	if err != nil {
		return Failed, err
	}
	done, err := s.Export(r.ctx, c.CSV)
	if err != nil {
		return Failed, err
	}
	exit := Done
	if done.Findings > 0 {
		exit = Damage
	}
	out := formats.Exported{Directory: done.Dir, Files: done.Files, Patients: done.Patients, Prescriptions: done.Prescriptions, Findings: done.Findings}
	return exit, r.answer(out, func(pg *page) {
		pg.say("cli.export.done", "directory", done.Dir, "patients", strconv.Itoa(done.Patients), "prescriptions", strconv.Itoa(done.Prescriptions))
		if done.Findings > 0 {
			pg.say("cli.export.damaged", "file", done.Files[len(done.Files)-1])
		}
		pg.say("cli.export.private")
	})
}

// reader is a command that only reads: what it cannot read in place it reads from a sound
// copy.
type reader interface{ reads() }

func (listCmd) reads()   {}
func (showCmd) reads()   {}
func (statusCmd) reads() {}
func (findCmd) reads()   {}

// unreadable are the faults after which a directory can still be read.
var unreadable = map[rx.Code]bool{rx.CodeDamaged: true, rx.CodeReadOnly: true, rx.CodeDiskFull: true, rx.CodeIO: true, rx.CodeNewer: true}

// aside runs a reading command again on what is sound, and tells that it does.
func (r *run) aside(c command, why error) (Exit, error) {
	if err := r.close(); err != nil && !unreadable[rx.CodeOf(err)] {
		return Failed, err
	}
	r.session, r.readingOnly = nil, true
	r.tell(why)
	exit, err := c.do(r)
	if err != nil {
		return exit, err
	}
	r.complain([]i18n.Said{{What: r.text("cli.reading-only"), Next: r.text("error.reading-only.next")}})
	if r.session.Report().Sound() { // the disk, or the version, is what stood in the way
		return exit, nil
	}
	if unread := r.session.Unread(); unread != nil {
		r.tell(unread)
	}
	return exit.or(Damage), nil
}

// partly tells of what a list lacks; any other error ends the command.
func (r *run) partly(exit Exit, err error) (Exit, error) {
	if rx.CodeOf(err) != rx.CodeUnread {
		return exit, err
	}
	r.tell(err)
	return exit.or(Damage), nil
}
