package i18n

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
	"relais/app/rx"
)

// In the expected texts of this file ~ stands for the no-break space.
func spaced(s string) string { return strings.ReplaceAll(s, "~", noBreak) }

type byLang struct{ fr, nl, de, en string }

func (w byLang) each(t *testing.T, name string, got func(rx.Lang) string) {
	t.Helper()
	for lang, want := range map[rx.Lang]string{rx.FR: w.fr, rx.NL: w.nl, rx.DE: w.de, rx.EN: w.en} {
		if g := got(lang); g != spaced(want) {
			t.Errorf("%s %s:\ngot  %q\nwant %q", name, lang, g, spaced(want))
		}
	}
}

func TestPosology(t *testing.T) {
	day, week, month, year := &rx.Span{Value: 1, Unit: "d"}, &rx.Span{Value: 1, Unit: "wk"}, &rx.Span{Value: 1, Unit: "mo"}, &rx.Span{Value: 1, Unit: "a"}
	for _, c := range []struct {
		p    rx.Posology
		want byLang
	}{
		{rx.Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, DurationDays: 5}, byLang{
			"1~gélule 3~fois par jour pendant 5~jours", "1~capsule 3~keer per dag gedurende 5~dagen",
			"1~Kapsel 3-mal täglich für 5~Tage", "1~capsule 3~times a day for 5~days"}},
		{rx.Posology{Dose: 2000, Unit: "tablet", TimesPerDay: 1, DurationDays: 7}, byLang{
			"2~comprimés 1~fois par jour pendant 7~jours", "2~tabletten 1~keer per dag gedurende 7~dagen",
			"2~Tabletten 1-mal täglich für 7~Tage", "2~tablets 1~time a day for 7~days"}},
		{rx.Posology{Dose: 500, Unit: "tablet", TimesPerDay: 2}, byLang{
			"0,5~comprimé 2~fois par jour", "0,5~tablet 2~keer per dag", "0,5~Tablette 2-mal täglich", "0.5~tablet 2~times a day"}},
		{rx.Posology{Dose: 1500, Unit: "tablet", TimesPerDay: 2}, byLang{
			"1,5~comprimé 2~fois par jour", "1,5~tabletten 2~keer per dag", "1,5~Tabletten 2-mal täglich", "1.5~tablets 2~times a day"}},
		{rx.Posology{Dose: 2000, Unit: "puff", TimesPerDay: 4, AsNeeded: true}, byLang{
			"2~bouffées 4~fois par jour si nécessaire", "2~inhalaties 4~keer per dag indien nodig",
			"2~Inhalationen 4-mal täglich bei Bedarf", "2~puffs 4~times a day if needed"}},
		{rx.Posology{Dose: 1000, Unit: "tablet", AsNeeded: true}, byLang{
			"1~comprimé si nécessaire", "1~tablet indien nodig", "1~Tablette bei Bedarf", "1~tablet if needed"}},
		{rx.Posology{Dose: 1000, Unit: "suppository", TimesPerDay: 2, AsNeeded: true, DurationDays: 1}, byLang{
			"1~suppositoire 2~fois par jour si nécessaire pendant 1~jour", "1~zetpil 2~keer per dag indien nodig gedurende 1~dag",
			"1~Zäpfchen 2-mal täglich bei Bedarf für 1~Tag", "1~suppository 2~times a day if needed for 1~day"}},
		{rx.Posology{Dose: 1000, Unit: "tablet", Every: week}, byLang{
			"1~comprimé une fois par semaine", "1~tablet eenmaal per week", "1~Tablette einmal pro Woche", "1~tablet once a week"}},
		{rx.Posology{Dose: 1000, Unit: "capsule", Every: day}, byLang{
			"1~gélule une fois par jour", "1~capsule eenmaal per dag", "1~Kapsel einmal täglich", "1~capsule once a day"}},
		{rx.Posology{Dose: 1000, Unit: "ampoule", Every: month}, byLang{
			"1~ampoule une fois par mois", "1~ampul eenmaal per maand", "1~Ampulle einmal pro Monat", "1~ampoule once a month"}},
		{rx.Posology{Dose: 1000, Unit: "injection", Every: year}, byLang{
			"1~injection une fois par an", "1~injectie eenmaal per jaar", "1~Injektion einmal pro Jahr", "1~injection once a year"}},
		{rx.Posology{Dose: 1000, Unit: "patch", Every: &rx.Span{Value: 3, Unit: "d"}}, byLang{
			"1~patch tous les 3~jours", "1~pleister elke 3~dagen", "1~Pflaster alle 3~Tage", "1~patch every 3~days"}},
		{rx.Posology{Dose: 1000, Unit: "syringe", Every: &rx.Span{Value: 2, Unit: "wk"}, DurationDays: 84}, byLang{
			"1~seringue toutes les 2~semaines pendant 84~jours", "1~spuit elke 2~weken gedurende 84~dagen",
			"1~Spritze alle 2~Wochen für 84~Tage", "1~syringe every 2~weeks for 84~days"}},
		{rx.Posology{Dose: 1000, Unit: "injection", Every: &rx.Span{Value: 3, Unit: "mo"}}, byLang{
			"1~injection tous les 3~mois", "1~injectie elke 3~maanden", "1~Injektion alle 3~Monate", "1~injection every 3~months"}},
		{rx.Posology{Dose: 10000, Unit: "ml", Every: &rx.Span{Value: 8, Unit: "hr"}}, byLang{
			"10~ml toutes les 8~heures", "10~ml elke 8~uur", "10~ml alle 8~Stunden", "10~ml every 8~hours"}},
		{rx.Posology{Dose: 14000, Unit: "unit", TimesPerDay: 2}, byLang{
			"14~unités 2~fois par jour", "14~eenheden 2~keer per dag", "14~Einheiten 2-mal täglich", "14~units 2~times a day"}},
		{rx.Posology{Dose: 25_000_000, Unit: "unit", Every: month}, byLang{
			"25~000~unités une fois par mois", "25~000~eenheden eenmaal per maand", "25~000~Einheiten einmal pro Monat", "25~000~units once a month"}},
		{rx.Posology{Dose: 500, Unit: "g", TimesPerDay: 2}, byLang{
			"500~mg 2~fois par jour", "500~mg 2~keer per dag", "500~mg 2-mal täglich", "500~mg 2~times a day"}},
		{rx.Posology{Dose: 1500, Unit: "g", TimesPerDay: 1}, byLang{
			"1,5~g 1~fois par jour", "1,5~g 1~keer per dag", "1,5~g 1-mal täglich", "1.5~g 1~time a day"}},
		{rx.Posology{Dose: 250, Unit: "mg", TimesPerDay: 1}, byLang{
			"0,25~mg 1~fois par jour", "0,25~mg 1~keer per dag", "0,25~mg 1-mal täglich", "0.25~mg 1~time a day"}},
		{rx.Posology{Dose: 75, Unit: "mg", TimesPerDay: 1}, byLang{
			"75~microgrammes 1~fois par jour", "75~microgram 1~keer per dag", "75~Mikrogramm 1-mal täglich", "75~micrograms 1~time a day"}},
		{rx.Posology{Dose: 3000, Unit: "spoon5", TimesPerDay: 3}, byLang{
			"3~cuillères à café (5 ml) 3~fois par jour", "3~koffielepels (5 ml) 3~keer per dag",
			"3~Teelöffel (5 ml) 3-mal täglich", "3~teaspoons (5 ml) 3~times a day"}},
		{rx.Posology{Dose: 2000, UnitText: "bandelettes", TimesPerDay: 4}, byLang{
			"2~bandelettes 4~fois par jour", "2~bandelettes 4~keer per dag", "2~bandelettes 4-mal täglich", "2~bandelettes 4~times a day"}},
		{rx.Posology{Text: "2 fois par jour, en couche mince"}, byLang{
			"2 fois par jour, en couche mince", "2 fois par jour, en couche mince", "2 fois par jour, en couche mince", "2 fois par jour, en couche mince"}},
	} {
		c.want.each(t, "posology", func(l rx.Lang) string { return Posology(l, c.p) })
	}
}

// The amount with its unit for every unit, singular and plural.
func TestAmounts(t *testing.T) {
	for unit, want := range map[string][2]byLang{
		"tablet":      {{"1~comprimé", "1~tablet", "1~Tablette", "1~tablet"}, {"2~comprimés", "2~tabletten", "2~Tabletten", "2~tablets"}},
		"capsule":     {{"1~gélule", "1~capsule", "1~Kapsel", "1~capsule"}, {"2~gélules", "2~capsules", "2~Kapseln", "2~capsules"}},
		"drop":        {{"1~goutte", "1~druppel", "1~Tropfen", "1~drop"}, {"2~gouttes", "2~druppels", "2~Tropfen", "2~drops"}},
		"ml":          {{"1~ml", "1~ml", "1~ml", "1~ml"}, {"2~ml", "2~ml", "2~ml", "2~ml"}},
		"mg":          {{"1~mg", "1~mg", "1~mg", "1~mg"}, {"2~mg", "2~mg", "2~mg", "2~mg"}},
		"g":           {{"1~g", "1~g", "1~g", "1~g"}, {"2~g", "2~g", "2~g", "2~g"}},
		"puff":        {{"1~bouffée", "1~inhalatie", "1~Inhalation", "1~puff"}, {"2~bouffées", "2~inhalaties", "2~Inhalationen", "2~puffs"}},
		"sachet":      {{"1~sachet", "1~zakje", "1~Beutel", "1~sachet"}, {"2~sachets", "2~zakjes", "2~Beutel", "2~sachets"}},
		"suppository": {{"1~suppositoire", "1~zetpil", "1~Zäpfchen", "1~suppository"}, {"2~suppositoires", "2~zetpillen", "2~Zäpfchen", "2~suppositories"}},
		"patch":       {{"1~patch", "1~pleister", "1~Pflaster", "1~patch"}, {"2~patchs", "2~pleisters", "2~Pflaster", "2~patches"}},
		"ampoule":     {{"1~ampoule", "1~ampul", "1~Ampulle", "1~ampoule"}, {"2~ampoules", "2~ampullen", "2~Ampullen", "2~ampoules"}},
		"vial":        {{"1~flacon", "1~flacon", "1~Durchstechflasche", "1~vial"}, {"2~flacons", "2~flacons", "2~Durchstechflaschen", "2~vials"}},
		"syringe":     {{"1~seringue", "1~spuit", "1~Spritze", "1~syringe"}, {"2~seringues", "2~spuiten", "2~Spritzen", "2~syringes"}},
		"injection":   {{"1~injection", "1~injectie", "1~Injektion", "1~injection"}, {"2~injections", "2~injecties", "2~Injektionen", "2~injections"}},
		"unit":        {{"1~unité", "1~eenheid", "1~Einheit", "1~unit"}, {"2~unités", "2~eenheden", "2~Einheiten", "2~units"}},
		"spoon5":      {{"1~cuillère à café (5 ml)", "1~koffielepel (5 ml)", "1~Teelöffel (5 ml)", "1~teaspoon (5 ml)"}, {"2~cuillères à café (5 ml)", "2~koffielepels (5 ml)", "2~Teelöffel (5 ml)", "2~teaspoons (5 ml)"}},
		"spoon15":     {{"1~cuillère à soupe (15 ml)", "1~eetlepel (15 ml)", "1~Esslöffel (15 ml)", "1~tablespoon (15 ml)"}, {"2~cuillères à soupe (15 ml)", "2~eetlepels (15 ml)", "2~Esslöffel (15 ml)", "2~tablespoons (15 ml)"}},
		"measure":     {{"1~mesure", "1~maatje", "1~Messlöffel", "1~measure"}, {"2~mesures", "2~maatjes", "2~Messlöffel", "2~measures"}},
		"application": {{"1~application", "1~toepassing", "1~Anwendung", "1~application"}, {"2~applications", "2~toepassingen", "2~Anwendungen", "2~applications"}},
		"spray":       {{"1~pulvérisation", "1~verstuiving", "1~Sprühstoß", "1~spray"}, {"2~pulvérisations", "2~verstuivingen", "2~Sprühstöße", "2~sprays"}},
		"lozenge":     {{"1~pastille", "1~zuigtablet", "1~Lutschtablette", "1~lozenge"}, {"2~pastilles", "2~zuigtabletten", "2~Lutschtabletten", "2~lozenges"}},
		"ovule":       {{"1~ovule", "1~ovule", "1~Vaginalovulum", "1~pessary"}, {"2~ovules", "2~ovules", "2~Vaginalovula", "2~pessaries"}},
		"film":        {{"1~film", "1~film", "1~Film", "1~film"}, {"2~films", "2~films", "2~Filme", "2~films"}},
		"dose":        {{"1~dose", "1~dosis", "1~Dosis", "1~dose"}, {"2~doses", "2~doses", "2~Dosen", "2~doses"}},
	} {
		want[0].each(t, unit, func(l rx.Lang) string { return Amount(l, 1000, unit, "") })
		want[1].each(t, unit, func(l rx.Lang) string { return Amount(l, 2000, unit, "") })
	}
}

// Whatever the posology: a free text comes back as written; a structured one never
// breaks between an amount and its unit, and its figures can be read back.
func TestPosologyProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if text := rapid.StringN(1, 80, -1).Draw(t, "text"); text != "" {
			for _, l := range rx.Langs {
				if got := Posology(l, rx.Posology{Text: text}); got != text {
					t.Fatalf("free text changed: %q", got)
				}
			}
		}
		p := rx.Posology{
			Dose:        rx.Decimal(rapid.Int64Range(1, int64(rx.MaxDecimal)).Draw(t, "dose")),
			Unit:        rapid.SampledFrom(rx.Units).Draw(t, "unit"),
			TimesPerDay: rapid.IntRange(1, rx.MaxTimesPerDay).Draw(t, "times"),
		}
		for _, l := range rx.Langs {
			figures, _, _ := strings.Cut(Posology(l, p), " ")
			i := strings.LastIndex(figures, noBreak)
			if strings.Contains(figures, "(") || i < 0 { // spoons: "cuillère à café (5 ml)"
				figures = Posology(l, p)
				i = strings.IndexFunc(figures, func(r rune) bool { return r > '9' && r != []rune(noBreak)[0] })
				i = strings.LastIndex(figures[:i], noBreak)
			}
			read, err := rx.ParseDecimal(strings.ReplaceAll(figures[:i], noBreak, ""))
			if err != nil {
				// Three decimals that end in 0 are never written, so all that is written can be read.
				t.Fatalf("%s %q: %v", l, figures, err)
			}
			if read != p.Dose && read != p.Dose*1000 && read != p.Dose*1_000_000 {
				t.Fatalf("%s %q: read back as %s of %s", l, figures, read, p.Dose)
			}
		}
	})
}

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		s    rx.Span
		want byLang
	}{
		{rx.Span{Value: 1, Unit: "hr"}, byLang{"1~heure", "1~uur", "1~Stunde", "1~hour"}},
		{rx.Span{Value: 6, Unit: "hr"}, byLang{"6~heures", "6~uur", "6~Stunden", "6~hours"}},
		{rx.Span{Value: 1, Unit: "d"}, byLang{"1~jour", "1~dag", "1~Tag", "1~day"}},
		{rx.Span{Value: 7, Unit: "d"}, byLang{"7~jours", "7~dagen", "7~Tage", "7~days"}},
		{rx.Span{Value: 1, Unit: "wk"}, byLang{"1~semaine", "1~week", "1~Woche", "1~week"}},
		{rx.Span{Value: 2, Unit: "wk"}, byLang{"2~semaines", "2~weken", "2~Wochen", "2~weeks"}},
		{rx.Span{Value: 1, Unit: "mo"}, byLang{"1~mois", "1~maand", "1~Monat", "1~month"}},
		{rx.Span{Value: 3, Unit: "mo"}, byLang{"3~mois", "3~maanden", "3~Monate", "3~months"}},
		{rx.Span{Value: 1, Unit: "a"}, byLang{"1~an", "1~jaar", "1~Jahr", "1~year"}},
		{rx.Span{Value: 2, Unit: "a"}, byLang{"2~ans", "2~jaar", "2~Jahre", "2~years"}},
	} {
		c.want.each(t, "span", func(l rx.Lang) string { return Span(l, c.s) })
	}
}

func TestRegimen(t *testing.T) {
	p := rx.Posology{Unit: "tablet"}
	for _, c := range []struct {
		entries []rx.RegimenEntry
		want    byLang
	}{
		{[]rx.RegimenEntry{{Weekday: "monday", DayPeriod: "morning", Quantity: 1000}, {Weekday: "thursday", Time: "20:00", Quantity: 2000}}, byLang{
			"lundi, le matin : 1~comprimé ; jeudi, à 20:00 : 2~comprimés", "maandag, 's morgens: 1~tablet; donderdag, om 20:00 uur: 2~tabletten",
			"Montag, morgens: 1~Tablette; Donnerstag, um 20:00 Uhr: 2~Tabletten", "Monday, in the morning: 1~tablet; Thursday, at 20:00: 2~tablets"}},
		{[]rx.RegimenEntry{{DayNumber: 1, DayPeriod: "beforemeal", Quantity: 500}}, byLang{
			"jour 1, avant le repas : 0,5~comprimé", "dag 1, voor de maaltijd: 0,5~tablet", "Tag 1, vor der Mahlzeit: 0,5~Tablette", "day 1, before the meal: 0.5~tablet"}},
		{[]rx.RegimenEntry{{Date: rx.Date{Year: 2026, Month: 11, Day: 22}, DayPeriod: "hs", Quantity: 1000}}, byLang{
			"22/11/2026, au coucher : 1~comprimé", "22/11/2026, bij het slapengaan: 1~tablet", "22/11/2026, vor dem Schlafengehen: 1~Tablette", "22/11/2026, at bedtime: 1~tablet"}},
	} {
		c.want.each(t, "regimen", func(l rx.Lang) string { return Regimen(l, c.entries, p) })
	}
}

func TestRenewal(t *testing.T) {
	r := rx.Renewal{Times: 2, Interval: rx.Span{Value: 1, Unit: "mo"}}
	for lang, want := range map[rx.Lang]string{
		rx.FR: "à renouveler 2 fois (deux), intervalle : 1~mois (un)",
		rx.NL: "2 keer te hernieuwen (twee), interval: 1~maand (één)",
		rx.DE: "2-mal zu erneuern (zwei), Abstand: 1~Monat (eins)",
	} {
		if got := Renewal(lang, r); got != spaced(want) {
			t.Errorf("%s: %q", lang, got)
		}
	}
}

func TestCoverage(t *testing.T) {
	for _, c := range []struct {
		c    rx.Coverage
		want byLang
	}{
		{rx.Coverage{Units: 16, Days: 5, Needed: 7, Packs: 2}, byLang{
			"16~gélules = 5~jours sur 7 → 2~boîtes", "16~capsules = 5~dagen van 7 → 2~verpakkingen",
			"16~Kapseln = 5~Tage von 7 → 2~Packungen", "16~capsules = 5~days of 7 → 2~boxes"}},
		{rx.Coverage{Units: 32, Days: 10, Needed: 7, Packs: 2}, byLang{
			"32~gélules = 10~jours (traitement : 7~jours)", "32~capsules = 10~dagen (behandeling: 7~dagen)",
			"32~Kapseln = 10~Tage (Behandlung: 7~Tage)", "32~capsules = 10~days (treatment: 7~days)"}},
		{rx.Coverage{Units: 30, Days: 30}, byLang{"30~gélules = 30~jours", "30~capsules = 30~dagen", "30~Kapseln = 30~Tage", "30~capsules = 30~days"}},
	} {
		c.want.each(t, "coverage", func(l rx.Lang) string { return Coverage(l, c.c, "capsule") })
	}
}
