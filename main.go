// Relais: Belgian general practitioners prescribe through Recip-e with it, and go on working when Recip-e does not answer.
//
// This is the front door, and nothing else: it makes the Fyne app when the window is wanted. It alone imports Fyne's app
// package, which costs some 160 CPU-seconds of OpenGL to build and needs a display; every other package builds and is
// tested without either (test/layers keeps it so).
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"github.com/BurntSushi/toml"
	"github.com/go-gl/glfw/v3.4/glfw"

	"relais/app/cli"
	"relais/ui/shell"
)

// about is the one place where name, id and version stand; packagers read the same file.
//
//go:embed FyneApp.toml
var about string

func main() { os.Exit(cli.Main(openWindow)) }

// openWindow shows the window on a data directory and returns when it was closed. Without a display GLFW panics while Fyne
// makes the window; that is an answer, not a fault of the program.
func openWindow(house *cli.House) (err error) {
	meta, err := metadata()
	if err != nil {
		return err
	}
	defer func() {
		switch value := recover().(type) {
		case nil:
		case *glfw.Error:
			err = cli.NoDisplay(value)
		default:
			panic(value)
		}
	}()
	app.SetMetadata(meta)
	err = shell.Run(app.NewWithID(meta.ID), front{house})
	if errors.Is(err, shell.ErrNotShown) {
		return cli.NoDisplay(err)
	}
	return err
}

// front is the house as the window asks for it: an open desk is an interface there.
type front struct{ *cli.House }

func (f front) Unlock(ctx context.Context, passphrase []byte) (shell.Desk, error) {
	desk, err := f.House.Unlock(ctx, passphrase)
	if err != nil {
		return nil, err
	}
	return desk, nil
}

func (f front) UnlockReadOnly(ctx context.Context, passphrase []byte) (shell.Desk, error) {
	desk, err := f.House.UnlockReadOnly(ctx, passphrase)
	if err != nil {
		return nil, err
	}
	return desk, nil
}

func (f front) Drill(ctx context.Context) (shell.Desk, error) {
	desk, err := f.House.Drill(ctx)
	if err != nil {
		return nil, err
	}
	return desk, nil
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
