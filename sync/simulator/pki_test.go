package simulator_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/identity"
	"relais/sync/ehealth/servicelist"
	"relais/sync/ehealth/trust"
	"relais/sync/simulator"
	"relais/sync/simulator/world"
)

func openPKI(t *testing.T, dir string) *simulator.PKI {
	t.Helper()
	p, err := simulator.OpenPKI(dir, rand.Reader, keysOf("platform "), monday)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What was made under a clock at zero, or decades before or after, is of use once the clock is right.
func TestPKIOfAWrongClock(t *testing.T) {
	for _, at := range []time.Time{time.Unix(0, 0), monday.AddDate(-30, 0, 0), monday.AddDate(30, 0, 0)} {
		pki, err := simulator.NewPKI(rand.Reader, keysOf("platform "), at)
		if err != nil {
			t.Fatal(err)
		}
		b := newBench(t, pki)
		b.as(pki.Doctor(), b.clients())
		b.created([]byte("<kmehrmessage/>"))
	}
}

// A PKI directory is made once, for its owner alone, and is the same afterwards.
func TestPKIDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "pki")
	made := openPKI(t, dir)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; err == nil && info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	read := openPKI(t, dir)
	if !read.Authority().Equal(made.Authority()) || string(read.Doctor().ETK) != string(made.Doctor().ETK) {
		t.Error("what is read differs from what was made")
	}
	b := newBench(t, read)
	b.as(made.Doctor(), b.clients())
	b.created([]byte("<kmehrmessage/>"))

	// The doctor's keystore is one of the platform's, and the anchors lead to everybody.
	store, err := os.ReadFile(filepath.Join(dir, "doctor.p12"))
	if err != nil {
		t.Fatal(err)
	}
	doctor, err := identity.Open(store, []byte(simulator.Password))
	if err != nil {
		t.Fatal(err)
	}
	holder, err := doctor.Holder()
	if err != nil || holder.SSIN() != simulator.DoctorID.Value || holder.Name != "ANNE EXEMPLE" || doctor.Check(monday) != nil || len(doctor.Decryption()) != 1 {
		t.Errorf("the keystore: %v, %v", err, doctor.Check(monday))
	}
	if _, err := identity.Open(store, []byte("x")); !errors.Is(err, identity.ErrPassword) {
		t.Errorf("another password: %v", err)
	}
	sets, err := trust.ReadSimulatedSets(os.DirFS(filepath.Join(dir, "anchors")))
	if err != nil {
		t.Fatal(err)
	}
	token, err := etk.Parse(made.Doctor().ETK)
	if err != nil {
		t.Fatal(err)
	}
	if found := token.Check(etk.Anchors{Authority: sets.For(trust.ETKAuthority), Holders: sets.For(trust.ETKAuthority)}, monday); len(found) > 0 {
		t.Errorf("%v", found)
	}
	real, err := trust.ReadSets(os.DirFS(filepath.Join(dir, "anchors")))
	if err != nil {
		t.Fatal(err)
	}
	if found := token.Check(etk.Anchors{Authority: real.For(trust.ETKAuthority), Holders: real.For(trust.ETKAuthority)}, monday); len(found) == 0 {
		t.Error("a real environment trusts the simulation")
	}

	if err := os.Remove(filepath.Join(dir, "sts.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := simulator.OpenPKI(dir, rand.Reader, keysOf("platform "), monday); !errors.Is(err, simulator.ErrPKI) {
		t.Errorf("half a directory: %v", err)
	}
}

// Every certificate bears the mark, so that whoever does not know it refuses it.
func TestEveryCertificateIsMarked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	openPKI(t, dir)
	names, err := filepath.Glob(filepath.Join(dir, "*.p12"))
	if err != nil || len(names) != 4 {
		t.Fatalf("%d keystores, %v", len(names), err)
	}
	var all []*x509.Certificate
	for _, name := range names {
		store, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		id, err := identity.Open(store, []byte(simulator.Password))
		if err != nil {
			t.Fatal(err)
		}
		signing, err := id.Signing()
		if err != nil || len(signing.Chain) != 2 {
			t.Fatalf("%s: a chain of %d, %v", filepath.Base(name), len(signing.Chain), err)
		}
		all = append(append(all, signing.Chain...), id.Decryption()[0].Certificate)
	}
	for _, c := range all {
		if !trust.Simulated(c) {
			t.Errorf("%s has no mark", c.Subject)
		}
	}
	// Another program sees a critical extension that it does not know.
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	for _, name := range []string{"authority", "server", "sts", "etk-authority", "service-list"} {
		pem := filepath.Join(dir, name+".pem")
		out, _ := exec.Command(openssl, "verify", "-CAfile", filepath.Join(dir, "authority.pem"), pem).CombinedOutput()
		if !strings.Contains(string(out), "unhandled critical extension") {
			t.Errorf("%s: %s", name, out)
		}
		if out, err := exec.Command(openssl, "verify", "-ignore_critical", "-CAfile", filepath.Join(dir, "authority.pem"), pem).CombinedOutput(); err != nil {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
	for _, keystore := range names {
		out, err := exec.Command(openssl, "pkcs12", "-in", keystore, "-passin", "pass:"+simulator.Password, "-nodes").CombinedOutput()
		if err != nil || strings.Count(string(out), "BEGIN PRIVATE KEY") != 2 || strings.Count(string(out), "BEGIN CERTIFICATE") != 3 || !strings.Contains(string(out), "friendlyName: authentication") {
			t.Errorf("%s: %v", filepath.Base(keystore), err)
		}
	}
}

// Tokens that are added to the directory, or by the control side, are given by the depot.
func TestPublish(t *testing.T) {
	b := newBench(t, freshPKI("platform "))
	other := freshPKI("other platform ")
	ask := `{"etk": "` + base64Of(other.Pharmacy().ETK) + `"}`
	var told struct{ Type, Value string }
	if code := control(b, http.MethodPost, "/control/etk", ask, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("the token of another platform: %d", code)
	}
	ask = `{"etk": "` + base64Of(b.pki.Pharmacy().ETK) + `"}`
	if code := control(b, http.MethodPost, "/control/etk", ask, &told); code != http.StatusOK || told.Type != "NIHII-PHARMACY" || told.Value != simulator.PharmacyID.Value {
		t.Errorf("%d %+v", code, told)
	}
	if code := control(b, http.MethodPost, "/control/etk", `{"etk": "QUJD"}`, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("what is no token: %d", code)
	}
	_, err := b.pki.Publish(other.Pharmacy().ETK) // a file in etk/
	b.must(err)
	if _, err := b.depot.Refresh(t.Context(), simulator.PharmacyID); !isDepotError(err, etk.NotTrusted) {
		t.Errorf("the token of another platform: %v", err)
	}
	for id, reason := range map[etk.Identifier]etk.Reason{
		{Type: "SSIN", Value: "80010100107"}: etk.NotFound, {Type: "SSIN", Value: "8001"}: etk.BadNumber, {Type: "CBE", Value: "x"}: etk.BadNumber,
	} {
		if _, err := b.depot.Refresh(t.Context(), id); !isDepotError(err, reason) {
			t.Errorf("%s: %v", id.Type, err)
		}
	}
}

func isDepotError(err error, reason etk.Reason) bool {
	var e *etk.DepotError
	return errors.As(err, &e) && e.Reason == reason
}

// The list of end points is signed and valid, changes its hash when it changes, and names the alternate when it is told to.
func TestServiceList(t *testing.T) {
	b := newBench(t, pki())
	get := func(path string) string {
		w := httptest.NewRecorder()
		b.sim.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d", path, w.Code)
		}
		return w.Body.String()
	}
	list, hash := get("/servicelist.xml"), get("/servicelist.sha2")
	if get("/servicelist") != list || get("/servicelist.sha2") != hash || len(hash) != 64 {
		t.Error("the list changes by itself")
	}
	valid(t, map[string][][]byte{schemas["urn:be:fgov:ehealth:bcp:protocol:v1"]: {[]byte(list)}})
	read, err := servicelist.Read([]byte(list), b.pki.Anchors().For(trust.ServiceList), monday)
	b.must(err)
	if read.Environment != "Simulation" || read.Active(servicelist.Prescriber) != b.sim.Inside().Prescriber || len(read.Endpoints(servicelist.Prescriber)) != 2 {
		t.Errorf("%s: %v", read.Environment, read.Endpoints(servicelist.Prescriber))
	}
	active := func(list string) string {
		_, rest, _ := strings.Cut(list, "recip-eprescriber")
		_, rest, _ = strings.Cut(rest, `Status="ACTIVE">`)
		url, _, _ := strings.Cut(rest, "<")
		return url
	}
	if active(list) != b.sim.Inside().Prescriber {
		t.Errorf("%s", active(list))
	}
	if code := control(b, http.MethodPost, "/control/service-list", `{"prescriber": "alternate"}`, nil); code != http.StatusOK {
		t.Errorf("%d", code)
	}
	if now := get("/servicelist.xml"); active(now) != b.sim.Inside().Alternate || get("/servicelist.sha2") == hash {
		t.Errorf("%s", active(now))
	}
}

// The status page tells of faults that strike a service as a whole, while they are in force.
func TestStatusPage(t *testing.T) {
	b := newBench(t, pki())
	b.must(b.world.SetPlan([]world.Fault{
		{Service: rx.Recipe, Kind: world.RefuseConnect, From: time.Hour, For: time.Hour}, {Service: rx.KGSS, Kind: world.Slow},
		{Service: rx.STS, Kind: world.HTTP503, Count: 1},
	}, monday))
	for _, want := range []string{"operational, degraded performance, operational, operational, operational", "major outage, degraded performance, operational, operational, operational", "operational, degraded performance, operational, operational, operational"} {
		w := httptest.NewRecorder()
		b.sim.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/nl/api/components/prod", nil))
		var list []struct {
			Status string `json:"status_name"`
		}
		b.must(json.Unmarshal(w.Body.Bytes(), &list))
		var states []string
		for _, c := range list {
			states = append(states, c.Status)
		}
		if got := strings.Join(states, ", "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		b.clock.wait(time.Hour)
	}
}

// The control side takes a fault plan as its file has it, tells what it met, and is for programs of this computer.
func TestControl(t *testing.T) {
	b := newBench(t, pki())
	plan := `{"faults": [{"service": "recipe", "operation": "createPrescription", "kind": "drop-after-processing", "after": 2, "count": 1},
		{"service": "sts", "kind": "refuse-connect", "from": "10m", "for": "2h"}]}`
	var told simulator.Plan
	if code := control(b, http.MethodPost, "/control", plan, &told); code != http.StatusOK || len(told.Faults) != 2 || time.Duration(told.Faults[1].For) != 2*time.Hour {
		t.Fatalf("%d %+v", code, told)
	}
	b.created([]byte("<kmehrmessage/>"))
	if code := control(b, http.MethodGet, "/control", "", &told); code != http.StatusOK || told.Faults[0].Met != 1 {
		t.Errorf("%d %+v", code, told)
	}
	unit := httptest.NewRecorder()
	b.sim.ServeHTTP(unit, httptest.NewRequest(http.MethodPost, "http://localhost/control", strings.NewReader(`{"faults": [{"kind": "slow", "from": "10"}]}`)))
	if !strings.Contains(unit.Body.String(), "missing unit") {
		t.Errorf("a time without a unit: %s", unit.Body)
	}
	for body, code := range map[string]int{
		`{"faults": []}`: 200, `{"faults": [{"kind": "soa-03004"}]}`: 200, `{"faults": [{"kind": "bad-luck"}]}`: 422,
		`{"faults": [{"kind": "slow", "for": "soon"}]}`: 400, `{"fault": []}`: 400, `{} {}`: 400, `x`: 400,
	} {
		if got := control(b, http.MethodPost, "/control", body, nil); got != code {
			t.Errorf("%s: %d, want %d", body, got, code)
		}
	}
	if code := control(b, http.MethodPost, "/control/settings", `{"offset": "1m", "page": 3}`, nil); code != http.StatusOK {
		t.Errorf("%d", code)
	}
	if s, err := b.world.Settings(); err != nil || s.Offset != time.Minute || s.Page != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	if code := control(b, http.MethodPost, "/control/people", `{"ssin": "80010100107", "nihii": "10012378004", "profession": "doctor"}`, nil); code != http.StatusOK {
		t.Errorf("%d", code)
	}
	for name, change := range map[string]func(*http.Request){
		"a page of a browser": func(r *http.Request) { r.Header.Set("Origin", "http://localhost") },
		"another name":        func(r *http.Request) { r.Host = "evil.example.org" },
	} {
		r := httptest.NewRequest(http.MethodPost, "http://localhost/control", strings.NewReader(`{"faults": []}`))
		change(r)
		w := httptest.NewRecorder()
		if b.sim.ServeHTTP(w, r); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	r := httptest.NewRequest(http.MethodGet, b.ends.KGSS, nil)
	w := httptest.NewRecorder()
	if b.sim.ServeHTTP(w, r); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET of a service: %d", w.Code)
	}
}
