package i18n

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"relais/app/rx"
)

// Everything that the program can say has a text: the keys below are made from the
// domain itself, so that a new code, state, duty or unit fails here until it has one.

const root = "../.."

func goFiles(t *testing.T, dir string) (*token.FileSet, []*ast.File) {
	t.Helper()
	set := token.NewFileSet()
	var files []*ast.File
	err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && filepath.Base(path) == "test" {
			return fs.SkipDir // what tests alone say is said to nobody
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Logf("left out: %v", err)
			return nil
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return set, files
}

// literal is the value of a string literal.
func literal(e ast.Expr) (string, bool) {
	b, ok := e.(*ast.BasicLit)
	if !ok || b.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(b.Value)
	return s, err == nil
}

// codes are the constants of rx.Code by their names, read from the source: most in
// app/rx, a few beside what they belong to.
func codes(t *testing.T) map[string]string {
	_, files := goFiles(t, ".")
	found := map[string]string{}
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				if !isCode(f, v.Type) {
					continue
				}
				for i, name := range v.Names {
					if value, ok := literal(v.Values[i]); ok {
						found[name.Name] = value
					} else {
						t.Errorf("%s: not a string literal", name.Name)
					}
				}
			}
		}
	}
	if len(found) < 40 {
		t.Fatalf("only %d codes found in app/rx: has the form of codes.go changed?", len(found))
	}
	return found
}

// isCode tells the type rx.Code, also as Code inside app/rx.
func isCode(f *ast.File, typ ast.Expr) bool {
	switch typ := typ.(type) {
	case *ast.Ident:
		return f.Name.Name == "rx" && typ.Name == "Code"
	case *ast.SelectorExpr:
		x, ok := typ.X.(*ast.Ident)
		return ok && x.Name == "rx" && typ.Sel.Name == "Code"
	}
	return false
}

func needs(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if !Has(key) {
			t.Errorf("no text for %s", key)
		}
	}
}

func TestEveryCodeHasAText(t *testing.T) {
	known := codes(t)
	for _, code := range known {
		needs(t, "error."+code, "error."+code+".next")
	}
	values := map[string]bool{}
	for _, code := range known {
		values[code] = true
	}
	for key := range texts[rx.FR]() {
		if code, ok := strings.CutPrefix(key, "error."); ok && !values[strings.TrimSuffix(code, ".next")] {
			t.Errorf("%s: no such code", key)
		}
	}
}

// Whoever raises a code gives the arguments that its sentences show.
func TestFaultsGiveTheArgumentsOfTheirTexts(t *testing.T) {
	known := codes(t)
	set, files := goFiles(t, ".")
	raised := 0
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			for i, arg := range call.Args {
				name := ""
				switch a := arg.(type) {
				case *ast.Ident:
					name = a.Name
				case *ast.SelectorExpr:
					name = a.Sel.Name
				}
				code, ok := known[name]
				if !ok {
					continue
				}
				raised++
				var given []string
				for j := i + 1; j < len(call.Args); j += 2 {
					s, _ := literal(call.Args[j])
					given = append(given, s)
				}
				if slices.Contains(given, "min") || slices.Contains(given, "max") {
					given = append(given, "bounds") // made of them by say
				}
				for _, key := range []string{"error." + code, "error." + code + ".next"} {
					wanted, _ := placeholders(texts[rx.FR]()[key])
					for _, w := range wanted {
						if !slices.Contains(given, w) {
							t.Errorf("%s: %s raised without %q, which %s shows", set.Position(call.Pos()), name, w, key)
						}
					}
				}
			}
			return true
		})
	}
	if raised < 40 {
		t.Errorf("only %d places found that raise a code", raised)
	}
}

// Every key that is written out in a call of Text, Count or Has exists, with the
// arguments that it shows.
func TestKeysInTheSourceExist(t *testing.T) {
	all := slices.Collect(maps.Keys(texts[rx.FR]()))
	set, files := goFiles(t, ".")
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			name := ""
			switch fun := call.Fun.(type) {
			case *ast.Ident:
				if f.Name.Name == "i18n" {
					name = fun.Name
				}
			case *ast.SelectorExpr:
				if x, ok := fun.X.(*ast.Ident); ok && x.Name == "i18n" {
					name = fun.Sel.Name
				}
			}
			if name != "Text" && name != "Count" {
				return true
			}
			if sum, ok := call.Args[1].(*ast.BinaryExpr); ok {
				if prefix, ok := literal(sum.X); ok && !slices.ContainsFunc(all, func(key string) bool { return strings.HasPrefix(key, prefix) }) {
					t.Errorf("%s: no text for any key %s…", set.Position(call.Pos()), prefix)
				}
			}
			key, ok := literal(call.Args[1])
			if !ok {
				return true
			}
			keys, given := []string{key}, call.Args[2:]
			if name == "Count" {
				keys, given = []string{key + ".one", key + ".many"}, call.Args[3:]
			}
			names := []string{}
			for i := 0; i < len(given); i += 2 {
				s, _ := literal(given[i])
				names = append(names, s)
			}
			for _, key := range keys {
				if !Has(key) {
					t.Errorf("%s: no text for %s", set.Position(call.Pos()), key)
				}
				wanted, _ := placeholders(texts[rx.FR]()[key])
				for _, w := range wanted {
					if !call.Ellipsis.IsValid() && !slices.Contains(names, w) && (name == "Text" || w != "n") {
						t.Errorf("%s: %s without its argument %q", set.Position(call.Pos()), key, w)
					}
				}
			}
			return true
		})
	}
}

func TestEveryWordOfTheDomainHasAText(t *testing.T) {
	var keys []string
	add := func(prefix string, words ...string) {
		for _, w := range words {
			keys = append(keys, prefix+w)
		}
	}
	add("state.", "draft", "paper.forced", "paper.double", "revoked.unconfirmed", "revoked.prescriber", "revoked.patient")
	for _, s := range rx.States {
		add("state.", s.String())
	}
	for _, s := range []rx.PaperStep{rx.ToPrint, rx.ToSign, rx.HandedOver, rx.SheetDestroyed} {
		add("state.paper.", string(s))
	}
	for _, d := range []rx.Door{rx.DoorNone, rx.DoorElectronic, rx.DoorPaper} {
		add("door.", string(d))
	}
	for _, s := range append([]rx.Status{rx.StatusUnread}, rx.Statuses...) {
		add("", statusKey(s))
	}
	for _, d := range rx.Duties {
		add("duty."+d.String(), "", ".next")
	}
	for _, e := range rx.Events {
		add("event.", e.String())
	}
	for _, r := range rx.PaperReasons {
		add("paper-reason.", string(r))
	}
	for _, k := range rx.Kinds {
		add("kind.", string(k))
	}
	for _, v := range rx.Visibilities {
		add("visibility.", string(v))
	}
	for _, p := range rx.ProofWishes {
		add("proof.", string(p))
	}
	for _, n := range rx.NoSSINs {
		add("no-ssin.", string(n))
	}
	for _, s := range rx.Sexes {
		add("sex.", string(s))
	}
	for _, l := range rx.Langs {
		add("language.", string(l))
	}
	for _, s := range rx.Services {
		add("service.", string(s))
	}
	for u := range rx.TimeUnits {
		add("span."+u, ".one", ".many")
		add("every."+u, ".one", ".many")
	}
	for _, u := range append([]string{"microgram"}, rx.Units...) {
		add("unit."+u, ".one", ".many")
	}
	for m := 1; m <= 12; m++ {
		add("month.", strconv.Itoa(m))
	}
	add("revoke-reason.", rx.RevokeReasons...)
	add("reimbursement.", rx.ReimbursementInstructions...)
	add("temporality.", rx.Temporalities...)
	add("route.", rx.Routes...)
	add("weekday.", rx.Weekdays...)
	add("day-period.", rx.DayPeriods...)
	add("proof.forced.", rx.ProofReasons...)
	add("profile.", "simulated", "acceptance", "production", "custom", "fictitious", "watermark")
	needs(t, keys...)
}

// The outcomes and the reasons of duties stand in duty.go as constants and literals.
func TestEveryOutcomeAndReasonOfADutyHasAText(t *testing.T) {
	_, files := goFiles(t, "app/rx")
	outcomes, whys := 0, 0
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, v := range n.Values {
					s, ok := literal(v)
					if typ, is := n.Type.(*ast.Ident); ok && is && typ.Name == "Outcome" {
						outcomes++
						needs(t, "outcome."+s)
					} else if ok && strings.HasPrefix(n.Names[i].Name, "why") {
						whys++
						needs(t, "duty.reconfirm.why."+s)
					}
				}
			case *ast.FuncDecl:
				if n.Name.Name == "toTell" {
					ast.Inspect(n, func(n ast.Node) bool {
						if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) == 2 {
							if s, ok := literal(r.Results[1]); ok && s != "" {
								whys++
								needs(t, "duty.tell.why."+s)
							}
						}
						return true
					})
				}
			case *ast.CallExpr:
				if fun, ok := n.Fun.(*ast.Ident); ok && fun.Name == "owe" {
					kind, s := n.Args[0].(*ast.Ident), ""
					if s, ok = literal(n.Args[2]); ok {
						whys++
						needs(t, "duty."+kebab(strings.TrimPrefix(kind.Name, "Duty"))+".why."+s)
					}
				}
			}
			return true
		})
	}
	if outcomes < 15 || whys < 15 {
		t.Errorf("found %d outcomes and %d reasons: has the form of duty.go changed?", outcomes, whys)
	}
}

// Every field of an order or practice file can be named.
func TestEveryFieldHasAName(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if name == "" {
				continue
			}
			needs(t, "field."+name)
			if k := typ.Field(i).Type.Kind(); k == reflect.Slice {
				needs(t, "field."+name+".n")
			}
			walk(typ.Field(i).Type)
		}
	}
	walk(reflect.TypeFor[rx.Request]())
	walk(reflect.TypeFor[rx.Practice]())
}
