package formats

// Printers is the output of `printers` and `printers use`: the queues of this computer, and
// where documents of each kind go.
type Printers struct {
	Printers  List[Printer]  `json:"printers"`
	Documents List[PrintsOn] `json:"documents"`
}

// Printer is a queue. Media are PWG names (PWG 5101.1), trays and reasons IPP keywords.
type Printer struct {
	Name      string       `json:"name"`
	Info      string       `json:"info,omitempty"`
	Default   bool         `json:"default"`
	Accepting bool         `json:"accepting"` // takes jobs
	Paused    bool         `json:"paused"`
	PDF       bool         `json:"pdf"`
	Reasons   List[string] `json:"reasons"` // of what a person can see to
	Media     List[string] `json:"media"`
	Trays     List[string] `json:"trays"`
}

// PrintsOn is where documents of a kind go; "" is the default printer, the paper of the
// page's size, the printer's own choice of tray.
type PrintsOn struct {
	Document string `json:"document"` // proof, form, report, test
	Printer  string `json:"printer"`
	Media    string `json:"media"`
	Tray     string `json:"tray"`
}

// Printed is the output of `print`: how the job ended.
type Printed struct {
	Document      string             `json:"document"`
	Printer       string             `json:"printer"`
	Job           int                `json:"job"`              // its number at the spooler
	Sheet         string             `json:"sheet"`            // sent, none, maybe, open
	Reason        string             `json:"reason,omitempty"` // the code of why it is not simply printed
	Obstacles     List[string]       `json:"obstacles"`        // codes of what stood in the way at last
	Prescriptions List[Prescription] `json:"prescriptions"`
}
