package cli

// terminalName is the process's terminal, whatever its standard input is.
const terminalName = "CONIN$"
