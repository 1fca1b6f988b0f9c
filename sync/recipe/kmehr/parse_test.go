package kmehr

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/app/rx"
)

func demoMessage(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What is refused before a tree is made of it, or for its form.
func TestForm(t *testing.T) {
	sound := demoMessage(t, "demo-cnk.xml")
	_, body, _ := strings.Cut(sound, "\n")
	root := strings.Replace(body, ` xmlns="`+namespace+`"`, "", 1)
	for _, c := range []struct {
		name, message string
		want          rx.Code // "": sound
	}{
		{"as it is", sound, ""},
		{"without declaration", body, ""},
		{"a byte order mark", "\ufeff" + sound, ""},
		{"comments and instructions around", "<!-- a --><?a b?>" + body + "<!-- c -->\n", ""},
		{"a schema location", strings.Replace(body, "<header>", `<header xmlns:xsi="`+xsiSpace+`" xsi:schemaLocation="a b">`, 1), ""},
		{"an unused prefix", strings.Replace(body, "<header>", `<header xmlns:k="`+namespace+`">`, 1), ""},
		{"CDATA", strings.Replace(sound, ">20190301<", "><![CDATA[2019]]>0301<", 1), ""},

		{"nothing", "", CodeForm},
		{"no XML", "a", CodeForm},
		{"cut off", sound[:len(sound)/2], CodeForm},
		{"two roots", body + body, CodeForm},
		{"text after", body + "x", CodeForm},
		{"a declaration that comes late", body + `<?xml version="1.0"?>`, CodeForm},
		{"crossed ends", strings.Replace(body, "</zip><city>", "</city><city>", 1), CodeForm},
		{"an attribute twice", strings.Replace(body, `L="nl"`, `L="nl" L="nl"`, 1), CodeForm},
		{"a prefix of nothing", strings.Replace(body, "<header>", `<header a:b="c">`, 1), CodeForm},
		{"an element of nothing", strings.Replace(body, "<item>", `<a:b/><item>`, 1), CodeForm},
		{"half a character", strings.Replace(body, "Test", "&#xD800;", 1), CodeForm},
		{"the same in figures", strings.Replace(body, "Test", "&#55296;", 1), CodeForm},
		{"a character that XML has not", strings.Replace(body, "Test", "&#1;", 1), CodeForm},
		{"an unknown entity", strings.Replace(body, "Test", "&eacute;", 1), CodeForm},
		{"a bare ampersand", strings.Replace(body, "Test", "a & b", 1), CodeForm},
		{"a document type", "<!DOCTYPE kmehrmessage>" + body, CodeDocumentType},
		{"entities", `<!DOCTYPE a [<!ENTITY b "c">]>` + body, CodeDocumentType},
		{"another encoding", `<?xml version="1.0" encoding="ISO-8859-1"?>` + body, rx.CodeNotUTF8},
		{"no UTF-8", strings.Replace(body, "Test", "\xe9", 1), rx.CodeNotUTF8},
		{"too long", body + strings.Repeat(" ", MaxSize), rx.CodeFileTooLarge},
		{"too deep", strings.Repeat("<a>", MaxDepth+1), rx.CodeTooDeep},

		{"another root", "<a/>", CodeNotKMEHR},
		{"no namespace", root, CodeNotKMEHR},
		{"a prefix", strings.NewReplacer("</", "</k:", "<", "<k:", "xmlns=", "xmlns:k=").Replace(body), CodeNotKMEHR},
		{"a prefix within", strings.NewReplacer("<folder>", `<folder xmlns:k="`+namespace+`">`, "<zip>", "<k:zip>", "</zip>", "</k:zip>").Replace(body), CodeElement},
		{"another namespace within", strings.Replace(body, "<zip>", `<zip xmlns="urn:x">`, 1), CodeNamespace},
		{"a type of its own", strings.Replace(body, "<zip>", `<zip xmlns:xsi="`+xsiSpace+`" xsi:type="xsd:string">`, 1), CodeAttribute},
		{"nil", strings.Replace(body, "<zip>", `<zip xmlns:xsi="`+xsiSpace+`" xsi:nil="true">`, 1), CodeAttribute},
		{"a signature", strings.Replace(body, "</folder>", "</folder><Signature/>", 1), CodeElement},
		{"encrypted", strings.Replace(body, "</header>", "</header><EncryptedData/>", 1), CodeElement},
		{"text between", strings.Replace(body, "<item>", "x<item>", 1), CodeText},
	} {
		faults := Validate([]byte(c.message), "P0", rx.Date{Year: 2027, Month: 2, Day: 21})
		switch {
		case c.want == "" && len(faults) > 0:
			t.Errorf("%s: %v", c.name, faults)
		case c.want != "" && (len(faults) == 0 || faults[0].Code != c.want):
			t.Errorf("%s: %v, want %s", c.name, faults, c.want)
		}
	}
}

func TestExpiresBesideTheMessage(t *testing.T) {
	message := demoMessage(t, "demo-cnk.xml")
	faults := Validate([]byte(message), "P1", rx.Date{Year: 2027, Month: 2, Day: 20})
	if len(faults) != 1 || faults[0].Error() != "/kmehrmessage/folder/transaction/expirationdate: kmehr-expiry-differs" {
		t.Error(faults)
	}
	if faults := Validate([]byte(message), "P2", rx.Date{Year: 2027, Month: 2, Day: 21}); len(faults) != 1 || faults[0].Code != rx.CodeNotInList {
		t.Error(faults)
	}
}

// A hostile message within the bounds takes no time that a person would notice, and no
// more findings than a person would read.
func TestHostile(t *testing.T) {
	body := demoMessage(t, "demo-cnk.xml")
	in := func(old string, much string) string {
		return strings.Replace(body, old, strings.Repeat(much, (MaxSize-len(body))/len(much))+old, 1)
	}
	for name, message := range map[string]string{
		"items":      in("</heading>", "<item/>"),
		"quantities": in("</item>", "<quantity/>"),
		"unknown":    in("<header>", "<a/>"),
		"attributes": strings.Replace(body, "<header>", "<header"+func() string {
			var b strings.Builder
			for i := 0; b.Len() < MaxSize-len(body)-20; i++ {
				b.WriteString(" a" + strconv.Itoa(i) + `=""`)
			}
			return b.String()
		}()+">", 1),
		"comments": in("1 tablet", "x<!---->"),
		"nests":    strings.Repeat("<a>", MaxDepth-1) + strings.Repeat("<b/>", (MaxSize-1000)/4) + strings.Repeat("</a>", MaxDepth-1),
		"texts":    in("</item>", `<text L="fr">x</text>`),
	} {
		begin := time.Now()
		faults := Validate([]byte(message), "P1", rx.Date{})
		_, err := Read([]byte(message))
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s: %v", name, took)
		}
		if len(faults) == 0 || len(faults) > MaxFindings || err != nil && rx.CodeOf(err) != CodeNotKMEHR {
			t.Errorf("%s: %d findings, %v", name, len(faults), err)
		}
	}
}

// Nothing of a message stands in what is found wrong with it.
func TestFindingsNameNoContent(t *testing.T) {
	message := strings.NewReplacer("80010100107", "8001010010", "Patient<", "Patient</familyname><familyname><", "1980-01-01", "secret", `L="nl"`, `L="secret_"`).
		Replace(demoMessage(t, "demo-cnk.xml"))
	faults := Validate([]byte(message), "P0", rx.Date{})
	if len(faults) < 3 {
		t.Fatal(faults)
	}
	for _, f := range faults {
		said := f.Error()
		for _, value := range f.Args {
			said += " " + value
		}
		if slices.ContainsFunc([]string{"secret", "8001010010", "Patient"}, func(s string) bool { return strings.Contains(said, s) }) {
			t.Error(said)
		}
	}
}

// Whatever the bytes: no panic, a message that is sound can be read, and one that is read
// prints nothing of itself.
func FuzzMessage(f *testing.F) {
	for _, name := range []string{"cnk", "freename-nocnk", "inncluster", "magistral", "multi", "vmpgroup"} {
		f.Add([]byte(demoMessage(f, "demo-"+name+".xml")), name == "cnk")
	}
	for seed := range 20 {
		message, err := Write(randomFacts.Example(seed), testSoftware)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(message, true)
	}
	f.Fuzz(func(t *testing.T, message []byte, reimbursable bool) {
		prescriptionType := "P0"
		if reimbursable {
			prescriptionType = "P1"
		}
		r, err := Read(message)
		expires, _ := rx.ParseDate(r.Expires)
		faults := Validate(message, prescriptionType, expires)
		if len(faults) == 0 && (err != nil || len(r.Items) == 0 || r.Items[0].Posology == "" || r.Patient.SSIN == "") {
			t.Errorf("sound, and not read: %v", err)
		}
		if len(faults) > MaxFindings {
			t.Errorf("%d findings", len(faults))
		}
	})
}
