package vault

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// vectors is testdata/v1/vectors.json: everything that version 1 promises to read and to compute again.
type vectors struct {
	Passphrase   string `json:"passphrase"`
	RecoveryCode string `json:"recovery_code"`
	Environment  string `json:"environment"`
	Root         hexed  `json:"root"`
	AD           AD     `json:"ad"`
	Plaintext    string `json:"plaintext"`
	Content      hexed  `json:"content"`
	Patients     hexed  `json:"patients"`
	Delivery     hexed  `json:"delivery"`
	MAC          hexed  `json:"mac"`   // of table, row, the fields "1", "", "ready"
	Blind        hexed  `json:"blind"` // of the column and the plaintext
	Keyed        hexed  `json:"keyed"` // of the use "request" and the plaintext
	Chain        hexed  `json:"chain"` // of 32 zero bytes and the plaintext
}

type hexed []byte

func (h hexed) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }
func (h *hexed) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "v1", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func goldenVectors(t testing.TB) (want vectors) {
	t.Helper()
	if err := json.Unmarshal(golden(t, "vectors.json"), &want); err != nil {
		t.Fatal(err)
	}
	return want
}

// A data directory of version 1 opens for ever.
func TestVersion1IsReadForEver(t *testing.T) {
	want := goldenVectors(t)
	v, err := Parse(golden(t, "vault.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(v.Bytes(), golden(t, "vault.json")) {
		t.Error("written otherwise than read")
	}
	code, err := ParseRecoveryCode(want.RecoveryCode)
	if err != nil {
		t.Fatal(err)
	}
	if code.Printed() != want.RecoveryCode {
		t.Errorf("the code is printed as %s", code.Printed())
	}
	for name, by := range map[string]Secret{"passphrase": pass(want.Passphrase), "recovery code": code} {
		root, err := by.root(v)
		if err != nil || !bytes.Equal(root, want.Root) {
			t.Fatalf("%s: %x, %v", name, root, err)
		}
	}
	k, err := v.Unlock(want.Environment, code, seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	for purpose, sealed := range map[string]hexed{Content: want.Content, Patients: want.Patients, Delivery: want.Delivery} {
		if got, err := k.Open(purpose, want.AD, sealed); err != nil || string(got) != want.Plaintext {
			t.Errorf("%s: %q, %v", purpose, got, err)
		}
	}
	if err := k.VerifyMAC(want.AD.Table, want.AD.Row, [][]byte{[]byte("1"), nil, []byte("ready")}, want.MAC); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		got  func() ([32]byte, error)
		want hexed
	}{
		"blind": {func() ([32]byte, error) { return k.Blind(want.AD.Column, want.Plaintext) }, want.Blind},
		"keyed": {func() ([32]byte, error) { return k.Keyed("request", []byte(want.Plaintext)) }, want.Keyed},
		"chain": {func() ([32]byte, error) { return k.Chain([32]byte{}, []byte(want.Plaintext)) }, want.Chain},
	} {
		if got, err := c.got(); err != nil || !bytes.Equal(got[:], c.want) {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
}

// check.py reads the same file with the Argon2id, HKDF and ChaCha20 of OpenSSL and works out every vector from the passphrase and from the code.
func TestAnotherImplementationAgrees(t *testing.T) {
	if out, err := exec.Command("python3", "-c", "from cryptography.hazmat.primitives.kdf.argon2 import Argon2id").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: python3 with cryptography ≥ 44 is not here, version 1 was not checked against it: %v %s", err, lastLine(out))
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	out, err := exec.CommandContext(ctx, "python3", filepath.Join("testdata", "v1", "check.py")).CombinedOutput()
	if err != nil || lastLine(out) != "12 checks" {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSubkeysAgreeWithOpenSSL(t *testing.T) {
	out, err := exec.Command("openssl", "kdf", "-keylen", "1", "-kdfopt", "digest:SHA256", "-kdfopt", "hexkey:00", "HKDF").CombinedOutput()
	if err != nil {
		t.Skipf("SKIPPED: openssl with the command kdf is not here, subkeys were not checked against it: %v %s", err, lastLine(out))
	}
	want := goldenVectors(t)
	v, err := Parse(golden(t, "vault.json"))
	if err != nil {
		t.Fatal(err)
	}
	id := v.ID()
	k, err := newKeys(want.Root, id, want.Environment, nil)
	if err != nil {
		t.Fatal(err)
	}
	for purpose, key := range k.set.subkeys {
		out, err := exec.Command("openssl", "kdf", "-keylen", "32", "-kdfopt", "digest:SHA256", "-kdfopt", "hexkey:"+hex.EncodeToString(want.Root),
			"-kdfopt", "hexsalt:"+hex.EncodeToString(id[:]), "-kdfopt", "hexinfo:"+hex.EncodeToString(pack("relais subkey 1", want.Environment, purpose)), "HKDF").Output()
		got := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(string(out)), ":", ""))
		if err != nil || got != hex.EncodeToString(key[:]) {
			t.Errorf("%s: %v, openssl derives another key", purpose, err)
		}
	}
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

func TestGoldenIsNotWeak(t *testing.T) {
	v, err := Parse(golden(t, "vault.json"))
	if err != nil {
		t.Fatal(err)
	}
	if *v.doc.Passphrase.Cost != DefaultCost("production") {
		t.Errorf("the golden vault has the cost %v", *v.doc.Passphrase.Cost)
	}
	if _, err := v.Unlock("production", pass("x"), nil); !errors.Is(err, ErrEnvironment) {
		t.Errorf("%v", err)
	}
}
