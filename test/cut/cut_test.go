// Package cut breaks the connection of a create at any byte, in either direction (R11): the real engine over a real directory, the real client, and
// the simulated services behind their real protocol, inside one process and in virtual time.
//
//	go test ./test/cut                        every 1280th byte of what is sent and of what is answered
//	RELAIS_SOAK=1 go test ./test/cut          every 64th
//	RELAIS_STRIDE=1 go test ./test/cut        every one
//
// Whatever was cut, the prescription ends confirmed, and the services hold one record of it. That is judged from the services' own file.
package cut

import (
	"context"
	"errors"
	"fmt"
	randv2 "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"relais/app/config"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/sync/simulator"
	"relais/sync/simulator/simtest"
	"relais/sync/simulator/world"
)

// morning is when the practice opens.
var morning = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func TestEveryByte(t *testing.T) {
	stride := 1280
	switch given := os.Getenv("RELAIS_STRIDE"); {
	case given != "":
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 {
			t.Fatalf("RELAIS_STRIDE=%s", given)
		}
		stride = n
	case os.Getenv("RELAIS_SOAK") != "":
		stride = 64
	case testing.Short():
		stride = 6400
	}
	pki := simtest.PKI(morning)

	whole := &wires{}
	if result := play(t, pki, whole); result.attempts != 1 {
		t.Fatalf("%d attempts where nothing was cut", result.attempts)
	}
	sent, heard := whole.create.sent, whole.create.heard
	t.Logf("the create: %d bytes sent, %d heard", sent, heard)

	var mu sync.Mutex
	seen := map[string]map[result]int{}
	t.Run("cut", func(t *testing.T) {
		for _, d := range []struct {
			name   string
			length int64
		}{{"sent", sent}, {"heard", heard}} {
			for at := int64(0); at <= d.length; at += int64(stride) {
				t.Run(fmt.Sprintf("after %d bytes %s", at, d.name), func(t *testing.T) {
					t.Parallel()
					r := play(t, pki, &wires{direction: d.name, at: at})
					mu.Lock()
					defer mu.Unlock()
					if seen[d.name] == nil {
						seen[d.name] = map[result]int{}
					}
					seen[d.name][r]++
				})
			}
		}
	})
	t.Logf("runs by direction and by attempts and questions to the doctor: %v", seen)
	if len(seen["sent"]) < 2 && !testing.Short() {
		t.Error("no cut made a difference: the suite shows nothing")
	}
}

// result is how a run ended.
type result struct{ attempts, asked int }

// play issues one prescription, and lets the engine work until it is confirmed.
func play(t *testing.T, pki *simulator.PKI, w *wires) (r result) {
	root := t.TempDir()
	if memory, err := os.MkdirTemp("/dev/shm", "relais-cut-"); err == nil { // nothing here depends on a sync
		root = memory
		t.Cleanup(func() { _ = os.RemoveAll(memory) })
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(morning))
		ctx := context.Background()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		data := filepath.Join(root, "data")
		d, err := wiring.At(config.Paths{Data: data, Marks: filepath.Join(root, "marks")})
		must(err)
		d.Protocol = wiring.Protocol{PKI: pki, Wire: w.wire}
		must(d.EnsureDemo(ctx))
		s, err := d.Open(ctx, []byte(wiring.DemoPassphrase))
		must(err)
		people, err := s.Service.FindPatients(ctx, "dupont")
		must(err)
		issue := func() rx.ID {
			t.Helper()
			done, err := s.Service.Issue(ctx, rx.Request{Patient: people[0].Patient, Lines: []rx.Line{{Kind: rx.Package, CNK: "0318717", Quantity: 1,
				Posology: rx.Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, DurationDays: 5}}}}, prescribing.How{})
			must(err)
			return done.Prescriptions[0].ID
		}
		var item rx.Item
		settled := func(id rx.ID) bool {
			item, err = s.Service.Store.Item(ctx, id)
			must(err)
			return item.State == rx.StateConfirmed && !rx.ToLook(item.Prescription, time.Now())
		}

		sending, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- s.Send(sending, func(error) {}) }()
		first := issue() // opens the session, tells the platform's clock: from then on a create is alone on the wire
		for n := 0; !settled(first) && n < 120; n++ {
			time.Sleep(30 * time.Second)
		}
		w.arm()
		id := issue()
		for n := 0; !settled(id) && n < 120; n++ {
			time.Sleep(30 * time.Second)
			treats, err := s.Service.ToTreat(ctx)
			must(err)
			for _, treat := range treats { // it is proven that nothing arrived, and the doctor is asked
				if treat.Prescription == id && slices.Contains(treat.Outcomes, rx.Send) {
					_, err := s.Service.Settle(ctx, treat.ID(), prescribing.Answer{Outcome: rx.Send})
					must(err)
					r.asked++
				}
			}
		}
		if item.State != rx.StateConfirmed {
			t.Errorf("after an hour it is %s", item.State)
		}
		stop()
		must(<-ended)

		truth, err := world.Open(filepath.Join(data, "world.db"), randv2.NewPCG(1, 2))
		must(err)
		all, err := truth.Truth(time.Now())
		must(err)
		must(truth.Close())
		deliverable := 0
		for _, record := range all.Records {
			if record.Local == item.Facts.LocalID && record.DeliverableAt(all.Now) {
				deliverable++
			}
		}
		if deliverable != 1 || len(all.Records) != 2 {
			t.Errorf("%d records, of which %d may be delivered", len(all.Records), deliverable)
		}
		r.attempts = len(item.Attempts)
		must(s.Close(ctx))
		time.Sleep(10 * time.Second) // the ends of connections say goodbye to each other
	})
	return r
}

// wires are the connections of a run, of which that of the first create may be cut.
type wires struct {
	direction string // sent, heard; "": nothing is cut
	at        int64  // after so many bytes

	mu     sync.Mutex
	next   bool // the next connection to Recip-e is it
	create *wire
}

// arm lets the next connection to Recip-e be the one.
func (w *wires) arm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next = true
}

func (w *wires) wire(address string, c net.Conn) net.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.next || !strings.HasPrefix(address, "recipe.") {
		return c
	}
	w.next, w.create = false, &wire{Conn: c, mostSent: -1, mostHeard: -1}
	switch w.direction {
	case "sent":
		w.create.mostSent = w.at
	case "heard":
		w.create.mostHeard = w.at
	}
	return w.create
}

// wire counts what goes over a connection, and breaks it when so much has gone. One goroutine writes, one reads.
type wire struct {
	net.Conn
	sent, heard         int64
	mostSent, mostHeard int64 // -1: it holds
}

var errCut = errors.New("cut")

func (w *wire) Write(b []byte) (int, error) {
	whole := true
	if left := w.mostSent - w.sent; w.mostSent >= 0 && int64(len(b)) >= left {
		b, whole = b[:left], false
	}
	n := 0
	var err error
	if len(b) > 0 {
		n, err = w.Conn.Write(b)
	}
	w.sent += int64(n)
	if !whole && err == nil {
		_ = w.Conn.Close()
		err = errCut
	}
	return n, err
}

func (w *wire) Read(b []byte) (int, error) {
	if left := w.mostHeard - w.heard; w.mostHeard >= 0 && int64(len(b)) >= left {
		if b = b[:left]; left == 0 {
			_ = w.Conn.Close()
			return 0, errCut
		}
	}
	n, err := w.Conn.Read(b)
	w.heard += int64(n)
	return n, err
}
