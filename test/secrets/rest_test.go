//go:build unix

package secrets

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/simulator/world"
)

// secret makes markers that no search finds by accident, and keeps them for the search.
type secret struct {
	*search
	d      *desk
	serial int
}

// word is one that nobody uses, with an accent so that its spellings differ.
func (s *secret) word(kind string) string {
	const letters = "bcdfghjklmnpqrstvwxz"
	b := []byte("Zqx")
	for n := s.serial; len(b) < 9; n /= len(letters) {
		b = append(b, letters[n%len(letters)])
	}
	s.serial++
	s.add(kind, "é"+string(b))
	return "é" + string(b)
}

// person is a patient as JSON whose every value is a marker.
func (s *secret) person() string {
	s.serial++
	born := time.Date(1931, 1, 2, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 17*s.serial)
	ssin := numbered(born.Format("060102") + strconv.Itoa(902+2*(s.serial%45)))
	phone := fmt.Sprintf("0470 99 %02d %02d", s.serial/100, s.serial%100)
	s.add("national number", ssin)
	s.add("national number with dots", rx.SSIN(ssin).Dotted())
	for _, form := range []string{"2006-01-02", "02/01/2006", "20060102"} {
		s.add("birth date", born.Format(form))
	}
	s.add("phone", phone)
	return fmt.Sprintf(`{"ssin": %q, "first_name": %q, "last_name": %q, "birth_date": %q, "sex": "female", "language": "nl", "phone": %q}`,
		ssin, s.word("first name"), s.word("last name"), born.Format("2006-01-02"), phone)
}

// lines are two products in the doctor's own words.
func (s *secret) lines() string {
	return fmt.Sprintf(`[{"kind": "free", "name": "%s 7 mg", "quantity": 1, "posology": {"text": "prendre %s"}, "instruction_patient": "avec %s"},
 {"kind": "magistral", "text": "R/ %s 3 g", "quantity": 1, "posology": {"dose": "1", "unit_text": %q, "times_per_day": 2}}]`,
		s.word("product"), s.word("posology"), s.word("instruction"), s.word("preparation"), s.word("unit"))
}

// order is the file of an order, which the doctor keeps.
func (s *secret) order() (file, id string) {
	id = s.d.newID()
	return s.d.write(id+".json", fmt.Sprintf(`{"id": %q, "patient": %s, "lines": %s}`, id, s.person(), s.lines())), id
}

// oneLine is an order of one package of the medicines file.
func (s *secret) oneLine() (file, id string) {
	id = s.d.newID()
	return s.d.write(id+".json", fmt.Sprintf(`{"id": %q, "patient": %s, "lines": [{"kind": "package", "cnk": "0318717", "quantity": 1,
 "posology": {"text": "jusqu'à %s"}}]}`, id, s.person(), s.word("posology"))), id
}

type line struct {
	ID, Order, State, RID string
	Duties                []string
}

type answer struct {
	Order         string
	Prescriptions []line
}

// practice is the doctor's file of `init`.
func (s *secret) practice() string {
	s.add("doctor's number", "19999915004")
	s.add("doctor's national number", "79021802145")
	s.add("practice's phone", "081 99 77 55")
	return fmt.Sprintf(`{"prescriber": {"first_name": %q, "last_name": %q, "nihii": "19999915004", "ssin": "79021802145", "qualification": %q},
 "address": {"street": "Rue %s", "number": "1", "zip": "5000", "city": %q}, "phone": "081 99 77 55", "email": "%s@%s.example", "region_language": "fr"}`,
		s.word("doctor"), s.word("doctor"), s.word("qualification"), s.word("street"), s.word("city"), rx.Fold(s.word("e-mail")), rx.Fold(s.word("e-mail")))
}

// room is what Relais keeps and where it might leave something: all files below these are searched.
func (d *desk) room() []string {
	return []string{d.path("data"), d.path("marks"), d.path("tmp"), d.path("home")}
}

// plain is what stands readable in the data directory by design, each with its reason. The test fails when one of them is
// not there: the list says what is so, not what was so.
func plain(order, prescription, patient, vault string) map[string]string {
	return map[string]string{
		order:        "ids are random and of the time of writing (UUIDv7); they name nobody, and rows are found by them",
		prescription: "the same",
		patient:      "the same",
		vault:        "the vault's id names its outside mark",
		"confirmed":  "states are the doors' constraints in the schema (CHECK, UNIQUE)",
		"paper":      "the same, of doors",
		"simulated":  "the environment of the directory, authenticated, told before it is opened",
		"issued":     "the kinds of the journal's lines, with their times",
	}
}

// files are all that may lie in the data directory, and why.
var files = map[string]string{
	"relais.db": "the database", "relais.db-wal": "its log", "relais.db-shm": "the log's index", "window.lock": "", "engine.lock": "",
	"vault.json": "the wrapped root key", "attempts.json": "how many wrong passphrases, and when the last was",
	"world.db": "the simulated services", "world.db-wal": "", "world.db-shm": "", "world.db-journal": "",
}

// S1: nothing of a patient, of the practice and of its secrets is readable at rest, whatever was done and wherever it was
// killed. Not searched are the files that the doctor wrote (orders, practice, passphrase) or asked for (-o).
//
// pki holds the keys and certificates of the simulated services and of the invented doctor, who is also this test's.
// world.db is no file of Relais' but the whole of Recip-e, KGSS and the pharmacies in simulated directories, where no real
// patient is ever: it holds what those would hold, and it is told apart here. It exists in simulated environments alone and
// is never part of a backup (architecture: rooms).
func TestNothingIsReadableAtRest(t *testing.T) {
	t.Parallel()
	began := time.Now()
	rng := seeded(t)
	s := &secret{search: newSearch(), d: &desk{t: t, rng: rng}}
	practice := s.practice()
	d := newDesk(t, rng, practice, "une "+s.word("passphrase"))
	s.d = d
	s.add("passphrase", d.passphrase)
	s.add("recovery code", d.recovery)
	s.add("recovery code", strings.ReplaceAll(d.recovery, "-", ""))

	var files, hits, inWorld int
	var size int64
	look := func(after string) found {
		t.Helper()
		f := s.through(t, d.room()...)
		for _, hit := range f.hits {
			t.Errorf("after %s: %s", after, hit)
		}
		files, hits, size, inWorld = files+f.files, hits+len(f.hits), size+f.bytes, max(inWorld, len(f.world))
		return f
	}
	prescribe := func(exit int, file string, args ...string) (a answer) {
		t.Helper()
		d.answer(&a, exit, "", append([]string{"prescribe", file, "--wait", "9s"}, args...)...)
		return a
	}
	out := func(name string) string { return filepath.Join(d.out, name) }

	// Sent, proven, revoked.
	var sent []line
	var orders []string
	for range 5 {
		file, id := s.order()
		sent, orders = append(sent, prescribe(0, file).Prescriptions...), append(orders, id)
	}
	d.answer(nil, 0, "", "proof", sent[0].ID, sent[1].ID, "-o", out("proof.pdf"))
	d.answer(nil, 0, "parce que "+s.word("reason"), "revoke", sent[2].ID, "--reason", "other")
	d.answer(nil, 0, "", "let-go", orders[0])
	d.answer(nil, 0, "", "twin", sent[8].ID)
	look("sending")

	// Drafts.
	for i := range 5 {
		file, id := s.order()
		prescribe(0, file, "--draft")
		if i < 2 {
			d.answer(nil, 0, "", "issue", id, "--wait", "9s")
		}
	}
	d.answer(nil, 0, "", "repeat", sent[0].ID)
	d.answer(nil, 0, "", "list", "--state", "draft")
	d.answer(nil, 0, s.word("words searched")+" "+s.word("words searched"), "patients", "find")
	look("drafts")

	// Paper: printed, written by hand, done again electronically.
	file, _ := s.oneLine()
	paper := prescribe(0, file, "--paper", "urgent", "-o", out("paper.pdf")).Prescriptions[0]
	d.answer(nil, 0, "", "settle", paper.ID+".confirm-print", "--outcome", "out")
	d.answer(nil, 0, "", "settle", paper.ID+".hand-over", "--outcome", "handed")
	file, _ = s.oneLine()
	again := prescribe(0, file, "--paper", "urgent", "-o", out("again.pdf")).Prescriptions[0]
	d.answer(nil, 0, "", "redo", again.ID, "--wait", "9s")
	file, _ = s.order()
	prescribe(0, file, "--paper", "urgent", "--handwritten")
	file = d.write("newborn.json", fmt.Sprintf(`{"id": %q, "patient": {"no_ssin": "newborn", "first_name": %q, "last_name": %q, "birth_date": "2026-01-05", "sex": "male"}, "lines": %s}`,
		d.newID(), s.word("first name"), s.word("last name"), s.lines()))
	prescribe(0, file, "--paper", "urgent", "-o", out("newborn.pdf"))
	look("paper")

	// An outage: kept, withdrawn, on paper, sent late.
	d.plan(down)
	var kept []line
	for range 3 {
		file, _ = s.order()
		var a answer
		d.answer(&a, 3, "", "prescribe", file, "--wait", "1s")
		kept = append(kept, a.Prescriptions...)
	}
	d.answer(nil, 0, s.word("reason"), "withdraw", kept[0].ID, "--reason", "other")
	d.answer(nil, 0, "", "paper", kept[1].ID, "--reason", "outage-recipe", "-o", out("outage.pdf"))
	look("an outage")
	before := d.path("before")
	must(t, os.CopyFS(before, os.DirFS(d.path("data")))) // an older copy of the directory
	d.plan()
	s.d.run("", nil, "--json", "send")
	look("the outage")

	// The older copy is put back, with the services as they now are.
	for _, name := range []string{"relais.db", "relais.db-wal", "relais.db-shm"} {
		err := os.Rename(filepath.Join(before, name), filepath.Join(d.path("data"), name))
		if errors.Is(err, fs.ErrNotExist) {
			err = os.Remove(filepath.Join(d.path("data"), name))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	must(t, os.RemoveAll(before))
	d.run("", nil, "--json", "send")
	var owed struct{ Duties []struct{ ID string } }
	d.answer(&owed, 0, "", "settle")
	restored := 0
	for _, duty := range owed.Duties {
		if strings.HasSuffix(duty.ID, ".restored") {
			d.answer(nil, 0, "", "settle", duty.ID, "--outcome", "nothing-given")
			restored++
		}
	}
	if restored == 0 {
		t.Error("nothing was asked of the restored directory")
	}
	d.run("", nil, "--json", "send")
	look("a restore")

	// Checked, and taken along.
	d.answer(nil, 0, "", "verify")
	d.answer(nil, 0, "", "export", "--csv", out("export"))
	d.answer(nil, 0, "", "status")
	look("a check and an export")

	// What is refused.
	for i, spoil := range []func(string) string{
		func(o string) string { return o[:len(o)/2] },
		func(o string) string { return strings.Replace(o, `"quantity": 1`, `"quantity": "un"`, 1) },
		func(o string) string { return strings.Replace(o, `"last_name": `, `"last_name": 7, "nom": `, 1) },
		func(o string) string { return strings.ReplaceAll(o, `"ssin": "`, `"ssin": "0`) },
		func(o string) string { return strings.Replace(o, "prendre", strings.Repeat("prendre", 200), 1) },
	} {
		name, _ := s.order()
		content, err := os.ReadFile(name)
		must(t, err)
		if got := d.run("", nil, "prescribe", d.write(fmt.Sprintf("bad-%d.json", i), spoil(string(content)))); got.exit != 1 || got.err == "" {
			t.Errorf("bad order %d: exit code %d, %s", i, got.exit, got.err)
		}
	}
	wrong := d.write("wrong", s.word("wrong passphrase"))
	if got := d.run("", []string{"RELAIS_PASSPHRASE_FILE=" + wrong}, "list"); got.exit != 1 {
		t.Errorf("a wrong passphrase: exit code %d", got.exit)
	}

	// What only the services know: the numbers that they gave, and the keys.
	addServices := func() {
		d.world(func(w *world.World) error {
			truth, err := w.Truth(time.Now())
			if err != nil {
				return err
			}
			for _, r := range truth.Records {
				s.add("RID", string(r.RID))
				s.add("LOCAL id", string(r.Local))
				s.add("LOCAL id as bytes", strings.ReplaceAll(string(r.Local), "-", ""))
			}
			for id := range truth.Keys {
				k, _, err := w.Key(id)
				if err != nil {
					return err
				}
				s.add("key id", string(id))
				s.add("key", string(k.Secret))
				s.add("key", hex.EncodeToString(k.Secret))
				s.add("key", base64.StdEncoding.EncodeToString(k.Secret))
			}
			return nil
		})
	}
	addServices()
	s.add("medicine", "Amoxicilline Exemple")
	look("what was refused")

	// While a command is on the wire, its log and its temporary files open.
	d.world(func(w *world.World) error { return w.Set(world.Settings{Latency: 400 * time.Millisecond}) })
	file, _ = s.order()
	cmd := d.command(nil, "--json", "prescribe", file, "--wait", "9s")
	must(t, cmd.Start())
	for range 5 {
		time.Sleep(60 * time.Millisecond)
		look("looking over the shoulder of a command")
	}
	must(t, cmd.Wait())
	d.world(func(w *world.World) error { return w.Set(world.Settings{}) })

	// Killed at marked steps.
	kills := s.kill(look)
	addServices()

	f := look("everything")
	if d.passphrase == "" || len(s.markers) < 200 {
		t.Errorf("only %d markers", len(s.markers))
	}
	if inWorld < 50 {
		t.Errorf("the simulated services hold %d markers: were they entered at all?", inWorld)
	}
	if hits := s.in(d.tellings.Bytes()); len(hits) > 0 {
		t.Errorf("on the standard error: %v", hits)
	}
	d.readable(f, orders[0], sent[0].ID)
	must(t, os.WriteFile(d.path("tmp/etilqs_planted"), []byte("\x00\x07"+backwards(d.passphrase)), 0o600))
	if planted := s.through(t, d.room()...); len(planted.hits) == 0 {
		t.Error("the search does not find what was planted in the temporary directory")
	}
	t.Logf("%d markers, %d commands, %d of them killed; %d files, %.1f MB searched: %d hits; the simulated services' own file: %d; %v", len(s.markers), d.commands, kills,
		files, float64(size)/1e6, hits, inWorld, time.Since(began).Round(time.Millisecond))
}

// readable holds the list of what is plain, and that of the files, against what there is.
func (d *desk) readable(f found, order, prescription string) {
	d.t.Helper()
	var head struct{ Vault string }
	content, err := os.ReadFile(d.path("data/vault.json"))
	must(d.t, err)
	must(d.t, json.Unmarshal(content, &head))
	all := content
	for _, name := range f.names {
		base := filepath.Base(name)
		if _, known := files[base]; filepath.Dir(name) == "data" && !known {
			d.t.Errorf("an unknown file: %s", name)
		}
		if strings.HasPrefix(base, "relais.db") {
			content, err := os.ReadFile(d.path(name))
			must(d.t, err)
			all = append(all, content...)
		}
	}
	var shown struct{ Patients []struct{ ID string } }
	d.answer(&shown, 0, "zqx", "patients", "find")
	if len(shown.Patients) > 0 {
		d.t.Error("a word inside a name found somebody")
	}
	d.answer(&shown, 0, "éZqx", "patients", "find")
	if len(shown.Patients) == 0 {
		d.t.Fatal("no patient is found")
	}
	for text, why := range plain(order, prescription, shown.Patients[0].ID, head.Vault) {
		if !strings.Contains(string(all), text) {
			d.t.Errorf("%s is said to be plain (%s), and is not there", text, why)
		}
	}
}

// kill kills commands at marked steps, looks, and lets the command be tried again.
func (s *secret) kill(look func(string) found) (killed int) {
	d := s.d
	trace := d.path("trace")
	journeys := map[string]func() (args []string, stdin string){
		"send": func() ([]string, string) {
			file, _ := s.order()
			return []string{"prescribe", file, "--wait", "2s"}, ""
		},
		"to paper": func() ([]string, string) {
			file, id := s.order()
			return []string{"prescribe", file, "--paper", "urgent", "-o", filepath.Join(d.out, id+".pdf")}, ""
		},
		"revoke": func() ([]string, string) {
			file, _ := s.oneLine()
			var a answer
			d.answer(&a, 0, "", "prescribe", file, "--wait", "9s")
			return []string{"revoke", a.Prescriptions[0].ID, "--reason", "other", "--wait", "2s"}, s.word("reason")
		},
	}
	for _, name := range []string{"send", "to paper", "revoke"} {
		args, stdin := journeys[name]()
		d.run(stdin, []string{envTrace + "=" + trace}, append([]string{"--json"}, args...)...)
		content, err := os.ReadFile(trace)
		must(d.t, err)
		steps := strings.Split(strings.TrimSpace(string(content)), "\n")
		if len(steps) < 4 {
			d.t.Fatalf("%s: only the steps %q", name, steps)
		}
		at := make([]int, len(steps))
		for i := range at {
			at[i] = i + 1
		}
		if !soak() { // two of each
			d.rng.Shuffle(len(at), func(a, b int) { at[a], at[b] = at[b], at[a] })
			at = at[:2]
		}
		slices.Sort(at)
		for _, n := range at {
			args, stdin := journeys[name]()
			got := d.run(stdin, []string{envKill + "=" + strconv.Itoa(n), envTrace + "=" + trace}, append([]string{"--json"}, args...)...)
			if got.exit == -1 {
				killed++
			}
			look(fmt.Sprintf("%s, killed at step %d of %d (%s)", name, n, len(steps), steps[n-1]))
		}
	}
	if killed == 0 {
		d.t.Error("nothing was killed")
	}
	if got := d.run("", nil, "--json", "send"); got.exit == 1 || got.exit == 2 {
		d.t.Errorf("after the kills: exit code %d, %s%s", got.exit, got.out, got.err)
	}
	return killed
}
