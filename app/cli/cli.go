// Package cli is the command line: the second door into the program.
//
// It owns the command tree, what commands read (files, standard input, passphrase) and
// what they print, and the exit codes. What a command does is one call of a use case;
// nothing is decided here.
//
// Contract:
//
//   - standard output is the answer, for people in their language or, with --json, exactly
//     the formats of app/formats; standard error is one sentence and a next step for each
//     fault, without anything of a patient;
//   - secrets and what is known of patients are never arguments: files, standard input;
//   - exit codes: 0 done, 1 failed with a reason, 2 usage, 3 kept but not sent, 4 needs a
//     person; of several lines the worst wins in the order 4, 1, 3, 0; 70 the program
//     broke, and what was durable is (app/crash);
//   - commands may run beside the window and beside each other.
//
// Failure modes: every error is told by its code in the catalogues; what has none is
// "internal". A command that is interrupted leaves what was said to be durable.
package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/alecthomas/kong"

	"relais/app/config"
	"relais/app/crash"
	"relais/app/i18n"
	"relais/app/rx"
	"relais/app/wiring"
)

// Codes of this package.
const (
	CodeUsage          rx.Code = "usage"           // the command line itself (usage, detail)
	CodeNoPassphrase   rx.Code = "no-passphrase"   // no file names it and there is no terminal to ask at
	CodePassphrases    rx.Code = "passphrases"     // the two that were typed differ
	CodeFileRead       rx.Code = "file-read"       // a file that was named cannot be read (file)
	CodeFileExists     rx.Code = "file-exists"     // it would be overwritten (file)
	CodeFileWrite      rx.Code = "file-write"      // it cannot be written (file)
	CodeIDMissing      rx.Code = "id-missing"      // with --json the caller makes the order's id
	CodeNoWindow       rx.Code = "no-window"       // this program was built without one
	CodeNoDisplay      rx.Code = "no-display"      // the system gives it none
	CodeDrillFaults    rx.Code = "drill-faults"    // something was lost or double in a drill (duplicates, lost)
	CodeNothingWritten rx.Code = "nothing-written" // no text came from standard input
	CodeInterrupted    rx.Code = "interrupted"     // by the person, before its end
	CodeMomentForm     rx.Code = "moment-form"     // no moment in RFC 3339
)

// Exit is how a command ended.
type Exit int

// In the order in which the worst of several lines wins.
const (
	Done        Exit = 0
	Kept        Exit = 3 // durable, not sent
	Failed      Exit = 1
	NeedsPerson Exit = 4
	Damage      Exit = 5 // something in the directory is damaged; the answer is about the rest
	Usage       Exit = 2
)

// severity of an exit: the higher wins.
var severity = map[Exit]int{Done: 0, Kept: 1, Failed: 2, NeedsPerson: 3, Damage: 4, Usage: 5}

func (e Exit) or(other Exit) Exit {
	if severity[other] > severity[e] {
		return other
	}
	return e
}

// House is the data directory that a window stands in front of.
type House = wiring.House

// Window opens the window on a data directory and returns when it was closed.
type Window func(*House) error

// System is what a command line runs on.
type System struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Home           string
	Window         Window            // nil: none
	Step           func(name string) // nil but in tests: see wiring.Step
	Keys           wiring.Keys       // nil but in tests: see wiring.Protocol
}

// Main runs the command line of this process and gives its exit code. window opens the
// window; nil in programs without one.
func Main(window Window) int {
	sys := Here()
	sys.Window = window
	return sys.Main()
}

// Here is what this process runs on, without a window.
func Here() System {
	home, err := os.UserHomeDir()
	if err != nil { // a directory given by name needs none
		home = ""
	}
	return System{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Home: home}
}

// Main runs the command line of this process and gives its exit code.
func (sys System) Main() int {
	crash.Quiet()
	defer crash.Guard()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return int(Run(ctx, sys))
}

// Run runs one command line.
func Run(ctx context.Context, sys System) Exit {
	r := &run{System: sys, ctx: ctx, lang: language(sys.Args, sys.Getenv)}
	var tree commands
	command, err := r.parse(&tree)
	if err != nil {
		r.fail(err)
		return Usage
	}
	if command == nil { // help was printed
		return Done
	}
	r.tree = &tree
	exit, err := command.do(r)
	if _, reads := command.(reader); reads && unreadable[rx.CodeOf(err)] {
		exit, err = r.aside(command, err)
	}
	if err != nil && ctx.Err() != nil {
		err = rx.Fault(CodeInterrupted).Because(err)
	}
	if err := errors.Join(err, r.close()); err != nil {
		return r.fail(err).or(exit)
	}
	return exit
}

// command is a leaf of the tree.
type command interface {
	do(r *run) (Exit, error)
}

// commands is the tree. Help texts are the keys cli.help.… of the catalogues.
type commands struct {
	Data string `placeholder:"DIR" help:"${help_data}"`
	Demo bool   `help:"${help_demo}"`
	JSON bool   `name:"json" help:"${help_json}"`
	Lang string `placeholder:"fr|nl|de|en" help:"${help_lang}"`

	Window    windowCmd    `cmd:"" default:"1" hidden:""`
	Init      initCmd      `cmd:"" help:"${help_init}"`
	Prescribe prescribeCmd `cmd:"" help:"${help_prescribe}"`
	Issue     issueCmd     `cmd:"" help:"${help_issue}"`
	List      listCmd      `cmd:"" help:"${help_list}"`
	Show      showCmd      `cmd:"" help:"${help_show}"`
	Status    statusCmd    `cmd:"" help:"${help_status}"`
	Send      sendCmd      `cmd:"" help:"${help_send}"`
	Proof     proofCmd     `cmd:"" help:"${help_proof}"`
	Paper     paperCmd     `cmd:"" help:"${help_paper}"`
	Print     struct {
		Prescriptions printCmd           `cmd:"" default:"withargs" help:"${help_print}"`
		List          printListCmd       `cmd:"" help:"${help_print_list}"`
		Test          printTestCmd       `cmd:"" help:"${help_print_test}"`
		Pharmacist    printPharmacistCmd `cmd:"" help:"${help_print_pharmacist}"`
		Poster        printPosterCmd     `cmd:"" help:"${help_print_poster}"`
		DrillReport   printDrillCmd      `cmd:"" help:"${help_print_drill}"`
	} `cmd:"" help:"${help_print}"`
	Redo     redoCmd     `cmd:"" help:"${help_redo}"`
	Revoke   revokeCmd   `cmd:"" help:"${help_revoke}"`
	Withdraw withdrawCmd `cmd:"" help:"${help_withdraw}"`
	Settle   settleCmd   `cmd:"" help:"${help_settle}"`
	LetGo    letGoCmd    `cmd:"" help:"${help_let_go}"`
	Twin     twinCmd     `cmd:"" help:"${help_twin}"`
	Repeat   repeatCmd   `cmd:"" help:"${help_repeat}"`
	Refresh  refreshCmd  `cmd:"" help:"${help_refresh}"`
	Open     openCmd     `cmd:"" help:"${help_open}"`
	Feedback feedbackCmd `cmd:"" help:"${help_feedback}"`

	Visibility  visibilityCmd  `cmd:"" help:"${help_visibility}"`
	AskFeedback askFeedbackCmd `cmd:"" help:"${help_ask_feedback}"`
	Notify      notifyCmd      `cmd:"" help:"${help_notify}"`

	Printers struct {
		List printersCmd    `cmd:"" default:"1" help:"${help_printers}"`
		Use  printersUseCmd `cmd:"" help:"${help_printers_use}"`
	} `cmd:"" help:"${help_printers}"`
	Stock    stockCmd `cmd:"" help:"${help_stock}"`
	Patients struct {
		Find findCmd `cmd:"" help:"${help_patients_find}"`
	} `cmd:"" help:"${help_patients}"`
	Identity struct {
		Find   identityFindCmd   `cmd:"" help:"${help_identity_find}"`
		Add    identityAddCmd    `cmd:"" help:"${help_identity_add}"`
		Show   identityShowCmd   `cmd:"" help:"${help_identity_show}"`
		Forget identityForgetCmd `cmd:"" help:"${help_identity_forget}"`
	} `cmd:"" help:"${help_identity}"`
	Verify   verifyCmd   `cmd:"" help:"${help_verify}"`
	Export   exportCmd   `cmd:"" help:"${help_export}"`
	Schema   schemaCmd   `cmd:"" help:"${help_schema}"`
	Profiles profilesCmd `cmd:"" help:"${help_profiles}"`
	Drill    drillCmd    `cmd:"" help:"${help_drill}"`
	Simulate struct {
		Serve simulateCmd `cmd:"" default:"withargs" help:"${help_simulate_serve}"`
		Plan  planCmd     `cmd:"" help:"${help_simulate_plan}"`

		Deliver  deliverCmd   `cmd:"" help:"${help_simulate_deliver}"`
		Feedback writeBackCmd `cmd:"" help:"${help_simulate_feedback}"`
	} `cmd:"" help:"${help_simulate}"`
	Interop struct {
		Seal       sealCmd       `cmd:"" help:"${help_seal}"`
		Unseal     unsealCmd     `cmd:"" help:"${help_unseal}"`
		SignSOAP   signSOAPCmd   `cmd:"" name:"sign-soap" help:"${help_sign_soap}"`
		VerifySOAP verifySOAPCmd `cmd:"" name:"verify-soap" help:"${help_verify_soap}"`
		ETK        etkCmd        `cmd:"" name:"etk" help:"${help_etk}"`

		KMEHR         kmehrCmd         `cmd:"" name:"kmehr" help:"${help_kmehr}"`
		ValidateKMEHR validateKMEHRCmd `cmd:"" name:"validate-kmehr" help:"${help_validate_kmehr}"`
	} `cmd:"" help:"${help_interop}"`
}

// run is one command line being run.
type run struct {
	System
	ctx     context.Context
	lang    rx.Lang
	tree    *commands
	session *wiring.Session

	readingOnly bool   // open opens for reading only
	typed       string // on the standard input
}

// text is a text of the catalogues in the person's language.
func (r *run) text(key string, args ...string) string { return i18n.Text(r.lang, key, args...) }

// parse finds the command; nil when help was asked for and printed.
func (r *run) parse(tree *commands) (command, error) {
	vars := kong.Vars{}
	for _, name := range helpKeys {
		vars["help_"+name] = r.text("cli.help." + name)
	}
	helped := false
	parser, err := kong.New(tree, kong.Name("relais"), vars, kong.Writers(r.Stdout, r.Stderr), kong.Help(r.help),
		kong.Exit(func(int) { helped = true }))
	if err != nil {
		return nil, rx.Fault(rx.CodeInternal).Because(err)
	}
	parsed, err := parser.Parse(r.Args)
	if helped {
		return nil, nil
	}
	if err != nil {
		return nil, usage(parser, err)
	}
	if tree.Lang != "" {
		lang, ok := i18n.Lang(tree.Lang)
		if !ok {
			return nil, rx.Fault(CodeUsage, "usage", "--lang fr|nl|de|en", "detail", "")
		}
		r.lang = lang
	}
	c, ok := parsed.Selected().Target.Addr().Interface().(command)
	if !ok {
		return nil, rx.Fault(rx.CodeInternal).Because(errors.New("cli: not a command: " + parsed.Command()))
	}
	return c, nil
}

// directory is the data directory of the command line.
func (r *run) directory() (wiring.Directory, error) { return r.at(r.tree.Data, r.tree.Demo) }

func (r *run) at(data string, demo bool) (wiring.Directory, error) {
	host := config.Host{OS: runtime.GOOS, Home: r.Home, Getenv: r.Getenv}
	paths, err := host.Locate(data, demo)
	if err != nil {
		return wiring.Directory{}, err
	}
	d, err := wiring.At(paths)
	d.Step, d.Protocol.Keys, d.Getenv = r.Step, r.Keys, r.Getenv
	return d, err
}

// open opens the data directory; it is closed when the command ends. The demonstration's
// is made when there is none.
func (r *run) open() (*wiring.Session, error) {
	d, passphrase, err := r.unlocked()
	if err != nil {
		return nil, err
	}
	if r.readingOnly {
		r.session, err = d.OpenReadOnly(r.ctx, passphrase)
	} else {
		r.session, err = d.Open(r.ctx, passphrase)
	}
	return r.session, err
}

// openReadOnly is open, without writing a byte in the directory.
func (r *run) openReadOnly() (*wiring.Session, error) {
	r.readingOnly = true
	return r.open()
}

// unlocked is the directory with what opens it.
func (r *run) unlocked() (d wiring.Directory, passphrase []byte, err error) {
	if d, err = r.directory(); err != nil {
		return d, nil, err
	}
	if r.tree.Demo {
		return d, []byte(wiring.DemoPassphrase), d.EnsureDemo(r.ctx)
	}
	if _, err = d.Environment(); err == nil { // what cannot be opened asks for no passphrase
		passphrase, err = r.passphrase()
	}
	return d, passphrase, err
}

func (r *run) close() error {
	if r.session == nil {
		return nil
	}
	return r.session.Close(context.WithoutCancel(r.ctx))
}

// NoDisplay is what a Window answers where the system has no display for it, or one that cannot draw it.
func NoDisplay(cause error) error { return rx.Fault(CodeNoDisplay).Because(cause) }

// windowCmd is the program without a command.
type windowCmd struct{}

func (windowCmd) do(r *run) (Exit, error) {
	d, err := r.directory()
	if err != nil {
		return Failed, err
	}
	if r.Window == nil {
		return Failed, rx.Fault(CodeNoWindow)
	}
	house, err := wiring.NewHouse(r.ctx, d, r.tree.Demo, r.lang)
	if rx.CodeOf(err) == rx.CodeNoDirectory {
		house, err = r.firstStart(d)
	}
	if err != nil {
		return Failed, err
	}
	house.Home, house.Getenv = r.Home, r.Getenv
	if err := r.Window(house); err != nil {
		return Failed, err
	}
	return Done, nil
}

// firstStart is the house of a place where there is nothing yet: the window asks.
func (r *run) firstStart(d wiring.Directory) (*House, error) {
	demonstration, err := r.at("", true)
	if err != nil {
		return nil, err
	}
	return wiring.NewFirstStart(d, demonstration, r.lang)
}
