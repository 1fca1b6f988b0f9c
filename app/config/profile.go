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

// Profile is the environment of a data directory, where its services are and how long things may take in it.
type Profile struct {
	Environment string
	Simulated   bool      // nothing is for real patients: banner and watermark
	Platform    *Platform // nil: its services are simulated inside the program
	Missing     []string  // what keeps it from starting, by the words of "profile.missing.WORD"; empty: ready
	Waits       rx.Waits
}

// Profiles are those that are compiled in.
func Profiles() []Profile {
	// What a real environment still needs: the anchors that say which certificates to trust, six sets that come
	// from the platform's own hands, and Recip-e's acceptance of this software.
	missing := []string{"anchors", "acceptance"}
	return []Profile{
		{Environment: Simulated, Simulated: true, Waits: rx.DefaultWaits},
		{Environment: Acceptance, Platform: ehealth("-acpt"), Missing: missing, Waits: rx.DefaultWaits},
		{Environment: Production, Platform: ehealth(""), Missing: missing, Waits: rx.DefaultWaits},
	}
}

// ehealth is the platform of an environment without its anchors (recipe protocol §1.2).
func ehealth(suffix string) *Platform {
	services := "https://services" + suffix + ".ehealth.fgov.be"
	return &Platform{
		Endpoints: Endpoints{
			STS: services + "/IAM/SecurityTokenService/v1", ETK: services + "/EtkDepot/v1", KGSS: services + "/Kgss/v1",
			Prescriber: services + "/Recip-e/v4/Prescriber", ServiceList: "https://servicelist" + suffix + ".ehealth.fgov.be/servicelist",
		},
		Beyond: true, STSForm: WSTrust, Signature: SHA256, PrescriptionVersion: "kmehr_1.29",
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

// File is a profile in a file. Its services are simulated inside the program, or where the file says.
type File struct {
	Name     string            `json:"name"`
	Services string            `json:"services"`           // "simulated", or "platform"
	Platform *Platform         `json:"platform,omitempty"` // of "platform"
	Waits    map[string]string `json:"waits,omitempty"`    // "answer": "500ms"; absent: as in the built-in profiles
}

var (
	fileName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	waitName = regexp.MustCompile(`^[a-z_]{1,20}$`)
)

// Profile checks the file and gives its profile; every fault has its JSON path.
func (f File) Profile() (Profile, rx.Faults) {
	var faults rx.Faults
	p := Profile{Environment: custom + f.Name, Simulated: true, Waits: rx.DefaultWaits} // never for real patients
	if !fileName.MatchString(f.Name) {
		faults = append(faults, rx.Fault(CodeProfileName).At("$.name"))
	}
	switch {
	case f.Services != Simulated && f.Services != AtPlatform:
		faults = append(faults, rx.Fault(rx.CodeNotInList, "list", Simulated+", "+AtPlatform).At("$.services"))
	case f.Services == AtPlatform && f.Platform == nil:
		faults = append(faults, rx.Fault(rx.CodeMissing).At("$.platform"))
	case f.Services == Simulated && f.Platform != nil:
		faults = append(faults, rx.Fault(CodePlatformInside).At("$.platform"))
	case f.Platform != nil:
		filled, wrong := f.Platform.complete()
		p.Platform, faults = &filled, append(faults, wrong...)
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
		if err != nil || d < 0 || d == 0 && name != never {
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

// never is the one wait that may be 0: then it does not happen by itself.
const never = "feedback"

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
	{never, func(w *rx.Waits) *time.Duration { return &w.Feedback }},
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
	f := File{Name: strings.TrimPrefix(p.Environment, custom), Services: Simulated, Platform: p.Platform, Waits: map[string]string{}}
	if p.Platform != nil {
		f.Services = AtPlatform
	}
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
