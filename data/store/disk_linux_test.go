package store

import (
	"bufio"
	"strings"
	"testing"
)

func TestMountOf(t *testing.T) {
	const mounts = `22 1 253:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /home/anne/my\040share rw,nosuid - fuse.sshfs host:/ rw
31 22 0:27 / /srv rw - nfs4 server:/srv rw
32 22 0:28 / /srv/local rw - xfs /dev/vdb rw
33 22 0:29 / /home/anne/over rw - ext4 /dev/vdc rw
34 22 0:30 / /home/anne/over rw - cifs //server/over rw
a broken line
`
	for dir, want := range map[string]string{
		"/": "ext4", "/home/anne": "ext4", "/home/anne/my share": "fuse.sshfs", "/home/anne/my share/relais": "fuse.sshfs", "/home/anne/my shares": "ext4",
		"/srv/x": "nfs4", "/srv/local/x": "xfs", "/srvlocal": "ext4", "/home/anne/over/x": "cifs",
	} {
		if got, err := mountOf(dir, bufio.NewScanner(strings.NewReader(mounts))); err != nil || got != want {
			t.Errorf("%s is on %q, not %q: %v", dir, got, want, err)
		}
	}
	if kind, err := fileSystem(t.TempDir()); err != nil || kind == "" {
		t.Errorf("this disk is %q: %v", kind, err)
	}
}
