package wiring

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"relais/app/config"
)

// Drill is a practice of its own for an exercise: invented, simulated and new, open at once, in a directory that closing
// the desk removes. Of this house's directory nothing is read and nothing written, whether it is open, locked or not made
// yet. What is left by a program that was killed meanwhile lies in the system's directory for temporary files, and is
// invented. It takes seconds.
func (h *House) Drill(ctx context.Context) (_ *Desk, err error) {
	root, err := os.MkdirTemp("", "relais-drill-")
	if err != nil {
		return nil, fromVault(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(root))
		}
	}()
	d := h.dir
	d.Paths = config.Paths{Data: filepath.Join(root, "practice"), Marks: filepath.Join(root, "marks")}
	exercise, err := NewHouse(ctx, d, true, h.lang)
	if err != nil {
		return nil, err
	}
	exercise.Getenv = h.Getenv
	desk, err := exercise.Unlock(ctx, []byte(DemoPassphrase))
	if err != nil {
		return nil, err
	}
	desk.root = root
	return desk, nil
}
