package wiring

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"relais/app/rx"
)

// CodeExportExists: a file of that name is there already (file).
const CodeExportExists rx.Code = "export-exists"

// Exported says what Export wrote.
type Exported struct {
	Dir                     string
	Files                   []string // names in Dir
	Patients, Prescriptions int
	Findings                int // lines of what could not be read
}

// The files of an export.
const (
	patientsCSV      = "patients.csv"
	prescriptionsCSV = "prescriptions.csv"
	notReadCSV       = "not-read.csv"
)

// Export writes what is sound as CSV files of this account alone into dir, which is made
// when it is not there: patients, prescriptions (newest first, with state, door, RIDs,
// dates and what the patient was told to take), and what could not be read, by table and
// row. The session must be one for reading only. Nothing is overwritten
// (CodeExportExists), and of an export that fails nothing stays. The files are not
// encrypted. Columns and their words are those of `relais list` and `relais show`, in
// whatever language.
func (s *Session) Export(ctx context.Context, dir string) (out Exported, err error) {
	if s.report == nil {
		return out, rx.Fault(rx.CodeInternal).Because(errors.New("export: of a directory that others may write"))
	}
	out = Exported{Dir: dir, Files: []string{patientsCSV, prescriptionsCSV, notReadCSV}, Findings: len(s.report.Findings)}
	patients, err := s.db.Patients(ctx)
	if err != nil {
		return out, err
	}
	items, err := s.db.List(ctx, rx.Filter{})
	if err != nil {
		return out, err
	}
	out.Patients, out.Prescriptions = len(patients), len(items)
	tables := map[string][][]string{patientsCSV: patientRows(patients), prescriptionsCSV: s.prescriptionRows(items), notReadCSV: findingRows(s.report)}
	return out, writeAll(dir, out.Files, tables)
}

func patientRows(patients []rx.Known) [][]string {
	rows := [][]string{{"patient", "last_name", "first_name", "birth_date", "sex", "ssin", "no_ssin", "language", "phone"}}
	for _, p := range patients {
		rows = append(rows, []string{string(p.ID), p.LastName, p.FirstName, p.BirthDate.String(), string(p.Sex), string(p.SSIN), string(p.NoSSIN),
			string(p.Language), p.Phone})
	}
	return rows
}

func (s *Session) prescriptionRows(items []rx.Item) [][]string {
	rows := [][]string{{"prescription", "order", "line", "patient", "last_name", "first_name", "birth_date", "ssin", "medicine", "pack", "quantity",
		"posology", "state", "door", "rid", "other_rids", "issued", "begins", "expires", "duties"}}
	for _, it := range items {
		p, f := it.Facts.Patient, it.Facts
		var others, duties string
		for _, r := range it.Records {
			if r.RID != it.RID() {
				others += spaced(others) + string(r.RID)
			}
		}
		for _, d := range s.Service.Owed(it) {
			duties += spaced(duties) + d.Kind.String()
		}
		rows = append(rows, []string{string(it.ID), string(it.Order), strconv.Itoa(it.Line), string(it.Patient), p.LastName, p.FirstName, p.BirthDate.String(),
			string(p.SSIN), f.Product.Name, f.Product.Pack, strconv.Itoa(f.Content.Quantity), f.PosologyText, it.State.String(), string(it.State.Door()),
			string(it.RID()), others, it.Issued.Format(time.RFC3339), it.Begin.String(), it.Expires.String(), duties})
	}
	return rows
}

func spaced(before string) string {
	if before == "" {
		return ""
	}
	return " "
}

func findingRows(r *Report) [][]string {
	rows := [][]string{{"table", "row", "what"}}
	for _, f := range r.Findings {
		rows = append(rows, []string{f.Table, f.Row, string(f.What)})
	}
	return rows
}

// writeAll writes the files, or none.
func writeAll(dir string, names []string, tables map[string][][]string) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fromVault(err)
	}
	var done []string
	defer func() {
		for _, path := range done {
			if err != nil {
				err = errors.Join(err, os.Remove(path))
			}
		}
	}()
	for _, name := range names {
		var text bytes.Buffer
		text.WriteString("\ufeff") // spreadsheets take it for UTF-8 then
		if err := csv.NewWriter(&text).WriteAll(tables[name]); err != nil {
			return rx.Fault(rx.CodeInternal).Because(err)
		}
		path := filepath.Join(dir, name)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return rx.Fault(CodeExportExists, "file", name)
		}
		if err != nil {
			return fromVault(err)
		}
		done = append(done, path)
		_, err = f.Write(text.Bytes())
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return fromVault(err)
		}
	}
	return nil
}
