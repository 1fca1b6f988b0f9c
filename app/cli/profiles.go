package cli

import (
	"strings"

	"relais/app/config"
	"relais/app/formats"
)

// profilesCmd lists the environments that are compiled in, and what keeps each from starting.
type profilesCmd struct{}

func (profilesCmd) do(r *run) (Exit, error) {
	var out formats.ProfileList
	var rows [][]string
	for _, p := range config.Profiles() {
		line := formats.ProfileLine{Name: p.Environment, Missing: p.Missing}
		said := r.text("cli.profiles.ready")
		if len(p.Missing) > 0 {
			words := make([]string, len(p.Missing))
			for i, what := range p.Missing {
				words[i] = r.text("profile.missing." + what)
			}
			said = r.text("cli.profiles.missing", "missing", strings.Join(words, ", "))
		}
		if p.Platform != nil {
			line.Endpoints = &p.Platform.Endpoints
		}
		out.Profiles = append(out.Profiles, line)
		rows = append(rows, []string{p.Environment, r.text("profile." + p.Name()), said})
	}
	return Done, r.answer(out, func(p *page) { p.table(rows) })
}
