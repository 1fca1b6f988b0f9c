package assets

import _ "embed"

// Risks is the short, reviewed list of the entries with which a slip of the pen does the most harm, with what is asked of
// a line that names one of them and where that rule comes from. app/prescribing reads it (risk.go gives its shape).
//
//go:embed risks.json
var Risks []byte
