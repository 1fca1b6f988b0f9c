// Package config knows where the program's directories lie and in which environment a
// data directory works.
//
// It owns the paths of each platform and the profiles: their names, their waits, and
// what keeps those that are not ready from starting. A profile is chosen when a data
// directory is made and never changes: the environment is bound to every value in it,
// and the waits of a custom one are kept among its settings.
//
// Contract: everything is computed from the arguments; nothing is read from disk or
// environment here but through the functions given.
//
// Failure modes: *rx.Error and rx.Faults with the codes below; a profile file is
// refused as a whole, each fault with its JSON path.
package config

import (
	"path/filepath"

	"relais/app/rx"
)

// Codes of this package.
const (
	CodeNoHome          rx.Code = "no-home"           // the platform names no directory for the user's data
	CodeProfileNotReady rx.Code = "profile-not-ready" // compiled in, but something outside is missing (profile)
	CodeProfileUnknown  rx.Code = "profile-unknown"   // neither a built-in profile nor a file (list)
	CodeProfileName     rx.Code = "profile-name"      // letters, digits and - only
	CodeWaitsOrder      rx.Code = "waits-order"       // one wait must not be longer than another (least, most)
)

// Names of environment variables.
const (
	EnvData       = "RELAIS_DATA"            // the data directory
	EnvMarks      = "RELAIS_MARKS"           // where the outside marks lie
	EnvPassphrase = "RELAIS_PASSPHRASE_FILE" // a file whose first line is the passphrase
)

// Host is what paths depend on.
type Host struct {
	OS     string // as runtime.GOOS
	Home   string // the user's home directory, "" when there is none
	Getenv func(string) string
}

// Paths are where a data directory and the outside marks lie.
type Paths struct {
	Data string

	// Marks holds, for each vault, the mark by which an older or a copied data
	// directory is recognised. It lies apart from all data directories, so that a copy
	// of one does not take the mark along.
	Marks string
}

// Locate finds the paths. data is what the person gave, "" for the usual directory;
// demo chooses the demonstration's own, whatever else is set.
func (h Host) Locate(data string, demo bool) (Paths, error) {
	root, err := h.roots()
	if err != nil && (h.Getenv(EnvMarks) == "" || data == "" && (demo || h.Getenv(EnvData) == "")) {
		return Paths{}, err
	}
	p := Paths{Data: filepath.Join(root.Data, "practice"), Marks: root.Marks}
	switch {
	case data != "":
		p.Data = data
	case demo:
		p.Data = filepath.Join(root.Data, "demo")
	case h.Getenv(EnvData) != "":
		p.Data = h.Getenv(EnvData)
	}
	if marks := h.Getenv(EnvMarks); marks != "" {
		p.Marks = marks
	}
	if p.Data, err = filepath.Abs(p.Data); err == nil {
		p.Marks, err = filepath.Abs(p.Marks)
	}
	if err != nil {
		return Paths{}, rx.Fault(CodeNoHome).Because(err)
	}
	return p, nil
}

// roots are the platform's directories for data and for state.
func (h Host) roots() (Paths, error) {
	local := h.Getenv("LOCALAPPDATA")
	switch {
	case h.OS == "windows" && local != "":
		return Paths{filepath.Join(local, "Relais"), filepath.Join(local, "Relais marks")}, nil
	case h.OS == "windows" || h.Home == "":
		return Paths{}, rx.Fault(CodeNoHome)
	case h.OS == "darwin":
		library := filepath.Join(h.Home, "Library")
		return Paths{filepath.Join(library, "Application Support", "Relais"), filepath.Join(library, "Relais marks")}, nil
	}
	return Paths{
		filepath.Join(h.xdg("XDG_DATA_HOME", ".local/share"), "relais"),
		filepath.Join(h.xdg("XDG_STATE_HOME", ".local/state"), "relais", "marks"),
	}, nil
}

// xdg is a base directory of the XDG specification, which asks to pass over relative
// paths.
func (h Host) xdg(name, usual string) string {
	if dir := h.Getenv(name); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(h.Home, filepath.FromSlash(usual))
}
