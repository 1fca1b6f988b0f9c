package cli

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"relais/app/i18n"
	"relais/app/rx"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		if i := slices.Index(pairs, name); i >= 0 && i%2 == 0 {
			return pairs[i+1]
		}
		return ""
	}
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct {
		args string
		env  func(string) string
		want rx.Lang
	}{
		{"list", env(), rx.FR},
		{"list", env("LANG", "C.UTF-8"), rx.FR},
		{"list", env("LANG", "nl_BE.UTF-8"), rx.NL},
		{"list", env("LANG", "nl_BE.UTF-8", "LC_ALL", "de_BE"), rx.DE},
		{"--lang en list", env("LANG", "nl_BE.UTF-8"), rx.EN},
		{"list --lang=DE", env("LANG", "nl_BE.UTF-8"), rx.DE},
		{"list --lang", env("LANG", "en"), rx.EN},
		{"--lang pt list", env("LANG", "en"), rx.EN},
	} {
		if got := language(strings.Fields(c.args), c.env); got != c.want {
			t.Errorf("%q: %s, not %s", c.args, got, c.want)
		}
	}
}

// Of several lines the worst wins in the order 4, 1, 3, 0.
func TestTheWorstWins(t *testing.T) {
	order := []Exit{Done, Kept, Failed, NeedsPerson, Usage}
	for i, a := range order {
		for j, b := range order {
			if got, want := a.or(b), order[max(i, j)]; got != want {
				t.Errorf("%d or %d is %d, not %d", a, b, got, want)
			}
		}
	}
}

func TestSeeds(t *testing.T) {
	for s, want := range map[string][2]uint64{"7": {7, 7}, "1-20": {1, 20}, "0": {0, 0}, "5-5": {5, 5}} {
		if first, last, ok := seeds(s); !ok || first != want[0] || last != want[1] {
			t.Errorf("%s: %d to %d, %t", s, first, last, ok)
		}
	}
	for _, s := range []string{"", "-", "2-1", "a", "1-", "-1", "1-2-3", "1-99999999", "1 2"} {
		if _, _, ok := seeds(s); ok {
			t.Errorf("%q is taken", s)
		}
	}
}

// said runs a command line without a data directory.
func said(t *testing.T, args ...string) (exit Exit, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	exit = Run(context.Background(), System{Args: args, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Home: t.TempDir(), Getenv: env()})
	return exit, stdout.String(), stderr.String()
}

// What was typed is not repeated: it may be a patient's name.
func TestUsageRepeatsNoValue(t *testing.T) {
	for _, args := range []string{"Zwxv", "list Zwxv", "show Zwxv", "prescribe x.json --wait Zwxv", "list --patient Zwxv", "revoke Zwxv --reason stopped",
		"paper 0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11 --reason urgent --date Zwxv", "settle --outcome Zwxv", "schema Zwxv", "--lang Zwxv list"} {
		exit, out, err := said(t, strings.Fields(args)...)
		if exit != Usage && exit != Failed || err == "" {
			t.Errorf("%s: exit code %d, %q", args, exit, err)
		}
		if strings.Contains(out+err, "Zwxv") {
			t.Errorf("%s: %s", args, err)
		}
	}
}

// Each command has a help in each language, with every argument and flag named.
func TestHelp(t *testing.T) {
	_, out, _ := said(t, "--help")
	commands := 0
	for _, line := range strings.Split(out, "\n") {
		name, help, found := strings.Cut(strings.TrimPrefix(line, "  "), "  ")
		if !found || !strings.HasPrefix(line, "  ") || strings.HasPrefix(name, "-") {
			continue
		}
		commands++
		if strings.TrimSpace(help) == "" {
			t.Errorf("%s has no help", name)
		}
		for _, lang := range rx.Langs {
			exit, page, err := said(t, append(append([]string{"--lang", string(lang)}, strings.Fields(name)...), "--help")...)
			if exit != Done || err != "" || !strings.Contains(page, "relais "+name) || !strings.Contains(page, i18n.Text(lang, "cli.flags")) {
				t.Errorf("%s in %s: exit code %d, %q, %s", name, lang, exit, err, page)
			}
		}
	}
	if commands < 20 {
		t.Errorf("%d commands in\n%s", commands, out)
	}
}

// Without a command, where there is no data directory: the window asks. Commands do not.
func TestFirstStart(t *testing.T) {
	for args, first := range map[string]bool{"": true, "--data nowhere": true, "--demo": false} {
		home := t.TempDir()
		t.Chdir(home)
		var stderr bytes.Buffer
		opened := false
		exit := Run(context.Background(), System{Args: strings.Fields(args), Stdout: &stderr, Stderr: &stderr, Home: home, Getenv: env(), Window: func(h *House) error {
			if opened = true; h.FirstStart() != first || h.Language() != rx.FR {
				t.Errorf("%q: first start %t in %s", args, h.FirstStart(), h.Language())
			}
			return nil
		}})
		if exit != Done || !opened {
			t.Errorf("%q: exit code %d, %s", args, exit, stderr.String())
		}
		if made, err := os.ReadDir(home); err != nil || first && len(made) > 0 {
			t.Errorf("%q made %v, %v", args, made, err)
		}
	}
	if exit, _, err := said(t, "list"); exit != Failed || !strings.Contains(err, "relais init") {
		t.Errorf("exit code %d, %q", exit, err)
	}
}

func TestNoWindow(t *testing.T) {
	if exit, _, err := said(t); exit != Failed || !strings.Contains(err, "sans fenêtre") {
		t.Errorf("exit code %d, %q", exit, err)
	}
}
