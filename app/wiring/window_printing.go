package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	ipp "relais/app/printing"
	"relais/app/rx"
)

// settingUntold keeps how jobs ended that nobody heard of: the window was closed or locked meanwhile.
const settingUntold = "printing-untold"

// untold is how one of them ended. It is kept until the doctor has seen it.
type untold struct {
	ID    rx.ID             `json:"id"` // its own
	Of    []rx.ID           `json:"of"`
	Sheet string            `json:"sheet"`
	Code  rx.Code           `json:"code,omitempty"`
	Args  map[string]string `json:"args,omitempty"`
	Kept  bool              `json:"kept,omitempty"`
}

// CodePrintKept: the spooler could not be brought to forget a job that is over, and its file.
const CodePrintKept rx.Code = "print-kept"

// Print hands a document to the printer of its kind and follows it to its end, see printing.Desk.Print: an error means
// that nothing was handed over and nothing will be printed; else sheet is sent, none, maybe or open, and told is what a
// person should know besides. When ctx ends the job is cancelled, and what became of it is told by LeftPrints the next
// time that the directory is open.
func (d *Desk) Print(ctx context.Context, kind string, of []rx.ID, word bool, document func(context.Context) ([]byte, error), heard func(printer, state string, obstacles []error)) (printer, sheet string, told, err error) {
	printers, err := d.printers(ctx)
	if err != nil {
		return "", "", nil, err
	}
	defer printers.Close()
	r, err := printers.Print(ctx, ipp.Document{IDs: of, Kind: ipp.Kind(kind), Make: document}, word, func(s ipp.Status) {
		heard(s.Printer, string(s.State), obstacles(s.Printer, s.Obstacles))
	})
	if err != nil {
		return "", "", nil, err
	}
	if ctx.Err() != nil && r.Sheet == ipp.OpenSheet {
		return "", "", nil, nil // it stays in the book, which LeftPrints reads
	}
	if ctx.Err() != nil {
		return "", "", nil, d.keepUntold(context.WithoutCancel(ctx), []ipp.Result{r})
	}
	return r.Job.Printer, string(r.Sheet), ended(r), nil
}

// obstacles are those that a person can see to, in words for one.
func obstacles(printer string, list []ipp.Obstacle) (all []error) {
	for _, o := range list {
		all = append(all, o.Fault(printer))
	}
	return all
}

// ended is what a person should know of how a job ended.
func ended(r ipp.Result) error {
	var faults rx.Faults
	if r.Fault != nil {
		faults = rx.Faults{r.Fault}
		for _, o := range r.Obstacles {
			if o.Stops && o.Code != r.Fault.Code {
				faults = append(faults, o.Fault(r.Job.Printer))
			}
		}
	}
	if r.Kept {
		faults = append(faults, rx.Fault(CodePrintKept))
	}
	return faults.OrNil()
}

// LeftPrints tells of each job that an earlier run left, or whose end nobody heard of: those that are not over are
// cancelled. Nothing is printed. What is over is told again each time, by its id, until SawPrint; what is open has no id,
// and is told until it is over.
func (d *Desk) LeftPrints(ctx context.Context, tell func(id rx.ID, of []rx.ID, sheet string, told error)) error {
	if d.session.report != nil {
		return nil
	}
	err := d.recover(ctx, func(open ipp.Result) { tell("", open.Documents, string(open.Sheet), ended(open)) })
	d.telling.Lock()
	kept, unread := d.untold(ctx)
	d.telling.Unlock()
	for _, u := range kept {
		tell(u.ID, u.Of, u.Sheet, u.told())
	}
	return errors.Join(unread, err)
}

// recover ends the jobs that an earlier run left and keeps how; those that cannot be verified to be over are told.
func (d *Desk) recover(ctx context.Context, tell func(ipp.Result)) error {
	printers, err := d.printers(ctx)
	if err != nil {
		return err
	}
	defer printers.Close()
	left, err := printers.Recover(ctx)
	var over []ipp.Result
	for _, r := range left {
		if r.Sheet == ipp.OpenSheet {
			tell(r)
		} else {
			over = append(over, r)
		}
	}
	return errors.Join(err, d.keepUntold(context.WithoutCancel(ctx), over))
}

// told is what a person should know of it.
func (u untold) told() error {
	var faults rx.Faults
	if u.Code != "" {
		faults = rx.Faults{{Code: u.Code, Args: u.Args}}
	}
	if u.Kept {
		faults = append(faults, rx.Fault(CodePrintKept))
	}
	return faults.OrNil()
}

// SawPrint forgets how a job ended: the doctor has seen it.
func (d *Desk) SawPrint(ctx context.Context, id rx.ID) error {
	d.telling.Lock()
	defer d.telling.Unlock()
	all, err := d.untold(ctx)
	if err != nil {
		return err
	}
	return d.setUntold(ctx, slices.DeleteFunc(all, func(u untold) bool { return u.ID == id }))
}

func (d *Desk) keepUntold(ctx context.Context, results []ipp.Result) error {
	if len(results) == 0 {
		return nil
	}
	d.telling.Lock()
	defer d.telling.Unlock()
	all, err := d.untold(ctx)
	if err != nil {
		return err
	}
	for _, r := range results {
		id, err := rx.NewID(d.session.dir.Now(), d.session.dir.Rand)
		if err != nil {
			return err
		}
		u := untold{ID: id, Of: r.Documents, Sheet: string(r.Sheet), Kept: r.Kept}
		if r.Fault != nil {
			u.Code, u.Args = r.Fault.Code, r.Fault.Args
		}
		all = append(all, u)
	}
	return d.setUntold(ctx, all)
}

func (d *Desk) setUntold(ctx context.Context, all []untold) error {
	b, err := json.Marshal(all)
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	return d.session.db.SetSetting(ctx, settingUntold, b)
}

// untold are those that are kept. What was kept before they had ids is given one for good.
func (d *Desk) untold(ctx context.Context) (all []untold, err error) {
	b, err := d.session.db.Setting(ctx, settingUntold)
	if rx.CodeOf(err) == rx.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, rx.Fault(rx.CodeDamaged, "table", "settings", "row", settingUntold).Because(err)
	}
	given := false
	for i := range all {
		if all[i].ID != "" {
			continue
		}
		if all[i].ID, err = rx.NewID(d.session.dir.Now(), d.session.dir.Rand); err != nil {
			return all, err
		}
		given = true
	}
	if given {
		err = d.setUntold(ctx, all)
	}
	return all, err
}

// Printers tells of each printer of this computer: its name, what the person called it, whether it is the usual one,
// and its trays.
func (d *Desk) Printers(ctx context.Context, each func(name, info string, usual bool, trays []string)) error {
	printers, err := d.printers(ctx)
	if err != nil {
		return err
	}
	defer printers.Close()
	all, err := printers.Spooler.Printers(ctx)
	for _, p := range all {
		each(p.Name, p.Info, p.Default, p.Trays)
	}
	return err
}

// PrintsOn is where documents of a kind go; printer "" is the system's usual one, tray "" the printer's choice.
func (d *Desk) PrintsOn(ctx context.Context, kind string) (printer, tray string, err error) {
	settings, err := d.session.PrintSettings(ctx)
	set := settings[ipp.Kind(kind)]
	return set.Printer, set.Tray, err
}

// SetPrintsOn keeps that. A printer that is not there, or has no such tray, is refused; what else was kept of the kind
// stays.
func (d *Desk) SetPrintsOn(ctx context.Context, kind, printer, tray string) error {
	settings, err := d.session.PrintSettings(ctx)
	if err != nil {
		return err
	}
	set := settings[ipp.Kind(kind)]
	if set.Printer == printer && set.Tray == tray {
		return nil
	}
	set.Printer, set.Tray = printer, tray
	if printer != "" {
		printers, err := d.printers(ctx)
		if err != nil {
			return err
		}
		defer printers.Close()
		p, err := printers.Spooler.Printer(ctx, printer)
		if err == nil {
			err = p.Fits(set)
		}
		if err != nil {
			return err
		}
	}
	return d.session.SetPrinting(ctx, ipp.Kind(kind), set)
}

// printers are those of this computer.
func (d *Desk) printers(ctx context.Context) (Printers, error) {
	if d.getenv == nil {
		return Printers{}, rx.Fault(ipp.CodeNoSpooler, "where", "CUPS")
	}
	return d.session.Printers(ctx, d.getenv)
}
