package printing

import (
	"net"
	"path/filepath"
	"strings"

	"relais/app/rx"
)

// Address is where the spooler listens: the path of a socket, or host and port of the
// loopback.
type Address struct {
	Network string // "unix" or "tcp", as net.Dial takes it
	Name    string
}

// String is the address as people read it.
func (a Address) String() string { return a.Name }

// sockets are where CUPS listens on Linux and on macOS.
var sockets = []string{"/run/cups/cups.sock", "/var/run/cups/cups.sock", "/private/var/run/cupsd"}

// Locate finds the spooler as CUPS's own programs do: CUPS_SERVER, read by getenv, then
// the first socket that is there, then port 631 of this computer. Another computer is
// refused (CodeElsewhere): set its printer up here instead.
func Locate(getenv func(string) string, there func(path string) bool) (Address, error) {
	if server := getenv("CUPS_SERVER"); server != "" {
		return ParseAddress(server)
	}
	for _, path := range sockets {
		if there(path) {
			return Address{"unix", path}, nil
		}
	}
	return Address{"tcp", "localhost:631"}, nil
}

// ParseAddress reads the form of CUPS_SERVER: /path, host or host:port, each with an
// optional "/version=1.1" behind it, which is ignored.
func ParseAddress(s string) (Address, error) {
	server, _, _ := strings.Cut(s, "/version=")
	if filepath.IsAbs(server) || strings.HasPrefix(server, "/") {
		return Address{"unix", server}, nil
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil { // without a port
		host, port = strings.Trim(server, "[]"), "631"
	}
	if ip := net.ParseIP(host); !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
		return Address{}, rx.Fault(CodeElsewhere, "where", server)
	}
	return Address{"tcp", net.JoinHostPort(host, port)}, nil
}
