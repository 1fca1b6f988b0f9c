package kmehr

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relais/app/rx"
)

// Each rule, broken alone or with the fewest others: what is changed in a sound message,
// the numbers that must be found, and where the first is.
func TestEachRule(t *testing.T) {
	const (
		cnk       = "demo-cnk.xml"
		group     = "demo-vmpgroup.xml"
		cluster   = "demo-inncluster.xml"
		magistral = "demo-magistral.xml"
		items     = "/kmehrmessage/folder/transaction/heading/item"
	)
	text := strings.Repeat("x", 10)
	cases := []struct {
		file, old, new string
		broken         []int
		where          string
	}{
		{cnk, `20190301`, `20180301`, []int{1}, "/kmehrmessage/header/standard/cd"},
		{cnk, `<id S="LOCAL"`, `<id S="LOCAL" SV="1">x</id><id S="LOCAL"`, []int{2}, "/kmehrmessage/header/id[3]"},
		{cnk, `<id S="ID-KMEHR" SV="1.0">10012378004.`, `<id S="ID-KMEHR" SV="1.1">10012378004.`, []int{3}, "/kmehrmessage/header/id[1]"},
		{cnk, `<id S="LOCAL"`, `<id S="ID-CBE"`, []int{4}, "/kmehrmessage/header/id[2]"},
		{cnk, `<hcparty><cd S="CD-HCPARTY" SV="1.15">application`, `</sender><recipient><hcparty><cd S="CD-HCPARTY" SV="1.15">application`, []int{5, 8, 10, 11, 12, 13, 14}, ""},
		{cnk, `<hcparty><id S="ID-HCPARTY" SV="1.0">10012378004</id>`, `<hcparty>`, []int{6}, "/kmehrmessage/header/sender/hcparty[1]/id"},
		{cnk, `persphysician`, `persnurse`, []int{7}, ""},
		{cnk, `>application<`, `>applications<`, []int{8}, ""},
		{cnk, `<cd S="CD-ADDRESS" SV="1.1">work</cd><cd S="CD-TELECOM" SV="1.0">phone</cd>`, `<cd S="CD-TELECOM" SV="1.0">phone</cd>`, []int{10}, ""},
		{cnk, `<cd S="CD-TELECOM" SV="1.0">email`, `<cd S="CD-TELECOM" SV="1.1">email`, []int{11}, ""},
		{cnk, `SV="1.0">phone`, `SV="1.0">gsm`, []int{12}, ""},
		{cnk, `>email<`, `>mail<`, []int{13}, ""},
		{cnk, `<telecomnumber>+3220000000</telecomnumber>`, `<telecomnumber/>`, nil, ""},
		{cnk, `>RECIPE<`, `>Recipe<`, []int{15}, ""},
		{cnk, `orgpublichealth`, `orghospital`, []int{16}, ""},
		{cnk, `>Recip-e<`, `>RECIP-E<`, []int{17}, ""},
		{cnk, `<folder><id S="ID-KMEHR" SV="1.0">1`, `<folder><id S="ID-KMEHR" SV="1.0">2`, []int{18}, "/kmehrmessage/folder/id"},
		{cnk, `<firstname>Test`, `<firstname>A</firstname><firstname>Test`, []int{22}, "/kmehrmessage/folder/patient/firstname[2]"},
		{cnk, `<id S="ID-PATIENT" SV="1.0">80010100107`, `<id S="ID-PATIENT" SV="1.0">8001010010`, []int{21}, "/kmehrmessage/folder/patient/id"},
		{cnk, `<id S="ID-PATIENT"`, `<id S="LOCAL" SV="1.0">1</id><id S="ID-PATIENT"`, []int{20}, ""},
		{cnk, `<birthdate><date>1980-01-01</date></birthdate>`, ``, []int{24}, "/kmehrmessage/folder/patient/birthdate{date|year|yearmonth}"},
		{cnk, `SV="1.1">male`, `SV="1.0">male`, []int{25}, ""},
		{cnk, `<transaction><id S="ID-KMEHR" SV="1.0">1`, `<transaction><id S="ID-KMEHR" SV="1.0">2`, []int{26}, ""},
		{cnk, `pharmaceuticalprescription`, `prescription`, []int{27}, ""},
		{cnk, `<author>`, `<author><hcparty><cd S="CD-HCPARTY" SV="1.15">orghospital</cd></hcparty>`, []int{28, 31}, ""},
		{cnk, `<author><hcparty><id S="ID-HCPARTY" SV="1.0">10012378004</id>`, `<author><hcparty>`, []int{29, 30}, ""},
		{cnk, `<author><hcparty><id S="ID-HCPARTY" SV="1.0">10012378004`, `<author><hcparty><id S="ID-HCPARTY" SV="1.0">1001237800`, []int{30}, ""},
		{cnk, `<cd S="CD-HCPARTY" SV="1.15">persphysician</cd><firstname>An</firstname><familyname>Voorbeeld</familyname><address>`,
			`<cd S="CD-HCPARTY" SV="1.15">perspharmacist</cd><address>`, []int{32, 33}, ""},
		{cnk, `<address>`, `<address><cd S="CD-ADDRESS" SV="1.0">home</cd></address><address>`, []int{34}, ""},
		{cnk, `<address><cd S="CD-ADDRESS" SV="1.1">work`, `<address><cd S="CD-ADDRESS" SV="1.1">home`, []int{35}, ""},
		{cnk, `</address><telecom><cd S="CD-ADDRESS" SV="1.1">work`, `</address><telecom><cd S="CD-ADDRESS" SV="1.1">home`, []int{36}, ""},
		{cnk, `work</cd><cd S="CD-TELECOM" SV="1.0">phone</cd><telecomnumber>+3220000001`, `work</cd><cd S="CD-TELECOM" SV="1.0">fax</cd><telecomnumber>+3220000001`, []int{37}, ""},
		{cnk, `+3220000001`, `1`, []int{38}, "/kmehrmessage/folder/transaction/author/hcparty/telecom/telecomnumber"},
		{cnk, `<iscomplete>true`, `<iscomplete>1`, []int{39}, ""},
		{cnk, `<isvalidated>true`, `<isvalidated>false`, []int{40}, ""},
		{cnk, `<expirationdate>2027-02-21</expirationdate>`, ``, []int{41}, "/kmehrmessage/folder/transaction/expirationdate"},
		{cnk, `<heading>`, `<heading><id S="ID-KMEHR" SV="1.0">2</id><cd S="CD-HEADING" SV="1.2">plan</cd><text L="nl">x</text></heading><heading>`, []int{42, 47}, ""},
		{cnk, `</heading>`, `</heading><item><id S="ID-KMEHR" SV="1.0">1</id><cd S="CD-ITEM" SV="1.11">medication</cd></item>`, []int{43}, ""},
		{cnk, `<heading><id S="ID-KMEHR" SV="1.0">1`, `<heading><id S="ID-KMEHR" SV="1.0">01`, []int{44}, ""},
		{cnk, `SV="1.2">prescription`, `SV="1.1">prescription`, []int{45}, ""},
		{cnk, `</item>`, `</item><heading><id S="ID-KMEHR" SV="1.0">2</id><cd S="CD-HEADING" SV="1.2">plan</cd><text L="nl">x</text></heading>`, []int{46}, ""},
		{cnk, `</item>`, `</item><text L="nl">x</text>`, []int{47}, ""},
		{cnk, `<item>.*</item>`, `11 times`, []int{48}, items + "[11]"},
		{cnk, `<item><id S="ID-KMEHR"`, `<item><id S="LOCAL"`, []int{49}, ""},
		{cnk, `<item><id S="ID-KMEHR" SV="1.0"`, `<item><id S="ID-KMEHR" SV="1.1"`, []int{50}, ""},
		{cnk, `S="CD-ITEM"`, `S="CD-LAB"`, []int{51}, items + "/cd"},
		{cnk, `SV="1.11"`, `SV="1.9"`, []int{52}, ""},
		{cnk, `>medication<`, `>treatment<`, []int{53}, ""},
		{cnk, `S="CD-DRUG-CNK"`, `S="CD-AMP"`, []int{54}, ""},
		{cnk, `SV="LOCALDB"`, `SV="LOCAL"`, []int{55}, ""},
		{cnk, `SV="LOCALDB">0012345`, `SV="WSSAMv2">0000000`, []int{56}, ""},
		{cnk, `DEMOPRODUCT 500 MG 20 TABL`, ``, []int{57}, ""},
		{group, `SV="LOCALDB"`, `SV="LOCAL"`, []int{59}, ""},
		{group, `demosubstance oraal 500 mg`, ``, []int{60}, ""},
		{magistral, `<magistraltext L="nl">R/ Demostof 1 g, vaseline ad 50 g, dt. 1</magistraltext>`,
			`<formularyreference><cd S="CD-FORMULARYREFERENCE" SV="1.0" L="de" DN="x">0512345</cd></formularyreference>`, []int{61}, items},
		{cnk, `>prescribed<`, `>planned<`, []int{62}, items},
		{cnk, `SV="1.0">acute`, `SV="1.1">acute`, []int{63}, ""},
		{magistral, `<quantity><decimal>1</decimal></quantity>`, ``, []int{64}, items},
		{cnk, `<quantity><decimal>1</decimal></quantity>`, ``, []int{65}, items},
		{group, `<duration>`, `<quantity><decimal>1</decimal></quantity><duration>`, []int{66}, items + "/content/substanceproduct/intendedcd"},
		{cnk, `<posology><text L="nl">1 tablet per dag</text></posology>`, ``, []int{67}, items},
		{cnk, `<text L="nl">1 tablet per dag</text>`, `<text L="nl"></text>`, []int{68}, ""},
		{cnk, `<beginmoment><date>2026-11-22</date></beginmoment>`, `<beginmoment><text L="nl">nu</text></beginmoment>`, []int{69}, items},
		{cnk, `<posology>`, `<frequency><periodicity><cd S="CD-PERIODICITY" SV="1.1">UQ</cd></periodicity></frequency><posology>`, []int{70}, ""},
		{cnk, `<posology>`, `<frequency><text L="nl">x</text></frequency><posology>`, []int{71}, ""},
		{group, `0001234`, `001234`, []int{72}, ""},
		{cluster, `8001234`, `7001234`, []int{73}, ""},
		{cnk, `<instructionforpatient`, `<deliverydate>2026-11-22</deliverydate><instructionforpatient`, []int{74}, ""},
		{cnk, `</content>`, `</content><content><text L="nl">x</text></content><content><text L="nl">x</text></content>`, []int{76}, items + "/content[3]"},
		{cnk, `</content>`, `</content><content><cd S="LOCAL" SV="1.0" SL="PROOF">x</cd></content>`, []int{77}, items + "/content[2]/cd"},
		{cnk, `<content>`, `<content><cd S="LOCAL" SV="1.0" SL="SAMPROOF">` + text + `</cd></content><content>`, []int{78}, items + "/content[1]/cd"},
		{cnk, `<externalsource><source><cd S="CD-EXTERNALSOURCE" SV="1.0">samv2</cd><version>DEMO0001</version></source></externalsource>`, ``, []int{79, 80, 81}, "/kmehrmessage/header/externalsource"},
		{cnk, `>samv2<`, `><`, []int{80}, ""},
		{cnk, `DEMO0001`, ``, []int{81}, ""},
		// What no rule minds.
		{cnk, `</content>`, `</content><content><cd S="LOCAL" SV="1.0" SL="SAMPROOF">x</cd></content>`, nil, ""},
		{group, `0001234`, `0000000`, nil, ""},
	}
	var about []asked
	seen := map[int]bool{}
	for _, c := range cases {
		b, err := os.ReadFile(filepath.Join("testdata", c.file))
		if err != nil {
			t.Fatal(err)
		}
		message := strings.Replace(string(b), c.old, c.new, 1)
		switch {
		case c.new == "11 times":
			from, to := strings.Index(message, "<item>"), strings.Index(message, "</heading>")
			message = message[:from] + strings.Repeat(message[from:to], 11) + message[to:]
		case c.broken != nil && c.broken[0] == 5: // the application becomes a recipient
			message = strings.Replace(message, `</sender><recipient><hcparty><id`, `</recipient><recipient><hcparty><id`, 1)
		}
		if message == string(b) {
			t.Errorf("nothing is changed: %s", c.old)
		}
		day := rx.Date{Year: 2027, Month: 2, Day: 21}
		faults := Validate([]byte(message), "P0", day)
		var broken []int
		for _, f := range faults {
			var n int
			if _, err := fmt.Sscan(f.Args["rule"], &n); err != nil {
				t.Errorf("%v: %s", f, c.new)
			}
			broken = append(broken, n)
			seen[n] = true
		}
		if !slices.Equal(broken, c.broken) {
			t.Errorf("%v: want %v: %s", faults, c.broken, c.new)
		} else if c.where != "" && faults[0].Path != c.where {
			t.Errorf("rule %v at %s, want %s", broken, faults[0].Path, c.where)
		}
		about = append(about, asked{"P0", []byte(message)}, asked{"P1", []byte(message)})
	}
	for _, r := range rules {
		// These cannot be broken in a message that the schema accepts, or by nothing: 9 and
		// 33 name two parties of three, 19 and 23 the schema has, 58 names all its codes, 75
		// asks for nothing.
		if !seen[r.number] && !slices.Contains([]int{9, 19, 23, 58, 75}, r.number) {
			t.Errorf("rule %d is never broken", r.number)
		}
	}
	if len(rules) != 81 {
		t.Errorf("%d rules", len(rules))
	}
	agree(t, about)
}

// In P1 the parties of a sender may stand in any order.
func TestSenderOfP1(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "demo-cnk.xml"))
	if err != nil {
		t.Fatal(err)
	}
	message := strings.Replace(string(b), `<sender>`, `<sender><hcparty><cd S="CD-HCPARTY" SV="1.15">orgpractice</cd><name>x</name></hcparty>`, 1)
	for p, want := range map[string][]int{"P0": {6, 7, 8, 10, 11, 12, 13, 14}, "P1": {10, 11, 12, 13, 14}} {
		if _, broken, _ := ours([]byte(message), p); !slices.Equal(broken, want) {
			t.Errorf("%s: %v, want %v", p, broken, want)
		}
	}
	agree(t, []asked{{"P0", []byte(message)}, {"P1", []byte(message)}})
}
