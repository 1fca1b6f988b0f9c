package kmehr

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"relais/app/rx"
)

// rule is one of the 81 rules that Recip-e publishes for each type of prescription beside
// the schema (validation.properties; the number is the one there), restated. They count
// the nodes of a path below the message that pass the tests. What comes to the doctor is
// the code.
//
// A path is of names; name[2] is the second of its name in its parent, name{a.b} one that
// holds an a with a b, name{a|b} one that holds a or b; text() are text nodes.
type rule struct {
	number int
	code   rx.Code
	path   string
	passes test
	least  int
	most   int    // none: no bound
	as     string // instead of bounds: as many as there are nodes of this path
}

const none = -1

// test is asked of a node; nil passes all.
type test func(*element) bool

const (
	folder      = "folder/transaction/"
	line        = folder + "heading/item"
	software    = "header/sender/hcparty[2]/telecom"
	author      = folder + "author/hcparty"
	substance   = line + "/content/substanceproduct/intendedcd"
	product     = line + "/content/medicinalproduct/intendedcd"
	packageName = line + "/content/medicinalproduct/intendedname"
)

var (
	workAddress = all(attr("S", "CD-ADDRESS"), attr("SV", "1.0", "1.1"), says("work"))
	kmehrID     = all(attr("S", "ID-KMEHR"), attr("SV", "1.0"))
	partyID     = all(attr("S", "ID-HCPARTY"), attr("SV", "1.0"))
	party       = all(attr("S", "CD-HCPARTY"), attr("SV", "1.15"))
)

// rules are those of P0.
var rules = []rule{
	{1, CodeStandard, "header/standard/cd", all(attr("S", "CD-STANDARD"), attr("SV", "1.29"), says("20190301")), 1, 1, ""},

	{2, CodeMessageID, "header/id", nil, 2, 2, ""},
	{3, CodeMessageID, "header/id[1]", kmehrID, 1, none, ""},
	{4, CodeMessageID, "header/id[2]", attr("S", "LOCAL"), 1, none, ""},

	{5, CodeSender, "header/sender/hcparty", nil, 2, none, ""},
	{6, CodeSender, "header/sender/hcparty[1]/id", partyID, 1, none, ""},
	{7, CodeSender, "header/sender/hcparty[1]/cd", all(party, says("orghospital", "persphysician", "persmidwife", "persdentist")), 1, none, ""},
	{8, CodeSender, "header/sender/hcparty[2]/cd", all(party, says("application")), 1, none, ""},
	{9, CodeSender, "header/sender/hcparty{name|familyname}", nil, 1, none, ""},

	{10, CodeSoftware, software + "/cd/text()", all(attr("S", "CD-ADDRESS"), attr("SV", "1.1")), 2, none, ""},
	{11, CodeSoftware, software + "/cd/text()", all(attr("S", "CD-TELECOM"), attr("SV", "1.0")), 2, none, ""},
	{12, CodeSoftware, software + "/cd", all(attr("S", "CD-TELECOM"), says("phone")), 1, none, ""},
	{13, CodeSoftware, software + "/cd", all(attr("S", "CD-TELECOM"), says("email")), 1, none, ""},
	{14, CodeSoftware, software + "/telecomnumber", not(length(0, 0)), 1, none, ""},

	{15, CodeRecipient, "header/recipient/hcparty/id", all(partyID, says("RECIPE")), 1, 1, ""},
	{16, CodeRecipient, "header/recipient/hcparty/cd", all(party, says("orgpublichealth")), 1, 1, ""},
	{17, CodeRecipient, "header/recipient/hcparty/name", says("Recip-e"), 1, 1, ""},

	{18, CodeFolder, "folder/id", all(kmehrID, says("1")), 1, 1, ""},
	{19, CodeFolder, "folder/patient", nil, 1, 1, ""},
	{20, CodePatientID, "folder/patient/id", nil, 1, 1, ""},
	{21, CodePatientID, "folder/patient/id", all(attr("S", "ID-PATIENT"), attr("SV", "1.0"), length(11, 11)), 1, 1, ""},
	{22, CodePatientName, "folder/patient/firstname", nil, 1, 1, ""},
	{23, CodePatientName, "folder/patient/familyname", nil, 1, 1, ""},
	{24, CodePatientBirth, "folder/patient/birthdate{date|year|yearmonth}", nil, 1, 1, ""},
	{25, CodePatientSex, "folder/patient/sex/cd", all(attr("S", "CD-SEX"), attr("SV", "1.1")), 1, 1, ""},

	{26, CodeFolder, folder + "id", all(kmehrID, says("1")), 1, 1, ""},
	{27, CodeFolder, folder + "cd", all(attr("S", "CD-TRANSACTION"), attr("SV", "1.13"), says("pharmaceuticalprescription")), 1, 1, ""},

	{28, CodeAuthor, author, nil, 1, 1, ""},
	{29, CodeAuthor, author + "/id", nil, 1, 1, ""},
	{30, CodeAuthor, author + "/id", all(partyID, length(11, 11)), 1, 1, ""},
	{31, CodeAuthor, author + "/cd", nil, 1, 1, ""},
	{32, CodeAuthor, author + "/cd", all(party, says("persphysician", "persmidwife", "persdentist")), 1, 1, ""},
	{33, CodeAuthor, author + "{name|familyname}", nil, 1, none, ""},
	{34, CodeAuthorContact, author + "/address", nil, 1, 1, ""},
	{35, CodeAuthorContact, author + "/address/cd", workAddress, 1, 1, ""},
	{36, CodeAuthorContact, author + "/telecom/cd", workAddress, 1, 1, ""},
	{37, CodeAuthorContact, author + "/telecom/cd", all(attr("S", "CD-TELECOM"), attr("SV", "1.0"), says("phone")), 1, 1, ""},
	{38, CodeAuthorContact, author + "/telecom/telecomnumber", not(length(0, 1)), 1, 1, ""},

	{39, CodeFolder, folder + "iscomplete", says("true"), 1, 1, ""},
	{40, CodeFolder, folder + "isvalidated", says("true"), 1, 1, ""},
	{41, CodeExpiry, folder + "expirationdate", nil, 1, 1, ""},
	{42, CodeFolder, folder + "heading", nil, 1, 1, ""},
	{43, CodeFolder, folder + "item", nil, 0, 0, ""},
	{44, CodeFolder, folder + "heading/id", all(kmehrID, says("1")), 1, 1, ""},
	{45, CodeFolder, folder + "heading/cd", all(attr("S", "CD-HEADING"), attr("SV", "1.2"), says("prescription")), 1, 1, ""},
	{46, CodeFolder, folder + "heading/heading", nil, 0, 0, ""},
	{47, CodeFolder, folder + "heading/text", nil, 0, 0, ""},

	{48, CodeLines, line, nil, 1, 10, ""},
	{49, CodeLines, line + "/id", attrIsNot("S", "ID-KMEHR"), 0, 0, ""},
	{50, CodeLines, line + "/id", attrIsNot("SV", "1.0"), 0, 0, ""},
	{51, CodeLines, line + "/cd", attrIsNot("S", "CD-ITEM"), 0, 0, ""},
	{52, CodeLines, line + "/cd", attrIsNot("SV", "1.11"), 0, 0, ""},
	{53, CodeLines, line + "/cd", saysOther("medication"), 0, 0, ""},

	{54, CodeProduct, product, attrIsNot("S", "CD-DRUG-CNK"), 0, 0, ""},
	{55, CodeProduct, product, all(attrIsNot("SV", "LOCALDB"), attrIsNot("SV", "WSSAMv2")), 0, 0, ""},
	{56, CodeProduct, product, all(attrIsNot("SV", "LOCALDB"), says("0000000")), 0, 0, ""},
	{57, CodeProduct, packageName, length(0, 0), 0, 0, ""},
	{58, CodeINN, substance, all(attrIsNot("S", "CD-INNCLUSTER"), attrIsNot("S", "CD-VMPGROUP")), 0, 0, ""},
	{59, CodeINN, substance, all(attrIsNot("SV", "LOCALDB"), attrIsNot("SV", "WSSAMv2")), 0, 0, ""},
	{60, CodeINN, line + "/content/substanceproduct/intendedname", length(0, 0), 0, 0, ""},
	{61, CodeFormulary, line + "/content/compoundprescription/formularyreference/cd", all(attr("S", "CD-FORMULARYREFERENCE"), attr("SV", "1.0"),
		attr("L", "fr", "nl"), attrIsNot("DN", ""), starts("05"), length(7, 7)), 0, none, line + "/content/compoundprescription/formularyreference"},

	{62, CodeLifecycle, line + "/lifecycle/cd", all(attr("S", "CD-LIFECYCLE"), attr("SV", "1.9"), says("prescribed")), 0, none, line},
	{63, CodeTemporality, line + "/temporality/cd", not(all(attr("S", "CD-TEMPORALITY"), attr("SV", "1.0"))), 0, 0, ""},
	{64, CodeQuantity, line + "{content.compoundprescription}/quantity", nil, 0, none, line + "/content/compoundprescription"},
	{65, CodeQuantity, line + "{content.medicinalproduct}/quantity", nil, 0, none, line + "/content/medicinalproduct"},
	{66, CodeQuantityOfINN, line + "{quantity}/content/substanceproduct/intendedcd", saysOther("0000000"), 0, 0, ""},
	{67, CodePosology, line + "/posology/text", nil, 0, none, line},
	{68, CodePosology, line + "/posology/text", length(0, 0), 0, 0, ""},
	{69, CodeBegin, line + "/beginmoment/date", nil, 0, none, line},
	{70, CodeFrequency, line + "/frequency/periodicity/cd", says("UQ", "US", "UN", "UX", "UE"), 0, 0, ""},
	{71, CodeFrequency, line + "/frequency/periodicity/cd", all(attr("S", "CD-PERIODICITY"), attr("SV", "1.1")), 0, none, line + "/frequency"},
	{72, CodeINN, substance, not(length(7, 7)), 0, 0, ""},
	{73, CodeINN, substance, all(attr("S", "CD-INNCLUSTER"), not(starts("8", "0"))), 0, 0, ""},
	{74, CodeDeliveryDate, line + "/deliverydate", nil, 0, 0, ""},
	{75, CodeContent, line + "/content", nil, 0, none, ""},
	{76, CodeContent, line + "/content[3]", nil, 0, 0, ""},
	{77, CodeContent, line + "/content[2]/cd", anyOf(attrIsNot("S", "LOCAL"), attrIsNot("SV", "1.0"), attrIsNot("SL", "SAMPROOF")), 0, 0, ""},
	{78, CodeContent, line + "/content[1]/cd", nil, 0, 0, ""},

	{79, CodeSource, "header/externalsource", nil, 1, 1, ""},
	{80, CodeSource, "header/externalsource/source/cd", not(length(0, 0)), 1, 1, ""},
	{81, CodeSource, "header/externalsource/source/version", not(length(0, 0)), 1, 1, ""},
}

// anyPlace are the rules that P1 has in place of those of the same number: the parties of
// the sender may stand in any order.
var anyPlace = map[int]string{6: "header/sender/hcparty/id", 7: "header/sender/hcparty/cd", 8: "header/sender/hcparty/cd"}

// follows checks the rules of a type of prescription.
func (v *validation) follows(root *element, prescriptionType string) {
	for _, r := range rules {
		if other := anyPlace[r.number]; other != "" && prescriptionType == "P1" {
			r.path = other
		}
		path, textNodes := strings.CutSuffix(r.path, "/text()")
		found := below(root, path)
		if r.passes != nil {
			found = slices.DeleteFunc(found, func(e *element) bool { return !r.passes(e) })
		}
		count := len(found)
		if textNodes {
			count = 0
			for _, e := range found {
				count += len(e.texts)
			}
		}
		switch {
		case r.as != "":
			if all := below(root, r.as); count != len(all) {
				v.broken(r, odd(below(root, line), found, all).path())
			}
		case count < r.least:
			v.broken(r, reach(root, path))
		case r.most != none && count > r.most:
			v.broken(r, found[r.most].path())
		}
	}
}

func (v *validation) broken(r rule, path string) {
	v.findings = append(v.findings, rx.Fault(r.code, "rule", strconv.Itoa(r.number)).At(path))
}

// below are the elements of a path, in the order of the document.
func below(root *element, path string) []*element {
	found := []*element{root}
	for _, s := range strings.Split(path, "/") {
		found = step(found, s)
	}
	return found
}

// step are the children of that name, those at the position and with the content asked for.
func step(from []*element, s string) (found []*element) {
	name, position, _ := strings.Cut(strings.TrimSuffix(s, "]"), "[")
	name, holds, _ := strings.Cut(strings.TrimSuffix(name, "}"), "{")
	for _, e := range from {
		for _, c := range e.children {
			if c.name == name && (position == "" || strconv.Itoa(c.position) == position) && (holds == "" || c.holds(holds)) {
				found = append(found, c)
			}
		}
	}
	return found
}

// holds tells that e holds one of the children "a|b", or a child in a child "a.b".
func (e *element) holds(what string) bool {
	outer, inner, nested := strings.Cut(what, ".")
	return slices.ContainsFunc(e.children, func(c *element) bool {
		if nested {
			return c.name == outer && c.holds(inner)
		}
		return slices.Contains(strings.Split(what, "|"), c.name)
	})
}

// odd is the first line with not as many of the one as of the other, else the last line.
func odd(lines, some, others []*element) *element {
	difference := map[*element]int{}
	count := func(of []*element, by int) {
		for _, e := range of {
			for ; e != nil; e = e.parent {
				difference[e] += by
			}
		}
	}
	count(some, 1)
	count(others, -1)
	var last *element
	for _, last = range lines {
		if difference[last] != 0 {
			break
		}
	}
	return last
}

// reach is the path in the document as far as it goes, and what is missing of it.
func reach(root *element, path string) string {
	steps := strings.Split(path, "/")
	at := []*element{root}
	for i, s := range steps {
		name, _, _ := strings.Cut(s, "{")
		next := step(at, name)
		if len(next) == 0 {
			return at[0].path() + "/" + strings.Join(steps[i:], "/")
		}
		at = next
	}
	return at[0].path()
}

func all(tests ...test) test {
	return func(e *element) bool { return !slices.ContainsFunc(tests, func(t test) bool { return !t(e) }) }
}

func anyOf(tests ...test) test {
	return func(e *element) bool { return slices.ContainsFunc(tests, func(t test) bool { return t(e) }) }
}

func not(t test) test { return func(e *element) bool { return !t(e) } }

// attr is @name='value' for one of the values.
func attr(name string, values ...string) test {
	return func(e *element) bool {
		value, ok := e.attr(name)
		return ok && slices.Contains(values, value)
	}
}

// attrIsNot is @name!='value': false without the attribute.
func attrIsNot(name, value string) test {
	return func(e *element) bool {
		given, ok := e.attr(name)
		return ok && given != value
	}
}

// says is text()='value' for one of the values: true when any text node is.
func says(values ...string) test {
	return func(e *element) bool {
		return slices.ContainsFunc(e.texts, func(s string) bool { return slices.Contains(values, s) })
	}
}

// saysOther is text()!='value': true when any text node differs.
func saysOther(value string) test {
	return func(e *element) bool { return slices.ContainsFunc(e.texts, func(s string) bool { return s != value }) }
}

// length bounds string-length(text()): that of the first text node, 0 without one.
func length(least, most int) test {
	return func(e *element) bool {
		n := utf8.RuneCountInString(e.firstText())
		return n >= least && n <= most
	}
}

// starts is starts-with(text(), prefix) for one of the prefixes.
func starts(prefixes ...string) test {
	return func(e *element) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(e.firstText(), p) })
	}
}

func (e *element) firstText() string {
	if len(e.texts) == 0 {
		return ""
	}
	return e.texts[0]
}
