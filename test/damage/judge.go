package damage

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/data/store"
	"relais/sync/simulator/world"
)

// verdict is how a case ended.
type verdict string

const (
	atOpening verdict = "found at opening"
	asking    verdict = "taken for an older copy: everything open is asked"
	byCheck   verdict = "found by the check"
	harmless  verdict = "harmless"
)

// judge opens what lies in the directory, reads and acts, and tells how the damage was found. The error is what is silently wrong.
func (p *practice) judge(moment string, rng *rand.Rand, named []string) (verdict, error) {
	t := p.truth[moment]
	read, err := p.aloof(t, named)
	if err != nil {
		return "", fmt.Errorf("reading only: %w", err)
	}
	work, err := p.atWork(t, rng)
	if err != nil {
		return "", fmt.Errorf("opened: %w", err)
	}
	switch {
	case work == asking && read == harmless: // of what lies outside alone
		return asking, nil
	case work == atOpening:
		return atOpening, nil
	case work == asking:
		return asking, nil
	case read == byCheck || work == byCheck || read == atOpening:
		return byCheck, nil
	}
	return harmless, nil
}

// known are the codes by which damage may be told at opening.
func told(err error) bool {
	switch rx.CodeOf(err) {
	case rx.CodeDamaged, rx.CodeIO, rx.CodeNewer, rx.CodeNoDirectory, rx.CodeWrongEnvironment, rx.CodeUnread, rx.CodeInternal:
		return true
	}
	return false
}

// aloof opens for reading only.
func (p *practice) aloof(t truth, named []string) (verdict, error) {
	before, err := p.files()
	if err != nil {
		return "", err
	}
	db, err := store.OpenReadOnly(ctx, p.opts, p.aside)
	if err != nil {
		if told(err) && rx.CodeOf(err) != rx.CodeInternal {
			return atOpening, nil
		}
		return "", err
	}
	verdict, err := p.readAll(db, t, named)
	err = errors.Join(err, db.Close(ctx))
	after, fileErr := p.files()
	if err := errors.Join(err, fileErr); err != nil {
		return "", err
	}
	if !same(map[string][]byte(before), map[string][]byte(after)) {
		return "", errors.New("the directory was written")
	}
	if left, err := filepath.Glob(filepath.Join(p.aside, "relais-*")); err != nil || len(left) > 0 {
		return "", fmt.Errorf("left behind: %v, %w", left, err)
	}
	return verdict, nil
}

func (p *practice) readAll(db *store.DB, t truth, named []string) (verdict, error) {
	report, err := db.Check(ctx)
	if err != nil {
		return "", err
	}
	if named != nil && !slices.ContainsFunc(report.Findings, func(f store.Finding) bool { return slices.Contains(named, f.Table) }) {
		return "", fmt.Errorf("not named: %v in %+v", named, report)
	}
	if report.Sound() {
		got, err := read(db)
		if err != nil {
			return "", fmt.Errorf("sound, and not readable: %w", err)
		}
		if !same(got, t) {
			return "", errors.New("silently wrong: called sound, and differs")
		}
		return harmless, nil
	}
	items, err := db.List(ctx, rx.Filter{})
	if err != nil {
		return "", err
	}
	if len(items) != report.Prescriptions.Sound {
		return "", fmt.Errorf("%d prescriptions, not %d", len(items), report.Prescriptions.Sound)
	}
	if ended(report) { // an older state as a whole, and told: what is read need not be the last
		return byCheck, nil
	}
	for _, it := range items {
		if err := t.holds(it); err != nil {
			return "", err
		}
		if lines, err := db.Timeline(ctx, it.ID); err == nil && !same(lines, t.timelines[it.ID]) {
			return "", errors.New("silently wrong: a timeline differs")
		} else if err != nil && !told(err) {
			return "", err
		}
	}
	for id, want := range t.items {
		got, err := db.Item(ctx, id)
		switch {
		case err == nil:
			err = t.holds(got)
		case rx.CodeOf(err) == rx.CodeNotFound && !lost(report):
			err = errors.New("silently wrong: a prescription is not there, and nothing says so")
		case told(err), rx.CodeOf(err) == rx.CodeNotFound:
			err = nil
		}
		if err != nil {
			return "", err
		}
		if got, err := db.Order(ctx, want.Order); err == nil && !same(got, t.orders[want.Order]) {
			return "", errors.New("silently wrong: an order differs")
		}
	}
	known, err := db.Patients(ctx)
	if err != nil {
		return "", err
	}
	for _, k := range known {
		if k != t.patients[k.ID] {
			return "", errors.New("silently wrong: a patient differs")
		}
	}
	return byCheck, nil
}

// lost tells that the report speaks of lines of the journal or of tables: of rows whose ids nobody knows any more.
func lost(r store.Report) bool {
	return slices.ContainsFunc(r.Findings, func(f store.Finding) bool { return f.Table == "journal" || f.Row == "" })
}

// ended tells that the report says that the journal ends before what was written.
func ended(r store.Report) bool {
	return r.Ends > 0
}

// holds tells that a prescription is as it was. What is around it may only hold back more.
func (t truth) holds(got rx.Item) error {
	want, ok := t.items[got.ID]
	if !ok {
		return errors.New("silently wrong: a prescription that nobody wrote")
	}
	if got.Around.Newer == want.Around.Newer && want.Around.ReplacedOpen && !got.Around.ReplacedOpen {
		return errors.New("silently wrong: something holds it back no more")
	}
	got.Around, want.Around = rx.Around{}, rx.Around{}
	if !same(got, want) {
		return errors.New("silently wrong: a prescription differs")
	}
	return nil
}

// atWork opens the directory as the program does, and lets doctor and engine act.
func (p *practice) atWork(t truth, rng *rand.Rand) (_ verdict, err error) {
	db, err := store.Open(ctx, p.opts)
	if err != nil {
		if told(err) {
			return atOpening, nil
		}
		return "", err
	}
	defer func() {
		if e := db.Close(ctx); e != nil && !told(e) {
			err = errors.Join(err, e)
		}
	}()
	asked := false
	if n, _, err := db.Generation(ctx); err == nil && n > 0 {
		asked = true
	} else if err != nil && !told(err) {
		return "", err
	}
	wrong := p.looks(db, t)
	quick := db.IntegrityCheck(ctx)
	report, err := db.Check(ctx)
	if err := errors.Join(err); err != nil {
		return "", err
	}
	verdict := harmless
	switch {
	case asked:
		verdict = asking
	case quick != nil || !report.Sound():
		verdict = byCheck
	case wrong != nil:
		return "", wrong
	}
	return verdict, errors.Join(p.doctor(db, t, rng, asked || report.Ends > 0), p.sends(db, t, rng, asked, quick))
}

// looks reads as the window does; what differs is told.
func (p *practice) looks(db *store.DB, t truth) error {
	items, err := db.List(ctx, rx.Filter{})
	if err == nil && len(items) != len(t.items) {
		return fmt.Errorf("silently wrong: %d prescriptions, not %d", len(items), len(t.items))
	}
	for _, it := range items {
		if !same(it, t.items[it.ID]) {
			return errors.New("silently wrong: a prescription differs")
		}
	}
	for id := range t.items {
		if lines, err := db.Timeline(ctx, id); err == nil && !same(lines, t.timelines[id]) {
			return errors.New("silently wrong: a timeline differs")
		}
		if it, err := db.Item(ctx, id); err == nil && !same(it, t.items[id]) || rx.CodeOf(err) == rx.CodeNotFound {
			return errors.New("silently wrong: a prescription differs, or is not there")
		}
	}
	known, err := db.Patients(ctx)
	if err == nil && len(known) != len(t.patients) {
		return errors.New("silently wrong: a patient is missing")
	}
	for _, k := range known {
		if k != t.patients[k.ID] {
			return errors.New("silently wrong: a patient differs")
		}
	}
	return nil
}

// doctor makes sheets and proofs of some; each must be of a prescription as it was, and one that may be printed. In a directory that was taken for an older
// copy, and told so, a proof may be of what was revoked since: it delivers nothing.
func (p *practice) doctor(db *store.DB, t truth, rng *rand.Rand, older bool) error {
	ids := make([]rx.ID, 0, len(t.items))
	for id := range t.items {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	press := &press{}
	s := p.service(db, press)
	for range 3 {
		id := ids[rng.IntN(len(ids))]
		press.pressed = nil
		_, _ = s.Paper(ctx, []rx.ID{id}, prescribing.Claim{Reason: "urgent"}) // what it pressed counts
		want := t.items[id]
		for _, got := range press.pressed {
			switch {
			case !same(got.Facts, want.Facts):
				return errors.New("silently wrong: a sheet of a damaged row")
			case want.State != rx.StateReady && want.State != rx.StatePaper && want.State != rx.StateRefused:
				return fmt.Errorf("silently wrong: a sheet of what is %v", want.State)
			case want.State == rx.StatePaper && want.Sheet() != nil && want.Sheet().Handed.Set():
				return errors.New("silently wrong: a second sheet")
			}
		}
		press.pressed = nil
		_, _ = s.Proof(ctx, []rx.ID{id})
		for _, got := range press.pressed {
			revoked := older && want.State == rx.StateRevoked
			if !same(got.Facts, want.Facts) || want.State != rx.StateConfirmed && !revoked || got.RID() != want.RID() {
				return fmt.Errorf("silently wrong: a proof of what is %v", want.State)
			}
		}
	}
	return nil
}

// sends lets the engine work, as the program does when its check allows. Only what waited, as it was, and once, may be created.
func (p *practice) sends(db *store.DB, t truth, rng *rand.Rand, asked bool, check error) error {
	if check != nil {
		if !told(check) {
			return check
		}
		return nil
	}
	was := p.now
	defer func() { p.now = was }()
	w := world.New(rand.NewPCG(rng.Uint64(), 1))
	if err := p.engine(db, w, 5*time.Minute); err != nil && !told(err) && rx.CodeOf(err) != rx.CodeKeyUsed { // of an index that lies
		return err
	}
	server, err := w.Truth(p.now)
	if err != nil {
		return err
	}
	seen := map[rx.ID]bool{}
	for _, r := range server.Records {
		var want *rx.Item
		for _, it := range t.items {
			if it.LocalID() == r.Local {
				want = &it
			}
		}
		if want == nil {
			return errors.New("silently wrong: something was created that nobody wrote")
		}
		message, _, err := want.Facts.Canonical()
		switch {
		case err != nil:
			return err
		case asked:
			return errors.New("silently wrong: something was created before it was asked about")
		case want.State != rx.StateReady || seen[want.ID]:
			return fmt.Errorf("silently wrong: created, and it was %v", want.State)
		case string(message) != string(r.Content) || r.Patient != want.Facts.Patient.SSIN:
			return errors.New("silently wrong: something else was created than was written")
		}
		seen[want.ID] = true
	}
	return nil
}

// guarded is the vault: whatever becomes of its file, it opens as it was or not at all.
func (p *practice) guarded(data []byte) (verdict, error) {
	if err := os.WriteFile(filepath.Join(p.dir.Data, "vault.json"), data, 0o600); err != nil {
		return "", err
	}
	s, err := p.dir.OpenReadOnly(ctx, []byte(passphrase))
	switch {
	case err == nil:
		defer s.Close(ctx)
		if !s.Report().Sound() {
			return "", errors.New("another vault was opened")
		}
		return harmless, nil
	case strings.HasPrefix(err.Error(), "internal"):
		return "", err
	}
	return atOpening, nil
}
