package rx

// Words is a text by language; documents need FR, NL and DE.
type Words map[Lang]string

// In gives the text in l, else in French, else in any language.
func (w Words) In(l Lang) string {
	if s := w[l]; s != "" {
		return s
	}
	for _, l := range Langs {
		if s := w[l]; s != "" {
			return s
		}
	}
	return ""
}

// Medicine is an entry of the local medicines file: a package (CNK) or a VMP group.
type Medicine struct {
	CNK         CNK      `json:"cnk,omitempty"`
	VMPGroup    string   `json:"vmp_group,omitempty"` // of an INN entry, or the group that a package belongs to
	Name        Words    `json:"name"`                // with strength and form: "Amoxicilline Exemple 500 mg gélules"
	Ingredients []string `json:"ingredients"`         // codes of the active substances, for "newer with that ingredient"
	Substance   Words    `json:"substance"`           // the INN in words
	Form        Words    `json:"form"`
	Strength    string   `json:"strength"`
	PackText    Words    `json:"pack_text,omitempty"` // "16 gélules"
	PackSize    int      `json:"pack_size,omitempty"` // units per package, 0 unknown
	Unit        string   `json:"unit,omitempty"`      // the dose unit of the package, one of Units
	Category    string   `json:"category,omitempty"`  // reimbursement category A, B, C …; "" not reimbursed
	Narcotic    bool     `json:"narcotic,omitempty"`  // narcotic or listed psychotropic: in full words on paper
	Paediatric  bool     `json:"paediatric,omitempty"`
}

// IsGroup tells an INN entry (VMP group) from a package.
func (m Medicine) IsGroup() bool { return m.CNK == "" }
