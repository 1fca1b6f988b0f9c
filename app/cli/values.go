package cli

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"relais/app/config"
	"relais/app/formats"
	"relais/app/rx"
	"relais/app/wiring"
)

// id is an identifier on the command line. Kong reads values that read themselves from
// text; the fault must not repeat what was typed.
type id struct{ rx.ID }

// Decode reads a UUID.
func (i *id) Decode(ctx *kong.DecodeContext) (err error) {
	var s string
	if err = ctx.Scan.PopValueInto("id", &s); err == nil {
		i.ID, err = rx.ParseID(s)
	}
	return err
}

// day is a date on the command line.
type day struct{ rx.Date }

// Decode reads YYYY-MM-DD.
func (d *day) Decode(ctx *kong.DecodeContext) (err error) {
	var s string
	if err = ctx.Scan.PopValueInto("date", &s); err == nil {
		d.Date, err = rx.ParseDate(s)
	}
	return err
}

func plain(list []id) []rx.ID {
	ids := make([]rx.ID, len(list))
	for i, v := range list {
		ids[i] = v.ID
	}
	return ids
}

func joined(words []string) string { return strings.Join(words, ", ") }

// describe reads the files of `init`.
func (c initCmd) describe(r *run) (n wiring.New, err error) {
	if n.Profile, err = r.profile(c.Profile); err != nil {
		return n, err
	}
	if err := n.Profile.Ready(); err != nil {
		return n, err
	}
	data, err := r.readFile(c.Practice)
	if err != nil {
		return n, err
	}
	var faults rx.Faults
	n.Practice, faults = formats.Decode[rx.Practice](data)
	return n, faults.OrNil()
}

// profile is a built-in one by its name, or one from a file.
func (r *run) profile(name string) (config.Profile, error) {
	if p, ok := config.Built(name); ok {
		return p, nil
	}
	var names []string
	for _, p := range config.Profiles() {
		names = append(names, p.Environment)
	}
	if _, err := os.Stat(name); err != nil && filepath.Ext(name) == "" { // no file, and no name of one
		return config.Profile{}, rx.Fault(config.CodeProfileUnknown, "list", joined(names))
	}
	data, err := r.readFile(name)
	if err != nil {
		return config.Profile{}, err
	}
	file, faults := formats.Decode[config.File](data)
	if len(faults) > 0 {
		return config.Profile{}, faults
	}
	if file.Platform != nil && file.Platform.AnchorsFrom != "" {
		if err := r.anchors(file.Platform, filepath.Dir(name)); err != nil {
			return config.Profile{}, err
		}
	}
	p, faults := file.Profile()
	return p, faults.OrNil()
}

// anchors reads the sets of a profile from the directory that its file names, seen from the file.
func (r *run) anchors(p *config.Platform, beside string) error {
	dir := p.AnchorsFrom
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(beside, dir)
	}
	if len(p.Anchors) > 0 {
		return rx.Fault(config.CodeAnchors).At("$.platform.anchors")
	}
	p.Anchors = map[string]string{}
	for _, purpose := range config.Purposes {
		text, err := r.readFile(filepath.Join(dir, purpose+".pem"))
		if err != nil {
			return err
		}
		p.Anchors[purpose] = string(text)
	}
	return nil
}
