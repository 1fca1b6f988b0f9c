package identity

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/pkitest"
)

func TestLeft(t *testing.T) {
	const day = 24 * time.Hour
	for left, want := range map[time.Duration]int{
		365 * day: -1, 90*day + 1: -1, 90 * day: 90, 30*day + 1: 90, 30 * day: 30, 7*day + 1: 30, 7 * day: 7, time.Second: 7, 0: 7, -1: 0, -400 * day: 0,
	} {
		days, ok := Left(pkitest.Now.Add(left), pkitest.Now)
		if ok != (want >= 0) || ok && days != want {
			t.Errorf("%v left: %d, %t", left, days, ok)
		}
	}
}

// The first of the signing chain to end counts, and the newest encryption certificate alone.
func TestWarnings(t *testing.T) {
	ends := func(name string, by *pkitest.Holder, days int, more ...pkitest.Change) pkitest.Holder {
		return pkitest.Issue(name, by, append(more, pkitest.Valid(pkitest.Now.AddDate(-3, 0, 0), pkitest.Now.AddDate(0, 0, days)))...)
	}
	root := ends("root", nil, 1000, pkitest.CA)
	sub := ends("issuing", &root, 20, pkitest.CA)
	id := &Identity{signing: etee.Credential{Key: root.Key, Chain: certificates(ends("doctor", &sub, 60), sub, root)}}
	for _, days := range []int{89, 1, -1} {
		id.decryption = append(id.decryption, etee.DecryptionKey{Certificate: ends("enc", &root, days).Cert})
	}
	want := []Warning{{Authentication, sub.Cert.NotAfter, 30}, {Encryption, id.decryption[0].Certificate.NotAfter, 90}}
	if got := id.Warnings(pkitest.Now); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := id.Warnings(pkitest.Now.AddDate(0, 0, -100)); got != nil {
		t.Errorf("a hundred days before: %v", got)
	}
	if got := (&Identity{}).Warnings(pkitest.Now); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

func certificates(hs ...pkitest.Holder) (cs []*x509.Certificate) {
	for _, h := range hs {
		cs = append(cs, h.Cert)
	}
	return cs
}

func TestTwoSigners(t *testing.T) {
	a := pkitest.Issue("a", nil)
	e := entry{name: "Authentication", key: a.Key, chain: certificates(a)}
	if !signs(e, 2) || decrypts(e) {
		t.Error("an entry that is called so signs, and does nothing else")
	}
	if id, err := assemble([]entry{e, e}); id != nil || !errors.Is(err, ErrTwoSigners) {
		t.Errorf("two of them: %v", err)
	}
	e.name = "4711"
	if signs(e, 2) || !decrypts(e) {
		t.Error("one of several keys that is called otherwise decrypts, and does nothing else")
	}
}

func TestHolder(t *testing.T) {
	for name, c := range map[string]struct {
		cn    string
		units []string
		want  Holder
		ok    bool
	}{
		"doctor":        {"SSIN=79021802145", []string{platform, "SSIN=79021802145", "ANNE EXEMPLE"}, Holder{Type: "SSIN", Number: "79021802145", Name: "ANNE EXEMPLE"}, true},
		"no name":       {"SSIN=79021802145", []string{platform, "SSIN=79021802145"}, Holder{Type: "SSIN", Number: "79021802145"}, true},
		"pharmacy":      {"NIHII-PHARMACY=12345678", []string{platform, "NIHII-PHARMACY=12345678", "PHARMACIE"}, Holder{Type: "NIHII-PHARMACY", Number: "12345678", Name: "PHARMACIE"}, true},
		"application":   {"CBE=0823257311, RECIPE", []string{"CBE=0823257311", platform, "RECIPE", "RECIP-E"}, Holder{Type: "CBE", Number: "0823257311", Name: "RECIP-E", Application: "RECIPE"}, true},
		"another":       {"SSIN=79021802145", []string{platform, "SSIN=79021802244"}, Holder{}, false},
		"stated once":   {"SSIN=79021802145", []string{platform}, Holder{}, false},
		"no number":     {"www.example.org", []string{platform}, Holder{}, false},
		"identity card": {"Anne Exemple (Authentication)", nil, Holder{}, false},
		"nothing":       {"", nil, Holder{}, false},
	} {
		h := pkitest.Issue("doctor", nil, func(tmpl *x509.Certificate) {
			tmpl.Subject = pkix.Name{CommonName: c.cn}
			for _, u := range c.units {
				tmpl.Subject.ExtraNames = append(tmpl.Subject.ExtraNames, pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 11}, Value: u})
			}
		})
		got, err := holder(h.Cert)
		if got != c.want || (err == nil) != c.ok || err != nil && !errors.Is(err, ErrHolder) {
			t.Errorf("%s: %s, %v", name, got.Type, err)
		}
	}
	pharmacy := Holder{Type: "NIHII-PHARMACY", Number: "12345678"}
	if pharmacy.NIHII() != "12345678" || pharmacy.SSIN() != "" {
		t.Error("the number of a pharmacy")
	}
}

func TestFind(t *testing.T) {
	at := func(hours int, size int) *fstest.MapFile {
		return &fstest.MapFile{Data: make([]byte, size), ModTime: pkitest.Now.Add(time.Duration(hours) * time.Hour)}
	}
	home := fstest.MapFS{
		"ehealth/keystore/SSIN=79021802145 20240101-120000.p12":     at(1, 9000),
		"ehealth/keystore/SSIN=79021802145 20240101-120000.acc-p12": at(3, 9001),
		"ehealth/keystore/OTHER.PFX":                                at(2, 9002),
		"ehealth/keystore/readme.txt":                               at(4, 10),
		"ehealth/keystore/empty.p12":                                at(4, 0),
		"ehealth/keystore/film.p12":                                 at(4, MaxFile+1),
		"ehealth/keystore/link.p12":                                 {Mode: fs.ModeSymlink, Data: []byte("x")},
		"ehealth/keystore/old.p12/inside.p12":                       at(4, 10),
		"elsewhere.p12":                                             at(4, 10),
	}
	got, err := Find(closed{home})
	want := []Candidate{
		{"ehealth/keystore/SSIN=79021802145 20240101-120000.acc-p12", 9001, pkitest.Now.Add(3 * time.Hour), true},
		{"ehealth/keystore/OTHER.PFX", 9002, pkitest.Now.Add(2 * time.Hour), false},
		{"ehealth/keystore/SSIN=79021802145 20240101-120000.p12", 9000, pkitest.Now.Add(time.Hour), false},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d candidates, %v", len(got), err)
	}
	if got, err := Find(fstest.MapFS{"ehealth/other": at(0, 1)}); got != nil || err != nil {
		t.Errorf("without the folder: %d, %v", len(got), err)
	}
	if got, err := Find(fstest.MapFS{"ehealth/keystore": at(0, 1)}); got != nil || err == nil {
		t.Errorf("a file of that name: %d, %v", len(got), err)
	}
}

// closed lists its directories and opens no file.
type closed struct{ fstest.MapFS }

func (c closed) Open(name string) (fs.File, error) {
	f, err := c.MapFS.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.IsDir() {
		return nil, errors.New("a candidate was opened")
	}
	return f, nil
}

func (c closed) ReadFile(string) ([]byte, error) { return nil, errors.New("a candidate was read") }
