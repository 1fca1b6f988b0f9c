package trust_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/trust"
)

func TestReadAnchors(t *testing.T) {
	a, b := pkitest.Issue("a", nil, pkitest.CA), pkitest.Issue("b", nil, pkitest.CA)
	text := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	two := bytes.Join([][]byte{[]byte("# the first\n"), pkitest.PEM(a.Cert), []byte("# the second\n"), pkitest.PEM(b.Cert)}, nil)
	pool, err := trust.ReadAnchors(two)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []pkitest.Holder{a, b} {
		if found := trust.Judge(h.Cert, nil, trust.Demand{Anchors: pool, At: now}); found != nil {
			t.Errorf("%s: %v", h.Cert.Subject.CommonName, found)
		}
	}
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"nothing":  {nil, "0 of 0"},
		"DER":      {a.Cert.Raw, "0 of 0"},
		"a key":    {text("PRIVATE KEY", []byte{1}), "block 1 is a PRIVATE KEY"},
		"nonsense": {append(bytes.Clone(two), text("CERTIFICATE", []byte{1})...), "certificate 3 cannot be read"},
		"cut off":  {two[:len(two)-10], "1 of 2"},
	} {
		if pool, err := trust.ReadAnchors(c.in); pool != nil || !errors.Is(err, trust.ErrAnchors) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// anchors is a directory with a set of its own for each purpose, and who stands in it.
func anchors() (fstest.MapFS, map[trust.Purpose]pkitest.Holder) {
	dir, roots := fstest.MapFS{}, map[trust.Purpose]pkitest.Holder{}
	for _, p := range trust.Purposes {
		roots[p] = pkitest.Issue("root of "+string(p), nil, pkitest.CA)
		dir[string(p)+".pem"] = &fstest.MapFile{Data: pkitest.PEM(roots[p].Cert)}
	}
	dir["README.md"] = &fstest.MapFile{Data: []byte("where they come from")}
	return dir, roots
}

// trusted are the purposes for which a certificate of that root is good.
func trusted(s trust.Sets, root pkitest.Holder) (good []trust.Purpose) {
	leaf := pkitest.Issue("leaf", &root).Cert
	for _, p := range trust.Purposes {
		if trust.Judge(leaf, nil, trust.Demand{Anchors: s.For(p), At: now}) == nil {
			good = append(good, p)
		}
	}
	return good
}

func TestSetsDoNotStandInForEachOther(t *testing.T) {
	dir, roots := anchors()
	sets, err := trust.ReadSets(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(trust.Purposes) != 6 {
		t.Errorf("%d purposes", len(trust.Purposes))
	}
	for p, root := range roots {
		if good := trusted(sets, root); !slices.Equal(good, []trust.Purpose{p}) {
			t.Errorf("the root of %s is good for %v", p, good)
		}
	}
	sets.For(trust.KGSS).AddCert(roots[trust.TLS].Cert) // of a copy
	if good := trusted(sets, roots[trust.TLS]); !slices.Equal(good, []trust.Purpose{trust.TLS}) {
		t.Errorf("changed from outside: %v", good)
	}
}

func TestEmptySetsTrustNothing(t *testing.T) {
	dir, roots := anchors()
	dir["sts.pem"].Data = []byte("# none yet\n\n# to come\n")
	sets, err := trust.ReadSets(dir)
	if err != nil {
		t.Fatal(err)
	}
	if good := trusted(sets, roots[trust.STS]); good != nil {
		t.Errorf("an empty set: %v", good)
	}
	for _, p := range append([]trust.Purpose{"other"}, trust.Purposes...) {
		if pool := (trust.Sets{}).For(p); pool == nil || trusted(trust.Sets{}, roots[trust.TLS]) != nil {
			t.Errorf("%s of the zero value", p)
		}
	}
}

func TestSetsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(fstest.MapFS)
		want   []string
	}{
		"missing":             {func(d fstest.MapFS) { delete(d, "kgss.pem"); delete(d, "tls.pem") }, []string{"kgss.pem: ", "tls.pem: ", "not exist"}},
		"nothing in it":       {func(d fstest.MapFS) { d["etk.pem"].Data = nil }, []string{"etk.pem: ", "0 of 0"}},
		"a key":               {func(d fstest.MapFS) { d["recipe.pem"].Data = pkitest.KeyPEM(pkitest.RSA("any", 2048)) }, []string{"recipe.pem: ", "PRIVATE KEY"}},
		"DER":                 {func(d fstest.MapFS) { d["sts.pem"].Data = pkitest.Issue("a", nil).Cert.Raw }, []string{"sts.pem: ", "0 of 0"}},
		"too long":            {func(d fstest.MapFS) { d["sts.pem"].Data = bytes.Repeat([]byte("#\n"), 1<<20) }, []string{"sts.pem: ", "more than 1048576 bytes"}},
		"a name misspelt too": {func(d fstest.MapFS) { d["servicelist.pem"] = d["service-list.pem"] }, []string{`"servicelist.pem" is for no purpose`, "service-list"}},
	} {
		dir, roots := anchors()
		c.change(dir)
		sets, err := trust.ReadSets(dir)
		if !errors.Is(err, trust.ErrAnchors) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v without %q", name, err, want)
			}
		}
		if good := trusted(sets, roots[trust.TLS]); good != nil {
			t.Errorf("%s: something is trusted", name)
		}
	}
}
