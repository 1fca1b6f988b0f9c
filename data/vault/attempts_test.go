package vault

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDelay(t *testing.T) {
	for failures, want := range []int{0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30} {
		if got := Delay(failures); got != time.Duration(want)*time.Second {
			t.Errorf("after %d failures %v", failures, got)
		}
	}
	for _, failures := range []int{-1 << 62, -1, 1 << 30, 1<<62 + 1} {
		if got := Delay(failures); got != 0 && got != 30*time.Second {
			t.Errorf("after %d failures %v", failures, got)
		}
	}
}

func TestWrongPassphrasesWaitAcrossRestarts(t *testing.T) {
	d, _, want := fixture(t)
	now := noon
	again := func() Directory { d = d.copy(d.names); return Directory{d, func() time.Time { return now }} } // a restart
	content := bytes.Clone(*d.names[vaultFile])
	for failures := range 10 { // ten wrong tries erase nothing
		wait, err := again().Wait()
		if err != nil || wait != Delay(failures) {
			t.Fatalf("after %d failures: wait %v, %v", failures, wait, err)
		}
		if wait > 0 {
			now = now.Add(wait - time.Nanosecond)
			var early *WaitError
			if _, err := again().Unlock(Simulated, pass("old"), seeded(9)); !errors.As(err, &early) || early.Wait != time.Nanosecond || !strings.HasSuffix(err.Error(), " 1s") {
				t.Fatalf("too early: %v", err)
			}
			if err := again().Rewrap(func(*Vault) (*Vault, error) { t.Fatal("tried"); return nil, nil }); !errors.As(err, &early) {
				t.Fatalf("too early: %v", err)
			}
			now = now.Add(time.Nanosecond)
		}
		if failures%2 == 0 {
			_, err = again().Unlock(Simulated, pass("wrong"), seeded(9))
		} else {
			err = again().Rewrap(func(v *Vault) (*Vault, error) {
				return v.WithPassphrase(pass("wrong"), pass("x"), DefaultCost(Simulated), seeded(9))
			})
		}
		if !errors.Is(err, ErrWrongPassphrase) {
			t.Fatal(err)
		}
		for _, found := range d.afterwards() { // nor does cutting the power begin the count anew
			if wait, err := (Directory{found, func() time.Time { return now }}).Wait(); wait != Delay(failures+1) || err != nil {
				t.Fatalf("after %d failures and a loss of power: wait %v, %v", failures+1, wait, err)
			}
		}
	}
	// Neither another environment nor a damaged file counts as a guess.
	now = now.Add(time.Hour)
	before := bytes.Clone(*d.names[attemptsFile])
	if _, err := again().Unlock("production", pass("wrong"), seeded(9)); !errors.Is(err, ErrEnvironment) {
		t.Fatal(err)
	}
	if !bytes.Equal(before, *d.names[attemptsFile]) || !bytes.Equal(content, *d.names[vaultFile]) {
		t.Error("files changed")
	}
	k, err := again().Unlock(Simulated, pass("old"), seeded(9))
	if err != nil || fingerprint(t, k) != want {
		t.Fatal(err)
	}
	if wait, err := again().Wait(); wait != 0 || err != nil {
		t.Errorf("after a success: %v, %v", wait, err)
	}
	if _, err := again().Unlock(Simulated, pass("wrong"), seeded(9)); !errors.Is(err, ErrWrongPassphrase) {
		t.Error(err)
	}
	if wait, err := again().Wait(); wait != 0 || err != nil {
		t.Errorf("the count did not begin anew: %v, %v", wait, err)
	}
}

// Whatever the clock does: the pause is never longer than Delay, a clock set back never shortens it, and it ends after as much running time.
func TestWaitOnAWildClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, now := newDisk(), noon
		dir := Directory{d, func() time.Time { return now }}
		wait := func() time.Duration {
			w, err := dir.Wait()
			if err != nil {
				t.Fatal(err)
			}
			return w
		}
		failures, owed := 0, time.Duration(0) // owed: the least that must still be waited
		t.Repeat(map[string]func(*rapid.T){
			"fail": func(t *rapid.T) {
				if err := dir.count(); err != nil {
					t.Fatal(err)
				}
				failures++
				owed = Delay(failures)
			},
			"time passes": func(t *rapid.T) {
				step := time.Duration(rapid.Int64Range(0, int64(40*time.Second)).Draw(t, "d"))
				now, owed = now.Add(step), max(0, owed-step)
			},
			"set back": func(t *rapid.T) {
				now = now.Add(-time.Duration(rapid.Int64Range(1, int64(10*365*24*time.Hour)).Draw(t, "d")))
			},
			"restart": func(*rapid.T) { d = d.copy(d.names); dir.FS = d },
			"": func(t *rapid.T) {
				w := wait()
				if w < owed || w > Delay(failures) {
					t.Fatalf("%d failures, %v owed, wait %v", failures, owed, w)
				}
				if owed > 0 && w > owed {
					owed = w // began anew
				}
			},
		})
		now = now.Add(wait())
		if w := wait(); w != 0 {
			t.Fatalf("waited to the end, and %v more", w)
		}
	})
}

func TestDamagedAttemptsNeitherWaiveNorLock(t *testing.T) {
	for _, junk := range []string{"", "{", "[]", `{"failures":-1}`, `{"failures":99999999999999999999}`, `{"failures":"8"}`, `{"failures":5,"last":"yesterday"}`, strings.Repeat("9", maxFile+1)} {
		d, _, want := fixture(t)
		content := []byte(junk)
		d.names[attemptsFile] = &content
		now := noon
		dir := Directory{d, func() time.Time { return now }}
		if wait, err := dir.Wait(); wait != 30*time.Second || err != nil {
			t.Errorf("%.20q: %v, %v", junk, wait, err)
		}
		now = now.Add(30 * time.Second)
		if k, err := dir.Unlock(Simulated, pass("old"), seeded(9)); err != nil || fingerprint(t, k) != want {
			t.Errorf("%.20q: %v", junk, err)
		}
	}
	far := []byte(`{"failures":8,"last":"2999-01-01T00:00:00Z"}`)
	d := newDisk()
	d.names[attemptsFile] = &far
	now := noon
	dir := Directory{d, func() time.Time { return now }}
	if wait, err := dir.Wait(); wait != 30*time.Second || err != nil {
		t.Errorf("%v, %v", wait, err)
	}
	now = now.Add(30 * time.Second)
	if wait, err := dir.Wait(); wait != 0 || err != nil {
		t.Errorf("a failure in the future locks: %v, %v", wait, err)
	}
}

func TestACountThatCannotBeKeptIsTold(t *testing.T) {
	d, _, _ := fixture(t)
	d.strike = func(int, *disk) how { return fails }
	if _, err := at(d).Unlock(Simulated, pass("wrong"), seeded(9)); !errors.Is(err, errDisk) || !errors.Is(err, ErrWrongPassphrase) {
		t.Errorf("%v", err)
	}
	// A right passphrase opens all the same, on a directory that cannot be written.
	if _, err := at(d).Unlock(Simulated, pass("old"), seeded(9)); err != nil {
		t.Errorf("%v", err)
	}
}
