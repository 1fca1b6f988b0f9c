//go:build !windows

package cli

// terminalName is the process's terminal, whatever its standard input is.
const terminalName = "/dev/tty"
