// Package assets holds the files that are compiled into the program: icon, fonts, catalogues, invented demo data.
// Whoever needs one imports this package; it imports nothing of ours and interprets nothing. Each kind of file stands in
// a Go file of its own.
package assets

import _ "embed"

// Icon is the program's icon: PNG, 512 × 512 pixels. It is drawn by tools/icon, which also keeps icon.svg.
//
//go:embed icon.png
var Icon []byte
