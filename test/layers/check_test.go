package layers

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// module is the path of our module: what stands below it is ours.
const module = "relais"

// file is what the rules need to know of one Go file. Files are read as they stand in the tree, whatever their build
// constraints say, so that a file for Windows or behind a tag obeys the same rules as any other.
type file struct {
	path    string // below the module, with slashes: "app/rx/niss.go"
	name    string // of the package clause
	imports []imported
}

type imported struct {
	path string
	line int
}

// pkg is the package path below the module, "." for the front door.
func (f file) pkg() string { return path.Dir(f.path) }

// isTest reports whether the file is compiled into tests only.
func (f file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// readTree returns every Go file of the module that stands at root, without testdata, hidden folders and modules of
// their own (tools). A file that does not parse is an error: an unread file would be an unchecked one.
func readTree(root string) ([]file, error) {
	var files []file
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipped(root, name)
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		f, err := readFile(root, name)
		files = append(files, f)
		return err
	})
	return files, err
}

// skipped returns fs.SkipDir for a folder that the go command does not count to the module either.
func skipped(root, dir string) error {
	if dir == root {
		return nil
	}
	base := filepath.Base(dir)
	if base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func readFile(root, name string) (file, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, name, nil, parser.ImportsOnly)
	if err != nil {
		return file{}, err
	}
	below, err := filepath.Rel(root, name)
	if err != nil {
		return file{}, err
	}
	f := file{path: filepath.ToSlash(below), name: parsed.Name.Name}
	for _, spec := range parsed.Imports {
		quoted, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return file{}, err
		}
		f.imports = append(f.imports, imported{quoted, set.Position(spec.Pos()).Line})
	}
	return f, nil
}

// check returns one sentence for each rule that a file breaks: where, what, and why the rule is there.
func check(files []file) []string {
	var faults []string
	unplaced := map[string]bool{}
	for _, f := range files {
		if fault := checkPlace(f); fault != "" && !unplaced[f.pkg()+fault] {
			unplaced[f.pkg()+fault] = true
			faults = append(faults, fault)
		}
		for _, i := range f.imports {
			for _, fault := range checkImport(f, i.path) {
				faults = append(faults, fmt.Sprintf("%s:%d: %s", f.path, i.line, fault))
			}
		}
	}
	return faults
}

// checkPlace judges where a file stands and how its package is called.
func checkPlace(f file) string {
	pkg := f.pkg()
	for _, word := range append(strings.Split(pkg, "/"), strings.TrimSuffix(f.name, "_test")) {
		if slices.Contains(vague, word) {
			return fmt.Sprintf("%s: a package called %q. Why not: a name that says nothing collects what nobody owns; name it by what it owns", pkg, word)
		}
	}
	switch {
	case slices.Contains(wings, pkg):
		return fmt.Sprintf("%s: the wing %q holds Go files of its own. Why not: its name clashes with the standard library's or Fyne's; give the file a room", f.path, pkg)
	case pkg == "." && f.path != "main.go":
		return fmt.Sprintf("%s: the front door is main.go alone. Why: each package beside it would have to build OpenGL; give the file a room", f.path)
	case roomOf(pkg) == nil:
		return fmt.Sprintf("%s: no row of the table covers this package. Why: who may import whom is decided before a room is built; give it a row in test/layers/rules_test.go", pkg)
	}
	return ""
}

// checkImport judges one import of a file by the table of rooms, the homes of powers and the domain's quiet list.
func checkImport(f file, target string) []string {
	var faults []string
	if fault := checkNeighbour(f, target); fault != "" {
		faults = append(faults, fault)
	}
	for _, p := range powers {
		if within(target, p.what...) && !within(target, p.free...) && !p.allows(f) {
			faults = append(faults, fmt.Sprintf("%s imports %s, but %s may be used by %s only. Why: %s", f.pkg(), target, p.name, p.users(), p.why))
		}
	}
	if f.pkg() == "app/rx" && !f.isTest() && !ours(target) && !within(target, quiet...) {
		faults = append(faults, fmt.Sprintf("app/rx imports %s, which is not one of the quiet parts of the standard library. Why: %s", target, quietWhy))
	}
	return faults
}

func checkNeighbour(f file, target string) string {
	if !ours(target) {
		return ""
	}
	pkg := f.pkg()
	neighbour := strings.TrimPrefix(strings.TrimPrefix(target, module), "/")
	if neighbour == "" {
		neighbour = "."
	}
	row := roomOf(pkg)
	switch {
	case row == nil: // already told by checkPlace
		return ""
	case neighbour == pkg && f.isTest(): // an external test of the package itself
		return ""
	case neighbour == descriptions && f.isTest(): // it knows files alone, nothing of ours
		return ""
	case within(neighbour, row.may...):
		return ""
	}
	return fmt.Sprintf("%s imports %s, but may import of ours: %s. Why: %s", pkg, neighbour, list(row.may), row.why)
}

// allows reports whether a file may use the power.
func (p power) allows(f file) bool {
	if within(f.pkg(), p.homes...) || within(f.path, p.homes...) {
		return true
	}
	switch p.tests {
	case anyTests:
		return f.isTest() || within(f.pkg(), "test/...")
	case crossing:
		return within(f.pkg(), "test/...")
	}
	return false
}

// users says who may use the power, as a failure tells it.
func (p power) users() string {
	users := slices.Clone(p.homes)
	switch p.tests {
	case anyTests:
		users = append(users, "tests")
	case crossing:
		users = append(users, "test/...")
	}
	return list(users)
}

// roomOf returns the row of a package, nil when the table has none.
func roomOf(pkg string) *room {
	for i := range rooms {
		if within(pkg, rooms[i].path) {
			return &rooms[i]
		}
	}
	return nil
}

func ours(target string) bool { return within(target, module+"/...") }

// within reports whether a path fits one of the patterns: itself, or "x/..." for x and everything below it.
func within(target string, patterns ...string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		below, tree := strings.CutSuffix(pattern, "/...")
		return target == below || tree && strings.HasPrefix(target, below+"/")
	})
}

func list(patterns []string) string {
	if len(patterns) == 0 {
		return "nothing"
	}
	return strings.Join(patterns, ", ")
}
