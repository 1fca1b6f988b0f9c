//go:build linux

package printer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lab is a cupsd and its printers.
type lab struct {
	t      testing.TB
	dir    string
	port   string // of cupsd
	daemon *process
	bus    string // address of a message bus on which nobody announces anything
	user   string
}

// programs and where Debian keeps them, outside the PATH of most people.
var programs = map[string]string{"cupsd": "/usr/sbin", "ippeveprinter": "/usr/sbin", "lpadmin": "/usr/sbin", "cupsdisable": "/usr/sbin",
	"cupsenable": "/usr/sbin", "cupsreject": "/usr/sbin", "lp": "/usr/bin", "cancel": "/usr/bin", "dbus-daemon": "/usr/bin"}

// program finds one of them; the test is skipped without it.
func program(t testing.TB, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	path := filepath.Join(programs[name], name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("skipped: %s is not installed (apt-get install cups cups-client cups-ipp-utils dbus-daemon)", name)
	}
	return path
}

// start begins a lab without printers. All of it ends with the test.
func start(t testing.TB) *lab {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped: real programs in real time: the long form")
	}
	for name := range programs {
		program(t, name)
	}
	me, err := user.Current()
	check(t, err)
	// Sockets have short names, and the files of a spooler run by root must be
	// reachable for the account of its filters.
	dir, err := os.MkdirTemp("", "relais-cups-")
	check(t, err)
	check(t, os.Chmod(dir, 0o755)) //nolint:gosec // see above
	t.Cleanup(func() { endOrphans(dir); _ = os.RemoveAll(dir) })
	l := &lab{t: t, dir: dir, user: me.Username}
	for _, sub := range []string{"root", "spool", "cache", "state", "tmp", "log"} {
		check(t, os.Mkdir(filepath.Join(dir, sub), 0o755)) //nolint:gosec // see above
	}
	types, err := filepath.Glob("/usr/share/cups/mime/*")
	check(t, err)
	for _, file := range types {
		l.write(filepath.Join("root", filepath.Base(file)), read(t, file))
	}
	l.startBus()
	l.port = freePort(t)
	l.configure(me)
	l.startDaemon()
	return l
}

// configure writes the two files. Debian's own policy is kept: who may cancel a job is
// part of what is tested.
func (l *lab) configure(me *user.User) {
	account, group := "lp", "lp"
	mine, err := user.LookupGroupId(me.Gid)
	check(l.t, err)
	if me.Uid != "0" {
		account, group = me.Username, mine.Name
	}
	l.write("cups-files.conf", fmt.Appendf(nil, `ServerRoot %[1]s/root
RequestRoot %[1]s/spool
CacheDir %[1]s/cache
StateDir %[1]s/state
TempDir %[1]s/tmp
ServerBin /usr/lib/cups
DataDir /usr/share/cups
AccessLog %[1]s/log/access
ErrorLog %[1]s/log/error
PageLog %[1]s/log/page
SystemGroup %[2]s
User %[3]s
Group %[4]s
`, l.dir, mine.Name, account, group))
	l.write("cupsd.conf", fmt.Appendf(nil, `Listen 127.0.0.1:%s
Listen %s
Browsing Off
LogLevel debug
DirtyCleanInterval 0
DefaultAuthType Basic
ErrorPolicy retry-job
JobRetryInterval 1
JobKillDelay 1
<Location />
  Order allow,deny
</Location>
<Policy default>
  JobPrivateAccess default
  JobPrivateValues default
  <Limit Create-Job Print-Job Print-URI Validate-Job>
    Order deny,allow
  </Limit>
  <Limit Send-Document Send-URI Hold-Job Release-Job Restart-Job Purge-Jobs Set-Job-Attributes Cancel-My-Jobs Close-Job CUPS-Move-Job>
    Require user @OWNER @SYSTEM
    Order deny,allow
  </Limit>
  <Limit Cancel-Job CUPS-Authenticate-Job>
    Require user @OWNER @SYSTEM
    Order deny,allow
  </Limit>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
`, l.port, l.socket()))
}

func (l *lab) socket() string { return filepath.Join(l.dir, "sock") }

// startBus begins a message bus of our own: Debian's ippeveprinter does not start
// without one, though it is to announce nothing.
func (l *lab) startBus() {
	path := filepath.Join(l.dir, "bus")
	l.write("bus.conf", fmt.Appendf(nil, `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>custom</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
`, path))
	l.run(nil, "dbus-daemon", "--config-file="+filepath.Join(l.dir, "bus.conf"), "--nofork", "--nopidfile")
	l.until("the bus", func() bool { return answers("unix", path) })
	l.bus = "unix:path=" + path
}

func (l *lab) startDaemon() {
	l.daemon = l.run(nil, "cupsd", "-f", "-c", filepath.Join(l.dir, "cupsd.conf"), "-s", filepath.Join(l.dir, "cups-files.conf"))
	l.until("cupsd", func() bool { return answers("unix", l.socket()) && answers("tcp", "127.0.0.1:"+l.port) })
}

// device is an ippeveprinter.
type device struct {
	*process
	name, port, out string
	lab             *lab
	args            []string
}

// printer begins an IPP Everywhere printer and makes a queue of its name for it: model
// is "everywhere" for a queue with filters, "raw" for one that passes bytes on. more
// are arguments of ippeveprinter.
func (l *lab) printer(name, model string, more ...string) *device {
	l.t.Helper()
	out := filepath.Join(l.dir, "out-"+name)
	check(l.t, os.MkdirAll(out, 0o750))
	d := &device{name: name, port: freePort(l.t), out: out, lab: l, args: more}
	d.does("")
	// Without a command of its own ippeveprinter takes 5 to 15 seconds to play a printer.
	l.script("press-"+name, `. "`+l.dir+`/does-`+name+`" && cp "$1" "`+out+`/$(printf %05d "$(ls "`+out+`" | wc -l)").pdf"`)
	d.on()
	l.admin("lpadmin", "-p", name, "-E", "-v", "ipp://localhost:"+d.port+"/ipp/print", "-m", model)
	return d
}

// on switches the printer on.
func (d *device) on() {
	args := append([]string{"-v", "-d", filepath.Join(d.lab.dir, "tmp"), "-c", filepath.Join(d.lab.dir, "press-"+d.name), "-p", d.port, "-n", "localhost", "-r", "off", "-f", "application/pdf,image/pwg-raster"}, d.args...)
	d.process = d.lab.run([]string{"DBUS_SYSTEM_BUS_ADDRESS=" + d.lab.bus}, "ippeveprinter", append(args, d.name)...)
	d.lab.until("the printer", func() bool { return answers("tcp", "localhost:"+d.port) })
}

// does makes the printer run a piece of shell for each job before the sheet comes out;
// a line "STATE: +media-empty-error" on its standard error is a state reason.
func (d *device) does(shell string) { d.lab.write("does-"+d.name, []byte(shell+"\n:\n")) }

// printed are the documents that came out, in their order.
func (d *device) printed() [][]byte {
	d.lab.t.Helper()
	files, err := filepath.Glob(filepath.Join(d.out, "*.pdf"))
	check(d.lab.t, err)
	var all [][]byte
	for _, f := range files {
		all = append(all, read(d.lab.t, f))
	}
	return all
}

// admin runs one of CUPS's own programs against this server.
func (l *lab) admin(name string, args ...string) string {
	l.t.Helper()
	cmd := exec.Command(program(l.t, name), append([]string{"-h", l.socket()}, args...)...) //nolint:gosec // programs of the list
	out, err := cmd.CombinedOutput()
	if err != nil {
		l.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// process is a program that ends with the test.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	out   *bytes.Buffer
}

func (l *lab) run(env []string, name string, args ...string) *process {
	l.t.Helper()
	p := &process{cmd: exec.Command(program(l.t, name), args...), ended: make(chan struct{}), out: new(bytes.Buffer)} //nolint:gosec // programs of the list
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL} // ends with us, and its own children with it
	check(l.t, p.cmd.Start())
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	l.t.Cleanup(func() {
		p.end()
		if l.t.Failed() {
			l.t.Logf("%s said:\n%s", name, tail(p.out.String(), 600))
		}
	})
	return p
}

// end kills the program and its children, as a power cut does.
func (p *process) end() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// endOrphans kills what a killed cupsd leaves: its backends, which have process groups of
// their own and go on. Their arguments or surroundings name the lab's directory, which is nobody else's.
func endOrphans(dir string) {
	all, _ := filepath.Glob("/proc/[0-9]*") // the pattern is sound
	for _, p := range all {
		args, _ := os.ReadFile(filepath.Join(p, "cmdline")) // gone meanwhile: nothing to end
		env, _ := os.ReadFile(filepath.Join(p, "environ"))
		pid, err := strconv.Atoi(filepath.Base(p))
		if err == nil && pid != os.Getpid() && bytes.Contains(append(args, env...), []byte(dir+"/")) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// pause and resume stop the program without ending it: it hangs.
func (p *process) pause()  { _ = syscall.Kill(p.cmd.Process.Pid, syscall.SIGSTOP) }
func (p *process) resume() { _ = syscall.Kill(p.cmd.Process.Pid, syscall.SIGCONT) }

func (l *lab) until(what string, done func() bool) {
	l.t.Helper()
	for range 400 {
		if done() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(l.dir, "log", "error")) // best effort
	l.t.Fatalf("waited ten seconds for %s\n%s", what, tail(string(log), 3000))
}

func (l *lab) write(name string, content []byte) {
	l.t.Helper()
	check(l.t, os.WriteFile(filepath.Join(l.dir, name), content, 0o644)) //nolint:gosec // read by the account of the filters
}

func (l *lab) script(name, shell string) {
	l.t.Helper()
	l.write(name, []byte("#!/bin/sh\n"+shell+"\n"))
	check(l.t, os.Chmod(filepath.Join(l.dir, name), 0o755)) //nolint:gosec // a program
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	check(t, err)
	return b
}

func answers(network, address string) bool {
	c, err := new(net.Dialer).DialContext(context.Background(), network, address)
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// freePort is a port that nobody had a moment ago.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	check(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	check(t, errors.Join(err, l.Close()))
	_, err = strconv.Atoi(port)
	check(t, err)
	return port
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func tail(s string, n int) string {
	if len(s) > n {
		s = "…" + s[len(s)-n:]
	}
	return strings.TrimSpace(s)
}

func write(t testing.TB, file string, content []byte) {
	t.Helper()
	check(t, os.WriteFile(file, content, 0o600))
}
