package i18n

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"relais/app/rx"
	"relais/assets"
)

// The invented data of the demonstration keep every rule of the domain. The test
// stands here because assets imports nothing, and this package knows both.

var demoDay = rx.Date{Year: 2026, Month: 11, Day: 22}

func decode[T any](t *testing.T, b []byte) (v T) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDemoMedicines(t *testing.T) {
	medicines := decode[[]rx.Medicine](t, assets.DemoMedicines)
	if len(medicines) < 55 {
		t.Errorf("only %d medicines", len(medicines))
	}
	seen, packed := map[string]bool{}, map[string]bool{}
	marks := map[rx.Lang]string{rx.FR: "exemple", rx.NL: "voorbeeld", rx.DE: "beispiel", rx.EN: "example"}
	for _, m := range medicines {
		name := m.Name.In(rx.FR)
		for lang, mark := range marks {
			if !strings.Contains(strings.ToLower(m.Name[lang]), mark) {
				t.Errorf("%s: its name in %s does not say that it is invented", name, lang)
			}
		}
		for _, lang := range rx.Langs {
			if m.Substance[lang] == "" || m.Form[lang] == "" || !m.IsGroup() && m.PackText[lang] == "" {
				t.Errorf("%s: substance, form or package is missing in %s", name, lang)
			}
			one, many := Text(lang, "unit."+m.Unit+".one"), Text(lang, "unit."+m.Unit+".many")
			if one != many && (m.PackText[lang] == "1 "+many || m.PackSize > 1 && m.PackText[lang] == Int(m.PackSize)+" "+one) {
				t.Errorf("%s: %q in %s", name, m.PackText[lang], lang)
			}
		}
		if len(m.Ingredients) == 0 || m.Strength == "" || !slices.Contains(rx.Units, m.Unit) || m.PackSize < 0 {
			t.Errorf("%s: ingredients, strength, unit or package size", name)
		}
		id := string(m.CNK) + m.VMPGroup
		if m.IsGroup() {
			if len(m.VMPGroup) != 7 {
				t.Errorf("%s: VMP group %q", name, m.VMPGroup)
			}
		} else {
			if _, err := rx.ParseCNK(string(m.CNK)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			packed[m.VMPGroup] = true
			id = string(m.CNK)
		}
		if seen[id] {
			t.Errorf("%s: its code stands twice", name)
		}
		seen[id] = true
	}
	for _, m := range medicines {
		if m.IsGroup() && !packed[m.VMPGroup] {
			t.Errorf("%s: no package of this group", m.Name.In(rx.FR))
		}
	}
	i := slices.IndexFunc(medicines, func(m rx.Medicine) bool { return m.CNK == "0318717" })
	if i < 0 || medicines[i].VMPGroup != "0024901" || medicines[i].PackSize != 16 || medicines[i].Unit != "capsule" || !seen["0024901"] {
		t.Error("the medicine and the group of the documentation's example are not there as it has them")
	}
	for what, has := range map[string]func(rx.Medicine) bool{
		"narcotic":       func(m rx.Medicine) bool { return m.Narcotic && strings.HasPrefix(m.Ingredients[0], "N02A") },
		"psychotropic":   func(m rx.Medicine) bool { return m.Narcotic && strings.HasPrefix(m.Ingredients[0], "N05") },
		"paediatric":     func(m rx.Medicine) bool { return m.Paediatric && m.Unit == "ml" },
		"insulin":        func(m rx.Medicine) bool { return m.Unit == "unit" },
		"inhaler":        func(m rx.Medicine) bool { return m.Unit == "puff" },
		"unknown size":   func(m rx.Medicine) bool { return !m.IsGroup() && m.PackSize == 0 },
		"not reimbursed": func(m rx.Medicine) bool { return !m.IsGroup() && m.Category == "" },
	} {
		if !slices.ContainsFunc(medicines, has) {
			t.Errorf("no %s medicine to show", what)
		}
	}
}

func TestDemoPatients(t *testing.T) {
	patients := decode[[]rx.Patient](t, assets.DemoPatients)
	if len(patients) != 40 {
		t.Errorf("%d patients, not 40", len(patients))
	}
	ssins := map[rx.SSIN]bool{}
	languages, bis, without, longest, namesakes := map[rx.Lang]int{}, 0, map[rx.NoSSIN]int{}, 0, map[string]int{}
	for i, p := range patients {
		faults, warnings := rx.CheckPatient("$", p, rx.CheckOptions{Today: demoDay})
		if len(faults)+len(warnings) > 0 {
			t.Errorf("patient %d: %v %v", i, faults, warnings)
		}
		if ssins[p.SSIN] && p.SSIN != "" {
			t.Errorf("patient %d: national number twice", i)
		}
		ssins[p.SSIN] = true
		invented := p.LastName == "Dupont" && p.SSIN == "85073003427" || p.SSIN == "" ||
			slices.Contains([]string{"997", "998"}, string(p.SSIN[6:9])) && hasDemo(p.LastName)
		if !invented {
			t.Errorf("patient %d is not clearly invented", i)
		}
		if !strings.HasPrefix(p.Phone, "081 00 00 ") {
			t.Errorf("patient %d: a phone number that may be somebody's", i)
		}
		languages[p.Language]++
		if p.SSIN.IsBIS() {
			bis++
		}
		if p.SSIN == "" {
			without[p.NoSSIN]++
		}
		longest = max(longest, len([]rune(p.LastName)))
		namesakes[p.LastName+p.BirthDate.String()[:4]]++
	}
	if languages[rx.FR] < 10 || languages[rx.NL] < 10 || languages[rx.DE] < 5 || bis != 2 || without[rx.Newborn] != 2 ||
		without[rx.Foreign] == 0 || without[rx.Pending] == 0 || longest != rx.MaxName {
		t.Errorf("languages %v, BIS %d, without number %v, longest name %d", languages, bis, without, longest)
	}
	twins := 0
	for _, n := range namesakes {
		if n > 1 {
			twins++
		}
	}
	if twins < 2 {
		t.Error("nobody to confuse: two pairs of one surname and birth year are wanted")
	}
}

func hasDemo(name string) bool {
	return strings.Contains(name, "Demo") || strings.Contains(name, "Démo")
}

func TestDemoPractice(t *testing.T) {
	p := decode[rx.Practice](t, assets.DemoPractice)
	if faults := rx.CheckPractice(p, rx.CheckOptions{Today: demoDay}); len(faults) > 0 {
		t.Error(faults)
	}
	if p.Prescriber.NIHII != "19999915004" || p.Prescriber.SSIN != "79021802145" || p.RegionLanguage != rx.FR {
		t.Error("not the practice of the documentation's example")
	}
}
