package config

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"relais/app/rx"
)

// Environments of the built-in profiles. A custom one is "custom:NAME".
const (
	Simulated  = "simulated"
	Acceptance = "acceptance"
	Production = "production"
	custom     = "custom:"
)

// Profile is the environment of a data directory and how long things may take in it.
type Profile struct {
	Environment string
	Simulated   bool     // all services are simulated on this machine: banner and watermark
	Missing     []string // what keeps it from starting, by the words of "profile.missing.WORD"; empty: ready
	Waits       rx.Waits
}

// Profiles are those that are compiled in.
func Profiles() []Profile {
	// What a real environment still needs: the client of the services, the anchors that
	// say which certificates to trust, and Recip-e's acceptance of this software.
	missing := []string{"client", "anchors", "acceptance"}
	return []Profile{
		{Environment: Simulated, Simulated: true, Waits: rx.DefaultWaits},
		{Environment: Acceptance, Missing: missing, Waits: rx.DefaultWaits},
		{Environment: Production, Missing: missing, Waits: rx.DefaultWaits},
	}
}

// Built gives the built-in profile of that name.
func Built(name string) (Profile, bool) {
	profiles := Profiles()
	i := slices.IndexFunc(profiles, func(p Profile) bool { return p.Environment == name })
	if i < 0 {
		return Profile{}, false
	}
	return profiles[i], true
}

// Ready tells that a directory of this profile can be made and opened, else why not.
func (p Profile) Ready() error {
	if len(p.Missing) > 0 {
		return rx.Fault(CodeProfileNotReady, "profile", p.Environment, "missing", strings.Join(p.Missing, ", "))
	}
	return nil
}

// Name is the environment in one word: simulated, acceptance, production or custom.
func (p Profile) Name() string {
	name, _, _ := strings.Cut(p.Environment, ":")
	return name
}

// File is a profile in a file. Its services are simulated on this machine: another
// place would be an address, which no profile has yet.
type File struct {
	Name     string            `json:"name"`
	Services string            `json:"services"`        // "simulated"
	Waits    map[string]string `json:"waits,omitempty"` // "answer": "500ms"; absent: as in the built-in profiles
}

var (
	fileName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	waitName = regexp.MustCompile(`^[a-z_]{1,20}$`)
)

// Profile checks the file and gives its profile; every fault has its JSON path.
func (f File) Profile() (Profile, rx.Faults) {
	var faults rx.Faults
	p := Profile{Environment: custom + f.Name, Simulated: true, Waits: rx.DefaultWaits}
	if !fileName.MatchString(f.Name) {
		faults = append(faults, rx.Fault(CodeProfileName).At("$.name"))
	}
	if f.Services != Simulated {
		faults = append(faults, rx.Fault(rx.CodeNotInList, "list", Simulated).At("$.services"))
	}
	given := make([]string, 0, len(f.Waits))
	for name := range f.Waits {
		given = append(given, name)
	}
	slices.Sort(given)
	for _, name := range given {
		at := "$.waits." + name
		i := slices.IndexFunc(waits, func(w wait) bool { return w.name == name })
		if i < 0 {
			if !waitName.MatchString(name) { // not repeated: it may be anything
				at = "$.waits.*"
			}
			faults = append(faults, rx.Fault(rx.CodeUnknownField, "list", waitNames()).At(at))
			continue
		}
		d, err := time.ParseDuration(f.Waits[name])
		if err != nil || d <= 0 {
			faults = append(faults, rx.Fault(rx.CodeSpanForm).At(at))
			continue
		}
		*waits[i].of(&p.Waits) = d
	}
	if len(faults) == 0 {
		faults = inOrder(p.Waits)
	}
	return p, faults
}

// inOrder: waits that contradict each other would stop sending, or skip a question.
func inOrder(w rx.Waits) (faults rx.Faults) {
	for _, o := range []struct {
		least, most string
		ok          bool
	}{
		{"answer", "call", w.Answer <= w.Call},
		{"retry", "backoff", w.Retry <= w.Backoff},
		{"look_again", "backoff", w.LookAgain <= w.Backoff},
		{"late", "silent", w.Late <= w.Silent},
		{"silent", "max_age", w.Silent <= w.MaxAge},
	} {
		if !o.ok {
			faults = append(faults, rx.Fault(CodeWaitsOrder, "least", o.least, "most", o.most).At("$.waits."+o.least))
		}
	}
	return faults
}

// wait is one of rx.Waits by its name in a file.
type wait struct {
	name string
	of   func(*rx.Waits) *time.Duration
}

var waits = []wait{
	{"answer", func(w *rx.Waits) *time.Duration { return &w.Answer }},
	{"call", func(w *rx.Waits) *time.Duration { return &w.Call }},
	{"timestamp", func(w *rx.Waits) *time.Duration { return &w.Timestamp }},
	{"processing", func(w *rx.Waits) *time.Duration { return &w.Processing }},
	{"between", func(w *rx.Waits) *time.Duration { return &w.Between }},
	{"look_again", func(w *rx.Waits) *time.Duration { return &w.LookAgain }},
	{"silent", func(w *rx.Waits) *time.Duration { return &w.Silent }},
	{"late", func(w *rx.Waits) *time.Duration { return &w.Late }},
	{"max_age", func(w *rx.Waits) *time.Duration { return &w.MaxAge }},
	{"ask", func(w *rx.Waits) *time.Duration { return &w.Ask }},
	{"clock_slack", func(w *rx.Waits) *time.Duration { return &w.ClockSlack }},
	{"retry", func(w *rx.Waits) *time.Duration { return &w.Retry }},
	{"backoff", func(w *rx.Waits) *time.Duration { return &w.Backoff }},
	{"pace", func(w *rx.Waits) *time.Duration { return &w.Pace }},
	{"status", func(w *rx.Waits) *time.Duration { return &w.Status }},
}

func waitNames() string {
	names := make([]string, len(waits))
	for i, w := range waits {
		names[i] = w.name
	}
	return strings.Join(names, ", ")
}

// Keep writes the profile for the settings of its directory.
func (p Profile) Keep() ([]byte, error) {
	f := File{Name: strings.TrimPrefix(p.Environment, custom), Services: Simulated, Waits: map[string]string{}}
	for _, w := range waits {
		f.Waits[w.name] = w.of(&p.Waits).String()
	}
	b, err := json.Marshal(f)
	if err != nil {
		return nil, rx.Fault(rx.CodeInternal).Because(err)
	}
	return b, nil
}

// Kept reads what Keep wrote, for the environment that the directory belongs to.
func Kept(environment string, b []byte) (Profile, error) {
	var f File
	if err := json.Unmarshal(b, &f); err != nil {
		return Profile{}, rx.Fault(rx.CodeDamaged)
	}
	p, faults := f.Profile()
	if len(faults) > 0 || p.Environment != environment {
		return Profile{}, rx.Fault(rx.CodeDamaged)
	}
	return p, nil
}

// Custom tells that the environment is of a profile from a file.
func Custom(environment string) bool { return strings.HasPrefix(environment, custom) }
