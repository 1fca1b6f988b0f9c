package vault

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A change of the passphrase killed at every step, at every moment of it, and again at every step of what is done first after the restart: the
// directory always opens by exactly one of the two passphrases, with the same keys.
func TestRewrapKilledAtEveryStep(t *testing.T) {
	start, next, want := fixture(t)
	change := func(*Vault) (*Vault, error) { return next, nil }
	states, steps := map[string]int{}, 0
	for step := 1; ; step++ {
		finished := false
		for _, h := range []how{before, torn, after} {
			d := start.copy(start.names)
			d.strike = strikeAt(step, h)
			err, dead := run(func() error { return at(d).Rewrap(change) })
			if !dead {
				if err != nil {
					t.Fatal(err)
				}
				finished = true
				for _, found := range d.afterwards() { // what was said to be changed is, for good
					leftovers(t, found, "new")
					if holds := opens(t, found, want, "new", "old"); holds != "new" {
						t.Fatalf("changed, but %q opens", holds)
					}
				}
				break
			}
			steps++
			for _, found := range d.afterwards() {
				holds := opens(t, found.copy(found.names), want, "new", "old")
				states[holds]++
				// Killed again, while unlocking.
				for second := 1; ; second++ {
					f := found.copy(found.names)
					f.strike = strikeAt(second, torn)
					_, dead := run(func() error { _, err := at(f).Unlock(Simulated, pass(holds), seeded(9)); return err })
					for _, g := range f.afterwards() {
						if again := opens(t, g, want, holds, map[string]string{"old": "new", "new": "old"}[holds]); again != holds {
							t.Fatalf("step %d: after the second kill %q opens instead of %q", step, again, holds)
						}
						leftovers(t, g, holds)
					}
					if !dead {
						break
					}
				}
				// And the change can be made again.
				if err := at(found).Rewrap(change); err != nil {
					t.Fatal(err)
				}
				if holds := opens(t, found, want, "new", "old"); holds != "new" {
					t.Fatalf("changed again, but %q opens", holds)
				}
				leftovers(t, found, "new")
			}
		}
		if finished {
			break
		}
	}
	if steps < 15 || states["old"] == 0 || states["new"] == 0 {
		t.Fatalf("the simulation does not reach both states: %d kills, %v", steps, states)
	}
}

func TestCreateKilledAtEveryStep(t *testing.T) {
	v, _ := create(t, Simulated, "old", seeded(1))
	want := fingerprint(t, unlock(t, v, pass("old")))
	none, whole := 0, 0
	for step := 1; ; step++ {
		finished := false
		for _, h := range []how{before, torn, after} {
			d := newDisk()
			d.strike = strikeAt(step, h)
			if _, dead := run(func() error { return at(d).Create(v) }); !dead {
				finished = true
				break
			}
			for _, found := range d.afterwards() {
				if _, err := at(found).Load(); errors.Is(err, fs.ErrNotExist) {
					none++
					if err := at(found).Create(v); err != nil {
						t.Fatal(err)
					}
				} else {
					whole++
				}
				opens(t, found, want, "old", "new")
				if err := at(found).Create(v); !errors.Is(err, fs.ErrExist) {
					t.Fatalf("created over a vault: %v", err)
				}
			}
		}
		if finished {
			break
		}
	}
	if none == 0 || whole == 0 {
		t.Fatalf("the simulation does not reach both states: %d, %d", none, whole)
	}
}

// The disk fails at the n-th change, for every n, once or from then on: the error is given back, nothing is said to be changed that is not.
func TestRewrapOnAFailingDisk(t *testing.T) {
	start, next, want := fixture(t)
	for _, lasting := range []bool{false, true} {
		for step := 1; ; step++ {
			d, met := start.copy(start.names), false
			d.strike = func(s int, _ *disk) how {
				if s == step || lasting && s > step {
					met = true
					return fails
				}
				return fine
			}
			err := at(d).Rewrap(func(*Vault) (*Vault, error) { return next, nil })
			if !met {
				break
			}
			if !errors.Is(err, errDisk) {
				t.Fatalf("step %d: %v", step, err)
			}
			d.strike = nil
			for _, found := range d.afterwards() {
				opens(t, found, want, "new", "old")
			}
		}
	}
}

func TestReadingBackFindsAWriteThatLied(t *testing.T) {
	start, next, want := fixture(t)
	d := start.copy(start.names)
	d.strike = func(_ int, d *disk) how {
		if content, ok := d.names[newFile]; ok {
			(*content)[300] = '!'
		}
		return fine
	}
	if err := at(d).Rewrap(func(*Vault) (*Vault, error) { return next, nil }); !errors.Is(err, ErrDamaged) {
		t.Fatalf("%v", err)
	}
	d.strike = nil
	if holds := opens(t, d, want, "old", "new"); holds != "old" {
		t.Fatalf("%q opens", holds)
	}
	if v, err := Parse(*d.names[vaultFile]); err != nil {
		t.Errorf("what opened was not put back in its place: %v, %v", v, err)
	}
}

func TestLoadPassesOverDamageButNotOverANewerFile(t *testing.T) {
	start, next, _ := fixture(t)
	newer := []byte(`{"format":"relais-vault","version":2}`)
	junk := []byte("junk")
	previous := next.Bytes()
	for name, c := range map[string]struct {
		main, bak []byte
		want      error
	}{
		"damaged":             {junk, previous, nil},
		"missing":             {nil, previous, nil},
		"newer":               {newer, previous, ErrNewer},
		"both damaged":        {junk, junk, ErrDamaged},
		"damaged, bak absent": {junk, nil, ErrDamaged},
		"both absent":         {nil, nil, fs.ErrNotExist},
		"bak damaged":         {*start.names[vaultFile], junk, nil},
	} {
		d := newDisk()
		if c.main != nil {
			d.names[vaultFile] = &c.main
		}
		if c.bak != nil {
			d.names[previousFile] = &c.bak
		}
		v, err := at(d).Load()
		if !errors.Is(err, c.want) || (v == nil) != (c.want != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRewrapRefusesAForeignVaultAndALostRace(t *testing.T) {
	start, next, want := fixture(t)
	foreign, _ := create(t, Simulated, "old", seeded(7))
	if err := at(start).Rewrap(func(*Vault) (*Vault, error) { return foreign, nil }); err == nil {
		t.Error("a foreign vault took the place")
	}
	err := at(start).Rewrap(func(v *Vault) (*Vault, error) {
		mine, err := v.WithPassphrase(pass("old"), pass("mine"), DefaultCost(Simulated), seeded(3))
		if err != nil {
			return nil, err
		}
		return mine, at(start).Rewrap(func(*Vault) (*Vault, error) { return next, nil })
	})
	if err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("the change of another process was overwritten: %v", err)
	}
	if holds := opens(t, start, want, "new", "mine"); holds != "new" {
		t.Errorf("%q opens", holds)
	}
}

// An unlock in another process between any two steps of a change harms neither.
func TestUnlockBesideARewrap(t *testing.T) {
	start, next, want := fixture(t)
	for step := 1; ; step++ {
		d, met := start.copy(start.names), false
		d.strike = func(s int, d *disk) how {
			if s == step {
				met = true
				d.strike = nil
				_, kept := d.names[previousFile]
				holds := opens(t, d, want, "new", "old")
				if _, still := d.names[previousFile]; kept && holds == "old" && !still {
					t.Fatalf("step %d: the unlock took away the previous vault before the new one was in place", step)
				}
			}
			return fine
		}
		if err := at(d).Rewrap(func(*Vault) (*Vault, error) { return next, nil }); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		if holds := opens(t, d, want, "new", "old"); holds != "new" {
			t.Fatalf("step %d: %q opens", step, holds)
		}
		if !met {
			break
		}
	}
}

func TestRealFiles(t *testing.T) {
	path := t.TempDir()
	now := noon
	dir := Directory{Files(path), func() time.Time { return now }}
	if _, err := dir.Load(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("empty directory: %v", err)
	}
	v, code := create(t, Simulated, "old", seeded(1))
	want := fingerprint(t, unlock(t, v, code))
	if err := dir.Create(v); err != nil {
		t.Fatal(err)
	}
	if err := dir.Create(v); !errors.Is(err, fs.ErrExist) {
		t.Errorf("created twice: %v", err)
	}
	if _, err := dir.Unlock(Simulated, pass("new"), seeded(9)); !errors.Is(err, ErrWrongPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
	if _, err := os.Stat(filepath.Join(path, attemptsFile)); err != nil {
		t.Errorf("the failure was not kept: %v", err)
	}
	if err := dir.Rewrap(func(v *Vault) (*Vault, error) {
		return v.WithPassphrase(code, pass("new"), DefaultCost(Simulated), seeded(2))
	}); err != nil {
		t.Fatal(err)
	}
	for _, by := range []Secret{pass("new"), code} {
		k, err := dir.Unlock(Simulated, by, seeded(9))
		if err != nil || fingerprint(t, k) != want {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(path)
	if err != nil || len(files) != 1 || files[0].Name() != vaultFile {
		t.Errorf("files left: %v, %v", files, err)
	}
	if info, err := os.Stat(filepath.Join(path, vaultFile)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(path, vaultFile), bytes.Repeat([]byte(" "), 10<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Load(); !errors.Is(err, ErrDamaged) {
		t.Errorf("huge file: %v", err)
	}
}

// What cannot be read is neither absent nor damaged: nothing is created over it, no older vault is taken for it, no pause is waived.
func TestUnreadableFiles(t *testing.T) {
	path := t.TempDir()
	dir := Directory{Files(path), func() time.Time { return noon }}
	v, _ := create(t, Simulated, "p", seeded(1))
	if err := dir.Create(v); err != nil {
		t.Fatal(err)
	}
	told := func(what string, err error) {
		t.Helper()
		if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrWrongPassphrase) {
			t.Errorf("%s: %v", what, err)
		}
	}
	instead := func(name string) { // a directory of that name
		t.Helper()
		if err := errors.Join(os.RemoveAll(filepath.Join(path, name)), os.Mkdir(filepath.Join(path, name), 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	instead(attemptsFile)
	_, err := dir.Unlock(Simulated, pass("wrong"), seeded(9))
	told("attempts", err)
	instead(vaultFile)
	if err := os.WriteFile(filepath.Join(path, previousFile), v.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = dir.Load()
	told("vault", err)
	told("creation", dir.Create(v))
	if err := (Directory{Files(filepath.Join(path, "absent")), dir.Clock}).Create(v); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent directory: %v", err)
	}
}
