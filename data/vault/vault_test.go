package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// seeded is a repeatable source of randomness.
func seeded(n byte) io.Reader { return rand.NewChaCha8([32]byte{n}) }

func pass(s string) Passphrase { return NewPassphrase([]byte(s)) }

func create(t testing.TB, environment, passphrase string, random io.Reader) (*Vault, RecoveryCode) {
	t.Helper()
	v, code, err := Create(New{environment, pass(passphrase), DefaultCost(environment), noon}, random)
	if err != nil {
		t.Fatal(err)
	}
	return v, code
}

func unlock(t testing.TB, v *Vault, by Secret) *Keys {
	t.Helper()
	k, err := v.Unlock(v.Environment(), by, seeded(200))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// fingerprint is equal for two Keys exactly if they come from the same root key, vault and environment.
func fingerprint(t testing.TB, k *Keys) [32]byte {
	t.Helper()
	f, err := k.Blind("test", "fingerprint")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestCreateParseUnlock(t *testing.T) {
	v, code := create(t, Simulated, "een goed geheim", seeded(1))
	again, err := Parse(v.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if again.ID() != v.ID() || again.Environment() != Simulated || !again.Created().Equal(noon) {
		t.Errorf("read back as %v %v %v", again.ID(), again.Environment(), again.Created())
	}
	want := fingerprint(t, unlock(t, v, code))
	if fingerprint(t, unlock(t, again, pass("een goed geheim"))) != want {
		t.Error("passphrase and recovery code give different keys")
	}
	other, _ := create(t, Simulated, "een goed geheim", seeded(2))
	if fingerprint(t, unlock(t, other, pass("een goed geheim"))) == want {
		t.Error("two vaults have the same keys")
	}
}

func TestWrongSecrets(t *testing.T) {
	v, code := create(t, Simulated, "right", seeded(1))
	_, foreign := create(t, Simulated, "right", seeded(2))
	for name, c := range map[string]struct {
		by   Secret
		want error
	}{
		"other passphrase": {pass("Right"), ErrWrongPassphrase},
		"empty":            {pass(""), ErrWrongPassphrase},
		"zero value":       {Passphrase{}, ErrWrongPassphrase},
		"foreign code":     {foreign, ErrWrongCode},
		"zero code":        {RecoveryCode{}, ErrWrongCode},
	} {
		if _, err := v.Unlock(Simulated, c.by, seeded(3)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := v.WithPassphrase(c.by, pass("new"), DefaultCost(Simulated), seeded(3)); !errors.Is(err, c.want) {
			t.Errorf("%s: new passphrase: %v", name, err)
		}
		if _, _, err := v.WithNewRecoveryCode(c.by, seeded(3)); !errors.Is(err, c.want) {
			t.Errorf("%s: new code: %v", name, err)
		}
	}
	wiped := pass("right")
	wiped.Wipe()
	if _, err := v.Unlock(Simulated, wiped, seeded(3)); !errors.Is(err, ErrWrongPassphrase) {
		t.Errorf("wiped passphrase: %v", err)
	}
	unlock(t, v, code)
}

func TestRewrapsKeepTheKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringN(1, 40, -1)
		random := seeded(rapid.Byte().Draw(t, "seed"))
		now := word.Draw(t, "first")
		v, code, err := Create(New{Simulated, pass(now), DefaultCost(Simulated), noon}, random)
		if err != nil {
			t.Fatal(err)
		}
		open := func(by Secret) ([32]byte, error) {
			k, err := v.Unlock(Simulated, by, random)
			if err != nil {
				return [32]byte{}, err
			}
			defer k.Close()
			return k.Blind("test", "fingerprint")
		}
		want, err := open(pass(now))
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			var by Secret = pass(now)
			if rapid.Bool().Draw(t, "by code") {
				by = code
			}
			if rapid.Bool().Draw(t, "change the code") {
				former := code
				if v, code, err = v.WithNewRecoveryCode(by, random); err != nil {
					t.Fatal(err)
				}
				if _, err := open(former); !errors.Is(err, ErrWrongCode) {
					t.Fatalf("former code: %v", err)
				}
			} else {
				next := word.Filter(func(s string) bool { return s != now }).Draw(t, "next")
				if v, err = v.WithPassphrase(by, pass(next), DefaultCost(Simulated), random); err != nil {
					t.Fatal(err)
				}
				if _, err := open(pass(now)); !errors.Is(err, ErrWrongPassphrase) {
					t.Fatalf("former passphrase: %v", err)
				}
				now = next
			}
			if v, err = Parse(v.Bytes()); err != nil {
				t.Fatal(err)
			}
			for _, by := range []Secret{pass(now), code} {
				if got, err := open(by); err != nil || got != want {
					t.Fatalf("after a change: %v, same keys: %v", err, got == want)
				}
			}
		}
	})
}

func TestEnvironmentIsBoundForEver(t *testing.T) {
	v, code := create(t, Simulated, "p", seeded(1))
	_, err := v.Unlock("production", pass("p"), seeded(3))
	if !errors.Is(err, ErrEnvironment) || !strings.Contains(err.Error(), `"simulated"`) || !strings.Contains(err.Error(), `"production"`) {
		t.Errorf("other environment: %v", err)
	}
	for _, name := range []string{"", "Simulated", "a b", "-x", strings.Repeat("a", 65), "é"} {
		if _, _, err := Create(New{name, pass("p"), DefaultCost(""), noon}, seeded(1)); !errors.Is(err, ErrEnvironment) {
			t.Errorf("environment %q: %v", name, err)
		}
	}
	// Whoever rewrites the file, checksum included, gets no further than the wraps.
	moved := forge(t, v, func(d *document) { d.Environment = "custom:elsewhere"; d.Passphrase.Cost = &Cost{64 << 10, 3, 4} })
	if _, err := moved.Unlock("custom:elsewhere", code, seeded(3)); !errors.Is(err, ErrWrongCode) {
		t.Errorf("moved to another environment: %v", err)
	}
}

// forge changes the document and repairs its checksum, as an attacker would; the result must still parse.
func forge(t testing.TB, v *Vault, change func(*document)) *Vault {
	t.Helper()
	doc := v.doc
	change(&doc)
	forged, err := Parse((&Vault{doc}).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return forged
}

func TestWrapsAuthenticateEveryField(t *testing.T) {
	v, code := create(t, Simulated, "p", seeded(1))
	other, _ := create(t, Simulated, "p", seeded(2))
	flip := func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)/2] ^= 1
		return b
	}
	for name, c := range map[string]struct {
		change           func(*document)
		passphrase, code bool // does it still open?
	}{
		"nothing":           {func(d *document) {}, true, true},
		"vault id":          {func(d *document) { d.Vault = other.doc.Vault }, false, false},
		"environment":       {func(d *document) { d.Environment = "custom"; d.Passphrase.Cost = &Cost{64 << 10, 3, 4} }, false, false},
		"time of creation":  {func(d *document) { d.Created = "2026-11-22T12:00:01Z" }, false, false},
		"cost":              {func(d *document) { d.Passphrase.Cost = &Cost{1 << 10, 2, 1} }, false, true},
		"passphrase salt":   {func(d *document) { d.Passphrase.Salt = flip(d.Passphrase.Salt) }, false, true},
		"passphrase nonce":  {func(d *document) { d.Passphrase.Nonce = flip(d.Passphrase.Nonce) }, false, true},
		"passphrase sealed": {func(d *document) { d.Passphrase.Sealed = flip(d.Passphrase.Sealed) }, false, true},
		"recovery salt":     {func(d *document) { d.Recovery.Salt = flip(d.Recovery.Salt) }, true, false},
		"recovery nonce":    {func(d *document) { d.Recovery.Nonce = flip(d.Recovery.Nonce) }, true, false},
		"recovery sealed":   {func(d *document) { d.Recovery.Sealed = flip(d.Recovery.Sealed) }, true, false},
		"foreign wrap":      {func(d *document) { d.Passphrase = other.doc.Passphrase }, false, true},
	} {
		forged := forge(t, v, c.change)
		_, err := forged.Unlock(forged.Environment(), pass("p"), seeded(3))
		if c.passphrase != (err == nil) || err != nil && !errors.Is(err, ErrWrongPassphrase) {
			t.Errorf("%s: by passphrase: %v", name, err)
		}
		_, err = forged.Unlock(forged.Environment(), code, seeded(3))
		if c.code != (err == nil) || err != nil && !errors.Is(err, ErrWrongCode) {
			t.Errorf("%s: by code: %v", name, err)
		}
	}
	// The parameters that have no room to vary are part of the associated data all the same.
	w := v.doc.Passphrase
	for name, altered := range map[string][]byte{
		"kind": v.doc.associated(byRecoveryCode, &w),
		"kdf":  v.doc.associated(byPassphrase, &wrap{KDF: "argon2i", Cost: w.Cost, Salt: w.Salt}),
	} {
		if bytes.Equal(altered, v.doc.associated(byPassphrase, &w)) {
			t.Errorf("%s is not authenticated", name)
		}
	}
}

func TestCostIsBounded(t *testing.T) {
	for _, c := range []struct {
		environment string
		cost        Cost
		fine        bool
	}{
		{Simulated, Cost{1 << 10, 1, 1}, true},
		{Simulated, Cost{1<<10 - 1, 1, 1}, false},
		{Simulated, Cost{1 << 10, 0, 1}, false},
		{Simulated, Cost{1 << 10, 1, 0}, false},
		{"production", Cost{64 << 10, 3, 4}, true},
		{"production", Cost{1 << 10, 1, 1}, false},
		{"acceptance", Cost{64<<10 - 1, 3, 4}, false},
		{"acceptance", Cost{64 << 10, 2, 4}, false},
		{"custom:x", Cost{64 << 10, 3, 3}, false},
		{"production", Cost{1 << 20, 16, 16}, true},
		{"production", Cost{1<<20 + 1, 3, 4}, false},
		{"production", Cost{100 << 20, 3, 4}, false},
		{Simulated, Cost{1 << 10, 17, 1}, false},
		{Simulated, Cost{1 << 10, 1, 257}, false}, // would be 1 in the library's type
	} {
		if err := c.cost.check(c.environment); c.fine != (err == nil) || err != nil && !errors.Is(err, ErrParameters) {
			t.Errorf("%s %v: %v", c.environment, c.cost, err)
		}
	}
	// Refused at both doors, before any derivation.
	if _, _, err := Create(New{"production", pass("p"), DefaultCost(Simulated), noon}, seeded(1)); !errors.Is(err, ErrParameters) {
		t.Errorf("creation: %v", err)
	}
	v, _ := create(t, Simulated, "p", seeded(1))
	doc := v.doc
	doc.Environment = "production"
	if _, err := Parse((&Vault{doc}).Bytes()); !errors.Is(err, ErrParameters) {
		t.Errorf("opening a weak one: %v", err)
	}
	doc = v.doc
	doc.Passphrase.Cost = &Cost{100 << 20, 3, 4}
	if _, err := Parse((&Vault{doc}).Bytes()); !errors.Is(err, ErrParameters) {
		t.Errorf("opening a hostile one: %v", err)
	}
	if _, err := v.WithPassphrase(pass("p"), pass("q"), Cost{512, 1, 1}, seeded(1)); !errors.Is(err, ErrParameters) {
		t.Errorf("new passphrase: %v", err)
	}
}

func TestEmptyPassphraseIsRefused(t *testing.T) {
	for _, p := range []Passphrase{pass(""), {}} {
		if _, _, err := Create(New{Simulated, p, DefaultCost(Simulated), noon}, seeded(1)); !errors.Is(err, ErrEmptyPassphrase) {
			t.Errorf("creation: %v", err)
		}
	}
}

func TestFailingRandomness(t *testing.T) {
	need := 16 + keySize + 2*(saltSize+24) + codeBytes
	for n := range need {
		random := io.MultiReader(io.LimitReader(seeded(1), int64(n)), iotest.ErrReader(errors.New("no entropy")))
		if _, _, err := Create(New{Simulated, pass("p"), DefaultCost(Simulated), noon}, random); err == nil || !strings.Contains(err.Error(), "no entropy") {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	create(t, Simulated, "p", io.LimitReader(seeded(1), int64(need)))
}

func TestStrictParsing(t *testing.T) {
	v, _ := create(t, Simulated, "p", seeded(1))
	good := string(v.Bytes())
	resum := func(change func(*document)) string {
		doc := v.doc
		change(&doc)
		return string((&Vault{doc}).Bytes())
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":             {"", ErrDamaged},
		"not JSON":          {"passphrase", ErrDamaged},
		"array":             {"[]", ErrDamaged},
		"null":              {"null", ErrDamaged},
		"other format":      {`{"format":"relais-backup","version":1}`, ErrDamaged},
		"newer":             {strings.Replace(good, `"version": 1`, `"version": 2`, 1), ErrNewer},
		"newer, all new":    {`{"format":"relais-vault","version":7,"wraps":[]}`, ErrNewer},
		"older":             {strings.Replace(good, `"version": 1`, `"version": 0`, 1), ErrDamaged},
		"unknown field":     {strings.Replace(good, `"version": 1,`, `"version": 1, "hint": "dog",`, 1), ErrDamaged},
		"repeated field":    {strings.Replace(good, `"version": 1,`, `"version": 1, "version": 1,`, 1), ErrDamaged},
		"misspelt field":    {strings.Replace(good, `"version"`, `"Version"`, 1), ErrDamaged},
		"missing field":     {strings.Replace(good, `"environment": "simulated",`, ``, 1), ErrDamaged},
		"other escape":      {strings.Replace(good, `"simulated"`, `"\u0073imulated"`, 1), ErrDamaged},
		"surplus text":      {good + "{}", ErrDamaged},
		"cut":               {good[:len(good)/2], ErrDamaged},
		"huge":              {good + strings.Repeat(" ", maxFile), ErrDamaged},
		"wrong checksum":    {strings.Replace(good, `"sha256": "`, `"sha256": "0`, 1), ErrDamaged},
		"id of version 1":   {resum(func(d *document) { d.Vault = "c232ab00-9414-11ec-b3c8-9f6bdeced846" }), ErrDamaged},
		"id in braces":      {resum(func(d *document) { d.Vault = "{" + d.Vault + "}" }), ErrDamaged},
		"local time":        {resum(func(d *document) { d.Created = "2026-11-22T12:00:00+01:00" }), ErrDamaged},
		"split seconds":     {resum(func(d *document) { d.Created = "2026-11-22T12:00:00.5Z" }), ErrDamaged},
		"environment":       {resum(func(d *document) { d.Environment = "SIMULATED" }), ErrEnvironment},
		"short salt":        {resum(func(d *document) { d.Recovery.Salt = d.Recovery.Salt[1:] }), ErrDamaged},
		"short nonce":       {resum(func(d *document) { d.Passphrase.Nonce = d.Passphrase.Nonce[1:] }), ErrDamaged},
		"short wrap":        {resum(func(d *document) { d.Passphrase.Sealed = nil }), ErrDamaged},
		"no cost":           {resum(func(d *document) { d.Passphrase.Cost = nil }), ErrDamaged},
		"cost where none":   {resum(func(d *document) { d.Recovery.Cost = &Cost{1 << 10, 1, 1} }), ErrDamaged},
		"other derivation":  {resum(func(d *document) { d.Passphrase.KDF = hkdfSHA256 }), ErrDamaged},
		"exchanged wraps":   {resum(func(d *document) { d.Passphrase, d.Recovery = d.Recovery, d.Passphrase }), ErrDamaged},
		"cost beyond range": {strings.Replace(good, `"lanes": 1`, `"lanes": 99999999999`, 1), ErrDamaged},
	} {
		if c.text == good {
			t.Fatalf("%s: the case changes nothing", name)
		}
		if _, err := Parse([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	unknown := strings.Replace(good, `"version": 1,`, `"version": 1, "hint": "dog",`, 1)
	if _, err := Parse([]byte(unknown)); !strings.Contains(err.Error(), `"hint"`) || strings.Contains(err.Error(), "dog") {
		t.Errorf("the unknown field is not named: %v", err)
	}
	// White space is free: an editor or a transfer that touches line ends locks nobody out.
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{compact.String(), strings.ReplaceAll(good, "\n", "\r\n"), good + "\n"} {
		if _, err := Parse([]byte(text)); err != nil {
			t.Error(err)
		}
	}
}

func TestEveryBitFlipInTheFileIsTold(t *testing.T) {
	v, _ := create(t, Simulated, "p", seeded(1))
	good := v.Bytes()
	for bit := range len(good) * 8 {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		if _, err := Parse(bad); err == nil {
			t.Fatalf("bit %d flipped: accepted", bit)
		}
	}
}

func FuzzParse(f *testing.F) {
	v, _ := create(f, Simulated, "p", seeded(1))
	f.Add(v.Bytes())
	f.Add(golden(f, "vault.json"))
	f.Add([]byte(`{"format":"relais-vault","version":2}`))
	f.Add([]byte(`{"format":"relais-vault","version":1,"passphrase":{"cost":{"memory_kib":4294967295}}}`))
	parse := func(t *testing.T, data []byte) {
		v, err := Parse(data)
		if err != nil {
			for _, known := range []error{ErrDamaged, ErrNewer, ErrParameters, ErrEnvironment} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("unnamed error: %v", err)
		}
		again, err := Parse(v.Bytes())
		if err != nil || !bytes.Equal(again.Bytes(), v.Bytes()) {
			t.Fatalf("does not read what it writes: %v", err)
		}
		if err := v.doc.Passphrase.Cost.check(v.Environment()); err != nil {
			t.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		parse(t, data)
		var doc document
		if json.Unmarshal(data, &doc) == nil { // again with the checksum repaired, so that what stands behind it is reached
			parse(t, (&Vault{doc}).Bytes())
		}
	})
}
