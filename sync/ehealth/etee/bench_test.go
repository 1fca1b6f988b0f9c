package etee_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"os/exec"
	"testing"
	"time"

	"relais/sync/ehealth/etee"
)

// best keeps the shortest of some runs: on a busy machine the others measure what else runs.
type best time.Duration

func (b *best) see(d time.Duration) {
	if *b == 0 || d < time.Duration(*b) {
		*b = best(d)
	}
}

func (b best) ms() float64 { return time.Duration(b).Seconds() * 1000 }

// BenchmarkSeal compares sealing with the two RSA private-key operations that it cannot do without, each at its best in one
// run. P5: at most 1.5.
func BenchmarkSeal(b *testing.B) {
	w := newWorld(b)
	sealer := w.sealer()
	digest := make([]byte, 32)
	for _, c := range []struct {
		name string
		size int
		to   etee.Recipients
	}{
		{"prescription, 2 KB for a KGSS key", 2 << 10, etee.Recipients{Unknown: &w.kek}},
		{"parameter, 10 KB for Recip-e", 10 << 10, etee.Recipients{Known: []*x509.Certificate{w.recipe.Cert}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			plain := make([]byte, c.size)
			var sealing, floor best
			for b.Loop() {
				start := time.Now()
				if _, err := sealer.Seal(plain, c.to); err != nil {
					b.Fatal(err)
				}
				middle := time.Now()
				for range 2 {
					if _, err := rsa.SignPSS(rand.Reader, w.doctor.Key, crypto.SHA256, digest, nil); err != nil {
						b.Fatal(err)
					}
				}
				floor.see(time.Since(middle))
				sealing.see(middle.Sub(start))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(sealing.ms(), "ms-seal")
			b.ReportMetric(floor.ms(), "ms-rsa")
			b.ReportMetric(sealing.ms()/floor.ms(), "x-rsa(≤1.5)")
		})
	}
}

// BenchmarkUnseal compares unsealing 1 MB with `openssl cms` doing the same three layers, each at its best in one run, less
// the time in which three openssl processes start and do nothing. At most 3.
func BenchmarkUnseal(b *testing.B) {
	w := newWorld(b)
	o := newOpenSSL(b)
	plain := make([]byte, 1<<20)
	if _, err := rand.Read(plain); err != nil {
		b.Fatal(err)
	}
	sealed, err := w.sealer().Seal(plain, etee.Recipients{Known: []*x509.Certificate{w.recipe.Cert}})
	if err != nil {
		b.Fatal(err)
	}
	key, recipient, sender := o.key("recipe.key", w.recipe.Key), o.cert("recipe.pem", w.recipe.Cert), o.cert("sender.pem", w.doctor.Cert)
	u := w.unsealer()
	var ours, theirs, idle best
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		got, verdict := u.Unseal(sealed)
		ours.see(time.Since(start))
		if !verdict.Accepted || !bytes.Equal(got, plain) {
			b.Fatal(verdict.Errors)
		}
		start = time.Now()
		inner := o.cms(o.verify(w, sealed), "-decrypt", "-inform", "DER", "-binary", "-inkey", key, "-recip", recipient)
		got = o.verify(w, inner, "-certfile", sender)
		theirs.see(time.Since(start))
		if !bytes.Equal(got, plain) {
			b.Fatal("openssl reads something else")
		}
		start = time.Now()
		for range 3 {
			if err := exec.Command("openssl", "version").Run(); err != nil {
				b.Fatal(err)
			}
		}
		idle.see(time.Since(start))
	}
	theirs -= idle
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ours.ms(), "ms-unseal")
	b.ReportMetric(theirs.ms(), "ms-openssl")
	b.ReportMetric(ours.ms()/theirs.ms(), "x-openssl(≤3)")
}
