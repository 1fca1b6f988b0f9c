package identity

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Folder is where the platform's programs put keystores, below the home folder of a person.
const Folder = "ehealth/keystore"

// suffixes of keystores; the platform writes .acc-p12 for its acceptance environment.
var suffixes = []string{".p12", ".acc-p12", ".pfx"}

// Candidate is a file that may be a keystore. Its name usually holds the number of its holder.
type Candidate struct {
	Path       string // in the file system that was searched, with slashes
	Size       int64  // bytes
	Modified   time.Time
	Acceptance bool // by its name: of the acceptance environment
}

// Format prints nothing of the name, whatever the verb.
func (c Candidate) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Candidate(redacted)") }

// Find lists the candidates in Folder of a home folder, the newest first. It opens none: that is a person's decision. A
// folder that does not exist has none; one that cannot be listed is an error.
func Find(home fs.FS) ([]Candidate, error) {
	listed, err := fs.ReadDir(home, Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the folder %s cannot be listed: %w", Folder, err)
	}
	var found []Candidate
	for _, e := range listed {
		name := strings.ToLower(e.Name())
		if !e.Type().IsRegular() || !slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) }) {
			continue
		}
		info, err := e.Info()
		if err != nil || info.Size() == 0 || info.Size() > MaxFile { // gone since, or none
			continue
		}
		found = append(found, Candidate{path.Join(Folder, e.Name()), info.Size(), info.ModTime(), strings.HasSuffix(name, ".acc-p12")})
	}
	slices.SortStableFunc(found, func(a, b Candidate) int { return b.Modified.Compare(a.Modified) })
	return found, nil
}
