package layers

// The architecture as data. A pattern is a package path below the module; "x/..." means x and everything below it,
// and "." is the front door (main.go). The first row whose pattern fits a package is its row.

// room is one row of "who knows whom": what the packages of a path may import of ours, in code and in tests alike.
type room struct {
	path string
	may  []string
	why  string
}

var rooms = []room{
	{".", []string{"app/cli", "ui/shell"},
		"the front door hands the commands a function that opens the window, and does nothing else"},

	{"app/rx", nil,
		"the domain knows no neighbour: it can be read, tested and trusted alone"},
	{"app/crash", nil,
		"what ends a broken program must need nothing of it; every part that starts a goroutine may use it"},
	{"app/formats", []string{"app/rx", "app/config"},
		"the files and outputs of the command line are translations of the domain and of profiles; use cases do not know that files exist"},
	{"app/prescribing", sharedFacts,
		"use cases reach storage, network and printer through ports that they declare; wiring fills the ports"},
	{"app/documents", sharedFacts,
		"a page is made from facts and a language: nothing else may change what is printed"},
	{"app/procedures", sharedFacts,
		"the emergency procedures must be readable when everything else is broken"},
	{"app/i18n", sharedFacts,
		"a catalogue takes the language as an argument and knows only the words of the domain"},
	{"app/config", sharedFacts,
		"settings are read by others; they reach for nobody"},
	{"app/printing", append([]string{"app/crash"}, sharedFacts...),
		"the printer is given bytes; it does not know what a prescription is for"},
	{"app/drill", []string{"app/rx", "app/prescribing", "app/documents", "app/i18n"},
		"the drill plays an outage through a port to the simulated world, so that it runs in virtual time"},
	{"app/cli", []string{"app/..."},
		"commands reach data and network only through small ports that wiring fills, so a command is never a second way in"},
	{"app/wiring", []string{"app/...", "data/...", "sync/...", "assets"},
		"the composition root knows every part but the window: headless commands must link no Fyne"},

	{"data/store", []string{"app/rx"},
		"storage keeps what the domain decided; sealing, MAC and blind index come through a port that data/vault fits"},
	{"data/vault", []string{"app/rx"},
		"keys know nothing of the tables that they protect"},
	{"data/medicines", []string{"app/rx"},
		"the medicines file is public data with its own life: it is replaced while prescriptions stay"},
	{"data/backup", []string{"data/vault", "data/store"},
		"a backup moves sealed rows and wrapped keys; it does not interpret prescriptions"},

	{"sync/outbox", []string{"app/rx", "app/crash"},
		"the engine sees storage and remote as ports, so that the double, the simulator and acceptance run the same engine"},
	{"sync/monitor", []string{"app/rx"},
		"observations come in, availability goes out: it must not depend on the client that it judges"},
	{"sync/download", nil,
		"fetching a file from an address needs to know nothing of ours"},
	{"sync/recipe/wire", []string{"sync/ehealth/xmldsig"},
		"the types of the protocol know no transport; their bounded reader is that of all XML here"},
	{"sync/recipe/kmehr", []string{"app/rx"},
		"a KMEHR message is written from the domain and read into it; it knows no transport"},
	{"sync/recipe", []string{"app/rx", "sync/ehealth/...", "sync/recipe/wire", "sync/recipe/kmehr"},
		"the client of Recip-e stands on the security layer and knows neither engine nor storage"},
	{"sync/ehealth/...", []string{"sync/ehealth/..."},
		"the security layer knows nothing of prescriptions, so that it can be checked against its specification alone"},
	{"sync/simulator/world", []string{"app/rx"},
		"the ground truth of every test must not be computed by the code under test"},
	{"sync/simulator", []string{"app/rx", "sync/simulator/world", "sync/ehealth/...", "sync/recipe/wire", "sync/recipe/kmehr"},
		"the simulated services must not share code with the client (sync/recipe), the engine or the storage that they test"},
	{"sync/simulator/simtest", []string{"sync/simulator"},
		"keys that tests of every wing share; nothing that is shipped imports them"},

	{"ui/model", facts(),
		"view models are plain Go over the use cases: they are tested without a window"},
	{"ui/bridge", facts("app/crash"),
		"the gate to the UI thread knows no screen"},
	{"ui/kit", facts("ui/bridge", "ui/model"),
		"our widgets know no screen; imports go downwards: shell, screen, kit, then bridge and model"},
	{"ui/screen", facts("ui/kit", "ui/bridge", "ui/model"),
		"screens show models; imports go downwards: shell, screen, kit, then bridge and model"},
	{"ui/shell", facts("ui/screen", "ui/kit", "ui/bridge", "ui/model"),
		"the window reaches data and network through the use cases only; imports go downwards"},

	{"assets", nil,
		"embedded files are bytes: whoever needs them imports them, never the other way"},
	{"test/...", []string{"app/...", "data/...", "sync/...", "ui/...", "assets", "test/..."},
		"suites that cross wings live here, and only here"},
}

// sharedFacts is what every part of the program's inside may know: the domain, its words, the embedded files.
var sharedFacts = []string{"app/rx", "app/i18n", "assets"}

// facts is what the window's parts may know of the program, and the parts of the window below them.
func facts(below ...string) []string {
	return append([]string{"app/rx", "app/prescribing", "app/documents", "app/i18n", "assets"}, below...)
}

// power is a library that acts on the world outside, or a choice that we want to be able to undo in one place.
// Its packages may be imported only by its homes. Test files and test/… are homes as well when tests is true.
type power struct {
	name  string
	what  []string // import patterns
	free  []string // patterns below what that are harmless
	homes []string // package patterns; "main.go" is that file alone
	tests tests
	why   string
}

// tests says which tests may use a power outside its homes.
type tests int

const (
	noTests  tests = iota // none: the rule holds in tests too
	crossing              // the suites of test/… only
	anyTests              // every test file, and test/…
)

var powers = []power{
	{name: "SQL databases", what: []string{"database/sql/...", "modernc.org/..."},
		homes: []string{"data/...", "sync/simulator/world"}, tests: crossing,
		why: "one wing keeps things, and the simulated server keeps its own truth apart from it"},
	{name: "HTTP", what: []string{"net/http/..."},
		homes: []string{"sync/...", "app/printing"}, tests: crossing,
		why: "what leaves this machine leaves through sync; IPP to the printer is the one exception"},
	{name: "the window's driver (OpenGL)", what: []string{"fyne.io/fyne/v2/app/...", "github.com/go-gl/..."},
		homes: []string{"main.go"}, tests: noTests,
		why: "it costs 160 CPU-seconds of cgo and needs a display: every package but the front door builds, tests and races without it"},
	{name: "Fyne", what: []string{"fyne.io/..."}, free: []string{"fyne.io/fyne/v2/app/..."},
		homes: []string{"main.go", "ui/bridge", "ui/kit", "ui/screen", "ui/shell"}, tests: crossing,
		why: "the toolkit stays in the window; view models (ui/model) are plain Go"},
	{name: "processes", what: []string{"os/exec/..."},
		homes: []string{"app/printing"}, tests: anyTests,
		why: "another program sees its arguments and files: only opening a viewer needs one"},
	{name: "TLS and certificates", what: []string{"crypto/tls/...", "crypto/x509/..."},
		homes: []string{"sync/..."}, tests: crossing,
		why: "whom we trust on the network is decided in sync"},
	{name: "ciphers, signatures, MACs and keys",
		what:  []string{"crypto/...", "golang.org/x/crypto/...", "filippo.io/...", "software.sslmate.com/..."},
		free:  []string{"crypto/sha256", "crypto/rand", "crypto/subtle", "crypto/tls/...", "crypto/x509/..."},
		homes: []string{"data/vault", "data/backup", "sync/ehealth/...", "sync/recipe/wire", "sync/simulator", "sync/simulator/simtest"}, tests: crossing,
		why: "keys are handled in few, small packages that can be reviewed whole; others ask through a port"},
	{name: "the PDF library", what: []string{"github.com/jung-kurt/gofpdf/..."},
		homes: []string{"app/documents"}, tests: noTests,
		why: "it is archived upstream: one package knows it, so that its successor could take its place"},
	{name: "the command-line library", what: []string{"github.com/alecthomas/kong/..."},
		homes: []string{"app/cli"}, tests: noTests,
		why: "the command tree is in one place"},
	{name: "test libraries",
		what:  []string{"testing/...", "pgregory.net/rapid/...", "github.com/google/go-cmp/...", "github.com/rogpeppe/go-internal/...", "go.uber.org/goleak/..."},
		tests: anyTests,
		why:   "what checks the program is not shipped in it"},
}

// quiet is what the domain (app/rx) may import besides nothing: parts of the standard library that touch no clock by
// themselves, no disk, no network and no process. Its tests are free.
var quiet = []string{
	"bytes", "cmp", "container/...", "crypto/sha256", "crypto/subtle", "embed", "encoding/...", "errors", "fmt", "hash/...", "io", "iter",
	"log/slog", "maps", "math", "math/big", "math/bits", "regexp", "slices", "sort", "strconv", "strings", "time", "unicode/...", "unique",
}

const quietWhy = "the domain decides from its arguments alone: clock, randomness, disk and network are given to it by others"

// descriptions finds the platform's own interface descriptions; every test may hold what it made against them.
const descriptions = "test/specs"

// wings hold sub-packages only: their names would otherwise clash with the standard library's sync or Fyne's app.
var wings = []string{"app", "data", "sync", "ui", "test"}

// vague names say nothing about what a package owns, and so collect what nobody owns.
var vague = []string{"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}
