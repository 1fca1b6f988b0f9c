package kmehr

import "relais/app/rx"

// What the words of the facts are called in KMEHR. Only codes that are proven stand here;
// what has none travels in the text of the posology, which every message has.
//
// Sources: CD-DRUG-ROUTE, CD-ADMINISTRATIONUNIT and CD-PERIODICITY, tables of the KMEHR
// standard as used for the Vitalink medication scheme; "transderm", the logical model of
// prescriptions of HL7 Belgium; CD-DAYPERIOD and CD-WEEKDAY, the XSD.

var routes = map[string]string{
	"oral": "00060", "cutaneous": "00002", "inhalation": "00049", "nasal": "00055", "ocular": "00056", "auricular": "00001", "rectal": "00067",
	"vaginal": "00073", "subcutaneous": "00068", "intramuscular": "00013", "intravenous": "00035", "transdermal": "transderm", "sublingual": "00070",
}

// units are dose units. KMEHR counts in pieces of the product where no unit stands, which
// is what those without a code are: syringe, injection, film, spray. Units of insulin and
// the like are the only ones without a name that doctors dose in: international units.
var units = map[string]string{
	"tablet": "00005", "capsule": "00004", "drop": "00007", "ml": "00016", "mg": "mg", "g": "gm", "puff": "00023", "sachet": "00030",
	"suppository": "00026", "patch": "00020", "ampoule": "00002", "vial": "00008", "spoon5": "00001", "spoon15": "tbl", "measure": "measure",
	"application": "00003", "lozenge": "00019", "ovule": "00017", "dose": "00006",
	"unit": "internationalunits",
}

// ucum are the units of ingredients, by what doctors write.
var ucum = map[string]string{"g": "g", "mg": "mg", "kg": "kg", "µg": "ug", "μg": "ug", "ml": "mL", "l": "L", "%": "%"}

// dayPeriods are the parts of a day that have a code. Noon has an hour; before and during
// a meal have neither, as KMEHR asks which meal.
var dayPeriods = map[string]string{
	"morning": "morning", "afternoon": "afternoon", "evening": "evening", "hs": "thehourofsleep", "aftermeal": "aftermeal",
}

const noon = "12:00"

// intervals are the codes of "once in each span"; 5, 7, 9, 10 and 11 hours are left out,
// which rule 70 forbids.
var intervals = map[string]map[int]string{
	"hr": {1: "U", 2: "UT", 3: "UD", 4: "UV", 6: "UZ", 8: "UA", 12: "UW"},
	"d":  {1: "D", 2: "DT", 3: "DD", 4: "DV", 5: "DQ", 6: "DZ", 8: "DA", 9: "DN", 10: "DX", 11: "DE", 12: "DW"},
	"wk": {1: "W", 2: "WT", 3: "WD", 4: "WV", 5: "WQ", 6: "WZ", 7: "WS", 8: "WA", 9: "WN", 10: "WX", 11: "WE", 12: "WW", 24: "WP"},
	"mo": {1: "M", 2: "MT", 3: "MD", 4: "MV", 5: "MQ", 6: "MZ2", 7: "MS", 8: "MA", 9: "MN", 10: "MX", 11: "ME", 18: "MC"},
	"a":  {1: "J", 2: "JT", 3: "JD", 4: "JV", 5: "JQ", 6: "JZ"},
}

// periodicity is the CD-PERIODICITY of a dose, "" where none says it: a dose as needed has
// no rhythm.
func periodicity(p rx.Posology) string {
	switch {
	case p.AsNeeded:
		return ""
	case p.TimesPerDay > 0:
		return intervals["d"][1]
	case p.Every != nil:
		return intervals[p.Every.Unit][p.Every.Value]
	}
	return ""
}

// reimbursement are the instructions for reimbursement in words: the list of the platform
// in French and Dutch (value set medication-request-reimbursement-type), German and English
// our own. They are those of the printed proof (catalogues, reimbursement.WORD).
var reimbursement = map[string]rx.Words{
	"third-party-payer": {rx.FR: "Tiers-payant applicable", rx.NL: "Derdebetalersregeling van toepassing",
		rx.DE: "Drittzahlerregelung anwendbar", rx.EN: "Third-party payer applies"},
	"first-dose":  {rx.FR: "1ère dose", rx.NL: "1ste toediening", rx.DE: "1. Dosis", rx.EN: "1st dose"},
	"second-dose": {rx.FR: "2ème dose", rx.NL: "2de toediening", rx.DE: "2. Dosis", rx.EN: "2nd dose"},
	"third-dose":  {rx.FR: "3ème dose", rx.NL: "3de toediening", rx.DE: "3. Dosis", rx.EN: "3rd dose"},
	"care-path-kidney": {rx.FR: "Trajet de soins insuffisance rénale chronique", rx.NL: "Zorgtraject chronische nierinsufficiëntie",
		rx.DE: "Versorgungspfad chronische Niereninsuffizienz", rx.EN: "Care pathway chronic kidney failure"},
	"care-path-diabetes": {rx.FR: "Trajet de soins diabète", rx.NL: "Zorgtraject diabetes",
		rx.DE: "Versorgungspfad Diabetes", rx.EN: "Care pathway diabetes"},
	"diabetes-convention": {rx.FR: "Convention diabète", rx.NL: "Diabetesconventie", rx.DE: "Diabetesabkommen", rx.EN: "Diabetes convention"},
	"not-reimbursable":    {rx.FR: "Non remboursable", rx.NL: "Niet-vergoedbaar", rx.DE: "Nicht erstattungsfähig", rx.EN: "Not reimbursable"},
	"start-path-diabetes-2": {rx.FR: "Trajet de démarrage diabète type 2", rx.NL: "Opstarttraject diabetes type 2",
		rx.DE: "Startpfad Diabetes Typ 2", rx.EN: "Start pathway diabetes type 2"},
}
