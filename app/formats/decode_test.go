package formats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"relais/app/rx"
)

var today = rx.Date{Year: 2026, Month: time.November, Day: 22}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// find knows every code.
func find(rx.Line) (rx.Medicine, bool) {
	return rx.Medicine{Name: rx.Words{rx.FR: "Amoxicilline Exemple"}}, true
}

// judge reads and checks an order, as `relais prescribe` does.
func judge(data []byte) rx.Faults {
	r, faults := Decode[rx.Request](data)
	if len(faults) > 0 {
		return faults
	}
	_, faults, _ = rx.Check(r, find, rx.CheckOptions{Today: today, Paper: true})
	return faults
}

func TestExamples(t *testing.T) {
	for _, name := range []string{"order.json", "order-whole.json"} {
		if faults := judge(testdata(t, name)); len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
		}
	}
	r, _ := Decode[rx.Request](testdata(t, "order.json"))
	want := rx.Line{Kind: rx.Package, CNK: "0318717", Quantity: 2, Posology: rx.Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, DurationDays: 5},
		Begin: today, Expires: rx.Date{Year: 2027, Month: 2, Day: 21}, Reimbursed: true, InstructionReimbursement: "third-party-payer",
		InstructionPatient: "…", Visibility: rx.Open, Feedback: true}
	if len(r.Lines) != 4 || r.Patient.SSIN != "85073003427" || r.Proof != rx.ProofAuto || !reflect.DeepEqual(r.Lines[0], want) {
		t.Error("the example is read as something else")
	}
	practice, faults := Decode[rx.Practice](testdata(t, "practice.json"))
	if faults = append(faults, rx.CheckPractice(practice, rx.CheckOptions{Today: today})...); len(faults) > 0 || practice.Prescriber.NIHII != "19999915004" {
		t.Error(faults)
	}
	plan, faults := Decode[FaultPlan](testdata(t, "faults.json"))
	if faults = append(faults, plan.Check()...); len(faults) > 0 || len(plan.Faults) != 2 || plan.Faults[0].After != 2 {
		t.Error(faults)
	}
}

func TestDecodeFaults(t *testing.T) {
	deep := strings.Repeat(`{"patient":`, 20) + "1" + strings.Repeat("}", 20)
	for _, c := range []struct{ name, given, want string }{
		{"nothing", "", "$: not-json column=1 line=1"},
		{"half", `{"id": `, "$: not-json column=7 line=1"},
		{"trailing data", "{}\n x", "$: not-json column=2 line=2"},
		{"two values", "{} {}", "$: not-json column=4 line=1"},
		{"comma", "{\n \"é\": 1,\n}", "$: not-json column=1 line=3"},
		{"comment", "{} // x", "$: not-json column=4 line=1"},
		{"no UTF-8", "{\"id\": \"\xff\"}", "$: not-utf-8"},
		{"too large", strings.Repeat(" ", MaxBytes) + "{}", "$: file-too-large max=1048576"},
		{"too deep", deep, "$" + strings.Repeat(".patient", 16) + ": too-deep max=16"},
		{"too deep lists", strings.Repeat("[", 30) + strings.Repeat("]", 30), "$" + strings.Repeat("[0]", 16) + ": too-deep max=16"},
		{"no object", "[]", "$: wrong-type got=array want=object"},
		{"null", "null", "$: wrong-type got=null want=object"},
		{"nothing in it", "{}", "$.patient: missing; $.lines: missing"},
		{"all at once", `{"id": 1, "patient": {}, "lines": [{"kind": true, "posology": {"dose": 1}}, 7], "prof": "auto"}`,
			"$.id: wrong-type got=number want=string; $.patient.first_name: missing; $.patient.last_name: missing; $.patient.birth_date: missing; " +
				"$.patient.sex: missing; $.lines[0].kind: wrong-type got=boolean want=string; $.lines[0].posology.dose: wrong-type got=number want=string; " +
				"$.lines[1]: wrong-type got=number want=object; $.prof: misspelt-field near=proof"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, faults := Decode[rx.Request]([]byte(c.given))
			if got := written(faults); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	if _, faults := Decode[rx.Request](append([]byte("\ufeff"), testdata(t, "order.json")...)); len(faults) > 0 {
		t.Errorf("with a byte order mark: %v", faults)
	}
}

// written is faults with their arguments, in one line.
func written(faults rx.Faults) string {
	var lines []string
	for _, f := range faults {
		line := f.Error()
		var names []string
		for name := range f.Args {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			line += " " + name + "=" + f.Args[name]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

func TestDecodeIdentifiers(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{`"85073003427"`, `"85073003428"`, "$.patient.ssin: ssin-check"},
		{`"85073003427"`, `"8507300342"`, "$.patient.ssin: ssin-form"},
		{`"85073003427"`, `85073003427`, "$.patient.ssin: wrong-type got=number want=string"},
		{`"1985-07-30"`, `"1985-02-29"`, "$.patient.birth_date: date-form"},
		{`"2027-02-21"`, `"2027-02-29"`, "$.lines[0].expires: date-form"},
		{`"0318717"`, `"0318718"`, "$.lines[0].cnk: cnk-check"},
		{`"dose": "1"`, `"dose": "1.000"`, "$.lines[0].posology.dose: decimal-form"},
		{`"0192f6a0-7c1e`, `"0192f6a0-7c1`, "$.id: id-form"},
		{`"quantity": 2`, `"quantity": 2.0`, "$.lines[0].quantity: wrong-type got=number want=integer"},
		{`"quantity": 2`, `"quantity": 99999999999999999999`, "$.lines[0].quantity: wrong-type got=number want=integer"},
		{`"first_name"`, `"firstName"`, "$.patient.firstName: misspelt-field near=first_name; $.patient.first_name: missing"},
		{`"quantity": 2`, `"postcode": 2`, "$.lines[0].postcode: unknown-field list=kind, cnk, vmp_group, inn_cluster, name, text, formulary, compounds, " +
			"quantity, duration, posology, begin, expires, reimbursed, instruction_reimbursement, instruction_patient, visibility, feedback, regimen, " +
			"renewal, route, substitution_allowed, temporality"},
		{`"phone"`, `"Dupont Marie"`, "$.patient.*: unknown-field list=ssin, no_ssin, first_name, last_name, birth_date, sex, language, phone"},
	} {
		data := bytes.Replace(testdata(t, "order.json"), []byte(c.from), []byte(c.to), 1)
		_, faults := Decode[rx.Request](data)
		if got := written(faults); got != c.want {
			t.Errorf("%s as %s:\ngot  %s\nwant %s", c.from, c.to, got, c.want)
		}
	}
}

func TestFaultPlanCheck(t *testing.T) {
	plan := FaultPlan{Faults: List[PlannedFault]{
		{Service: "recipe", Operation: "createPrescription", Kind: "hang", After: 1, Count: 2, From: "90s", For: "1h30m"},
		{Service: "sap", Kind: "vanish"},
		{Service: "kgss", Operation: "createPrescription", Kind: "slow", After: -1, Count: 2_000_000, From: "soon", For: "-1s"},
	}}
	var got []string
	for _, f := range plan.Check() {
		got = append(got, f.Error())
	}
	want := []string{"$.faults[1].service: not-in-list", "$.faults[1].kind: not-in-list", "$.faults[2].operation: not-in-list",
		"$.faults[2].after: out-of-range", "$.faults[2].count: out-of-range", "$.faults[2].from: span-form", "$.faults[2].for: span-form"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// render writes a tree as JSON.
func render(n *node) string {
	var parts []string
	for _, item := range n.items {
		parts = append(parts, render(item))
	}
	for _, f := range n.fields {
		parts = append(parts, fmt.Sprintf("%q:%s", f.name, render(f.value)))
	}
	switch n.kind {
	case "array":
		return "[" + strings.Join(parts, ",") + "]"
	case "object":
		return "{" + strings.Join(parts, ",") + "}"
	case "string":
		quoted, _ := json.Marshal(n.text)
		return string(quoted)
	case "null":
		return "null"
	}
	return n.text
}

// eachField visits every field of a tree with its path; what visit changes is undone.
func eachField(path string, n *node, visit func(path string, owner *node, i int)) {
	for i, item := range n.items {
		eachField(fmt.Sprintf("%s[%d]", path, i), item, visit)
	}
	for i := range n.fields {
		saved := slices.Clone(n.fields)
		visit(path+"."+n.fields[i].name, n, i)
		n.fields = saved
		eachField(path+"."+saved[i].name, saved[i].value, visit)
	}
}

// optional are the fields, by their last names, that an order may leave out.
var optional = []string{"language", "phone", "begin", "expires", "reimbursed", "instruction_reimbursement", "instruction_patient", "visibility",
	"feedback", "proof", "as_needed", "route", "temporality", "substitution_allowed", "regimen", "renewal"}

// Every field of a sound order, deleted, renamed, written twice or given another type,
// is refused at its path; a deleted one at its object where another could stand for it.
func TestMutatedOrders(t *testing.T) {
	for _, name := range []string{"order.json", "order-whole.json"} {
		order, fault := parse(testdata(t, name))
		if fault != nil {
			t.Fatal(fault)
		}
		refused := func(what, path string, codes ...rx.Code) {
			t.Helper()
			for _, f := range judge([]byte(render(order))) {
				if f.Path == path && (codes == nil || slices.Contains(codes, f.Code)) {
					return
				}
			}
			t.Errorf("%s: %s %s: %v", name, what, path, judge([]byte(render(order))))
		}
		fields := 0
		eachField("$", order, func(path string, owner *node, i int) {
			fields++
			f, saved := owner.fields[i], slices.Clone(owner.fields)
			parent := path[:strings.LastIndex(path, ".")]

			owner.fields = slices.Insert(slices.Clone(saved), i, f)
			refused("twice", path, rx.CodeDuplicateField)

			owner.fields = slices.Clone(saved)
			owner.fields[i].name = f.name + "_x"
			refused("renamed", path+"_x", rx.CodeMisspeltField, rx.CodeUnknownField)
			owner.fields[i].name = "zzzzzzzzzz"
			refused("renamed", parent+".zzzzzzzzzz", rx.CodeUnknownField)

			owner.fields = slices.Clone(saved)
			for _, kind := range []string{"string", "number", "boolean", "array", "object", "null"} {
				if kind != f.value.kind {
					text := map[string]string{"string": "x", "number": "1", "boolean": "true"}[kind]
					owner.fields[i].value = &node{kind: kind, text: text}
					refused("as "+kind, path, rx.CodeWrongType)
				}
			}

			owner.fields = slices.Delete(slices.Clone(saved), i, i+1)
			faults := judge([]byte(render(order)))
			switch {
			case slices.Contains(optional, f.name) || len(faults) == 0 && spare(path):
				if len(faults) > 0 {
					t.Errorf("%s: without %s: %v", name, path, faults)
				}
			case !slices.ContainsFunc(faults, func(e *rx.Error) bool { return e.Path == path || e.Path == parent || e.Path == instead[path] }):
				t.Errorf("%s: without %s: %v", name, path, faults)
			}
		})
		if fields < 30 {
			t.Errorf("%s: only %d fields", name, fields)
		}
	}
}

// instead is where a value is asked for when it is not where it was.
var instead = map[string]string{"$.lines[1].posology.duration_days": "$.lines[1].duration"} // of an INN: one of them is needed

// spare tells that a field of the test data may go because of what stands beside it:
// a name beside a code, a duration of the treatment on a line that has a quantity or
// is as needed.
func spare(path string) bool {
	return slices.Contains([]string{"$.lines[0].posology.duration_days", "$.lines[0].name", "$.lines[0].duration", "$.lines[0].posology.every"}, path)
}

// Whatever the bytes: no panic, no fault that repeats a value, and what is read
// without fault is written and read again as the same.
func TestRandomBytes(t *testing.T) {
	mutations := 10_000
	if os.Getenv("RELAIS_SOAK") != "" {
		mutations = 1_000_000
	}
	tree, fault := parse(testdata(t, "order.json"))
	if fault != nil {
		t.Fatal(fault)
	}
	order := render(tree) // without the spaces, which matter to nobody
	for _, text := range []string{"Marie", "Dupont", "1 comprimé le soir", "081 00 00 00"} {
		order = strings.Replace(order, text, "Zqxjk", 1)
	}
	if faults := judge([]byte(order)); len(faults) > 0 {
		t.Fatal(faults)
	}
	random := rand.New(rand.NewPCG(1, 2))
	sound := 0
	for range mutations {
		data := mutate(random, order)
		faults := judge(data)
		for _, f := range faults {
			if line := written(rx.Faults{f}); strings.Contains(line, "Zqxjk") || strings.Contains(line, "850730") || strings.Contains(line, "1985") {
				t.Fatalf("%s\n%s", line, data)
			}
		}
		if len(faults) == 0 {
			sound++
			first, _ := Decode[rx.Request](data)
			again, err := Encode(first)
			second, faults := Decode[rx.Request](again)
			if err != nil || len(faults) > 0 || !reflect.DeepEqual(first, second) {
				t.Fatalf("%v, %v: %s", err, faults, again)
			}
		}
	}
	if sound < mutations/20 || sound > mutations*19/20 {
		t.Errorf("%d of %d are sound: the mutations are too wild or too tame", sound, mutations)
	}
}

// mutate changes, adds or drops one to three bytes.
func mutate(random *rand.Rand, order string) []byte {
	data := []byte(order)
	for range 1 + random.IntN(3) {
		at, b := random.IntN(len(data)), byte(random.IntN(256))
		if random.IntN(2) == 0 { // bytes of the file itself keep it near to JSON
			b = order[random.IntN(len(order))]
		}
		switch random.IntN(3) {
		case 0:
			data[at] = b
		case 1:
			data = slices.Insert(data, at, b)
		case 2:
			data = slices.Delete(data, at, at+1)
		}
	}
	return data
}

// arbitrary fills v with values that its type allows.
func arbitrary(t *rapid.T, v reflect.Value) {
	switch p := v.Addr().Interface().(type) {
	case *rx.ID:
		*p = rx.LocalIDOf(rx.ID(rapid.StringN(0, 4, -1).Draw(t, "id")), 0)
		return
	case *rx.SSIN:
		*p = rapid.SampledFrom([]rx.SSIN{"", "85073003427", "98472899765"}).Draw(t, "ssin")
		return
	case *rx.NIHII:
		*p = "19999915004"
		return
	case *rx.CNK:
		*p = rapid.SampledFrom([]rx.CNK{"", "0318717"}).Draw(t, "cnk")
		return
	case *rx.RID:
		*p = rapid.SampledFrom([]rx.RID{"", "BEP000000000"}).Draw(t, "rid")
		return
	case *rx.Decimal:
		*p = rx.Decimal(rapid.Int64Range(0, int64(rx.MaxDecimal)).Draw(t, "decimal"))
		return
	case *rx.Date:
		if rapid.Bool().Draw(t, "dated") {
			*p = today.AddDays(rapid.IntRange(-50_000, 50_000).Draw(t, "date"))
		}
		return
	case *time.Time:
		*p = time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "time")).UTC()
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "string"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "int"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			arbitrary(t, v.Elem())
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 2).Draw(t, "length"), 2))
		for i := range v.Len() {
			arbitrary(t, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, key := range []string{"fr", "nl"} {
			v.SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(rapid.String().Draw(t, key)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			arbitrary(t, v.Field(i))
		}
	default:
		t.Fatalf("a %s has no form in JSON", v.Type())
	}
}

func roundTrip[T any](t *testing.T) {
	t.Run(reflect.TypeFor[T]().Name(), func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			var v T
			arbitrary(t, reflect.ValueOf(&v).Elem())
			data, err := Encode(v)
			if err != nil {
				t.Fatal(err)
			}
			back, faults := Decode[T](data)
			if diff := cmp.Diff(v, back, cmpopts.EquateEmpty()); diff != "" || len(faults) > 0 {
				t.Fatalf("%v\n%s", faults, diff)
			}
		})
	})
}

// What is written is read again as the same, for every format.
func TestRoundTrip(t *testing.T) {
	roundTrip[rx.Request](t)
	roundTrip[rx.Practice](t)
	roundTrip[rx.Facts](t)
	roundTrip[FaultPlan](t)
	roundTrip[Prescribed](t)
	roundTrip[Listing](t)
	roundTrip[Shown](t)
	roundTrip[Status](t)
	roundTrip[Settling](t)
	roundTrip[Drill](t)
}

func TestEmptyListsAreWritten(t *testing.T) {
	for _, v := range []any{Prescribed{}, Listing{}, Status{Services: List[Service]{{}}}, Settling{Duties: List[Duty]{{}}}, Drill{}, FaultPlan{}} {
		data, err := Encode(v)
		if err != nil || bytes.Contains(data, []byte("null")) || !bytes.Contains(data, []byte("[]")) {
			t.Errorf("%T: %s, %v", v, data, err)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	if _, err := Encode(func() {}); !errors.Is(err, rx.Fault(rx.CodeInternal)) {
		t.Error(err)
	}
}
