package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"relais/app/drill"
	"relais/app/formats"
	"relais/app/rx"
	"relais/app/wiring"
)

// planCmd lets calls to the simulated services of the directory fail: the drill switch of
// the command line.
type planCmd struct {
	File string `arg:"" help:"${help_file}"`
}

func (c planCmd) do(r *run) (Exit, error) {
	list, plan, err := r.readPlan(c.File)
	if err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	if err := s.SetPlan(list); err != nil {
		return Failed, err
	}
	return Done, r.answer(plan, func(p *page) {
		if len(list) == 0 {
			p.say("cli.plan.none")
		} else {
			p.say("cli.plan.set", "n", strconv.Itoa(len(list)))
		}
	})
}

// span reads a length of time that FaultPlan.Check let through.
func span(s string) time.Duration {
	d, _ := time.ParseDuration(s) // "" is none
	return d
}

// drillCmd plays outages.
type drillCmd struct {
	Seeds string `default:"1" placeholder:"N|N-M" help:"${help_seeds}"`
	Out   string `name:"out" short:"o" required:"" placeholder:"DIR" help:"${help_dir}"`
}

func (c drillCmd) do(r *run) (Exit, error) {
	first, last, ok := seeds(c.Seeds)
	if !ok {
		return Failed, misused("relais drill --seeds=N|N-M -o DIR")
	}
	var doubles, lost int
	for seed := first; seed <= last; seed++ {
		report, err := c.play(r, seed)
		if err != nil {
			return Failed, err
		}
		doubles, lost = doubles+report.Duplicates, lost+report.Lost
		err = r.answer(report, func(p *page) {
			p.say("cli.drill.done", "seed", strconv.FormatInt(report.Seed, 10), "issued", strconv.Itoa(report.Issued), "confirmed", strconv.Itoa(report.Confirmed),
				"paper", strconv.Itoa(report.Paper), "duplicates", strconv.Itoa(report.Duplicates), "lost", strconv.Itoa(report.Lost),
				"dir", filepath.Join(c.Out, name(seed)))
		})
		if err != nil {
			return Failed, err
		}
	}
	if doubles+lost > 0 {
		return Failed, rx.Fault(CodeDrillFaults, "duplicates", strconv.Itoa(doubles), "lost", strconv.Itoa(lost))
	}
	return Done, nil
}

// drillPage is the report of a seed on paper, beside the documents that were made in it.
const drillPage = "report.pdf"

func name(seed uint64) string { return fmt.Sprintf("seed-%d", seed) }

// seeds reads "7" or "1-20".
func seeds(s string) (first, last uint64, ok bool) {
	from, to, isRange := strings.Cut(s, "-")
	first, err := strconv.ParseUint(from, 10, 32)
	if last = first; isRange && err == nil {
		last, err = strconv.ParseUint(to, 10, 32)
	}
	return first, last, err == nil && first <= last && last-first < 10_000
}

// play plays one seed and writes its directory anew.
func (c drillCmd) play(r *run, seed uint64) (out formats.Drill, err error) {
	practice, err := wiring.NewPractice(r.ctx, seed)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, practice.Close(r.ctx)) }()
	report, err := drill.Run(r.ctx, practice, seed)
	if err != nil {
		return out, err
	}
	p := present{practice.Service(), r.lang}
	out = formats.Drill{Seed: int64(report.Seed), Issued: report.Issued, Confirmed: report.Confirmed, Paper: report.Paper, Refused: report.Refused,
		Withdrawn: report.Withdrawn, Unknown: report.Unknown, DutiesOpen: report.DutiesOpen, Duplicates: report.Duplicates, Lost: report.Lost}
	for _, patient := range report.Patients {
		out.Patients = append(out.Patients, formats.DrillPatient{LastName: patient.LastName, FirstName: patient.FirstName, BirthDate: patient.BirthDate.String()})
	}
	for _, l := range report.Timeline {
		h := p.happened(l.Happening)
		if l.Event.Kind == 0 {
			h = formats.Happened{At: p.when(l.Event.At), Event: "issued", To: l.To.String()}
		}
		h.Prescription = l.Prescription
		out.Timeline = append(out.Timeline, h)
	}
	dir := filepath.Join(c.Out, name(seed))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return out, rx.Fault(CodeFileWrite, "file", name(seed)).Because(cause(err))
	}
	for _, d := range report.Documents {
		out.Documents = append(out.Documents, d.Name)
		if err := writeFile(filepath.Join(dir, d.Name), d.PDF, true); err != nil {
			return out, err
		}
	}
	d, err := reported(r.ctx, practice, report, rx.DocumentLang(rx.Patient{Language: r.lang}, rx.Practice{RegionLanguage: rx.FR}))
	if err != nil {
		return out, err
	}
	pdf, err := pdfOf(d, p.svc.Now())
	if err != nil {
		return out, err
	}
	out.Documents = append(out.Documents, drillPage)
	if err := writeFile(filepath.Join(dir, drillPage), pdf, true); err != nil {
		return out, err
	}
	b, err := formats.Encode(out)
	if err != nil {
		return out, err
	}
	return out, writeFile(filepath.Join(dir, "report.json"), b, true)
}
