package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var codes = rapid.Custom(func(t *rapid.T) RecoveryCode {
	code := newCode()
	copy(code.code()[:], rapid.SliceOfN(rapid.Byte(), codeBytes, codeBytes).Draw(t, "code"))
	return code
})

func TestRecoveryCodeOnPaper(t *testing.T) {
	shape := regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]{4}$`)
	rapid.Check(t, func(t *rapid.T) {
		code := codes.Draw(t, "code")
		printed := code.Printed()
		if !shape.MatchString(printed) {
			t.Fatalf("printed as %s", printed)
		}
		for _, typed := range []string{
			printed, strings.ToLower(printed), strings.ReplaceAll(printed, "-", ""), " " + strings.ReplaceAll(printed, "-", " - ") + "\r\n",
			strings.ReplaceAll(printed, "0", "o"), strings.ReplaceAll(printed, "1", "I"), strings.ReplaceAll(printed, "1", "l"),
		} {
			got, err := ParseRecoveryCode(typed)
			if err != nil || *got.code() != *code.code() {
				t.Fatalf("typed as %q: %v", typed, err)
			}
		}
	})
}

// A code computed apart from this program, so that what was once printed stays readable.
func TestRecoveryCodeVector(t *testing.T) {
	code := newCode()
	for i := range code.code() {
		code.code()[i] = byte(i * 13)
	}
	if got, want := code.Printed(), "006H-M9SM-8575-PT3N-GA7S-SADP-RF8D-VTQQ-FAKW"; got != want {
		t.Errorf("printed as %s", got)
	}
}

func TestTypingErrorsAreTold(t *testing.T) {
	letter := rapid.SampledFrom([]byte(crockford))
	rapid.Check(t, func(t *rapid.T) {
		good := strings.ReplaceAll(codes.Draw(t, "code").Printed(), "-", "")
		typed := []byte(good)
		i := rapid.IntRange(0, len(good)-1).Draw(t, "at")
		switch rapid.IntRange(0, 4).Draw(t, "mistake") {
		case 0: // another character
			typed[i] = letter.Draw(t, "character")
		case 1: // two characters exchanged
			j := rapid.IntRange(0, len(good)-1).Draw(t, "with")
			typed[i], typed[j] = typed[j], typed[i]
		case 2: // one left out
			typed = append(typed[:i], typed[i+1:]...)
		case 3: // one twice
			typed = append(typed[:i+1], typed[i:]...)
		case 4: // two groups exchanged
			g, h := i/4*4, rapid.IntRange(0, 8).Draw(t, "group")*4
			first := string(typed[g : g+4])
			copy(typed[g:g+4], typed[h:h+4])
			copy(typed[h:h+4], first)
		}
		if string(typed) == good {
			return
		}
		_, err := ParseRecoveryCode(string(typed))
		if !errors.Is(err, ErrMistypedCode) {
			t.Fatalf("%s for %s: %v", typed, good, err)
		}
		if strings.Contains(err.Error(), string(typed[:8])) {
			t.Fatalf("the error tells the code: %v", err)
		}
	})
	for _, typed := range []string{"", "-", "0000", strings.Repeat("0", 36), "U000-0000-0000-0000-0000-0000-0000-0000-0000", strings.Repeat("é", 36), strings.Repeat("0", 1000)} {
		if _, err := ParseRecoveryCode(typed); !errors.Is(err, ErrMistypedCode) {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

// Whatever prints a secret prints the same when the secret is another one: nothing of it comes through, in any notation.
func TestSecretsPrintRedacted(t *testing.T) {
	passphrase, code, keys := pass("marker-of-a-passphrase"), newCode(), testKeys(t)
	type hidden struct { // fmt and slog cannot call methods on what is in here
		p  Passphrase
		c  RecoveryCode
		k  *Keys
		ks Keys
	}
	type shown struct {
		P  Passphrase
		C  RecoveryCode
		K  *Keys
		Ps []Passphrase
		M  map[string]any
	}
	inside := hidden{passphrase, code, keys, *keys}
	outside := shown{passphrase, code, keys, []Passphrase{passphrase}, map[string]any{"code": code}}
	things := []any{
		passphrase, &passphrase, code, &code, keys, *keys, inside, &inside, outside, &outside, []any{inside},
		fmt.Errorf("unlock with %v: %w", passphrase, ErrWrongPassphrase),
	}
	show := func() string {
		var out bytes.Buffer
		for _, v := range things {
			for _, verb := range "vTtbcdoOqxXUeEfFgGspw" {
				for _, flags := range []string{"", "+", "#", " ", "0", "-", "+#", "# ", "40.3"} {
					fmt.Fprintf(&out, "%"+flags+string(verb)+"\n", v)
				}
			}
			fmt.Fprintln(&out, v)
			for _, h := range []slog.Handler{slog.NewTextHandler(&out, dateless), slog.NewJSONHandler(&out, dateless)} {
				slog.New(h).With("with", v).Info("m", "v", v, slog.Group("g", "v", v))
			}
			text, err := json.Marshal(v)
			fmt.Fprintln(&out, string(text), err)
		}
		return out.String()
	}
	first := show()
	copy(*passphrase.typed(), "another-secret-of-same")
	for i := range code.code() {
		code.code()[i] = 0xa5
	}
	for _, key := range keys.set.subkeys {
		for i := range key {
			key[i] = 0x5a
		}
	}
	if second := show(); first != second {
		a, b := strings.Split(first, "\n"), strings.Split(second, "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("a secret comes through: %s", a[i])
			}
		}
		t.Fatal("a secret changes the length of what is printed")
	}
	if strings.Contains(first, "marker") {
		t.Error("the passphrase can be read")
	}
	for _, v := range []any{passphrase, code, keys} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(verb, v); got != "[redacted]" {
				t.Errorf("%T with %s: %s", v, verb, got)
			}
		}
	}
}

var dateless = &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}}
