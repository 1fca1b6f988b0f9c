package formats

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"relais/app/config"
	"relais/app/rx"
)

// format is a file or an output with a schema of its own.
type format struct {
	name, title string
	kind        reflect.Type
}

var allFormats = []format{
	{"order", "Order file of `relais prescribe`", reflect.TypeFor[rx.Request]()},
	{"practice", "Practice file of `relais init`", reflect.TypeFor[rx.Practice]()},
	{"unit", "Administration units of a dose", nil},
	{"profile", "Profile file of `relais init`", reflect.TypeFor[config.File]()},
	{"profiles", "Output of `relais profiles`", reflect.TypeFor[ProfileList]()},
	{"faults", "Fault plan of `relais simulate`", reflect.TypeFor[FaultPlan]()},
	{"prescribe", "Output of `relais prescribe` and `relais issue`", reflect.TypeFor[Prescribed]()},
	{"list", "Output of `relais list`", reflect.TypeFor[Listing]()},
	{"show", "Output of `relais show`", reflect.TypeFor[Shown]()},
	{"status", "Output of `relais status`", reflect.TypeFor[Status]()},
	{"standing", "Output of `relais open`, `refresh`, `visibility`, `ask-feedback` and `notify`", reflect.TypeFor[AtRecipe]()},
	{"feedback", "Output of `relais feedback`", reflect.TypeFor[FeedbackList]()},
	{"print", "Output of `relais print`", reflect.TypeFor[Printed]()},
	{"printers", "Output of `relais printers` and `relais printers use`", reflect.TypeFor[Printers]()},
	{"stock", "Output of `relais stock`", reflect.TypeFor[FormStock]()},
	{"settle", "Output of `relais settle`", reflect.TypeFor[Settling]()},
	{"drill", "Report of `relais drill`", reflect.TypeFor[Drill]()},
	{"simulate", "Output of `relais simulate`", reflect.TypeFor[Simulation]()},
	{"init", "Output of `relais init`", reflect.TypeFor[Made]()},
	{"patients", "Output of `relais patients find`", reflect.TypeFor[PatientList]()},
	{"verify", "Output of `relais verify`", reflect.TypeFor[Verified]()},
	{"export", "Output of `relais export`", reflect.TypeFor[Exported]()},
	{"identity", "Output of `relais identity add`, `show` and `forget`", reflect.TypeFor[Identity]()},
	{"keystores", "Output of `relais identity find`", reflect.TypeFor[Keystores]()},
	{"error", "Output of any command that fails", reflect.TypeFor[Failure]()},
}

// SchemaNames are the names that Schema knows.
func SchemaNames() []string {
	names := make([]string, len(allFormats))
	for i, f := range allFormats {
		names[i] = f.name
	}
	return names
}

// Schema is the JSON Schema (draft 2020-12) of a format. rx.CodeNotInList for a name
// that is none of SchemaNames. A sound order satisfies its schema; the reverse needs
// rx.Check, which knows the calendar, check digits and the medicines file.
func Schema(name string) ([]byte, error) {
	i := slices.IndexFunc(allFormats, func(f format) bool { return f.name == name })
	if i < 0 {
		return nil, rx.Fault(rx.CodeNotInList, "list", strings.Join(SchemaNames(), ", "))
	}
	f := allFormats[i]
	doc := object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"$id", "urn:relais:schema:" + f.name},
		{"title", f.title},
	}
	if f.kind == nil {
		return Encode(append(doc, pair{"enum", rx.Units}))
	}
	s := schemas{seen: map[reflect.Type]bool{}}
	doc = append(doc, s.structure(f.kind)...)
	if len(s.defs) > 0 {
		slices.SortFunc(s.defs, func(a, b pair) int { return strings.Compare(a.name, b.name) })
		doc = append(doc, pair{"$defs", s.defs})
	}
	return Encode(doc)
}

// object is a JSON object that keeps its order.
type object []pair

type pair struct {
	name  string
	value any
}

// MarshalJSON writes the pairs in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, p := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(p.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(p.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// schemas collects the definitions of the struct types on its way.
type schemas struct {
	defs object
	seen map[reflect.Type]bool
}

// of is the schema of a type where it is used.
func (s *schemas) of(t reflect.Type) object {
	if fixed, ok := leaves[t]; ok {
		return fixed
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Slice:
		return object{{"type", "array"}, {"items", s.of(t.Elem())}}
	case reflect.Map:
		return object{{"type", "object"}, {"additionalProperties", s.of(t.Elem())}}
	case reflect.Struct:
		if !s.seen[t] {
			s.seen[t] = true
			s.defs = append(s.defs, pair{t.Name(), s.structure(t)})
		}
		return object{{"$ref", "#/$defs/" + t.Name()}}
	case reflect.Bool:
		return object{{"type", "boolean"}}
	case reflect.Int, reflect.Int64:
		return object{{"type", "integer"}}
	}
	return object{{"type", "string"}}
}

// structure is the schema of a struct's own fields.
func (s *schemas) structure(t reflect.Type) object {
	properties, required := object{}, []string{}
	for _, f := range fieldsOf(t) {
		properties = append(properties, pair{f.name, append(slices.Clone(s.of(f.kind)), bounds[f.owner+"."+f.name]...)})
		if f.required {
			required = append(required, f.name)
		}
	}
	out := object{{"type", "object"}, {"properties", properties}}
	if len(required) > 0 {
		out = append(out, pair{"required", required})
	}
	return append(append(out, pair{"additionalProperties", false}), together[t.Name()]...)
}

func pattern(p string) object { return object{{"type", "string"}, {"pattern", p}} }

func enum[T ~string](list []T) object { return object{{"type", "string"}, {"enum", words(list)}} }

// leaves are the types with a form of their own.
var leaves = map[reflect.Type]object{
	reflect.TypeFor[rx.ID]():      pattern(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`),
	reflect.TypeFor[rx.SSIN]():    pattern(`^([0-9]{11}|[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2})$`),
	reflect.TypeFor[rx.NIHII]():   pattern(`^(1[0-9]{10}|1-[0-9]{5}-[0-9]{2}-[0-9]{3})$`),
	reflect.TypeFor[rx.CNK]():     pattern(`^([0-9]{7}|[0-9]{4}-[0-9]{3})$`),
	reflect.TypeFor[rx.RID]():     pattern(`^BE[A-Z][0-9A-Z]{9}$`),
	reflect.TypeFor[rx.Date]():    {{"type", "string"}, {"format", "date"}, {"pattern", `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}},
	reflect.TypeFor[rx.Decimal](): pattern(`^(0|[1-9][0-9]{0,6})([.,][0-9]{1,3})?$`),
	reflect.TypeFor[time.Time]():  {{"type", "string"}, {"format", "date-time"}},

	reflect.TypeFor[rx.Kind]():       enum(rx.Kinds),
	reflect.TypeFor[rx.Visibility](): enum(rx.Visibilities),
	reflect.TypeFor[rx.Lang]():       enum(rx.DocumentLangs),
	reflect.TypeFor[rx.Sex]():        enum(rx.Sexes),
	reflect.TypeFor[rx.NoSSIN]():     enum(rx.NoSSINs),
	reflect.TypeFor[rx.ProofWish]():  enum(rx.ProofWishes),
}

func text(most int) object  { return object{{"minLength", 1}, {"maxLength", most}} }
func from(least int) object { return object{{"minimum", least}} }
func between(least, most int) object {
	return object{{"minimum", least}, {"maximum", most}}
}
func among[T ~string](list []T) object { return object{{"enum", words(list)}} }

func named[T any](list []T, name func(T) string) object {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = name(v)
	}
	return object{{"enum", out}}
}

var (
	states = named(rx.States, rx.State.String)
	events = object{{"enum", append([]string{"issued"}, named(rx.Events, rx.EventKind.String)[0].value.([]string)...)}}
)

// bounds are what a field's type does not say, by type and field.
var bounds = map[string]object{
	"File.services":                  among([]string{config.Simulated, config.AtPlatform}),
	"Platform.sts_form":              among([]string{config.WSTrust, config.SAMLP}),
	"Platform.signature":             among([]string{config.SHA256, config.SHA1}),
	"Request.lines":                  {{"minItems", 1}, {"maxItems", rx.MaxLines}},
	"Patient.first_name":             text(rx.MaxName),
	"Patient.last_name":              text(rx.MaxName),
	"Patient.phone":                  text(rx.MaxPhone),
	"Line.vmp_group":                 {{"pattern", `^[0-9]{7}$`}},
	"Line.inn_cluster":               {{"pattern", `^[08][0-9]{6}$`}},
	"Line.name":                      text(rx.MaxProduct),
	"Line.text":                      text(rx.MaxMagistral),
	"Line.formulary":                 {{"pattern", `^05[0-9]{5}$`}},
	"Line.compounds":                 {{"minItems", 1}, {"maxItems", rx.MaxCompounds}},
	"Line.quantity":                  between(1, rx.MaxQuantity),
	"Line.instruction_reimbursement": among(rx.ReimbursementInstructions),
	"Line.instruction_patient":       text(rx.MaxInstruction),
	"Line.regimen":                   {{"maxItems", rx.MaxRegimen}},
	"Line.route":                     among(rx.Routes),
	"Line.temporality":               among(rx.Temporalities),
	"Compound.name":                  text(rx.MaxProduct),
	"Compound.unit":                  text(rx.MaxUnitText),
	"Span.value":                     between(1, rx.MaxDays),
	"Span.unit":                      {{"enum", slices.Sorted(maps.Keys(rx.TimeUnits))}},
	"RegimenEntry.day_number":        between(1, rx.MaxDays),
	"RegimenEntry.weekday":           among(rx.Weekdays),
	"RegimenEntry.time":              {{"pattern", `^([01][0-9]|2[0-3]):[0-5][0-9]$`}},
	"RegimenEntry.day_period":        among(rx.DayPeriods),
	"Renewal.times":                  between(1, rx.MaxRenewals),
	"Posology.unit":                  among(rx.Units),
	"Posology.unit_text":             text(rx.MaxUnitText),
	"Posology.times_per_day":         between(1, rx.MaxTimesPerDay),
	"Posology.duration_days":         between(1, rx.MaxDays),
	"Posology.text":                  text(rx.MaxInstruction),

	"Prescriber.first_name":    text(rx.MaxName),
	"Prescriber.last_name":     text(rx.MaxName),
	"Prescriber.qualification": text(rx.MaxContact),
	"Address.street":           text(rx.MaxContact),
	"Address.number":           text(rx.MaxNumber),
	"Address.zip":              {{"pattern", `^[0-9]{4}$`}},
	"Address.city":             text(rx.MaxContact),
	"Practice.phone":           {{"minLength", 1}, {"maxLength", rx.MaxPhone}, {"pattern", `[0-9]`}},
	"Practice.email":           {{"minLength", 1}, {"maxLength", rx.MaxEmail}, {"pattern", `^[^@\s]+@[^\s]+\.[^\s]*$`}},

	"PlannedFault.service":   among(rx.Services),
	"PlannedFault.operation": among(rx.Ops),
	"PlannedFault.kind":      among(FaultKinds),
	"PlannedFault.after":     between(0, maxCalls),
	"PlannedFault.count":     between(0, maxCalls),

	"Prescription.line":     between(0, rx.MaxLines-1),
	"Prescription.state":    {{"enum", append(named(rx.States, rx.State.String)[0].value.([]string), "draft")}}, // draft: in lists
	"Prescription.door":     among([]rx.Door{rx.DoorNone, rx.DoorElectronic, rx.DoorPaper}),
	"Attempt.n":             from(1),
	"Attempt.result":        {{"enum", []string{"on-the-wire", "accepted", "refused", "not-sent", "unanswered", "absent"}}},
	"Sheet.step":            among([]rx.PaperStep{rx.ToPrint, rx.ToSign, rx.HandedOver, rx.SheetDestroyed}),
	"Sheet.copies":          from(0),
	"Sheet.forms":           from(1),
	"Shown.proof_copies":    from(0),
	"FormStock.left":        between(0, rx.MostForms),
	"FormStock.low":         between(0, rx.MostForms),
	"Record.status":         among(rx.Statuses),
	"Printed.document":      {{"enum", []string{"proof", "form", "report", "test"}}},
	"Printed.job":           from(1),
	"Printed.sheet":         {{"enum", []string{"sent", "none", "maybe", "open"}}},
	"PrintsOn.document":     {{"enum", []string{"proof", "form", "report", "test"}}},
	"Standing.state":        states,
	"Standing.status":       among(rx.Statuses),
	"Standing.visibility":   among(rx.Visibilities),
	"Standing.differs":      {{"enum", []string{"must-go", "not-open", "not-adopted", "double", "changed"}}},
	"Standing.sealed":       {{"enum", []string{rx.SealedKeyRefused, rx.SealedKeyAway, rx.SealedForm}}},
	"Notice.n":              from(1),
	"Notice.pharmacy":       {{"pattern", "^[0-9]{8}$"}},
	"Notice.result":         {{"enum", []string{"on-the-wire", "accepted", "refused", "not-sent", "unanswered"}}},
	"FeedbackList.fresh":    from(0),
	"Happened.event":        events,
	"Happened.from":         states,
	"Happened.to":           states,
	"Tally.sound":           from(0),
	"Tally.all":             from(0),
	"Finding.what":          {{"enum", []string{"unreadable", "changed", "missing", "older", "foreign", "structure"}}},
	"Identity.retired_keys": from(0),
	"IdentityWarning.days":  {{"enum", []int{7, 30, 90}}},
	"KeystoreFile.size":     from(1),
	"Duty.kind":             named(rx.Duties, rx.DutyKind.String),
	"Facts.version":         between(1, rx.FactsVersion),
	"Facts.line":            between(0, rx.MaxLines-1),
	"Facts.type":            {{"enum", []string{"P0", "P1"}}},
}

// together are the rules between fields of a type.
var together = map[string]object{
	"Patient": oneOf(needs("ssin"), needs("no_ssin")),
	"Posology": oneOf(
		append(needs("text"), pair{"maxProperties", 1}),
		append(append(needs("dose"), without("text")...), oneOf(needs("unit"), needs("unit_text"))...)),
	"RegimenEntry": {{"allOf", []object{
		oneOf(needs("day_number"), needs("date"), needs("weekday")),
		oneOf(needs("time"), needs("day_period")),
	}}},
	"Line": {
		{"dependentRequired", object{{"formulary", []string{"name"}}}},
		{"allOf", []object{
			when(rx.Package, needs("cnk", "quantity")),
			when(rx.INN, oneOf(needs("vmp_group"), needs("inn_cluster")), without("quantity")),
			when(rx.Magistral, oneOf(needs("text"), needs("formulary"), needs("compounds")), needs("quantity")),
			when(rx.Free, needs("name", "quantity")),
		}},
	},
}

func needs(fields ...string) object  { return object{{"required", fields}} }
func oneOf(schemas ...object) object { return object{{"oneOf", schemas}} }
func without(fields ...string) object {
	none := object{}
	for _, f := range fields {
		none = append(none, pair{f, false})
	}
	return object{{"properties", none}}
}

// when is what holds for a line of a kind, beside the fields that only other kinds take.
func when(kind rx.Kind, then ...object) object {
	var foreign []string
	for _, k := range rx.Kinds {
		for _, f := range rx.ProductFields[k] {
			if !slices.Contains(rx.ProductFields[kind], f) && !slices.Contains(foreign, f) {
				foreign = append(foreign, f)
			}
		}
	}
	return object{{"if", object{{"properties", object{{"kind", object{{"const", string(kind)}}}}}}}, {"then", object{{"allOf", append(then, without(foreign...))}}}}
}
