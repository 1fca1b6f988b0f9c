package wiring

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"relais/app/config"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/simulator/simtest"
	"relais/sync/simulator/world"
)

var ctx = context.Background()

func passphrase() []byte { return []byte("une phrase d'essai") }

// place is a directory that does not exist yet.
func place(t *testing.T) Directory {
	t.Helper()
	root := t.TempDir()
	d, err := At(config.Paths{Data: filepath.Join(root, "data"), Marks: filepath.Join(root, "marks")})
	if err != nil {
		t.Fatal(err)
	}
	d.Protocol.Keys = simtest.Keys
	return d
}

func simulated() New {
	p, _ := config.Built(config.Simulated)
	return New{Profile: p, Passphrase: passphrase(), Practice: rx.Practice{
		Prescriber: rx.Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004", SSIN: "79021802145", Qualification: "médecin généraliste"},
		Address:    rx.Address{Street: "Rue de la Démonstration", Number: "1", Zip: "5000", City: "Namur"},
		Phone:      "081 00 00 00", Email: "demo@example.org", RegionLanguage: rx.FR,
	}}
}

func open(t *testing.T, d Directory) *Session {
	t.Helper()
	s, err := d.Open(ctx, passphrase())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

func made(t *testing.T) Directory {
	t.Helper()
	d := place(t)
	if _, err := d.Make(ctx, simulated()); err != nil {
		t.Fatal(err)
	}
	return d
}

var patient = rx.Patient{SSIN: "85073003427", FirstName: "Marie", LastName: "Dupont", BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}, Sex: rx.Female, Language: rx.FR}

func request() rx.Request {
	return rx.Request{Patient: patient, Lines: []rx.Line{{Kind: rx.Package, CNK: "0318717", Quantity: 2,
		Posology: rx.Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, DurationDays: 5}}}}
}

// confirmed waits for every line of an order.
func confirmed(s *Session, order rx.ID) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		issued, err := s.Service.Store.Order(ctx, order)
		if err != nil {
			return false, err
		}
		for _, p := range issued.Prescriptions {
			if p.State != rx.StateConfirmed {
				return false, nil
			}
		}
		return true, nil
	}
}

func TestFromNothingToAProof(t *testing.T) {
	d := place(t)
	if _, err := d.Environment(); rx.CodeOf(err) != rx.CodeNoDirectory {
		t.Fatalf("before: %v", err)
	}
	m, err := d.Make(ctx, simulated())
	if err != nil || m.Environment != config.Simulated || len(m.RecoveryCode) != 44 {
		t.Fatalf("made: %+v, %v", m, err)
	}
	if e, err := d.Environment(); e != config.Simulated || err != nil {
		t.Fatalf("environment: %q, %v", e, err)
	}
	s := open(t, d)
	done, err := s.Service.Issue(ctx, request(), prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	ended, err := s.Drive(ctx, 10*time.Second, confirmed(s, done.Order))
	if err != nil || ended.Fault != nil || ended.Elsewhere {
		t.Fatalf("%+v, %v", ended, err)
	}
	pdf, err := s.Service.Proof(ctx, []rx.ID{done.Prescriptions[0].ID})
	if err != nil || string(pdf[:5]) != "%PDF-" {
		t.Fatalf("proof: %v", err)
	}
	w, err := s.simulated()
	if err != nil {
		t.Fatal(err)
	}
	truth, err := w.Truth(time.Now())
	if err != nil || len(truth.Records) != 1 || truth.Records[0].Local != done.Prescriptions[0].LocalID() {
		t.Fatalf("the server holds %v, %v", truth.Records, err)
	}
	seen, err := s.Services(ctx)
	if err != nil || seen[0].Service != rx.Recipe || s.services.inDoubt() {
		t.Errorf("services: %+v, %v", seen, err)
	}
	for _, k := range seen { // session, encryption tokens, key, prescription
		if !k.Known() || !k.Reached || k.Failures > 0 {
			t.Errorf("%s: %+v", k.Service, k)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	d := made(t)
	if _, err := d.Make(ctx, simulated()); rx.CodeOf(err) != rx.CodeDirectoryExists {
		t.Errorf("a second time: %v", err)
	}
	for _, name := range []string{config.Acceptance, config.Production} {
		n := simulated()
		n.Profile, _ = config.Built(name)
		if _, err := place(t).Make(ctx, n); rx.CodeOf(err) != config.CodeProfileNotReady {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := place(t)
	if err := errors.Join(os.MkdirAll(other.Data, 0o700), os.WriteFile(filepath.Join(other.Data, "x"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Make(ctx, simulated()); rx.CodeOf(err) != CodeDirectoryNotEmpty {
		t.Errorf("beside other files: %v", err)
	}
	n := simulated()
	n.Passphrase = nil
	empty := place(t)
	if _, err := empty.Make(ctx, n); rx.CodeOf(err) != CodeEmptyPassphrase {
		t.Errorf("without a passphrase: %v", err)
	}
	n = simulated()
	n.Practice.Phone = ""
	if _, err := empty.Make(ctx, n); rx.CodeOf(err) != rx.CodeMissing {
		t.Errorf("without a phone: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(empty.Data)); err != nil || len(left) > 1 { // the marks
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Of several that make the same directory at once, one does, and what it made is whole.
func TestMakeAtOnce(t *testing.T) {
	d := place(t)
	ended := make(chan error)
	for range 4 {
		go func() { ended <- d.EnsureDemo(ctx) }()
	}
	for range 4 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	s, err := d.Open(ctx, []byte(DemoPassphrase))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(ctx)
	if people, err := s.Service.FindPatients(ctx, ""); err != nil || len(people) != 40 {
		t.Errorf("%d people, %v", len(people), err)
	}
	if left, err := os.ReadDir(filepath.Dir(d.Data)); err != nil || len(left) != 2 { // the data and the marks
		t.Errorf("left behind: %v, %v", left, err)
	}
	if marks, err := os.ReadDir(d.Marks); err != nil || len(marks) != 2 { // the mark and its trail
		t.Errorf("marks: %v, %v", marks, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	if _, err := place(t).Open(ctx, passphrase()); rx.CodeOf(err) != rx.CodeNoDirectory {
		t.Errorf("nothing there: %v", err)
	}
	d := made(t)
	for i, want := range []rx.Code{CodeWrongPassphrase, CodeWrongPassphrase, CodeWrongPassphrase, CodePassphraseWait} {
		if _, err := d.Open(ctx, []byte("une autre")); rx.CodeOf(err) != want {
			t.Errorf("wrong passphrase %d: %v", i+1, err)
		}
	}
}

func TestPassphraseIsWiped(t *testing.T) {
	d := place(t)
	n, given := simulated(), passphrase()
	n.Passphrase = given
	if _, err := d.Make(ctx, n); err != nil {
		t.Fatal(err)
	}
	typed := passphrase()
	s, err := d.Open(ctx, typed)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(ctx)
	for _, secret := range [][]byte{given, typed} {
		for _, b := range secret {
			if b != 0 {
				t.Fatal("a passphrase is left in memory")
			}
		}
	}
}

func TestCustomProfileIsKept(t *testing.T) {
	d := place(t)
	n := simulated()
	var faults rx.Faults
	n.Profile, faults = config.File{Name: "essai", Services: config.Simulated, Waits: map[string]string{"answer": "250ms"}}.Profile()
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if _, err := d.Make(ctx, n); err != nil {
		t.Fatal(err)
	}
	s := open(t, d)
	if s.Profile.Environment != "custom:essai" || s.Profile.Waits.Answer != 250*time.Millisecond || s.Service.Waits != s.Profile.Waits || !s.Profile.Simulated {
		t.Errorf("%+v", s.Profile)
	}
}

func TestDemo(t *testing.T) {
	d := place(t)
	for range 2 {
		if err := d.EnsureDemo(ctx); err != nil {
			t.Fatal(err)
		}
	}
	s, err := d.Open(ctx, []byte(DemoPassphrase))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(ctx)
	people, err := s.Service.FindPatients(ctx, "dupont")
	if err != nil || len(people) != 1 {
		t.Errorf("%d people called Dupont, %v", len(people), err)
	}
}

// Two sessions of one directory: one sends, the other watches and gets the answer.
func TestAnotherSends(t *testing.T) {
	d := made(t)
	a, b := open(t, d), open(t, d)
	stop := sends(t, a)
	done, err := b.Service.Issue(ctx, request(), prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	came, err := b.Drive(ctx, 20*time.Second, confirmed(b, done.Order))
	if err != nil || !came.Elsewhere {
		t.Errorf("%+v, %v", came, err)
	}
	if over, err := confirmed(b, done.Order)(ctx); !over || err != nil {
		t.Errorf("not confirmed by the other's engine: %v", err)
	}
	stop()
}

// sends lets the engine of s work until stop is called, and comes back once it holds the sending lock. Asking for the
// lock to see whether another has it would take it from under the other's hand.
func sends(t *testing.T, s *Session) (stop func()) {
	t.Helper()
	sending, cancel := context.WithCancel(ctx)
	working, ended := make(chan struct{}), make(chan error, 1)
	var once sync.Once
	go func() { ended <- s.Send(sending, func(error) { once.Do(func() { close(working) }) }) }()
	select {
	case <-working:
	case err := <-ended:
		t.Fatal("ended before it sent anything: ", err)
	}
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// Nothing leaves while Recip-e refuses; the command is not kept waiting for what comes
// after its time.
func TestDriveEndsWhenNothingWillBeTried(t *testing.T) {
	d := place(t)
	n := simulated()
	n.Profile, _ = config.File{Name: "essai", Services: config.Simulated, Waits: map[string]string{"retry": "10m", "backoff": "1h"}}.Profile()
	if _, err := d.Make(ctx, n); err != nil {
		t.Fatal(err)
	}
	s := open(t, d)
	if err := s.SetPlan([]Fault{{Kind: "refuse-connect"}}); err != nil {
		t.Fatal(err)
	}
	done, err := s.Service.Issue(ctx, request(), prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	ended, err := s.Drive(ctx, 30*time.Second, confirmed(s, done.Order))
	if err != nil || time.Since(began) > 20*time.Second || ended.Next.Before(time.Now()) {
		t.Errorf("after %v: %+v, %v", time.Since(began), ended, err)
	}
	if !s.services.inDoubt() {
		t.Error("no service is in doubt")
	}
	issued, err := s.Service.Store.Order(ctx, done.Order)
	if err != nil || issued.Prescriptions[0].State != rx.StateReady {
		t.Errorf("%v, %v", issued.Prescriptions[0].State, err)
	}
	again := open(t, d) // what was seen is kept for others
	seen, err := again.Services(ctx)
	if err != nil || seen[1].Service != rx.KGSS || seen[1].Reached || seen[1].Failures == 0 || seen[1].Why != "recipient" || seen[3].Service != rx.ETKDepot || seen[3].Reached || seen[3].Why != world.WhyRefused {
		t.Errorf("%+v, %v", seen, err)
	}
}

// The keys of lines that are still being written are fetched meanwhile: when the order is issued, a KGSS that is away since delays nothing.
func TestKeysComeWhileWriting(t *testing.T) {
	s := open(t, made(t))
	if _, err := s.Service.Store.SavePatient(ctx, rx.Known{Patient: patient}); err != nil {
		t.Fatal(err)
	}
	stop := sends(t, s)
	defer stop()
	draft, err := s.Service.SaveDraft(ctx, rx.Draft{Request: request()})
	if err != nil {
		t.Fatal(err)
	}
	soon(t, "key of the line that is written", func() bool {
		all, err := s.db.Writing(ctx, time.Time{})
		return err == nil && len(all) == 1 && all[0].Keys == 1
	})
	if err := s.SetPlan([]Fault{{Service: rx.KGSS, Kind: string(world.RefuseConnect)}}); err != nil {
		t.Fatal(err)
	}
	done, err := s.Service.IssueDraft(ctx, draft.ID, prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	soon(t, "RID while the KGSS is away", func() bool {
		over, err := confirmed(s, done.Order)(ctx)
		return over && err == nil
	})
}
