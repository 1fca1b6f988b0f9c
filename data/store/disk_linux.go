package store

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"strings"
)

// fileSystem is the type of the mount that holds dir (proc(5), /proc/self/mountinfo: the name also tells one FUSE from another).
func fileSystem(dir string) (string, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	return mountOf(dir, bufio.NewScanner(f))
}

// mountOf picks the line whose mount point is the longest above dir; the last of several there covers the others.
func mountOf(dir string, lines *bufio.Scanner) (kind string, err error) {
	best := -1
	for lines.Scan() {
		before, after, found := strings.Cut(lines.Text(), " - ")
		fields, types := strings.Fields(before), strings.Fields(after)
		if !found || len(fields) < 5 || len(types) < 1 {
			continue
		}
		point := strings.TrimSuffix(unescape.Replace(fields[4]), "/")
		if (dir == point || strings.HasPrefix(dir, point+"/")) && len(point) >= best {
			best, kind = len(point), types[0]
		}
	}
	return kind, lines.Err()
}

var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
