package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"relais/app/config"
	"relais/app/crash"
	"relais/app/formats"
	"relais/app/rx"
)

// readFile reads a file that the person names; "-" is the standard input. It reads a
// little more than a format may have, so that what is too large is told as such.
func (r *run) readFile(name string) ([]byte, error) { return r.readAtMost(name, formats.MaxBytes+1) }

// readAtMost is readFile for files of another length, in bytes.
func (r *run) readAtMost(name string, length int64) ([]byte, error) {
	in := r.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, rx.Fault(CodeFileRead, "file", filepath.Base(name)).Because(cause(err))
		}
		defer f.Close()
		in = f
	}
	b, err := r.unless(func() ([]byte, error) { return io.ReadAll(io.LimitReader(in, length)) })
	if err != nil {
		return nil, rx.Fault(CodeFileRead, "file", filepath.Base(name)).Because(cause(err))
	}
	return b, nil
}

// unless reads what a person may have to write first, unless they interrupt: the read,
// which nothing can end, is then left behind.
func (r *run) unless(read func() ([]byte, error)) ([]byte, error) {
	type answer struct {
		b   []byte
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		defer crash.Guard()
		b, err := read()
		answers <- answer{b, err}
	}()
	select {
	case <-r.ctx.Done():
		return nil, r.ctx.Err()
	case a := <-answers:
		return a.b, a.err
	}
}

// cause is err without its path.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// words are what the person writes on the standard input: text of patients and reasons is
// never an argument.
func (r *run) words() (string, error) {
	if r.typed != "" { // read already, by a command that is run again
		return r.typed, nil
	}
	b, err := r.unless(func() ([]byte, error) { return io.ReadAll(io.LimitReader(r.Stdin, 10_000)) })
	if err != nil {
		return "", rx.Fault(CodeFileRead, "file", "-").Because(cause(err))
	}
	text := strings.Join(strings.Fields(string(b)), " ")
	if text == "" {
		return "", rx.Fault(CodeNothingWritten)
	}
	r.typed = text
	return text, nil
}

// output is a file to be written by a command.
type output struct {
	Out   string `name:"out" short:"o" placeholder:"F.pdf" help:"${help_out}"`
	Force bool   `help:"${help_force}"`
}

// free tells, before anything is done, that the file may be written: it does not exist, or
// may be overwritten, and its directory is there.
func (o output) free() error {
	if o.Out == "" {
		return nil
	}
	info, err := os.Stat(o.Out)
	if err == nil && (!o.Force || !info.Mode().IsRegular()) {
		return rx.Fault(CodeFileExists, "file", filepath.Base(o.Out))
	}
	if dir, err := os.Stat(filepath.Dir(o.Out)); err != nil || !dir.IsDir() {
		return rx.Fault(CodeFileWrite, "file", filepath.Base(o.Out))
	}
	return nil
}

// write writes the file of o for this account alone, whole or not at all.
func (r *run) write(o output, content []byte) error {
	if err := o.free(); err != nil {
		return err
	}
	if r.Step != nil {
		r.Step("before file")
		defer r.Step("after file")
	}
	return writeFile(o.Out, content, o.Force)
}

func writeFile(path string, content []byte, force bool) (err error) {
	fault := func(err error) error {
		return rx.Fault(CodeFileWrite, "file", filepath.Base(path)).Because(cause(err))
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".relais-*") // of mode 0600
	if err != nil {
		return fault(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fault(err)
	}
	if force {
		err = os.Rename(f.Name(), path)
	} else if err = os.Link(f.Name(), path); err == nil { // refuses what exists, also what came this moment
		err = os.Remove(f.Name())
	} else if errors.Is(err, fs.ErrExist) {
		return rx.Fault(CodeFileExists, "file", filepath.Base(path))
	} else { // a disk without links
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fault(err)
	}
	return nil
}

// passphrase comes from the file that the environment names, or from the terminal.
func (r *run) passphrase() ([]byte, error) {
	if name := r.Getenv(config.EnvPassphrase); name != "" {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, rx.Fault(CodeFileRead, "file", config.EnvPassphrase).Because(cause(err))
		}
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		clear(rest)
		return bytes.TrimSuffix(line, []byte("\r")), nil
	}
	return r.prompt("cli.passphrase")
}

// newPassphrase asks twice at a terminal.
func (r *run) newPassphrase() ([]byte, error) {
	if r.Getenv(config.EnvPassphrase) != "" {
		return r.passphrase()
	}
	first, err := r.prompt("cli.passphrase.new")
	if err != nil {
		return nil, err
	}
	second, err := r.prompt("cli.passphrase.again")
	if err != nil {
		return nil, err
	}
	defer clear(second)
	if !bytes.Equal(first, second) {
		clear(first)
		return nil, rx.Fault(CodePassphrases)
	}
	return first, nil
}

// prompt asks at the terminal, which need not be the standard input.
func (r *run) prompt(key string) ([]byte, error) {
	terminal, err := os.OpenFile(terminalName, os.O_RDWR, 0)
	if err != nil {
		return nil, rx.Fault(CodeNoPassphrase)
	}
	defer terminal.Close()
	fd := int(terminal.Fd())
	shown, err := term.GetState(fd)
	if err != nil {
		return nil, rx.Fault(CodeNoPassphrase)
	}
	fmt.Fprint(r.Stderr, r.text(key)+" ")
	b, err := r.unless(func() ([]byte, error) { return term.ReadPassword(fd) })
	fmt.Fprintln(r.Stderr)
	if r.ctx.Err() != nil { // what is typed from now on is to be seen again
		_ = term.Restore(fd, shown)
	}
	if err != nil {
		return nil, rx.Fault(CodeNoPassphrase)
	}
	return b, nil
}
