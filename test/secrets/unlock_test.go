//go:build unix

package secrets

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/app/config"
	"relais/app/i18n"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/data/vault"
	"relais/ui/model"
)

const right = "une phrase d'essai"

// wrongs are secrets that are wrong in as many ways as there are.
var wrongs = []string{"une phrase d'essa", "une phrase d'essais", "Une phrase d'essai", "une phrase d’essai", " " + right, "", "x", strings.Repeat("long ", 200_000), "\x00" + right,
	right + "\x00", "phrase", "fictif-fictief", "é", strings.Repeat("\xff", 40)}

// S3: each wrong secret gets the same answer after the same work, in words as in time; the pause grows, survives a restart
// and a clock that is set back, and ends; nothing is erased. data/vault has the rule itself and the power cuts
// (attempts_test.go); here it holds through the whole program.
func TestWrongPassphrases(t *testing.T) {
	d := newDesk(t, seeded(t), plainPractice, right)
	now := time.Now()
	try := func(passphrase string) error { // each time a program of its own
		dir, err := wiring.At(config.Paths{Data: d.path("data"), Marks: d.path("marks")})
		must(t, err)
		dir.Now = func() time.Time { return now }
		s, err := dir.Open(context.Background(), []byte(passphrase))
		if err == nil {
			err = s.Close(context.Background())
		}
		return err
	}
	before := map[string]string{}
	for _, name := range []string{"vault.json", "relais.db"} {
		content, err := os.ReadFile(d.path("data/" + name))
		must(t, err)
		before[name] = string(content)
	}
	// One passphrase after another, the wait of each served.
	for n, wrong := range wrongs {
		if err := try(wrong); rx.CodeOf(err) != wiring.CodeWrongPassphrase || err.Error() != "wrong-passphrase" {
			t.Errorf("wrong one %d: %v", n, err)
		}
		owed := vault.Delay(n + 1)
		for _, clock := range []time.Duration{0, -time.Hour, owed - time.Millisecond} { // as it is, set back, and nearly over
			was := now
			if now = now.Add(clock); owed > 0 {
				if err := try(right); rx.CodeOf(err) != wiring.CodePassphraseWait {
					t.Errorf("after %d wrong ones, the clock moved by %v: %v", n+1, clock, err)
				}
			}
			if clock >= 0 {
				now = was
			} else { // set back it stays: the pause began anew
				continue
			}
		}
		now = now.Add(owed)
	}
	for name, content := range before {
		if after, err := os.ReadFile(d.path("data/" + name)); err != nil || string(after) != content {
			t.Errorf("%s changed: %v", name, err)
		}
	}
	if err := try(right); err != nil {
		t.Errorf("the right one after %d wrong ones: %v", len(wrongs), err)
	}
	if _, err := os.Stat(d.path("data/attempts.json")); !os.IsNotExist(err) {
		t.Errorf("the count did not end: %v", err)
	}

	// The same work: no wrong secret is told sooner than it takes to derive a key. A slow machine makes all of them slower; what
	// would be an oracle answers in no time. The derivation is made dear enough to be seen beside everything else.
	place := vault.Directory{FS: vault.Files(d.path("data")), Clock: func() time.Time { return now }}
	must(t, place.Rewrap(func(v *vault.Vault) (*vault.Vault, error) {
		return v.WithPassphrase(vault.NewPassphrase([]byte(right)), vault.NewPassphrase([]byte(right)), vault.Cost{MemoryKiB: 16 << 10, Passes: 1, Lanes: 1}, rand.Reader)
	}))
	times := map[string]time.Duration{}
	for range 3 {
		for _, wrong := range wrongs {
			began := time.Now()
			_ = try(wrong)
			if took := time.Since(began); times[wrong] == 0 || took < times[wrong] {
				times[wrong] = took
			}
			must(t, os.Remove(d.path("data/attempts.json")))
		}
	}
	var all []time.Duration
	for _, took := range times {
		all = append(all, took)
	}
	slices.Sort(all)
	if median := all[len(all)/2]; all[0] < median/4 {
		t.Errorf("told after %v, others after %v", all[0], median)
	}
	t.Logf("%d wrong secrets; the same answer after %v to %v", len(wrongs), all[0], all[len(all)-1])
}

// The command line tells how long to wait in the person's language, tries nothing and does not wait by itself.
func TestTheWaitOnTheCommandLine(t *testing.T) {
	t.Parallel()
	d := newDesk(t, seeded(t), plainPractice, right)
	wrong := []string{"RELAIS_PASSPHRASE_FILE=" + d.write("wrong", "une autre\n")}
	for n := range 4 {
		if got := d.run("", wrong, "--json", "list"); got.exit != 1 || !strings.Contains(got.out, `"wrong-passphrase"`) {
			t.Fatalf("wrong one %d: exit code %d, %s", n, got.exit, got.out)
		}
		if n >= 2 {
			time.Sleep(vault.Delay(n+1) + 20*time.Millisecond)
		}
	}
	must(t, os.WriteFile(d.path("data/attempts.json"), fmt.Appendf(nil, `{"failures":9,"last":%q}`, time.Now().UTC().Format(time.RFC3339Nano)), 0o600))
	for _, lang := range rx.Langs {
		began := time.Now()
		got := d.run("", nil, "--lang", string(lang), "list") // the right one
		want := i18n.Say(lang, rx.Fault(wiring.CodePassphraseWait, "seconds", "SECONDS"))[0]
		words, _, _ := strings.Cut(want.What, "SECONDS")
		if got.exit != 1 || !strings.Contains(got.err, words) || !strings.Contains(got.err, "→") || !strings.ContainsAny(got.err, "0123456789") {
			t.Errorf("%s: exit code %d, %q, not %q", lang, got.exit, got.err, want.What)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: told after %v: it waits by itself", lang, took)
		}
	}
	if busy, err := filepath.Glob(d.path("data/*.new")); err != nil || len(busy) > 0 {
		t.Errorf("left over: %v", busy)
	}
}

// The lock screen counts the wait down in the person's language; meanwhile nothing can be tried, and afterwards it can.
func TestTheWaitOnTheLockScreen(t *testing.T) {
	t.Parallel()
	d := newDesk(t, seeded(t), plainPractice, right)
	must(t, os.WriteFile(d.path("data/attempts.json"), fmt.Appendf(nil, `{"failures":4,"last":%q}`, time.Now().UTC().Format(time.RFC3339Nano)), 0o600))
	for _, lang := range rx.Langs {
		dir, err := wiring.At(config.Paths{Data: d.path("data"), Marks: d.path("marks")})
		must(t, err)
		house, err := wiring.NewHouse(context.Background(), dir, false, lang)
		must(t, err)
		tried := 0
		var desk *wiring.Desk
		env := &model.Env{Lang: lang, Changed: func() {}, Do: func(work func(context.Context) func()) {
			if back := work(context.Background()); back != nil {
				back()
			}
		}}
		u := model.NewUnlock(env, "", func(ctx context.Context, passphrase []byte) (err error) {
			tried++
			desk, err = house.Unlock(ctx, passphrase)
			return err
		})
		u.Try(right, func() { t.Error("opened while it was to wait") })
		v := u.View()
		want, _, _ := strings.Cut(i18n.Say(lang, rx.Fault(wiring.CodePassphraseWait, "seconds", "SECONDS"))[0].What, "SECONDS")
		if len(v.Notices) != 1 || !strings.Contains(v.Notices[0].Text, want) || v.Open.On {
			t.Errorf("%s: %+v, open %t", lang, v.Notices, v.Open.On)
		}
		u.Try(right, nil)
		if tried != 1 {
			t.Errorf("%s: tried %d times while it was to wait", lang, tried)
		}
		u.Pass(time.Minute)
		if v := u.View(); !v.Open.On {
			t.Errorf("%s: still closed after the wait", lang)
		}
		if lang != rx.Langs[len(rx.Langs)-1] {
			continue
		}
		time.Sleep(vault.Delay(4))
		opened := false
		if u.Try(right, func() { opened = true }); !opened {
			t.Errorf("not opened after the wait: %+v", u.View().Notices)
		} else {
			must(t, desk.Close(context.Background()))
		}
	}
}
