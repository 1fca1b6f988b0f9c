package wiring

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

// everything are the files of a directory and of its marks.
func everything(t *testing.T, d Directory) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, root := range []string{d.Data, d.Marks} {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			out[path] = string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// spoil changes a date in the row of a prescription, in a file that nobody has open.
func spoil(t *testing.T, d Directory, p rx.Prescription) {
	t.Helper()
	path := filepath.Join(d.Data, "relais.db")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	id, date := []byte(p.ID), []byte(p.Expires.String())
	for at := 0; ; at++ {
		i := bytes.Index(data[at:], id)
		if i < 0 {
			break
		}
		at += i
		row := data[at:min(at+400, len(data))]
		if i := bytes.Index(row, date); i >= 0 { // the row itself, not an index
			copy(row[i:], "2030")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("the row was not found")
}

func rows(t *testing.T, path string) [][]string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", filepath.Base(path), info.Mode(), err)
	}
	all, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A damaged directory sends nothing, can be read without a byte being written, and what is sound leaves it whole.
func TestDamagedDirectory(t *testing.T) {
	d := made(t)
	s, err := d.Open(ctx, passphrase())
	if err != nil {
		t.Fatal(err)
	}
	var ids []rx.ID
	var first rx.Prescription
	for range 2 {
		done, err := s.Service.Issue(ctx, request(), prescribing.How{})
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, done.Prescriptions[0].ID); len(ids) == 1 {
			first = done.Prescriptions[0]
		}
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	spoil(t, d, first)

	if s, err = d.Open(ctx, passphrase()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Drive(ctx, time.Second, func(context.Context) (bool, error) { return false, nil }); rx.CodeOf(err) != rx.CodeDamaged {
		t.Errorf("sending: %v", err)
	}
	w, err := s.simulated()
	if err != nil {
		t.Fatal(err)
	}
	if truth, err := w.Truth(time.Now()); err != nil || len(truth.Records) != 0 {
		t.Errorf("it was sent: %v, %v", truth, err)
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}

	house, err := NewHouse(ctx, d, false, rx.FR)
	if err != nil {
		t.Fatal(err)
	}
	working, err := house.Unlock(ctx, passphrase()) // what opening does not find, the check before sending does
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); rx.CodeOf(working.Fault()) != rx.CodeDamaged; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the window is not told")
		}
	}
	if err := working.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := house.Unlock(ctx, passphrase()); rx.CodeOf(err) != rx.CodeDamaged {
		t.Errorf("opened for work again: %v", err)
	}
	before := everything(t, d)
	house.Home = t.TempDir()
	desk, err := house.UnlockReadOnly(ctx, passphrase())
	if err != nil {
		t.Fatal(err)
	}
	if yes, sound, all, ends := desk.ReadingOnly(); !yes || sound != 1 || all != 2 || ends != 0 {
		t.Errorf("%v, %d of %d, %d of the end", yes, sound, all, ends)
	}
	if rx.CodeOf(desk.session.Unread()) != rx.CodeUnread {
		t.Error("the missing one is not told")
	}
	if list, err := desk.Service().Store.List(ctx, rx.Filter{}); err != nil || len(list) != 1 || list[0].ID != ids[1] {
		t.Errorf("%d read, %v", len(list), err)
	}
	for what, err := range map[string]error{
		"withdraw": second(desk.Service().Withdraw(ctx, ids[1], "stopped", "")),
		"paper":    second(desk.Service().Paper(ctx, ids[1:], prescribing.Claim{Reason: "urgent"})),
		"pdf":      second(desk.SavePDF("x.pdf", nil)),
		"send":     desk.session.Send(ctx, func(error) {}),
		"weather":  desk.SetWeather(ctx, "down"),
	} {
		if f := (rx.Faults)(nil); errors.As(err, &f) {
			err = f[0]
		}
		if rx.CodeOf(err) != rx.CodeReadingOnly {
			t.Errorf("%s: %v", what, err)
		}
	}
	dir, err := desk.Export(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := rows(t, filepath.Join(dir, prescriptionsCSV)); len(got) != 2 || got[1][0] != string(ids[1]) || got[1][7] != string(patient.SSIN) || got[1][12] != "ready" {
		t.Errorf("%q", got)
	}
	if got := rows(t, filepath.Join(dir, patientsCSV)); len(got) != 2 || got[1][1] != "Dupont" {
		t.Errorf("%q", got)
	}
	if got := rows(t, filepath.Join(dir, notReadCSV)); len(got) < 2 {
		t.Errorf("%q", got)
	}
	kept := rows(t, filepath.Join(dir, patientsCSV))
	if _, err := desk.session.Export(ctx, dir); rx.CodeOf(err) != CodeExportExists {
		t.Errorf("again: %v", err)
	}
	if got := rows(t, filepath.Join(dir, patientsCSV)); len(got) != len(kept) {
		t.Error("the first export was touched")
	}
	if err := desk.Close(ctx); err != nil {
		t.Fatal(err)
	}
	after := everything(t, d)
	for path, text := range after {
		if before[path] != text {
			t.Errorf("%s was written", filepath.Base(path))
		}
		delete(before, path)
	}
	if len(before) != 0 {
		t.Errorf("%d files are gone", len(before))
	}
	for i := range 4 { // reading only is no way to guess faster
		want := CodeWrongPassphrase
		if i == 3 {
			want = CodePassphraseWait
		}
		if _, err := d.OpenReadOnly(ctx, []byte("une autre")); rx.CodeOf(err) != want {
			t.Errorf("guess %d: %v", i, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
