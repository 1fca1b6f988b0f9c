package assets

import "embed"

// Catalogues holds catalogues/LANG.json for fr, nl, de and en: one flat object of
// key and text each, keys sorted. app/i18n reads and checks them.
//
//go:embed catalogues/*.json
var Catalogues embed.FS
