package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The order of the documentation of formats.
const documented = `{
  "id": "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11",
  "patient": {"ssin": "85073003427", "first_name": "Marie", "last_name": "Dupont", "birth_date": "1985-07-30",
              "sex": "female", "language": "fr", "phone": "081 00 00 00"},
  "lines": [
    {"kind": "package",   "cnk": "0318717", "quantity": 2,
     "posology": {"dose": "1", "unit": "capsule", "times_per_day": 3, "duration_days": 5},
     "begin": "2026-11-22", "expires": "2027-02-21", "reimbursed": true,
     "instruction_reimbursement": "third-party-payer", "instruction_patient": "…", "visibility": "open", "feedback": true},
    {"kind": "inn",       "vmp_group": "0024901", "duration": {"value": 7, "unit": "d"}, "posology": {"text": "1 gélule 3 fois par jour pendant 7 jours"}},
    {"kind": "magistral", "text": "R/ Hydrocortisone 1 % in cremor cetomacrogolis q.s. ad 30 g", "quantity": 1, "posology": {"text": "2 fois par jour, en couche mince"}},
    {"kind": "free",      "name": "Bas de contention", "quantity": 1, "posology": {"text": "1 comprimé le soir"}}
  ],
  "proof": "auto"
}`

func relais(t *testing.T, stdin string, args ...string) (Exit, string, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	exit := Run(context.Background(), System{Args: args, Stdin: strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr, Getenv: env(), Home: t.TempDir()})
	return exit, stdout.String(), stderr.String()
}

// What one command writes the other accepts, line by line, without any directory.
func TestKMEHROfAnOrder(t *testing.T) {
	const at = "--at=2026-11-22T09:30:00+01:00"
	for line, c := range []struct{ prescriptionType, holds string }{
		{"P1", "Amoxicilline Exemple 500 mg gélules, 16 gélules"},
		{"P1", `<intendedcd S="CD-VMPGROUP" SV="LOCALDB">0024901</intendedcd>`},
		{"P0", "Hydrocortisone 1 %"},
		{"P0", "Bas de contention"},
	} {
		n := string(rune('0' + line))
		exit, message, stderr := relais(t, documented, "interop", "kmehr", "--line", n, at, "-")
		if exit != Done || !strings.Contains(message, c.holds) || stderr != "" {
			t.Fatalf("line %d: exit %d %s\n%s", line, exit, stderr, message)
		}
		if _, again, _ := relais(t, documented, "interop", "kmehr", "--line", n, at, "-"); again != message {
			t.Errorf("line %d: the same order at the same moment, and another message", line)
		}
		exit, verdict, stderr := relais(t, message, "interop", "validate-kmehr", "--type", c.prescriptionType, "--expires", "2027-02-21", "-")
		if exit != Done || verdict != "{\n  \"valid\": true,\n  \"errors\": []\n}\n" || stderr != "" {
			t.Errorf("line %d: exit %d %s %s", line, exit, verdict, stderr)
		}
	}
	if _, first, _ := relais(t, documented, "interop", "kmehr", "--at=2026-11-22T08:30:00Z", "-"); !strings.Contains(first, "0318717") || !strings.Contains(first, "<time>09:30:00</time>") {
		t.Errorf("without --line it is the first, and the time is that of the practice: %s", first)
	}
	for _, n := range []string{"4", "-1"} {
		if exit, message, stderr := relais(t, documented, "interop", "kmehr", "--line="+n, at, "-"); exit == Done || message != "" || stderr == "" {
			t.Errorf("line %s: exit %d %s", n, exit, message)
		}
	}
}

func TestValidateKMEHRRefuses(t *testing.T) {
	_, message, _ := relais(t, documented, "interop", "kmehr", "--at=2026-11-22T09:30:00+01:00", "-")
	file := filepath.Join(t.TempDir(), "message.xml")
	if err := os.WriteFile(file, []byte(strings.Replace(message, "<quantity><decimal>2</decimal></quantity>", "", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	exit, stdout, stderr := relais(t, "", "--lang", "en", "interop", "validate-kmehr", "--type=P1", "--expires=2027-02-20", file)
	var verdict kmehrVerdict
	if err := json.Unmarshal([]byte(stdout), &verdict); err != nil {
		t.Fatal(err)
	}
	if exit != Failed || verdict.Valid || len(verdict.Errors) != 2 || verdict.Errors[0].Code != "kmehr-quantity" ||
		verdict.Errors[0].Path != "/kmehrmessage/folder/transaction/heading/item" || verdict.Errors[1].Code != "kmehr-expiry-differs" {
		t.Errorf("exit %d: %s", exit, stdout)
	}
	if !strings.Contains(stderr, "A package or a preparation needs a quantity (rule 65).") {
		t.Error(stderr)
	}
	if exit, stdout, _ := relais(t, "no XML", "interop", "validate-kmehr", "--type=P0", "--expires=2027-02-21", "-"); exit != Failed || !strings.Contains(stdout, `"valid": false`) {
		t.Errorf("exit %d: %s", exit, stdout)
	}
	for _, args := range [][]string{
		{"--type=P2", "--expires=2027-02-21", file}, {"--type=P0", "--expires=21/02/2027", file}, {"--type=P0", file}, {"--expires=2027-02-21", file},
	} {
		if exit, stdout, _ := relais(t, "", append([]string{"interop", "validate-kmehr"}, args...)...); exit != Usage || stdout != "" {
			t.Errorf("%v: exit %d %s", args, exit, stdout)
		}
	}
}

// An order that cannot be issued has no message; nor has one that is too much for KMEHR.
func TestKMEHRRefusesTheOrder(t *testing.T) {
	for old, c := range map[string]struct{ new, says string }{
		`"quantity": 2,`:      {"", ""},
		`"cnk": "0318717"`:    {`"cnk": "1234567"`, ""},
		`"reimbursed": true,`: {`"reimbursed": true, "regimen": [{"day_number": 1, "day_period": "beforemeal", "quantity": "1"}],`, "KMEHR has no code for this part of the day"},
	} {
		exit, stdout, stderr := relais(t, strings.Replace(documented, old, c.new, 1), "--lang=en", "interop", "kmehr", "--at=2026-11-22T09:30:00+01:00", "-")
		if exit != Failed || stdout != "" || stderr == "" || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit %d %s %s", old, exit, stdout, stderr)
		}
	}
}
