package wiring

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

// kept is one of the keystores of the identity's own tests: of Anne Exemple, 79021802145, password "secret".
func kept(t testing.TB, name string) Keystore {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "sync", "ehealth", "identity", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return Keystore{File{name, b}, []byte("secret")}
}

// issued is a certificate with its one key, as OpenSSL writes it.
type issued struct{ entry, subject, usage, password string }

// doctor is the subject of the certificate of that number.
func doctor(number string) string {
	return `/OU=eHealth-platform Belgium/OU=SSIN\=` + number + `/OU=ANNE EXEMPLE/CN=SSIN\=` + number
}

const signs = "digitalSignature,nonRepudiation"

// keystore makes the file now, for twenty years.
func (i issued) keystore(t testing.TB) Keystore {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed: nobody writes keystores of other kinds")
	}
	dir := t.TempDir()
	key, cert, p12 := filepath.Join(dir, "key"), filepath.Join(dir, "cert"), filepath.Join(dir, "p12")
	for _, args := range [][]string{
		{"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "7300", "-subj", i.subject, "-addext", "keyUsage=" + i.usage},
		{"pkcs12", "-export", "-inkey", key, "-in", cert, "-name", i.entry, "-passout", "pass:" + i.password, "-out", p12},
	} {
		if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", args[0], err, out)
		}
	}
	b, err := os.ReadFile(p12)
	if err != nil {
		t.Fatal(err)
	}
	return Keystore{File{"doctor.p12", b}, []byte(i.password)}
}

// keeping is a session of a new directory whose clock the test sets.
func keeping(t *testing.T, now *time.Time) (Directory, *Session) {
	t.Helper()
	d := made(t)
	d.Now = func() time.Time { return *now }
	return d, open(t, d)
}

func codesOf(c Certificate) (codes []string) {
	for _, w := range c.Warnings {
		code := string(w.Code)
		if w.Days > 0 {
			code += fmt.Sprintf(" %d", w.Days)
		}
		codes = append(codes, code)
	}
	return codes
}

// Whoever sent something that is not known to have arrived can look for it, and nobody else.
func TestIdentityOfAnotherWhileUnderWay(t *testing.T) {
	now := autumn
	_, s := keeping(t, &now)
	keep := func(number, password string, want rx.Code) {
		t.Helper()
		if _, err := s.KeepIdentity(ctx, issued{"authentication", doctor(number), signs, password}.keystore(t)); rx.CodeOf(err) != want {
			t.Errorf("%s: %v", number, err)
		}
	}
	keep("79021802145", "secret", "")
	done, err := s.Service.Issue(ctx, request(), prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	keep("85073003427", "secret", "") // nothing left yet
	keep("79021802145", "secret", "")
	if err := s.db.AddKey(ctx, done.Patient, request().Patient.SSIN, rx.Key{ID: "key", Secret: []byte("secret")}); err != nil {
		t.Fatal(err)
	}
	p := done.Prescriptions[0]
	if _, _, err := s.db.Mark(ctx, p.ID, p.Version, now, now, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	keep("85073003427", "secret", CodeIdentityUnderWay)
	keep("79021802145", "renewed", "") // a new one of the same person
	if err := s.ForgetIdentity(ctx); err != nil {
		t.Fatal(err)
	}
	keep("85073003427", "secret", CodeIdentityUnderWay)
	keep("79021802145", "secret", "")
}

// autumn is when these tests happen: the certificates of the keystores are valid for many years from then.
var autumn = time.Date(2027, 10, 5, 9, 40, 0, 0, time.UTC)

func TestIdentityIsKept(t *testing.T) {
	now := autumn
	d := made(t)
	d.Now = func() time.Time { return now }
	s, err := d.Open(ctx, passphrase())
	if err != nil {
		t.Fatal(err)
	}
	none := func(when string) {
		t.Helper()
		_, told := s.Identity(ctx)
		_, keys := s.Credentials(ctx)
		if rx.CodeOf(told) != CodeNoIdentity || rx.CodeOf(keys) != CodeNoIdentity || rx.CodeOf(s.ForgetIdentity(ctx)) != CodeNoIdentity {
			t.Errorf("%s: %v, %v", when, told, keys)
		}
	}
	none("at first")
	k := kept(t, "java.p12")
	c, err := s.KeepIdentity(ctx, k)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.Password, make([]byte, 6)) {
		t.Error("the password is not wiped")
	}
	if c.Type != "SSIN" || c.Number != "79021802145" || c.Name != "ANNE EXEMPLE" || c.Application != "" || c.Retired != 1 || len(c.Warnings) != 0 {
		t.Errorf("%+v: %s, %d retired, %v", c, c.Type, c.Retired, codesOf(c))
	}
	if !c.From.Before(now) || !c.Until.After(now.AddDate(15, 0, 0)) {
		t.Errorf("from %s until %s", c.From, c.Until)
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}

	// After a restart, and in a copy of the directory.
	copied := d
	copied.Data = filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied.Data, os.DirFS(d.Data)); err != nil {
		t.Fatal(err)
	}
	for _, place := range []Directory{copied, d} {
		if s, err = place.Open(ctx, passphrase()); err != nil {
			t.Fatal(err)
		}
		again, err := s.Identity(ctx)
		if err != nil || again.Number != c.Number || !again.Until.Equal(c.Until) {
			t.Errorf("reopened: %v, %v", again, err)
		}
		id, err := s.Credentials(ctx)
		if err != nil || id.Check(now) != nil || len(id.Decryption()) != 2 {
			t.Errorf("credentials: %v", err)
		}
		if place.Data == copied.Data {
			if err := s.Close(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	defer func() {
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	}()

	// Another in its place: one without a key that decrypts.
	if c, err = s.KeepIdentity(ctx, kept(t, "openssl.p12")); err != nil || !slices.Equal(codesOf(c), []string{string(CodeIdentityNoEncryption)}) {
		t.Errorf("replaced: %v, %v", codesOf(c), err)
	}
	if id, err := s.Credentials(ctx); err != nil || len(id.Decryption()) != 0 {
		t.Errorf("the one before is still there: %v", err)
	}
	if err := s.ForgetIdentity(ctx); err != nil {
		t.Fatal(err)
	}
	none("forgotten")
	if _, err = s.KeepIdentity(ctx, kept(t, "java.p12")); err != nil {
		t.Errorf("after it was forgotten: %v", err)
	}
}

// What is refused changes nothing.
func TestIdentityRefused(t *testing.T) {
	now := autumn
	_, s := keeping(t, &now)
	if _, err := s.KeepIdentity(ctx, kept(t, "java.p12")); err != nil {
		t.Fatal(err)
	}
	before, err := s.db.Setting(ctx, settingIdentity)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*Keystore)) Keystore {
		k := kept(t, "java.p12")
		change(&k)
		return k
	}
	for name, c := range map[string]struct {
		keystore Keystore
		at       time.Time
		want     rx.Code
	}{
		"wrong password": {with(func(k *Keystore) { k.Password = []byte("Secret") }), autumn, CodeKeystorePassword},
		"no password":    {with(func(k *Keystore) { k.Password = nil }), autumn, CodeKeystorePassword},
		"empty":          {with(func(k *Keystore) { k.Content = nil }), autumn, CodeKeystoreForm},
		"text":           {with(func(k *Keystore) { k.Content = []byte("-----BEGIN CERTIFICATE-----") }), autumn, CodeKeystoreForm},
		"cut":            {with(func(k *Keystore) { k.Content = k.Content[:len(k.Content)/2] }), autumn, CodeKeystoreForm},
		"too large":      {with(func(k *Keystore) { k.Content = make([]byte, 2<<20) }), autumn, rx.CodeFileTooLarge},
		"expired":        {kept(t, "java.p12"), autumn.AddDate(40, 0, 0), CodeCertificateExpired},
		"not valid yet":  {kept(t, "java.p12"), autumn.AddDate(-10, 0, 0), CodeCertificateEarly},
	} {
		now = c.at
		_, err := s.KeepIdentity(ctx, c.keystore)
		if rx.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(fmt.Sprint(err), "ecret") {
			t.Errorf("%s: the error tells the password", name)
		}
	}
	if after, err := s.db.Setting(ctx, settingIdentity); err != nil || !bytes.Equal(before, after) {
		t.Errorf("what was kept has changed: %v", err)
	}
}

func TestIdentityOfOtherKinds(t *testing.T) {
	now := time.Now().Add(time.Hour)
	_, s := keeping(t, &now)
	for name, c := range map[string]struct {
		issued
		want rx.Code
	}{
		"no signer":       {issued{"4711", doctor("79021802145"), "keyEncipherment", "secret"}, CodeKeystoreNoSigner},
		"may not sign":    {issued{"authentication", doctor("79021802145"), "keyEncipherment", "secret"}, CodeCertificateUnfit},
		"names no holder": {issued{"authentication", "/CN=nobody", signs, "secret"}, CodeCertificateUnfit},
	} {
		if _, err := s.KeepIdentity(ctx, c.keystore(t)); rx.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Identity(ctx); rx.CodeOf(err) != CodeNoIdentity {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Of another person: told, not refused. An organisation is nobody's.
	for subject, want := range map[string]bool{
		doctor("79021802145"): false,
		doctor("85073003427"): true,
		`/OU=eHealth-platform Belgium/OU=CBE\=0809394427/CN=CBE\=0809394427, RELAIS`: false,
	} {
		c, err := s.KeepIdentity(ctx, issued{"authentication", subject, signs, "secret"}.keystore(t))
		if err != nil || slices.Contains(codesOf(c), string(CodeIdentityOther)) != want {
			t.Errorf("%s: %v, %v", subject, codesOf(c), err)
		}
		if again, err := s.Identity(ctx); err != nil || !slices.Equal(codesOf(again), codesOf(c)) || again.Application != c.Application {
			t.Errorf("%s: %v, %v", subject, codesOf(again), err)
		}
	}
}

// By the clock of the session: 90, 30 and 7 days before its end, and after it. Encryption ends before signing here.
func TestIdentityWarnings(t *testing.T) {
	now := autumn
	_, s := keeping(t, &now)
	c, err := s.KeepIdentity(ctx, kept(t, "java.p12"))
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Credentials(ctx)
	if err != nil {
		t.Fatal(err)
	}
	encrypts, signs := id.Decryption()[0].Certificate.NotAfter, c.Until
	if !encrypts.Before(signs.AddDate(-1, 0, 0)) {
		t.Fatalf("encryption ends %s, signing %s", encrypts, signs)
	}
	day := 24 * time.Hour
	for _, c := range []struct {
		at   time.Time
		want []string
	}{
		{encrypts.Add(-90*day - time.Second), nil},
		{encrypts.Add(-90 * day), []string{"encryption-ends 90"}},
		{encrypts.Add(-30 * day), []string{"encryption-ends 30"}},
		{encrypts.Add(-7 * day), []string{"encryption-ends 7"}},
		{encrypts, []string{"encryption-ends 7"}},
		{encrypts.Add(time.Second), []string{"encryption-ended"}},
		{signs.Add(-90 * day), []string{"encryption-ended", "identity-ends 90"}},
		{signs.Add(-7 * day), []string{"encryption-ended", "identity-ends 7"}},
		{signs.Add(time.Second), []string{"identity-ended", "encryption-ended"}},
	} {
		now = c.at
		got, err := s.Identity(ctx)
		if err != nil || !slices.Equal(codesOf(got), c.want) {
			t.Errorf("%s: %v, not %v, %v", c.at, codesOf(got), c.want, err)
		}
		for _, w := range got.Warnings {
			if f := w.Fault(); f.Code != w.Code || f.Args["date"] == "" || (f.Args["days"] == "") != (w.Days == 0) {
				t.Errorf("%s: %v %v", c.at, f, f.Args)
			}
		}
	}
	if _, err := s.Credentials(ctx); err != nil { // old messages are still opened
		t.Error(err)
	}
}

func TestIdentityReadOnly(t *testing.T) {
	now := autumn
	d := made(t)
	d.Now = func() time.Time { return now }
	s, err := d.Open(ctx, passphrase())
	if err == nil {
		_, err = s.KeepIdentity(ctx, kept(t, "java.p12"))
	}
	if err == nil {
		err = s.Close(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	before := everything(t, d)
	if s, err = d.OpenReadOnly(ctx, passphrase()); err != nil {
		t.Fatal(err)
	}
	if c, err := s.Identity(ctx); err != nil || c.Number != "79021802145" {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := s.KeepIdentity(ctx, kept(t, "openssl.p12")); rx.CodeOf(err) != rx.CodeReadingOnly {
		t.Errorf("keep: %v", err)
	}
	if err := s.ForgetIdentity(ctx); rx.CodeOf(err) != rx.CodeReadingOnly {
		t.Errorf("forget: %v", err)
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for path, text := range everything(t, d) {
		if before[path] != text {
			t.Errorf("%s was written", filepath.Base(path))
		}
	}
}

// What a newer version keeps is told as such and not written over; what cannot be read is replaced.
func TestIdentityOfAnotherVersion(t *testing.T) {
	now := autumn
	_, s := keeping(t, &now)
	for value, want := range map[string]rx.Code{
		`{"version":2,"p12":{"other":"form"}}`: rx.CodeNewer,
		`{"version":0}`:                        rx.CodeDamaged,
		`{`:                                    rx.CodeDamaged,
		`{"version":1,"p12":"AAAA"}`:           rx.CodeDamaged,
	} {
		if err := s.db.SetSetting(ctx, settingIdentity, []byte(value)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Identity(ctx); rx.CodeOf(err) != want {
			t.Errorf("%s: %v", value, err)
		}
		_, err := s.KeepIdentity(ctx, kept(t, "java.p12"))
		if want == rx.CodeNewer && rx.CodeOf(err) != want || want == rx.CodeDamaged && err != nil {
			t.Errorf("%s replaced: %v", value, err)
		}
	}
}

// Neither password nor keystore stand in a file of the directory, open or closed, kept, replaced or forgotten.
func TestIdentityIsSealed(t *testing.T) {
	const password = "Zwxv-mot-de-passe-rare"
	k := issued{"authentication", doctor("79021802145"), signs, password}.keystore(t)
	d := made(t)
	d.Now = func() time.Time { return time.Now().Add(time.Hour) }
	s, err := d.Open(ctx, passphrase())
	if err != nil {
		t.Fatal(err)
	}
	piece := k.Content[300:360]
	needles := map[string]string{
		"the password": password, "the password in base64": base64.StdEncoding.EncodeToString([]byte(password))[:24],
		"the keystore": string(piece), "the keystore in base64": base64.StdEncoding.EncodeToString(piece), "the holder": "79021802145",
	}
	plain, err := json.Marshal(sealedKeystore{1, k.Content, []byte(password), "79021802145"})
	if err != nil || !bytes.Contains(plain, []byte(needles["the password in base64"])) || !bytes.Contains(plain, []byte(needles["the keystore in base64"])) {
		t.Fatalf("what is looked for would not be found: %v", err)
	}
	search := func(when string) {
		t.Helper()
		found := map[string]bool{}
		for path, text := range everything(t, d) {
			if filepath.Base(filepath.Dir(path)) == pkiDir || strings.Contains(path, pkiDir+string(filepath.Separator)+"etk") {
				continue // the simulated people's, of whom the kept keystore's holder is one
			}
			found[filepath.Base(path)] = true
			for what, needle := range needles {
				if strings.Contains(text, needle) {
					t.Errorf("%s: %s stands in %s", when, what, filepath.Base(path))
				}
			}
		}
		if !found["relais.db"] {
			t.Errorf("%s: looked only into %v", when, found)
		}
	}
	if _, err := s.KeepIdentity(ctx, k); err != nil {
		t.Fatal(err)
	}
	if wal := everything(t, d)[filepath.Join(d.Data, "relais.db-wal")]; !strings.Contains(wal, settingIdentity) {
		t.Fatal("the setting is not where this test looks for it")
	}
	search("kept")
	c, err := s.Identity(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if printed := fmt.Sprintf("%v %+v %#v %s", c, c, []any{c}, slog.AnyValue(c).Resolve()); strings.Contains(printed, c.Number) || strings.Contains(printed, "EXEMPLE") {
		t.Errorf("printed: %s", printed)
	}
	if _, err := s.KeepIdentity(ctx, kept(t, "java.p12")); err != nil {
		t.Fatal(err)
	}
	search("replaced")
	if err := s.ForgetIdentity(ctx); err != nil {
		t.Fatal(err)
	}
	search("forgotten")
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	search("closed")
}

func TestKeystoresAreFound(t *testing.T) {
	home := fstest.MapFS{
		KeystoreFolder + "/old.p12":     {Data: []byte("x"), ModTime: autumn},
		KeystoreFolder + "/new.acc-p12": {Data: []byte("x"), ModTime: autumn.Add(time.Hour)},
		KeystoreFolder + "/notes.txt":   {Data: []byte("x")},
	}
	found, err := FindKeystores(home)
	if err != nil || len(found) != 2 || found[0].Path != KeystoreFolder+"/new.acc-p12" || !found[0].Acceptance {
		t.Errorf("%d found, %v", len(found), err)
	}
}
