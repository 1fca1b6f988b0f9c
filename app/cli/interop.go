package cli

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"

	"relais/app/rx"
	"relais/app/wiring"
)

// The commands of `relais interop` try the security layer against other implementations,
// with files alone: no data directory, no network. Verdicts are JSON, with --json or not;
// on the standard error people are told the same.

// keystore names a PKCS#12 file and the file with its password, in the first line.
type keystore struct {
	P12      string `name:"p12" required:"" placeholder:"F" help:"${help_p12}"`
	PassFile string `name:"pass-file" required:"" placeholder:"P" help:"${help_pass_file}"`
}

func (k keystore) read(r *run) (out wiring.Keystore, err error) {
	if out.File, err = r.file(k.P12); err != nil {
		return out, err
	}
	password, err := r.file(k.PassFile)
	line, rest, _ := bytes.Cut(password.Content, []byte("\n"))
	clear(rest)
	out.Password = bytes.TrimSuffix(line, []byte("\r"))
	return out, err
}

// file reads a file that stands beside the message.
func (r *run) file(name string) (wiring.File, error) {
	b, err := r.readFile(name)
	return wiring.File{Name: filepath.Base(name), Content: b}, err
}

// message reads a message, and a little more than one may have.
func (r *run) message(name string) ([]byte, error) { return r.readAtMost(name, wiring.MaxMessage+1) }

// place is the file to write, for this account alone, whole or not at all; a file of that
// name is replaced. The standard output is for verdicts.
func place(name, form string) (output, error) {
	out := output{Out: name, Force: true}
	if name == "-" {
		return out, misused(form)
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return out, rx.Fault(CodeFileWrite, "file", filepath.Base(name))
	}
	return out, out.free()
}

// moment is a time on the command line.
type moment struct{ time.Time }

// Decode reads RFC 3339.
func (m *moment) Decode(ctx *kong.DecodeContext) (err error) {
	var s string
	if err = ctx.Scan.PopValueInto("time", &s); err != nil {
		return err
	}
	if m.Time, err = time.Parse(time.RFC3339, s); err != nil {
		return rx.Fault(CodeMomentForm)
	}
	return nil
}

// at is the clock of a judgement: the moment that was asked for, else now.
func (m moment) at() wiring.Interop {
	now := time.Now
	if !m.IsZero() {
		now = func() time.Time { return m.Time }
	}
	return wiring.Interop{Now: now, Rand: rand.Reader}
}

// sealCmd seals a message. Files are IN and OUT; before them may stand further recipients
// of --to, which a command line gives one flag at a time or all behind one.
type sealCmd struct {
	keystore
	To      []string `name:"to" sep:"none" placeholder:"ETK-or-CERT" help:"${help_to}"`
	KEKFile string   `name:"kek-file" placeholder:"F" help:"${help_kek_file}"`
	KEKID   string   `name:"kek-id" placeholder:"BASE64" help:"${help_kek_id}"`
	Files   []string `arg:"" name:"file" help:"${help_in_out}"`
}

const (
	sealForm   = "relais interop seal --p12=F --pass-file=P (--to=ETK-or-CERT … | --kek-file=F --kek-id=BASE64) IN OUT"
	unsealForm = "relais interop unseal --p12=F --pass-file=P --trust=CA.pem [--kek-file=F] [--at=RFC3339] IN OUT"
)

func (c sealCmd) do(r *run) (Exit, error) {
	names := len(c.Files) - 2
	if names < 0 || names > 0 && len(c.To) == 0 || len(c.To) == 0 && c.KEKFile == "" || (c.KEKFile == "") != (c.KEKID == "") {
		return Failed, misused(sealForm)
	}
	in := c.Files[names]
	out, err := place(c.Files[names+1], sealForm)
	if err != nil {
		return Failed, err
	}
	by, err := c.read(r)
	if err != nil {
		return Failed, err
	}
	to, err := c.recipients(r, append(c.To, c.Files[:names]...))
	if err != nil {
		return Failed, err
	}
	plain, err := r.message(in)
	if err != nil {
		return Failed, err
	}
	sealed, err := moment{}.at().Seal(plain, by, to)
	if err != nil {
		return Failed, err
	}
	return Done, r.write(out, sealed)
}

func (c sealCmd) recipients(r *run, names []string) (to wiring.Recipients, err error) {
	for _, name := range names {
		f, err := r.file(name)
		if err != nil {
			return to, err
		}
		to.Known = append(to.Known, f)
	}
	if c.KEKFile == "" {
		return to, nil
	}
	if to.KEKID, err = base64.StdEncoding.DecodeString(c.KEKID); err != nil {
		return to, rx.Fault(wiring.CodeKEKIDForm)
	}
	kek, err := r.file(c.KEKFile)
	to.KEK = &kek
	return to, err
}

// unsealCmd opens a message and prints the verdict.
type unsealCmd struct {
	keystore
	Trust   string `required:"" placeholder:"CA.pem" help:"${help_trust}"`
	KEKFile string `name:"kek-file" placeholder:"F" help:"${help_kek_file}"`
	At      moment `placeholder:"RFC3339" help:"${help_at}"`
	EID     bool   `name:"eid" help:"${help_eid}"`
	In      string `arg:"" help:"${help_in}"`
	Out     string `arg:"" help:"${help_message_out}"`
}

func (c unsealCmd) do(r *run) (Exit, error) {
	out, err := place(c.Out, unsealForm)
	if err != nil {
		return Failed, err
	}
	with := wiring.Unsealing{EID: c.EID}
	if with.Keys, err = c.read(r); err != nil {
		return Failed, err
	}
	if with.Trust, err = r.file(c.Trust); err != nil {
		return Failed, err
	}
	if c.KEKFile != "" {
		kek, err := r.file(c.KEKFile)
		if err != nil {
			return Failed, err
		}
		with.KEK = &kek
	}
	sealed, err := r.message(c.In)
	if err != nil {
		return Failed, err
	}
	plain, judged, err := c.At.at().Unseal(sealed, with)
	if err == nil && judged.Refused == nil {
		err = r.write(out, plain)
	}
	return r.judged(judged, err)
}

// judged prints a verdict, and tells people why something was refused.
func (r *run) judged(j wiring.Judged, err error) (Exit, error) {
	if err == nil {
		err = r.json(j.Verdict)
	}
	if err != nil {
		return Failed, err
	}
	if j.Refused != nil {
		return r.tell(j.Refused), nil
	}
	return Done, nil
}

// etkCmd shows an encryption token.
type etkCmd struct {
	At   moment `placeholder:"RFC3339" help:"${help_at}"`
	File string `arg:"" help:"${help_etk_file}"`
}

func (c etkCmd) do(r *run) (Exit, error) {
	token, err := r.file(c.File)
	if err != nil {
		return Failed, err
	}
	return r.judged(c.At.at().ETK(token))
}

// signSOAPCmd signs a SOAP message.
type signSOAPCmd struct {
	keystore
	Assertion string `placeholder:"TOKEN.xml" help:"${help_assertion}"`
	SHA1      bool   `name:"sha1" help:"${help_sha1}"`
	In        string `arg:"" help:"${help_soap_in}"`
	Out       string `arg:"" help:"${help_soap_out}"`
}

func (c signSOAPCmd) do(r *run) (Exit, error) {
	out, err := place(c.Out, "relais interop sign-soap --p12=F --pass-file=P [--assertion=TOKEN.xml] IN OUT")
	if err != nil {
		return Failed, err
	}
	how := wiring.Signing{SHA1: c.SHA1}
	if how.By, err = c.read(r); err != nil {
		return Failed, err
	}
	if c.Assertion != "" {
		token, err := r.file(c.Assertion)
		if err != nil {
			return Failed, err
		}
		how.Token = &token
	}
	message, err := r.message(c.In)
	if err != nil {
		return Failed, err
	}
	signed, err := moment{}.at().SignSOAP(wiring.File{Name: filepath.Base(c.In), Content: message}, how)
	if err != nil {
		return Failed, err
	}
	return Done, r.write(out, signed)
}

// verifySOAPCmd judges a signed SOAP message and prints the verdict.
type verifySOAPCmd struct {
	Trust string `required:"" placeholder:"CA.pem" help:"${help_trust}"`
	At    moment `placeholder:"T" help:"${help_at}"`
	SHA1  bool   `name:"sha1" help:"${help_sha1_too}"`
	File  string `arg:"" help:"${help_in}"`
}

func (c verifySOAPCmd) do(r *run) (Exit, error) {
	anchors, err := r.file(c.Trust)
	if err != nil {
		return Failed, err
	}
	message, err := r.message(c.File)
	if err != nil {
		return Failed, err
	}
	return r.judged(c.At.at().VerifySOAP(message, anchors, c.SHA1))
}
