package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/sync/ehealth/xmldsig"
	"relais/sync/recipe/wire"
	"relais/test/specs"
)

// inner says what a parameter or result of each operation is read into.
var inner = []struct {
	op            wire.Operation
	param, result any
}{
	{wire.CreatePrescription, wire.CreateParam{}, wire.CreateResult{}},
	{wire.RevokePrescription, wire.RevokeParam{}, wire.Outcome{}},
	{wire.GetPrescription, wire.GetParam{}, wire.GetResult{}},
	{wire.GetPrescriptionStatus, wire.StatusParam{}, wire.StatusResult{}},
	{wire.ListRidsHistory, wire.RidsHistoryParam{}, wire.RidsHistoryResult{}},
	{wire.ListOpenRids, wire.OpenRidsParam{}, wire.OpenRidsResult{}},
	{wire.PutVision, wire.VisionParam{}, wire.Outcome{}},
	{wire.PutFeedbackFlag, wire.FeedbackFlagParam{}, wire.Outcome{}},
	{wire.SendNotification, wire.NotificationParam{}, wire.Outcome{}},
	{wire.ListFeedbacks, wire.FeedbacksParam{}, wire.FeedbacksResult{}},
	{wire.GetValidationProperties, wire.PropertiesParam{}, wire.PropertiesResult{}},
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func root(t testing.TB, text []byte) *etree.Element {
	t.Helper()
	doc, err := xmldsig.Parse(text, xmldsig.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}

// canonical is a text without what may differ between two writers.
func canonical(t testing.TB, text []byte) string {
	t.Helper()
	el := root(t, text)
	el.Space = "x" // each writer has a prefix of its own
	for i, a := range el.Attr {
		if a.Space == "xmlns" {
			el.Attr[i].Key = map[bool]string{true: "c", false: "x"}[strings.HasSuffix(a.Value, "commons:core:v2")]
		}
	}
	out, err := xmldsig.Canonical(el)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Every sample is read, and what was read is written as the sample stands.
func TestInnerSamples(t *testing.T) {
	read := map[string]bool{}
	for _, c := range inner {
		for _, name := range []string{c.op.Param, c.op.Result, c.op.Result + "-ok", c.op.Result + "-error"} {
			text, err := os.ReadFile(filepath.Join("testdata", "inner", name+".xml"))
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			read[name+".xml"] = true
			like, decode, encode := c.param, c.op.DecodeParam, c.op.EncodeParam
			if name != c.op.Param {
				like, decode, encode = c.result, c.op.DecodeResult, c.op.EncodeResult
			}
			v := reflect.New(reflect.TypeOf(like)).Interface()
			if err := decode(text, v); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			back, err := encode(v)
			if err != nil {
				t.Fatal(err)
			}
			// the zone and fraction of a moment may be written otherwise
			if diff := cmp.Diff(canonical(t, text), canonical(t, back)); diff != "" && !strings.Contains(string(text), "Date>") {
				t.Errorf("%s (- sample, + ours)\n%s", name, diff)
			}
		}
	}
	if listed, err := os.ReadDir(filepath.Join("testdata", "inner")); err != nil || len(listed) != len(read) {
		t.Errorf("%d of %d samples were read (%v)", len(read), len(listed), err)
	}
}

func TestOuterSamples(t *testing.T) {
	for _, c := range inner {
		name := "outer/" + c.op.Element
		text := file(t, name+"Request.xml")
		request, err := wire.ParseRequest(root(t, text))
		if err != nil || request.Operation != c.op || request.ID == "" || request.ProgramID == "" || len(request.Secured) == 0 {
			t.Errorf("%s: %v, %v", name, request, err)
			continue
		}
		if (request.Administrative != nil) != (c.op == wire.CreatePrescription || c.op == wire.PutVision) {
			t.Errorf("%s: %v", name, request.Administrative)
		}
		again(t, name, text, request.Encode)
		text = file(t, name+"Response.xml")
		response, err := wire.ParseResponse(c.op, root(t, text))
		if err != nil || !response.Status.Good() {
			t.Errorf("%s: %v, %v", name, response, err)
			continue
		}
		again(t, name, text, response.Encode)
	}
}

func again(t *testing.T, name string, text []byte, encode func() ([]byte, error)) {
	t.Helper()
	back, err := encode()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(canonical(t, text), canonical(t, back)); diff != "" {
		t.Errorf("%s (- sample, + ours)\n%s", name, diff)
	}
}

// What the create of a whole flow says fits together.
func TestCreateSample(t *testing.T) {
	request, err := wire.ParseRequest(root(t, file(t, "outer/CreatePrescriptionRequest.xml")))
	if err != nil {
		t.Fatal(err)
	}
	var param wire.CreateParam
	if err := wire.CreatePrescription.DecodeParam(file(t, "createPrescriptionParam.xml"), &param); err != nil {
		t.Fatal(err)
	}
	if request.Administrative.KeyID != param.KeyID || request.Administrative.PrescriptionType != param.PrescriptionType {
		t.Error("parameter and administrative information differ")
	}
	plain, err := param.SymmKey.Decrypt(file(t, "createPrescriptionResult.desede-ecb.bin"))
	if err != nil || !bytes.Equal(plain, file(t, "createPrescriptionResult.xml")) {
		t.Errorf("the result under the key of the parameter: %v", err)
	}
	var result wire.CreateResult
	if err := wire.CreatePrescription.DecodeResult(plain, &result); err != nil || !result.Status.Good() || result.RID == "" {
		t.Errorf("%v, %v", result, err)
	}
}

func TestSymmKeyVector(t *testing.T) {
	raw, _ := hex.DecodeString("31383e464c545b626870767f858c929ba1a8aeb6bcc4cbd3")
	plain, secured := file(t, "createPrescriptionResult.xml"), file(t, "createPrescriptionResult.desede-ecb.bin")
	if got := wire.SymmKey(raw).Encrypt(plain); !bytes.Equal(got, secured) {
		t.Error("not what another program wrote")
	}
}

func TestSymmKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, err := wire.NewSymmKey(bytes.NewReader(rapid.SliceOfN(rapid.Byte(), 24, 24).Draw(t, "key")))
		if err != nil {
			t.Fatal(err)
		}
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		secured := key.Encrypt(plain)
		if got, err := key.Decrypt(secured); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%v", err)
		}
		cut := rapid.IntRange(0, len(secured)-1).Draw(t, "cut")
		if got, err := key.Decrypt(secured[:cut]); err == nil && len(got) >= len(plain) {
			t.Fatal("a shorter message gave as much")
		}
	})
	if _, err := wire.NewSymmKey(bytes.NewReader(make([]byte, 23))); err == nil {
		t.Error("a key from too little randomness")
	}
}

func TestPack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOf(rapid.Byte()).Draw(t, "content")
		got, err := wire.Unpack(wire.Pack(content))
		if err != nil || !bytes.Equal(got, content) || !bytes.Equal(wire.Pack(content), wire.Pack(content)) {
			t.Fatalf("%v", err)
		}
	})
	whole := wire.Pack(make([]byte, wire.MaxContent))
	if _, err := wire.Unpack(whole); err != nil {
		t.Error(err)
	}
	for name, packed := range map[string][]byte{
		"nothing": nil, "not compressed": []byte("<kmehrmessage/>"), "cut off": whole[:len(whole)-1], "too long": wire.Pack(make([]byte, wire.MaxContent+1)),
	} {
		if got, err := wire.Unpack(packed); !errors.Is(err, wire.ErrForm) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// fill draws a value of any of the types above.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Interface().(type) {
	case wire.SymmKey:
		v.Set(reflect.ValueOf(wire.SymmKey(rapid.SliceOfN(rapid.Byte(), 24, 24).Draw(t, "key"))))
		return
	case wire.Bytes:
		if b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"); len(b) > 0 {
			v.SetBytes(b)
		}
		return
	case wire.DateTime:
		v.Set(reflect.ValueOf(wire.DateTime{Time: time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "ms")).UTC()}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.StringMatching(`[a-zA-Z0-9éß<>&"' ]{0,12}`).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int:
		v.SetInt(int64(rapid.IntRange(1, 12).Draw(t, "int")))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		if n := rapid.IntRange(0, 3).Draw(t, "n"); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("a field of kind %s", v.Kind())
	}
}

// Any value comes back as it was written, and prints nothing of itself.
func TestInnerRoundTrip(t *testing.T) {
	for _, c := range inner {
		for i, like := range []any{c.param, c.result} {
			decode, encode := c.op.DecodeParam, c.op.EncodeParam
			if i == 1 {
				decode, encode = c.op.DecodeResult, c.op.EncodeResult
			}
			rapid.Check(t, func(t *rapid.T) {
				v := reflect.New(reflect.TypeOf(like))
				fill(t, v.Elem())
				text, err := encode(v.Interface())
				if err != nil {
					t.Fatal(err)
				}
				back := reflect.New(v.Type().Elem())
				if err := decode(text, back.Interface()); err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				if !reflect.DeepEqual(v.Interface(), back.Interface()) {
					t.Fatalf("not what was written: %s", text)
				}
			})
		}
	}
}

// example is a value with every field set, as the schema wants it.
func example(like any) any {
	v := reflect.New(reflect.TypeOf(like)).Elem()
	set(v, "")
	return v.Interface()
}

func set(v reflect.Value, field string) {
	switch v.Interface().(type) {
	case wire.SymmKey:
		v.Set(reflect.ValueOf(wire.SymmKey{1, 2, 3}))
		return
	case wire.Bytes:
		v.SetBytes([]byte("content"))
		return
	case wire.DateTime:
		v.Set(reflect.ValueOf(wire.DateTime{Time: time.Date(2026, 11, 22, 9, 30, 0, 0, time.FixedZone("", 3600))}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(map[string]string{"Code": wire.Done, "Language": "FR", "PrescriptionStatus": "InProcess", "ExpirationDate": "2027-02-21"}[field])
		if v.String() == "" {
			v.SetString("exemple & fictif")
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(map[string]int64{"Month": 11, "Year": 2026, "PageNumber": 1}[field])
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		set(v.Elem(), "")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			set(v.Index(i), "")
		}
	case reflect.Struct:
		for i := range v.NumField() {
			set(v.Field(i), v.Type().Field(i).Name)
		}
	}
}

// What we write is valid, with every field and with as few as may be.
func TestInnerSchema(t *testing.T) {
	texts := map[string][]byte{}
	for _, c := range inner {
		for what, v := range map[string]any{"param": c.param, "param-full": example(c.param)} {
			text, err := c.op.EncodeParam(v)
			if err != nil {
				t.Fatal(err)
			}
			texts[c.op.Name+"-"+what+".xml"] = text
		}
		for what, v := range map[string]any{"result": c.result, "result-full": example(c.result)} {
			text, err := c.op.EncodeResult(v)
			if err != nil {
				t.Fatal(err)
			}
			texts[c.op.Name+"-"+what+".xml"] = text
		}
	}
	for name, wrong := range specs.Validate(t, "wire/recipe-central-system-unsealed/XSD/UnsealedPrescriberServicesV4_relaxed.xsd", texts) {
		t.Errorf("%s\n%s\n%s", name, wrong, texts[name])
	}
}

func TestOuterSchema(t *testing.T) {
	texts := map[string][]byte{}
	at := wire.DateTime{Time: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}
	for _, c := range inner {
		r := wire.Request{Operation: c.op, ID: "id0f8fad5b", IssueInstant: at, ProgramID: "exemple/1.0", Secured: []byte("sealed")}
		if c.op == wire.CreatePrescription || c.op == wire.PutVision {
			r.Administrative = &wire.Administrative{PrescriptionType: "P1", PrescriptionVersion: "kmehr_1.29", ReferenceSourceVersion: "samv2:E", KeyID: "S0VZ"}
		}
		answers := map[string]wire.Response{
			"good": {Operation: c.op, ID: "_1", InResponseTo: r.ID, IssueInstant: at, Status: wire.OuterStatus{Codes: []string{wire.Success}}, Secured: []byte("secured")},
			"error": {Operation: c.op, ID: "_1", IssueInstant: at, Status: wire.OuterStatus{Codes: []string{"urn:be:fgov:ehealth:2.0:status:Responder",
				"urn:be:fgov:ehealth:2.0:status:InvalidInput"}, Message: "exemple"}},
		}
		for name, encode := range map[string]func() ([]byte, error){"request": r.Encode, "good": answers["good"].Encode, "error": answers["error"].Encode} {
			text, err := encode()
			if err != nil {
				t.Fatal(err)
			}
			texts[c.op.Element+"-"+name+".xml"] = text
		}
		for name, a := range answers {
			back, err := wire.ParseResponse(c.op, root(t, texts[c.op.Element+"-"+name+".xml"]))
			if err != nil || !reflect.DeepEqual(back, a) || back.Status.Good() != (name == "good") {
				t.Errorf("%s: %v, %v", c.op.Name, back, err)
			}
		}
	}
	for name, wrong := range specs.Validate(t, "wire/ehealth-recipe-services/WSDL/recipeservices_protocol-4_0.xsd", texts) {
		t.Errorf("%s\n%s\n%s", name, wrong, texts[name])
	}
}

func TestRefused(t *testing.T) {
	result := func(inside string) string {
		return `<p:createPrescriptionResult xmlns:p="http:/services.recipe.be/prescriber">` + inside + `</p:createPrescriptionResult>`
	}
	const status = `<status><code>100</code></status>`
	for name, text := range map[string]string{
		"nothing":             ``,
		"no XML":              `RID BEP012345678`,
		"another root":        `<p:createPrescriptionParam xmlns:p="http:/services.recipe.be/prescriber"/>`,
		"another namespace":   `<createPrescriptionResult>` + status + `<rid>BEP012345678</rid></createPrescriptionResult>`,
		"two slashes":         `<p:createPrescriptionResult xmlns:p="http://services.recipe.be/prescriber"/>`,
		"two RIDs":            result(status + `<rid>BEP012345678</rid><rid>BEP087654321</rid>`),
		"two, by namespaces":  result(status + `<rid>BEP012345678</rid><q:rid xmlns:q="urn:q">BEP087654321</q:rid>`),
		"two statuses":        result(status + `<status><code>300</code></status><rid/>`),
		"two codes":           result(`<status><code>300</code><code>100</code></status><rid/>`),
		"an entity":           `<!DOCTYPE x [<!ENTITY e "100">]>` + result(`<status><code>&e;</code></status>`),
		"a processing target": result(status + `<?rid x?>`),
	} {
		var r wire.CreateResult
		if err := wire.CreatePrescription.DecodeResult([]byte(text), &r); !errors.Is(err, wire.ErrForm) {
			t.Errorf("%s: %v, %v", name, r, err)
		} else if strings.Contains(err.Error(), "BEP0") {
			t.Errorf("%s: the error tells the RID: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"key":     `<p:getPrescriptionStatusParam xmlns:p="http:/services.recipe.be/prescriber"><symmKey>AAAA</symmKey><rid/></p:getPrescriptionStatusParam>`,
		"base64":  `<p:getPrescriptionStatusParam xmlns:p="http:/services.recipe.be/prescriber"><symmKey>§</symmKey><rid/></p:getPrescriptionStatusParam>`,
		"boolean": `<p:listFeedbacksParam xmlns:p="http:/services.recipe.be/prescriber"><readFlag>perhaps</readFlag></p:listFeedbacksParam>`,
	} {
		op, v := wire.GetPrescriptionStatus, any(&wire.StatusParam{})
		if name == "boolean" {
			op, v = wire.ListFeedbacks, &wire.FeedbacksParam{}
		}
		if err := op.DecodeParam([]byte(text), v); !errors.Is(err, wire.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is refused of parameters is what their schema refuses, as xmllint judges it.
func TestParamsBySchema(t *testing.T) {
	var ops []wire.Operation
	var params []any
	var texts [][]byte
	for _, c := range inner {
		text, err := c.op.EncodeParam(c.param)
		if err != nil {
			t.Fatal(err)
		}
		add := func(change func(*etree.Element)) {
			doc := etree.NewDocument()
			if err := doc.ReadFromBytes(text); err != nil {
				t.Fatal(err)
			}
			change(doc.Root())
			changed, err := doc.WriteToBytes()
			if err != nil {
				t.Fatal(err)
			}
			ops, params, texts = append(ops, c.op), append(params, c.param), append(texts, changed)
		}
		add(func(*etree.Element) {})
		add(func(el *etree.Element) { el.CreateElement("more") })
		for i, child := range root(t, text).ChildElements() {
			add(func(el *etree.Element) { el.RemoveChildAt(el.ChildElements()[i].Index()) })
			add(func(el *etree.Element) { el.ChildElements()[i].Space = el.Space })
			add(func(el *etree.Element) { el.InsertChildAt(0, el.RemoveChildAt(el.ChildElements()[i].Index())) })
			add(func(el *etree.Element) { el.ChildElements()[i].CreateElement("more") })
			if v := child.Text(); v == "true" || v == "false" {
				for _, other := range []string{"TRUE", "1", " true ", "t", ""} {
					add(func(el *etree.Element) { el.ChildElements()[i].SetText(other) })
				}
			}
		}
	}
	named := specs.Numbered(texts)
	verdicts := specs.Validate(t, "wire/recipe-central-system-unsealed/XSD/UnsealedPrescriberServicesV4_relaxed.xsd", named)
	refused := 0
	for i, text := range texts {
		err := ops[i].DecodeParam(text, reflect.New(reflect.TypeOf(params[i])).Interface())
		wrong := verdicts[fmt.Sprintf("%02d.xml", i+1)]
		if (err == nil) != (wrong == "") {
			t.Errorf("%s: %v; xmllint: %s", text, err, wrong)
		}
		if err != nil {
			refused++
		}
	}
	if refused < 50 || len(texts)-refused < 20 {
		t.Errorf("%d of %d were refused", refused, len(texts))
	}
}

// An answer that is another's, or of another form, is refused.
func TestOuterRefused(t *testing.T) {
	good := string(file(t, "outer/CreatePrescriptionResponse.xml"))
	const id = "id0f8fad5b-d9cb-469f-a165-70867728950e"
	if r, err := wire.ParseResponse(wire.CreatePrescription, root(t, []byte(good))); err != nil || !r.To(id) || r.To("idother") || !(wire.Response{}).To(id) {
		t.Fatalf("%v: to %q", err, r.InResponseTo)
	}
	for name, edit := range map[string][2]string{
		"another operation":   {"CreatePrescriptionResponse", "RevokePrescriptionResponse"},
		"another namespace":   {"protocol:v4", "protocol:v3"},
		"no status":           {"c:Status>", "c:Stat>"},
		"no code":             {"c:StatusCode ", "c:Statuscode "},
		"status of another":   {"commons:core:v2", "commons:core:v1"},
		"two contents":        {"</SecuredCreatePrescriptionResponse>", "</SecuredCreatePrescriptionResponse><SecuredCreatePrescriptionResponse><SecuredContent>AAAA</SecuredContent></SecuredCreatePrescriptionResponse>"},
		"content of no bytes": {"<SecuredContent>", "<SecuredContent/><Other>"},
		"not base64":          {"<SecuredContent>", "<SecuredContent>§"},
	} {
		text := strings.ReplaceAll(good, edit[0], edit[1])
		text = strings.Replace(text, "</SecuredContent></SecuredCreatePrescriptionResponse>", map[bool]string{true: "</Other></SecuredCreatePrescriptionResponse>", false: "</SecuredContent></SecuredCreatePrescriptionResponse>"}[name == "content of no bytes"], 1)
		if text == good {
			t.Fatalf("%s changes nothing", name)
		}
		if r, err := wire.ParseResponse(wire.CreatePrescription, root(t, []byte(text))); !errors.Is(err, wire.ErrForm) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	if _, err := wire.ParseRequest(root(t, []byte(good))); !errors.Is(err, wire.ErrForm) {
		t.Errorf("a response taken for a request: %v", err)
	}
}

// Nothing prints what it holds.
func TestRedacted(t *testing.T) {
	const secret = "85073003427"
	param := wire.CreateParam{Party: wire.Party{PatientID: secret}, KeyID: secret, Prescription: []byte(secret), SymmKey: wire.SymmKey([]byte("abcdefghijklmnopqrstuvwx"))}
	for _, v := range []any{param, &param, wire.Outcome{Status: wire.Status{Messages: []wire.Message{{Text: secret}}}}, []wire.Private{secret}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, secret) || strings.Contains(out, "abcd") || strings.Contains(out, "3835303733") {
				t.Errorf("%s of %T tells it", verb, v)
			}
		}
	}
}

// A damaged message is read or refused, and never breaks the reader; what is read is written and read again the same.
func FuzzInner(f *testing.F) {
	for _, c := range inner {
		for _, name := range []string{c.op.Param, c.op.Result} {
			if text, err := os.ReadFile(filepath.Join("testdata", "inner", name+".xml")); err == nil {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, c := range inner {
			v := reflect.New(reflect.TypeOf(c.result)).Interface()
			if c.op.DecodeResult(text, v) != nil {
				continue
			}
			back, err := c.op.EncodeResult(v)
			if err != nil {
				t.Fatal(err)
			}
			w := reflect.New(reflect.TypeOf(c.result)).Interface()
			if err := c.op.DecodeResult(back, w); err != nil {
				t.Fatalf("%v\n%s", err, back)
			}
		}
	})
}

func BenchmarkCreateParam(b *testing.B) {
	content := make([]byte, 8<<10)
	rng := rand.NewChaCha8([32]byte{})
	_, _ = rng.Read(content)
	param := wire.CreateParam{Prescription: content, PrescriptionType: "P1", KeyID: "S0VZ"}
	for b.Loop() {
		text, err := wire.CreatePrescription.EncodeParam(param)
		if err != nil {
			b.Fatal(err)
		}
		if err := wire.CreatePrescription.DecodeParam(text, &wire.CreateParam{}); err != nil {
			b.Fatal(err)
		}
	}
}

// A moment without a zone is the time in Belgium, in summer and in winter; as the server's clock it is none.
func TestMomentsWithoutZone(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-22T09:40:00":       "2026-11-22T08:40:00Z",
		"2026-07-01T09:40:00.5":     "2026-07-01T07:40:00.5Z",
		"2026-11-22T09:40:00Z":      "2026-11-22T09:40:00Z",
		"2026-11-22T09:40:00+01:00": "2026-11-22T08:40:00Z",
	} {
		var at wire.DateTime
		if err := at.UnmarshalText([]byte(text)); err != nil || at.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("%s: %s, %v", text, at, err)
		}
	}
	good := string(file(t, "outer/CreatePrescriptionResponse.xml"))
	bare := regexp.MustCompile(`IssueInstant="[^"]*"`).ReplaceAllString(good, `IssueInstant="2026-11-22T09:40:00"`)
	if r, err := wire.ParseResponse(wire.CreatePrescription, root(t, []byte(bare))); err != nil || bare == good || !r.IssueInstant.IsZero() {
		t.Errorf("%v, %v", r.IssueInstant, err)
	}
}
