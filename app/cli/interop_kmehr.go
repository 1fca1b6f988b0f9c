package cli

import (
	"time"

	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/rx"
	"relais/app/wiring"
)

// validateKMEHRCmd judges a KMEHR message as Recip-e would, and prints the verdict.
type validateKMEHRCmd struct {
	Type    string `required:"" enum:"P0,P1" placeholder:"P0|P1" help:"${help_kmehr_type}"`
	Expires day    `required:"" placeholder:"2027-02-21" help:"${help_kmehr_expires}"`
	File    string `arg:"" help:"${help_in}"`
}

// kmehrVerdict is what was found wrong with a message; the paths are XPath.
type kmehrVerdict struct {
	Valid  bool                        `json:"valid"`
	Errors formats.List[formats.Fault] `json:"errors"`
}

func (c validateKMEHRCmd) do(r *run) (Exit, error) {
	message, err := r.readAtMost(c.File, wiring.MaxKMEHR+1)
	if err != nil {
		return Failed, err
	}
	faults := wiring.ValidateKMEHR(message, c.Type, c.Expires.Date)
	verdict := kmehrVerdict{Valid: len(faults) == 0}
	for _, s := range i18n.Say(r.lang, faults.OrNil()) {
		verdict.Errors = append(verdict.Errors, formats.Fault{Code: string(s.Code), Path: s.Path, Message: s.What, Next: s.Next})
	}
	return r.judged(wiring.Judged{Verdict: verdict, Refused: faults.OrNil()}, nil)
}

// kmehrCmd prints the KMEHR message of a line of an order file.
type kmehrCmd struct {
	Line       int    `placeholder:"N" help:"${help_kmehr_line}"`
	Practice   string `placeholder:"FILE" help:"${help_kmehr_practice}"`
	AsFreeText bool   `help:"${help_as_free_text}"`
	At         moment `placeholder:"RFC3339" help:"${help_kmehr_at}"`
	File       string `arg:"" help:"${help_file}"`
}

func (c kmehrCmd) do(r *run) (Exit, error) {
	data, err := r.readFile(c.File)
	if err != nil {
		return Failed, err
	}
	request, faults := formats.Decode[rx.Request](data)
	if len(faults) > 0 {
		return Failed, faults
	}
	how := wiring.Composing{AsFreeText: c.AsFreeText, Line: c.Line}
	if c.Practice != "" {
		if data, err = r.readFile(c.Practice); err != nil {
			return Failed, err
		}
		practice, faults := formats.Decode[rx.Practice](data)
		if len(faults) > 0 {
			return Failed, faults
		}
		how.Practice = &practice
	}
	d, err := r.directory()
	if err != nil {
		return Failed, err
	}
	at := wiring.Interop{Now: d.Now}
	if !c.At.IsZero() {
		issued := c.At.In(d.Now().Location())
		at.Now = func() time.Time { return issued }
	}
	message, err := at.KMEHR(request, how)
	if err != nil {
		return Failed, err
	}
	if _, err := r.Stdout.Write(append(message, '\n')); err != nil {
		return Failed, rx.Fault(CodeFileWrite, "file", "-").Because(err)
	}
	return Done, nil
}
