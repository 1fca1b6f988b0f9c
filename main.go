// Relais: Belgian general practitioners prescribe through Recip-e with it, and go on working when Recip-e does not answer.
//
// This is the front door, and nothing else: it makes the Fyne app when the window is wanted. It alone imports Fyne's app
// package, which costs some 160 CPU-seconds of OpenGL to build and needs a display; every other package builds and is
// tested without either (test/layers keeps it so).
package main

import (
	_ "embed"
	"fmt"
	"os"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"github.com/BurntSushi/toml"

	"relais/ui/shell"
)

// about is the one place where name, id and version stand; packagers read the same file.
//
//go:embed FyneApp.toml
var about string

func main() { os.Exit(run(os.Args[1:])) }

// run answers the command line until app/cli takes its place, and returns the exit code: 0 done, 2 usage.
func run(args []string) int {
	demo := slices.Equal(args, []string{"--demo"})
	if len(args) > 0 && !demo {
		fmt.Fprintf(os.Stderr, "relais: %q is not built yet; this version opens its window: relais [--demo]\n", args[0])
		return 2
	}
	if err := openWindow(demo); err != nil {
		fmt.Fprintln(os.Stderr, "relais:", err)
		return 1
	}
	return 0
}

// openWindow shows the window and returns when it was closed.
func openWindow(demo bool) error {
	meta, err := metadata()
	if err != nil {
		return err
	}
	app.SetMetadata(meta)
	shell.New(app.NewWithID(meta.ID), demo).ShowAndRun()
	return nil
}

// metadata reads FyneApp.toml as it was compiled in: Fyne itself would look for it beside the executable.
func metadata() (fyne.AppMetadata, error) {
	var file struct {
		Details struct {
			Name, ID, Version string
			Build             int
		}
		Migrations map[string]bool
	}
	if _, err := toml.Decode(about, &file); err != nil {
		return fyne.AppMetadata{}, fmt.Errorf("FyneApp.toml: %w", err)
	}
	d := file.Details
	return fyne.AppMetadata{ID: d.ID, Name: d.Name, Version: d.Version, Build: d.Build, Migrations: file.Migrations}, nil
}
