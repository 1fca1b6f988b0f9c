// Package orders prescribes at random and reads what the pharmacist reads: order files as formats has them, with every
// kind of line and every field, in four languages. Each is decoded and checked as `relais prescribe` does, frozen, written
// as KMEHR, judged, sealed and sent by the real client to the simulated services behind their real protocol, and opened
// there by the pharmacist. What is read is compared with the order file, not with anything that was made of it on the way.
//
//	go test ./test/orders                    100 orders
//	RELAIS_SOAK=1 go test ./test/orders      1,000
package orders

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/rx"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/recipe"
	"relais/sync/recipe/kmehr"
	"relais/sync/simulator"
	"relais/sync/simulator/simtest"
	"relais/sync/simulator/world"
)

// drugs is the medicines file.
var drugs = map[string]rx.Medicine{
	"0318717": {CNK: "0318717", Name: inEach("Exemple 500 mg"), Ingredients: []string{"J01"}, Unit: "capsule", PackText: inEach("16 ×"), PackSize: 16, Category: "B"},
	"0029025": {CNK: "0029025", Name: inEach("Démonstration"), Ingredients: []string{"N02"}, Narcotic: true},
	"0024901": {VMPGroup: "0024901", Name: inEach("exemplium 500 mg oral"), Ingredients: []string{"J01"}, Category: "C"},
	"8000001": {VMPGroup: "8000001", Name: inEach("exemplium + demonstratum"), Ingredients: []string{"J01", "N02"}},
}

// inEach is a name that differs by language.
func inEach(name string) rx.Words {
	words := rx.Words{}
	for _, lang := range rx.Langs {
		words[lang] = name + " " + string(lang)
	}
	return words
}

func find(l rx.Line) (rx.Medicine, bool) {
	m, ok := drugs[string(l.CNK)+l.VMPGroup+l.INNCluster]
	return m, ok
}

var practice = rx.Practice{
	Prescriber: rx.Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004", SSIN: "79021802145", Qualification: "médecin généraliste"},
	Address:    rx.Address{Street: "Rue de la Démonstration", Number: "1", Zip: "5000", City: "Namur"},
	Phone:      "081 00 00 00", Email: "demo@example.org", RegionLanguage: rx.FR,
}

func TestOrdersReachThePharmacist(t *testing.T) {
	n := 100
	switch {
	case os.Getenv("RELAIS_SOAK") != "":
		n = 1000
	case testing.Short():
		n = 20
	}
	o := open(t)
	began := time.Now()
	for seed := range n {
		o.play(randomOrder(o.today).Example(seed), seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d orders, %d prescriptions in %s: %v", n, o.sent, time.Since(began).Round(time.Millisecond), o.met)
	for _, kind := range rx.Kinds {
		for _, lang := range rx.Langs {
			if o.met[string(kind)+" "+string(lang)] == 0 && !testing.Short() {
				t.Errorf("never met: %s in %s", kind, lang)
			}
		}
	}
	for _, field := range fields {
		if o.met[field] == 0 && !testing.Short() {
			t.Errorf("never met: %s", field)
		}
	}
}

// fields that a line of the file may have; those met are counted by their names in JSON.
var fields = []string{"cnk", "vmp_group", "inn_cluster", "name", "text", "formulary", "compounds", "quantity", "duration", "posology", "begin", "expires",
	"reimbursed", "instruction_reimbursement", "instruction_patient", "visibility", "feedback", "regimen", "renewal", "route", "substitution_allowed", "temporality"}

// office is a doctor's program in front of the platform.
type office struct {
	*testing.T
	client *recipe.Client
	sim    *simulator.Simulator
	world  *world.World
	today  rx.Date
	zone   *time.Location
	sent   int
	met    map[string]int
	coded  map[string]string // what stands in messages for a word of ours
	words  map[string]string // and back
}

func open(t *testing.T) *office {
	o := &office{T: t, zone: time.FixedZone("", 3600), met: map[string]int{}, coded: map[string]string{}, words: map[string]string{}}
	now := time.Now()
	o.today = rx.DateOf(now.In(o.zone))
	pki := simtest.PKI(now)
	o.world = world.New(mathrand.NewPCG(1, 2))
	var err error
	o.sim, err = simulator.New(o.world, pki, simulator.Options{Clock: o})
	o.must(err)
	t.Cleanup(func() { o.must(o.sim.Close()); o.must(o.world.Err()) })
	ends, doctor := o.sim.Inside(), pki.Doctor()
	o.client = recipe.New(recipe.Settings{
		STS: ends.STS, ETK: ends.ETK, KGSS: ends.KGSS, Prescriber: ends.Prescriber, Anchors: pki.Anchors(), Service: recipe.RecipE,
		Transport: soap.Transport{UserAgent: "Relais/test", Dial: o.sim.Dial}, Reason: sts.NoReader,
		Profile: recipe.Profile{ProgramID: "relais/test", PrescriptionVersion: "kmehr_1.29"},
	}, recipe.Doctor{SSIN: doctor.ID.Value, Signing: doctor.Signing, Decryption: doctor.Decryption}, o.Now, rand.Reader, nil)
	return o
}

// Now and Sleep are the clock of both sides.
func (o *office) Now() time.Time                             { return time.Now().In(o.zone) }
func (o *office) Sleep(context.Context, time.Duration) error { return nil }

func (o *office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *office) do(call rx.Call) rx.Reply {
	o.Helper()
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	reply := o.client.Do(ctx, call)
	if !reply.OK() {
		o.Fatalf("%s: %s %s %v", call.Op, reply.Result, reply.Why, reply.Problem)
	}
	return reply
}

// order is an order file, with the language of its messages: one of documents, or English, which no document has yet and
// messages may.
type order struct {
	rx.Request
	lang rx.Lang
}

// play takes an order from its file to the pharmacist.
func (o *office) play(want order, seed int) {
	file, err := formats.Encode(want.Request)
	o.must(err)
	r, faults := formats.Decode[rx.Request](file)
	if len(faults) > 0 {
		o.Fatalf("seed %d: the file is refused: %v\n%s", seed, faults, file)
	}
	checked, faults, _ := rx.Check(r, find, rx.CheckOptions{Today: o.today})
	if len(faults) > 0 {
		o.Fatalf("seed %d: the order is refused: %v\n%s", seed, faults, file)
	}
	in := rx.Issuance{Checked: checked, Practice: practice, At: o.Now(), Medicines: "demo 2026-11"}
	for i, l := range checked.Lines {
		in.IDs = append(in.IDs, rx.LocalIDOf(r.ID, 100+i))
		in.Posology = append(in.Posology, i18n.Posology(want.lang, l.Posology))
	}
	facts, err := rx.Freeze(in)
	o.must(err)
	for i, f := range facts {
		if want.lang == rx.EN {
			f.Language = rx.EN
		}
		message, err := kmehr.Composer{Software: kmehr.Software{Name: "Relais", Version: "test"}}.Compose(f)
		if err != nil {
			o.Fatalf("seed %d, line %d: %v\n%s", seed, i, err, file)
		}
		key := o.do(rx.Call{Op: rx.OpNewKey, Patient: f.Patient.SSIN})
		rid := o.do(rx.Call{Op: rx.OpCreate, Patient: f.Patient.SSIN, Parcel: &rx.Parcel{
			Prescription: f.Prescription, Attempt: 1, Patient: f.Patient.SSIN, Type: f.Type, Expires: f.Content.Expires, Feedback: f.Content.Feedback,
			Visibility: f.Content.Visibility, Local: f.LocalID, Message: message, Key: key.Key, Signed: key.ServerAt, SignedUntil: key.ServerAt.Add(time.Minute),
		}}).RID
		o.sent++
		got, err := o.sim.Dispense(rid)
		o.must(err)
		if !got.Valid {
			o.Fatalf("seed %d, line %d: the pharmacist refuses it: %v\n%s", seed, i, got.Errors, got.Message)
		}
		record, err := o.world.Record(rid, o.Now())
		o.must(err)
		reading, err := kmehr.Read([]byte(got.Message))
		o.must(err)
		c := &compare{office: o, at: fmt.Sprintf("seed %d, line %d (%s)", seed, i, want.Lines[i].Kind)}
		c.is("type", got.Type, typeOf(want.Lines[i]))
		c.is("LOCAL id at the server", string(record.Local), string(rx.LocalIDOf(want.ID, i)))
		c.is("patient at the server", string(record.Patient), string(want.Patient.SSIN))
		c.is("feedback", strconv.FormatBool(record.Feedback), strconv.FormatBool(want.Lines[i].Feedback))
		c.line(want, want.Lines[i], got, reading)
	}
}

func typeOf(l rx.Line) string {
	if l.Reimbursed || l.VMPGroup != "" && drugs[l.VMPGroup].Category != "" {
		return "P1"
	}
	return "P0"
}

// compare holds what the pharmacist reads against the order.
type compare struct {
	*office
	at string
}

// is compares texts; spaces and line ends are those of XML readers.
func (c *compare) is(what, got, want string) {
	c.Helper()
	if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		c.Errorf("%s: %s is %q, was %q", c.at, what, got, want)
	}
}

// code compares what has a code: one word, one code, and back.
func (c *compare) code(what, got, word string) {
	c.Helper()
	if (got == "") != (word == "") {
		c.Errorf("%s: %s is %q, was %q", c.at, what, got, word)
	}
	if was, known := c.coded[what+word]; known && was != got {
		c.Errorf("%s: %s %q is %q, was %q elsewhere", c.at, what, word, got, was)
	}
	if was, known := c.words[what+got]; known && was != word {
		c.Errorf("%s: %s %q and %q have one code", c.at, what, word, was)
	}
	c.coded[what+word], c.words[what+got] = got, word
}

func (c *compare) line(want order, l rx.Line, d simulator.Dispensed, r kmehr.Reading) {
	begin, expires := l.Begin, l.Expires
	if begin.IsZero() {
		begin = c.today
	}
	if expires.IsZero() {
		expires = rx.DefaultExpiry(begin)
		if latest := rx.LatestExpiry(c.today); expires.After(latest) {
			expires = latest
		}
	}
	visibility := l.Visibility
	if visibility == "" {
		visibility = rx.Open
	}
	c.is("visibility", string(d.Visibility), string(visibility))
	c.is("last day at Recip-e", d.Expires.String(), expires.String())
	c.is("last day", r.Expires, expires.String())
	p := want.Patient
	c.is("patient", fmt.Sprint(r.Patient), fmt.Sprint(struct{ SSIN, FirstName, LastName, BirthDate, Sex string }{
		string(p.SSIN), p.FirstName, p.LastName, p.BirthDate.String(), string(p.Sex)}))
	c.is("doctor", r.Author.NIHII+r.Author.FirstName+r.Author.LastName+r.Author.Zip, "19999915004AnneExemple5000")
	if len(r.Items) != 1 {
		c.Fatalf("%s: %d items", c.at, len(r.Items))
	}
	i := r.Items[0]
	c.is("kind", string(i.Kind), string(l.Kind))
	c.product(want.documents(), l, i)
	c.is("first day", i.Begin, begin.String())
	c.is("quantity", i.Quantity, number(l.Quantity))
	duration := l.Duration
	if duration == nil && l.Posology.DurationDays > 0 {
		duration = &rx.Span{Value: l.Posology.DurationDays, Unit: "d"}
	}
	c.is("duration", length(i.Duration), span(duration))
	c.is("language", i.Language, string(want.lang))
	if l.Posology.Text != "" {
		c.is("posology", i.Posology, l.Posology.Text)
	} else {
		c.is("posology", i.Posology, i18n.Posology(want.lang, l.Posology))
	}
	if len(i.Regimen) != len(l.Regimen) {
		c.Fatalf("%s: %d moments of %d", c.at, len(i.Regimen), len(l.Regimen))
	}
	for n, e := range l.Regimen {
		c.moment(i.Regimen[n], e, l.Posology.Unit)
	}
	renewal := rx.Renewal{}
	if l.Renewal != nil {
		renewal = *l.Renewal
	}
	c.is("renewals", i.Renewals, number(renewal.Times))
	c.is("interval", length(i.Interval), span(&renewal.Interval))
	c.code("route", i.Route, l.Route)
	c.is("temporality", i.Temporality, l.Temporality)
	c.is("instruction for the patient", i.InstructionPatient, l.InstructionPatient)
	c.code("instruction for reimbursement in "+string(want.lang)+" ", i.InstructionReimbursement, l.InstructionReimbursement)
	substitution := ""
	if l.SubstitutionAllowed != nil {
		substitution = strconv.FormatBool(*l.SubstitutionAllowed)
	}
	c.is("substitution", i.SubstitutionAllowed, substitution)
	c.meet(want, l)
}

// documents is the language of products' names.
func (o order) documents() rx.Lang { return rx.DocumentLang(o.Patient, practice) }

func (c *compare) product(lang rx.Lang, l rx.Line, i kmehr.Item) {
	switch {
	case l.CNK != "":
		name := drugs[string(l.CNK)].Name.In(lang)
		if pack := drugs[string(l.CNK)].PackText.In(lang); pack != "" {
			name += ", " + pack
		}
		c.is("product", i.Scheme+" "+i.Code+" "+i.Name, "CD-DRUG-CNK "+string(l.CNK)+" "+name)
	case l.VMPGroup != "":
		c.is("product", i.Scheme+" "+i.Code+" "+i.Name, "CD-VMPGROUP "+l.VMPGroup+" "+drugs[l.VMPGroup].Name.In(lang))
	case l.INNCluster != "":
		c.is("product", i.Scheme+" "+i.Code+" "+i.Name, "CD-INNCLUSTER "+l.INNCluster+" "+drugs[l.INNCluster].Name.In(lang))
	case l.Kind == rx.Free:
		c.is("product", i.Name, l.Name)
	case l.Formulary != "":
		c.is("product", i.Scheme+" "+i.Code+" "+i.Name, "CD-FORMULARYREFERENCE "+l.Formulary+" "+l.Name)
	case l.Text != "":
		c.is("preparation", i.Text, l.Text)
	case len(i.Compounds) > 0:
		if len(i.Compounds) != len(l.Compounds) {
			c.Fatalf("%s: %d compounds of %d", c.at, len(i.Compounds), len(l.Compounds))
		}
		for n, x := range l.Compounds {
			c.is("compound", i.Compounds[n].Name+" "+i.Compounds[n].Quantity, x.Name+" "+x.Quantity.String())
			c.code("unit of a compound", i.Compounds[n].Unit, x.Unit)
		}
	default: // a unit without a code: in words
		var parts []string
		for _, x := range l.Compounds {
			parts = append(parts, x.Name+" "+strings.Replace(x.Quantity.String(), ".", ",", 1)+" "+x.Unit)
		}
		c.is("compounds", i.Text, strings.Join(parts, " + "))
	}
}

func (c *compare) moment(m kmehr.Moment, e rx.RegimenEntry, unit string) {
	c.is("day of a moment", m.DayNumber+" "+m.Date+" "+m.Weekday, number(e.DayNumber)+" "+e.Date.String()+" "+e.Weekday)
	if e.Time != "" {
		c.is("time of a moment", m.Time+m.DayPeriod, e.Time+":00")
	} else {
		c.code("period of a day", m.Time+m.DayPeriod, e.DayPeriod)
	}
	c.is("dose of a moment", m.Quantity, e.Quantity.String())
	if was := c.words["unit"+m.Unit]; m.Unit != "" && was != "" && was != unit {
		c.Errorf("%s: %s and %s have one code", c.at, unit, was)
	} else {
		c.words["unit"+m.Unit] = unit
	}
}

// meet counts what the line has.
func (c *compare) meet(want order, l rx.Line) {
	c.met[string(l.Kind)+" "+string(want.lang)]++
	text, err := formats.Encode(l)
	c.must(err)
	for _, field := range fields {
		if strings.Contains(string(text), "\n  \""+field+"\":") {
			c.met[field]++
		}
	}
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func length(l kmehr.Length) string { return l.Value + l.Unit }

func span(s *rx.Span) string {
	if s == nil || s.Value == 0 {
		return ""
	}
	return strconv.Itoa(s.Value) + s.Unit
}

// randomOrder draws an order that is sound on that day.
func randomOrder(today rx.Date) *rapid.Generator[order] {
	return rapid.Custom(func(t *rapid.T) order {
		o := order{lang: rapid.SampledFrom(rx.Langs).Draw(t, "language")}
		o.ID = rx.LocalIDOf("019a0000-0000-7000-8000-000000000000", rapid.IntRange(0, 1<<30).Draw(t, "id"))
		o.Patient = rx.Patient{SSIN: "85073003427", FirstName: name(60).Draw(t, "first name"), LastName: name(60).Draw(t, "last name"),
			BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}, Sex: rapid.SampledFrom(rx.Sexes).Draw(t, "sex")}
		if o.lang != rx.EN {
			o.Patient.Language = o.lang
		}
		if rapid.Bool().Draw(t, "phone") {
			o.Patient.Phone = "081 00 00 00"
		}
		o.Proof = rapid.SampledFrom([]rx.ProofWish{"", rx.ProofAuto, rx.ProofNone}).Draw(t, "proof")
		for range rapid.SampledFrom([]int{1, 1, 1, 2, 3, 10}).Draw(t, "lines") {
			o.Lines = append(o.Lines, randomLine(t, today))
		}
		return o
	})
}

func randomLine(t *rapid.T, today rx.Date) rx.Line {
	l := rx.Line{
		Kind: rapid.SampledFrom(rx.Kinds).Draw(t, "kind"), Posology: randomPosology(t),
		Reimbursed: rapid.Bool().Draw(t, "reimbursed"), Feedback: rapid.Bool().Draw(t, "feedback"),
		Visibility:               maybe(rx.Visibilities).Draw(t, "visibility"),
		InstructionReimbursement: maybe(rx.ReimbursementInstructions).Draw(t, "reimbursement"),
		Route:                    maybe(rx.Routes).Draw(t, "route"),
		Temporality:              maybe(rx.Temporalities).Draw(t, "temporality"),
	}
	if rapid.Bool().Draw(t, "begins") {
		l.Begin = today.AddDays(rapid.IntRange(0, 200).Draw(t, "begin"))
	}
	if rapid.Bool().Draw(t, "ends") {
		first := today
		if !l.Begin.IsZero() {
			first = l.Begin
		}
		l.Expires = first.AddDays(rapid.IntRange(1, 150).Draw(t, "end"))
	}
	if rapid.Bool().Draw(t, "instructed") {
		l.InstructionPatient = words(500).Draw(t, "instruction")
	}
	if rapid.Bool().Draw(t, "lasting") {
		l.Duration = randomSpan(t)
	}
	if rapid.Bool().Draw(t, "renewed") {
		l.Renewal = &rx.Renewal{Times: rapid.IntRange(1, rx.MaxRenewals).Draw(t, "times"), Interval: *randomSpan(t)}
	}
	if rapid.Bool().Draw(t, "substituted") {
		allowed := rapid.Bool().Draw(t, "allowed")
		l.SubstitutionAllowed = &allowed
	}
	if l.Posology.UnitText == "" {
		l.Regimen = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rx.RegimenEntry { return randomMoment(t, today) }), 0, 5).Draw(t, "regimen")
	}
	randomProduct(t, &l)
	if l.Kind != rx.INN {
		l.Quantity = rapid.IntRange(1, rx.MaxQuantity).Draw(t, "quantity")
	} else if l.Duration == nil && l.Posology.DurationDays == 0 {
		l.Duration = randomSpan(t)
	}
	return l
}

func randomProduct(t *rapid.T, l *rx.Line) {
	switch {
	case l.Kind == rx.Package:
		l.CNK = rapid.SampledFrom([]rx.CNK{"0318717", "0029025"}).Draw(t, "cnk")
		if rapid.Bool().Draw(t, "named") {
			l.Name = drugs[string(l.CNK)].Name.In(rx.FR)
		}
	case l.Kind == rx.INN && rapid.Bool().Draw(t, "group"):
		l.VMPGroup = "0024901"
	case l.Kind == rx.INN:
		l.INNCluster = "8000001"
	case l.Kind == rx.Free:
		l.Name = words(200).Draw(t, "name")
	default:
		switch rapid.IntRange(0, 2).Draw(t, "magistral") {
		case 0:
			l.Text = words(2000).Draw(t, "preparation")
		case 1:
			l.Formulary, l.Name = "0512345", words(200).Draw(t, "reference")
		default:
			for range rapid.IntRange(1, 4).Draw(t, "compounds") {
				l.Compounds = append(l.Compounds, rx.Compound{Name: words(200).Draw(t, "compound"), Quantity: decimal(t),
					Unit: rapid.SampledFrom([]string{"g", "mg", "ml", "µg", "%", "g", "mg", "ml", "goutte"}).Draw(t, "unit")})
			}
		}
	}
}

func randomPosology(t *rapid.T) rx.Posology {
	if rapid.Bool().Draw(t, "free") {
		return rx.Posology{Text: words(500).Draw(t, "posology")}
	}
	p := rx.Posology{Dose: decimal(t), Unit: rapid.SampledFrom(rx.Units).Draw(t, "dose unit"), AsNeeded: rapid.IntRange(0, 4).Draw(t, "as needed") == 0}
	if rapid.IntRange(0, 9).Draw(t, "other unit") == 0 {
		p.Unit, p.UnitText = "", "mesurette"
	}
	if rapid.Bool().Draw(t, "daily") {
		p.TimesPerDay = rapid.IntRange(1, rx.MaxTimesPerDay).Draw(t, "times per day")
	} else if !p.AsNeeded || rapid.Bool().Draw(t, "every") {
		p.Every = randomSpan(t)
	}
	p.DurationDays = rapid.IntRange(0, 30).Draw(t, "days")
	return p
}

func randomMoment(t *rapid.T, today rx.Date) rx.RegimenEntry {
	e := rx.RegimenEntry{Quantity: decimal(t)}
	switch rapid.IntRange(0, 2).Draw(t, "day") {
	case 0:
		e.DayNumber = rapid.IntRange(1, rx.MaxDays).Draw(t, "number")
	case 1:
		e.Date = today.AddDays(rapid.IntRange(0, 300).Draw(t, "date"))
	default:
		e.Weekday = rapid.SampledFrom(rx.Weekdays).Draw(t, "weekday")
	}
	if rapid.Bool().Draw(t, "at") {
		e.Time = rapid.SampledFrom([]string{"00:00", "07:30", "12:00", "23:59"}).Draw(t, "time")
	} else {
		e.DayPeriod = rapid.SampledFrom(periods).Draw(t, "period")
	}
	return e
}

// periods are those of a day that have a code (the messages' package comment names the others).
var periods = slices.DeleteFunc(slices.Clone(rx.DayPeriods), func(p string) bool { return p == "beforemeal" || p == "duringmeal" })

func words(most int) *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.RuneFrom([]rune("abcdeéèçïßœABZ019 .,;:!'\"<>&/+-%µ→\u00a0\n")), 2, min(most-1, 60)), func(r []rune) string { return "x" + string(r) })
}

func name(most int) *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.RuneFrom([]rune("abcdeéèçïßœABZ '-")), 1, min(most-2, 30)), func(r []rune) string { return "X" + string(r) + "x" })
}

func maybe[T ~string](list []T) *rapid.Generator[T] {
	return rapid.SampledFrom(append([]T{""}, list...))
}

func decimal(t *rapid.T) rx.Decimal {
	return rx.Decimal(rapid.Int64Range(1, 5_000_000).Draw(t, "decimal"))
}

func randomSpan(t *rapid.T) *rx.Span {
	unit := rapid.SampledFrom([]string{"hr", "d", "wk", "mo", "a"}).Draw(t, "unit")
	return &rx.Span{Value: rapid.IntRange(1, min(30, rx.MaxDays/max(rx.TimeUnits[unit], 1))).Draw(t, "value"), Unit: unit}
}
