package cli

import (
	"os"
	"path/filepath"
	"time"

	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/rx"
	"relais/app/wiring"
)

// The commands of `relais identity` keep the doctor's eHealth certificate in the data directory. The password of its file
// is read from another file, and stands in no argument and no answer.

// identityFindCmd lists the keystores of the home folder. It opens none, and no data directory.
type identityFindCmd struct{}

func (identityFindCmd) do(r *run) (Exit, error) {
	folder := filepath.Join(r.Home, filepath.FromSlash(wiring.KeystoreFolder))
	var found []wiring.KeystoreFile
	if r.Home != "" {
		var err error
		if found, err = wiring.FindKeystores(os.DirFS(r.Home)); err != nil {
			return Failed, rx.Fault(CodeFileRead, "file", wiring.KeystoreFolder).Because(cause(err))
		}
	}
	d, err := r.directory()
	if err != nil {
		return Failed, err
	}
	zone := d.Now().Location()
	var out formats.Keystores
	var rows [][]string
	for _, f := range found {
		path := filepath.Join(r.Home, filepath.FromSlash(f.Path))
		out.Keystores = append(out.Keystores, formats.KeystoreFile{File: path, Size: int(f.Size), Modified: f.Modified.In(zone).Format(time.RFC3339), Acceptance: f.Acceptance})
		row := []string{path, i18n.Moment(r.lang, f.Modified.In(zone))}
		if f.Acceptance {
			row = append(row, r.text("identity.acceptance"))
		}
		rows = append(rows, row)
	}
	return Done, r.answer(out, func(pg *page) {
		if len(rows) == 0 {
			pg.say("identity.find.none", "folder", folder)
			return
		}
		pg.table(rows)
		pg.say("identity.find.next")
	})
}

// identityAddCmd keeps a keystore in place of the one before.
type identityAddCmd struct {
	File     string `arg:"" name:"file" help:"${help_identity_file}"`
	PassFile string `name:"pass-file" required:"" placeholder:"P" help:"${help_pass_file}"`
}

func (c identityAddCmd) do(r *run) (Exit, error) {
	k, err := keystore{c.File, c.PassFile}.read(r)
	if err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	kept, err := s.KeepIdentity(r.ctx, k)
	if err != nil {
		return Failed, err
	}
	return Done, r.certificate("identity.kept", kept)
}

// identityShowCmd tells whose certificate is kept.
type identityShowCmd struct{}

func (identityShowCmd) reads() {}

func (identityShowCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	kept, err := s.Identity(r.ctx)
	if err != nil {
		return Failed, err
	}
	return Done, r.certificate("", kept)
}

// identityForgetCmd forgets it, and tells which one it was.
type identityForgetCmd struct{}

func (identityForgetCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	kept, err := s.Identity(r.ctx)
	if err != nil {
		return Failed, err
	}
	if err := s.ForgetIdentity(r.ctx); err != nil {
		return Failed, err
	}
	kept.Warnings = nil // of no use any more
	return Done, r.certificate("identity.forgotten", kept)
}

// certificate answers with a certificate, below what happened to it.
func (r *run) certificate(happened string, c wiring.Certificate) error {
	p := r.present()
	out := formats.Identity{Type: c.Type, Number: c.Number, Name: c.Name, Application: c.Application, From: p.when(c.From), Until: p.when(c.Until),
		RetiredKeys: c.Retired}
	for _, w := range c.Warnings {
		said := i18n.Say(r.lang, w.Fault())[0]
		out.Warnings = append(out.Warnings, formats.IdentityWarning{Code: string(w.Code), Until: p.when(w.Until), Days: w.Days, Message: said.What, Next: said.Next})
	}
	return r.answer(out, func(pg *page) {
		if happened != "" {
			pg.line("%s", r.text(happened))
		}
		pg.say("identity.holder", "holder", r.holder(c))
		pg.say("identity.valid", "from", i18n.Date(rx.DateOf(c.From)), "until", i18n.Date(rx.DateOf(c.Until)))
		if c.Retired > 0 {
			pg.line("%s", i18n.Count(r.lang, "identity.retired", c.Retired))
		}
		for _, w := range out.Warnings {
			pg.line("• %s", w.Message)
			pg.line("  → %s", w.Next)
		}
	})
}

// holder is whose certificate it is, in one line.
func (r *run) holder(c wiring.Certificate) string {
	number := c.Type + " " + c.Number
	if ssin, err := rx.ParseSSIN(c.Number); err == nil && c.Type == "SSIN" {
		number = r.text("identity.ssin", "number", ssin.Dotted())
	}
	for _, more := range []string{c.Application, c.Name} {
		if more != "" {
			number = more + ", " + number
		}
	}
	return number
}

// ending writes the most urgent line about a certificate that ends or has ended.
func (pg *page) ending(c wiring.Certificate) {
	for _, w := range c.Warnings {
		if !w.Until.IsZero() {
			pg.line("%s", i18n.Say(pg.lang, w.Fault())[0].What)
			return
		}
	}
}
