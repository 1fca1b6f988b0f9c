package kmehr

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"relais/app/rx"
	"relais/test/specs"
)

// opinion is what others say of a message with the schema and the rules as they are
// published: the XML tools of the JDK, and xmllint.
type opinion struct {
	readable, valid bool
	broken          []int // rules; nil when nobody could say
	lint            string
}

const (
	schemaFile = "kmehr/xsd-kmehr-1.28.0/ehealth-kmehr/XSD/kmehr_elements-1_28.xsd"
	rulesFile  = "kmehr/validation.properties"
)

// asked is a message of a type of prescription.
type asked struct {
	prescriptionType string
	message          []byte
}

// jdk is one process of testdata/Oracle.java for all tests, started by the first.
type jdk struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	stderr  bytes.Buffer
}

var theJDK *jdk

func TestMain(m *testing.M) {
	code := m.Run()
	if theJDK != nil {
		if err := errors.Join(theJDK.in.Close(), theJDK.process.Wait()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// secondOpinions asks the JDK, and xmllint where it is installed, about all messages at
// once. The test is skipped where nobody can be asked.
func secondOpinions(t *testing.T, about []asked) []opinion {
	t.Helper()
	xsd, rules := specs.Path(t, schemaFile), specs.Path(t, rulesFile)
	java, err := exec.LookPath("java")
	if err != nil {
		t.Skipf("specs: skipped %d (java is not installed)", len(about))
	}
	if theJDK == nil {
		j := &jdk{process: exec.Command(java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", filepath.Join("testdata", "Oracle.java"), xsd, rules)}
		in, errIn := j.process.StdinPipe()
		out, errOut := j.process.StdoutPipe()
		j.process.Stderr = &j.stderr
		if err := errors.Join(errIn, errOut, j.process.Start()); err != nil {
			t.Fatal(err)
		}
		j.in, j.out = in, bufio.NewReader(out)
		theJDK = j
	}
	dir := t.TempDir()
	var names []string
	var list bytes.Buffer
	for i, a := range about {
		name := filepath.Join(dir, strconv.Itoa(i)+".xml")
		if err := os.WriteFile(name, a.message, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
		fmt.Fprintln(&list, a.prescriptionType, name)
	}
	fmt.Fprintln(&list)
	go func() { _, _ = theJDK.in.Write(list.Bytes()) }() // it answers while it reads; what fails shows in the answer
	opinions := make([]opinion, len(about))
	for i := range opinions {
		answer, err := theJDK.out.ReadString('\n')
		words := strings.Fields(answer)
		if err != nil || len(words) != 3 || words[0] != names[i] {
			t.Fatalf("java says %q: %v\n%s", answer, err, theJDK.stderr.Bytes())
		}
		o := opinion{readable: words[1] != "unreadable", valid: words[1] == "valid", broken: []int{}}
		for n := range strings.SplitSeq(words[2], ",") {
			if rule, err := strconv.Atoi(n); err == nil {
				o.broken = append(o.broken, rule)
			} else if n != "-" {
				t.Fatal(answer)
			}
		}
		opinions[i] = o
	}
	linted := lint(t, xsd, names, opinions)
	t.Logf("specs: %d checks by java, %d by xmllint", len(opinions), linted)
	return opinions
}

// lint adds what xmllint says, where it is installed, and counts.
func lint(t *testing.T, xsd string, names []string, opinions []opinion) (n int) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		return 0
	}
	for chunk := range slices.Chunk(names, 500) {
		said, _ := exec.Command(xmllint, append([]string{"--nonet", "--noout", "--schema", xsd}, chunk...)...).CombinedOutput() // its lines tell more than its exit code
		for line := range strings.Lines(string(said)) {
			for _, verdict := range []string{"validates", "fails to validate"} {
				if name, ok := strings.CutSuffix(strings.TrimSpace(line), " "+verdict); ok {
					opinions[slices.Index(names, name)].lint = verdict
					n++
				}
			}
		}
	}
	return n
}

// schemaCodes are the codes of the message as XML and against the schema.
var schemaCodes = []rx.Code{CodeForm, CodeDocumentType, CodeNotKMEHR, CodeNamespace, CodeElement, CodeMissingElement, CodeAttribute,
	CodeMissingAttribute, CodeText, CodeValue, CodeValueList, rx.CodeFileTooLarge, rx.CodeTooDeep, rx.CodeNotUTF8}

// ours is our verdict in the same terms, but for the day beside the message.
func ours(message []byte, prescriptionType string) (valid bool, broken []int, all rx.Faults) {
	valid, broken = true, []int{}
	all = Validate(message, prescriptionType, rx.Date{})
	for _, f := range all {
		if slices.Contains(schemaCodes, f.Code) {
			valid = false
		} else if f.Code != CodeExpiryDiffers {
			n, err := strconv.Atoi(f.Args["rule"])
			if err != nil {
				panic(f)
			}
			broken = append(broken, n)
		}
	}
	return valid, broken, all
}

// agree holds our verdict against theirs; it returns how many messages are sound.
func agree(t *testing.T, about []asked) (sound int) {
	t.Helper()
	for i, o := range secondOpinions(t, about) {
		a := about[i]
		valid, broken, all := ours(a.message, a.prescriptionType)
		theirs := o.valid && o.lint != "fails to validate"
		stricter := o.lint == "" && theirs && !slices.ContainsFunc(all, func(f *rx.Error) bool { return slices.Contains(schemaCodes, f.Code) && f.Code != CodeValue })
		if valid != theirs && !stricter { // values are judged as xmllint does, also where it is not at hand
			t.Errorf("schema: we say %v (%v), java %v, xmllint %q:\n%s", valid, all, o.valid, o.lint, a.message)
		}
		ends := len(all) > 0 && slices.Contains([]rx.Code{CodeForm, CodeDocumentType, CodeNotKMEHR}, all[0].Code) // of what is no KMEHR message we say no more
		if o.readable && !ends && !slices.Equal(broken, o.broken) {
			t.Errorf("%s: rules: we say %v, java %v:\n%s", a.prescriptionType, broken, o.broken, a.message)
		}
		if valid && len(broken) == 0 {
			sound++
		}
	}
	return sound
}
