// Package printer holds app/printing against real programs: a cupsd with its own two
// configuration files, spool and port, and ippeveprinter, a real IPP Everywhere printer
// that keeps the documents it was given. Both listen on the loopback alone and end with
// the test. Where the programs are missing (Debian: cups, cups-client, cups-ipp-utils,
// dbus-daemon) the tests are skipped, and say so; `make test` installs them.
//
// Everything runs as the person who runs the tests, root or not.
package printer
