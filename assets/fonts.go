package assets

import _ "embed"

// FontRegular and FontBold are DejaVu Sans Condensed 2.37, as TrueType with glyf
// outlines: the form that the PDF writer and the window both read. It is chosen
// for its reach: a doctor's free text may hold Łódź, µg, ≤, → or Greek, and a
// document must show it or refuse it. Licence: fonts/LICENSE.txt.
var (
	//go:embed fonts/DejaVuSansCondensed.ttf
	FontRegular []byte
	//go:embed fonts/DejaVuSansCondensed-Bold.ttf
	FontBold []byte
)
