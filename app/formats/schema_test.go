package formats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/app/rx"
)

// docs/schema holds what Schema gives; RELAIS_GOLDEN=1 writes it anew.
func TestSchemasAreWritten(t *testing.T) {
	const dir = "../../docs/schema"
	for _, name := range SchemaNames() {
		want, err := Schema(name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name+".json")
		if os.Getenv("RELAIS_GOLDEN") != "" {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the types say (%v): RELAIS_GOLDEN=1 writes it anew", path, err)
		}
	}
	files, err := filepath.Glob(dir + "/*.json")
	if err != nil || len(files) != len(SchemaNames()) {
		t.Errorf("%s holds %v, %v", dir, files, err)
	}
	if _, err := Schema("orders"); !errors.Is(err, rx.Fault(rx.CodeNotInList)) {
		t.Error(err)
	}
}

// Every rule of bounds and together is about a type and a field that a format has.
func TestSchemaRulesAreUsed(t *testing.T) {
	var all []byte
	seen := map[reflect.Type]bool{}
	known := map[string]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if _, leaf := leaves[t]; leaf || t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		known[t.Name()] = true
		for _, f := range fieldsOf(t) {
			known[f.owner+"."+f.name] = true
			visit(f.kind)
		}
	}
	for _, f := range allFormats {
		if f.kind != nil {
			visit(f.kind)
		}
		schema, _ := Schema(f.name)
		all = append(all, schema...)
	}
	for name := range bounds {
		if !known[name] {
			t.Errorf("bounds of %s, which is no field", name)
		}
	}
	for name := range together {
		if !known[name] {
			t.Errorf("rules of %s, which is no type", name)
		}
	}
	for _, unit := range rx.Units {
		if !bytes.Contains(all, []byte(`"`+unit+`"`)) {
			t.Errorf("no schema has the unit %s", unit)
		}
	}
}

// validator judges by a schema, with the keywords that our schemas use and no other.
type validator struct{ root map[string]any }

func schemaOf(t testing.TB, name string) validator {
	t.Helper()
	data, err := Schema(name)
	var v validator
	if err == nil {
		err = json.Unmarshal(data, &v.root)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (v validator) faults(schema map[string]any, path string, value any) []string {
	var out []string
	say := func(keyword string) { out = append(out, path+": "+keyword) }
	fits := func(s any) bool { return len(v.faults(s.(map[string]any), path, value)) == 0 }
	count := func(list any) (n int) {
		for _, s := range list.([]any) {
			if fits(s) {
				n++
			}
		}
		return n
	}
	members, isObject := value.(map[string]any)
	list, isList := value.([]any)
	text, isText := value.(string)
	number, isNumber := value.(float64)
	for keyword, rule := range schema {
		switch keyword {
		case "$schema", "$id", "title", "$defs", "format", "then":
		case "$ref":
			def := v.root["$defs"].(map[string]any)[strings.TrimPrefix(rule.(string), "#/$defs/")]
			out = append(out, v.faults(def.(map[string]any), path, value)...)
		case "type":
			_, isBool := value.(bool)
			if ok := map[string]bool{"object": isObject, "array": isList, "string": isText, "boolean": isBool, "integer": isNumber && number == math.Trunc(number)}; !ok[rule.(string)] {
				say(keyword)
			}
		case "enum":
			if !slices.Contains(rule.([]any), value) {
				say(keyword)
			}
		case "const":
			if value != rule {
				say(keyword)
			}
		case "pattern":
			if isText && !regexp.MustCompile(rule.(string)).MatchString(text) {
				say(keyword)
			}
		case "minLength":
			if isText && float64(utf8.RuneCountInString(text)) < rule.(float64) {
				say(keyword)
			}
		case "maxLength":
			if isText && float64(utf8.RuneCountInString(text)) > rule.(float64) {
				say(keyword)
			}
		case "minimum":
			if isNumber && number < rule.(float64) {
				say(keyword)
			}
		case "maximum":
			if isNumber && number > rule.(float64) {
				say(keyword)
			}
		case "minItems":
			if isList && float64(len(list)) < rule.(float64) {
				say(keyword)
			}
		case "maxItems":
			if isList && float64(len(list)) > rule.(float64) {
				say(keyword)
			}
		case "items":
			for i, item := range list {
				out = append(out, v.faults(rule.(map[string]any), fmt.Sprintf("%s[%d]", path, i), item)...)
			}
		case "properties":
			for name, sub := range rule.(map[string]any) {
				if member, ok := members[name]; ok && sub == false {
					say(keyword)
				} else if ok {
					out = append(out, v.faults(sub.(map[string]any), path+"."+name, member)...)
				}
			}
		case "additionalProperties":
			known, _ := schema["properties"].(map[string]any)
			for name, member := range members {
				if _, ok := known[name]; ok {
					continue
				}
				if sub, ok := rule.(map[string]any); !ok {
					say(keyword)
				} else {
					out = append(out, v.faults(sub, path+"."+name, member)...)
				}
			}
		case "required":
			for _, name := range rule.([]any) {
				if _, ok := members[name.(string)]; isObject && !ok {
					say(keyword)
				}
			}
		case "dependentRequired":
			for name, others := range rule.(map[string]any) {
				for _, other := range others.([]any) {
					if _, ok := members[other.(string)]; !ok && members[name] != nil {
						say(keyword)
					}
				}
			}
		case "maxProperties":
			if float64(len(members)) > rule.(float64) {
				say(keyword)
			}
		case "oneOf":
			if count(rule) != 1 {
				say(keyword)
			}
		case "allOf":
			if count(rule) != len(rule.([]any)) {
				say(keyword)
			}
		case "if":
			if fits(rule) && !fits(schema["then"]) {
				say(keyword)
			}
		default:
			say("unknown keyword " + keyword)
		}
	}
	return out
}

func (v validator) judge(data []byte) []string {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return []string{err.Error()}
	}
	return v.faults(v.root, "$", value)
}

func TestExamplesFitTheirSchemas(t *testing.T) {
	for _, name := range append(SchemaNames(), "order-whole") {
		if name == "unit" || name == "show" { // a list of words; made below
			continue
		}
		file := name + ".json"
		name, _, _ = strings.Cut(name, "-")
		if faults := schemaOf(t, name).judge(testdata(t, file)); len(faults) > 0 {
			t.Errorf("%s: %v", file, faults)
		}
	}
}

func sameAgain[T any](t *testing.T, file string) {
	data := testdata(t, file)
	v, faults := Decode[T](data)
	again, err := Encode(v)
	if len(faults) > 0 || err != nil {
		t.Fatal(faults, err)
	}
	var want, got any
	if err := errors.Join(json.Unmarshal(data, &want), json.Unmarshal(again, &got)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", file, diff)
	}
}

// The described outputs are read and written with the same fields, none more or less.
func TestOutputsAreAsDescribed(t *testing.T) {
	sameAgain[Prescribed](t, "prescribe.json")
	sameAgain[Listing](t, "list.json")
	sameAgain[Status](t, "status.json")
	sameAgain[FormStock](t, "stock.json")
	sameAgain[Settling](t, "settle.json")
	sameAgain[Drill](t, "drill.json")
	sameAgain[AtRecipe](t, "standing.json")
	sameAgain[FeedbackList](t, "feedback.json")
	sameAgain[Printed](t, "print.json")
	sameAgain[Printers](t, "printers.json")
	sameAgain[Simulation](t, "simulate.json")
	sameAgain[ProfileList](t, "profiles.json")
	sameAgain[Made](t, "init.json")
	sameAgain[PatientList](t, "patients.json")
	sameAgain[Verified](t, "verify.json")
	sameAgain[Exported](t, "export.json")
	sameAgain[Failure](t, "error.json")
}

// A prescription issued from the example can be shown as the schema says.
func TestShownFitsItsSchema(t *testing.T) {
	r, faults := Decode[rx.Request](testdata(t, "order.json"))
	practice, more := Decode[rx.Practice](testdata(t, "practice.json"))
	checked, rest, _ := rx.Check(r, find, rx.CheckOptions{Today: today})
	if faults = append(append(faults, more...), rest...); len(faults) > 0 {
		t.Fatal(faults)
	}
	issuance := rx.Issuance{Checked: checked, Practice: practice, At: time.Date(2026, 11, 22, 8, 40, 0, 0, time.UTC), Medicines: "DEMO-1"}
	for n := range checked.Lines {
		issuance.IDs = append(issuance.IDs, rx.LocalIDOf("prescription", n))
		issuance.Posology = append(issuance.Posology, "1 gélule")
	}
	facts, err := rx.Freeze(issuance)
	if err != nil {
		t.Fatal(err)
	}
	schema, at := schemaOf(t, "show"), "2026-11-22T09:40:00+01:00"
	for n, f := range facts {
		shown := Shown{
			Listed: Listed{Prescription: Prescription{Line: n, ID: f.Prescription, State: "paper", Door: "paper"}, Order: f.Order, Issued: at, Medicine: f.Product.Name},
			Frozen: f,
			Attempts: List[Attempt]{{N: 1, Marked: at, Result: "unanswered", Why: "timeout"},
				{N: 2, Marked: at, Result: "refused", Problem: &Problem{Code: "recip-e.1", Messages: map[string]string{"fr": "refusé"}}}},
			Sheets:   List[Sheet]{{ID: rx.LocalIDOf("sheet", n), Step: "to-sign", Claimed: at, Copies: 1}},
			Server:   List[Record]{{RID: "BEP1AB12CD34", Attempt: 1, Adopted: true, Status: "NotDelivered", Read: at}},
			Timeline: List[Happened]{{At: at, Event: "claimed", From: "ready", To: "paper", Why: "outage-recipe"}},
		}
		data, err := Encode(shown)
		if faults := schema.judge(data); err != nil || len(faults) > 0 {
			t.Errorf("line %d: %v, %v", n, err, faults)
		}
	}
}

// What the schema of an order can see, it refuses.
func TestOrderSchemaRefuses(t *testing.T) {
	order, schema := testdata(t, "order.json"), schemaOf(t, "order")
	for _, c := range [][2]string{
		{`"female"`, `"f"`}, {`"quantity": 2`, `"quantity": 0`}, {`"quantity": 2`, `"quantity": 100`}, {`"quantity": 2,`, ``}, {`"0318717"`, `"318717"`},
		{`"dose": "1"`, `"dose": 1`}, {`"dose": "1"`, `"dose": "1."`}, {`"capsule"`, `"pill"`}, {`"text": "1 gélule`, `"dose": "1", "text": "1 gélule`},
		{`"vmp_group"`, `"quantity": 1, "vmp_group"`}, {`"vmp_group": "0024901"`, `"vmp_group": "0024901", "inn_cluster": "8000001"`},
		{`"fr"`, `"en"`}, {`"auto"`, `"maybe"`}, {`"2026-11-22"`, `"22/11/2026"`}, {`"ssin": "85073003427", `, ``}, {`"ssin"`, `"no_ssin": "newborn", "ssin"`},
		{`"kind": "free"`, `"kind": "gift"`}, {`"name": "…", `, ``}, {`"text": "R/`, `"formulary": "0512345", "text": "R/`},
		{`"text": "R/ Hydrocortisone 1 % in cremor cetomacrogolis q.s. ad 30 g"`, `"formulary": "0512345"`}, {`"name": "…"`, `"name": "…", "cnk": "0318717"`},
		{`"text": "2 fois par jour, en couche mince"`, `"text": "2 fois par jour", "duration_days": 3`}, {`"unit": "capsule", `, ``}, {`"proof"`, `"prof"`},
	} {
		data := bytes.Replace(order, []byte(c[0]), []byte(c[1]), 1)
		if bytes.Equal(data, order) {
			t.Fatalf("the example has no %s", c[0])
		}
		if len(schema.judge(data)) == 0 {
			t.Errorf("%s as %s passes", c[0], c[1])
		}
	}
}

// Every output has the shape that its schema says, whatever its words.
func TestOutputsFitTheirSchemas(t *testing.T) {
	schemas := map[string]validator{}
	for _, name := range SchemaNames() {
		schemas[name] = schemaOf(t, name)
	}
	rapid.Check(t, func(rt *rapid.T) {
		for _, f := range allFormats {
			if f.kind == nil {
				continue
			}
			v := reflect.New(f.kind)
			arbitrary(rt, v.Elem())
			data, err := Encode(v.Interface())
			if err != nil {
				rt.Fatal(err)
			}
			for _, fault := range schemas[f.name].judge(data) {
				_, keyword, _ := strings.Cut(fault, ": ")
				if slices.Contains([]string{"type", "additionalProperties"}, keyword) || strings.HasPrefix(keyword, "unknown") {
					rt.Fatalf("%s: %s\n%s", f.name, fault, data)
				}
			}
		}
	})
}
