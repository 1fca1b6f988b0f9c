package vault

import (
	"crypto/rand"
	"fmt"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

func BenchmarkSeal(b *testing.B) {
	k := testKeys(b)
	k.set.random = rand.Reader
	ad := AD{"prescriptions", "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11", "message"}
	for _, n := range []int{200, 4 << 10} {
		plaintext := make([]byte, n)
		sealed, err := k.Seal(Content, ad, plaintext)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("seal/%d", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Seal(Content, ad, plaintext); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("open/%d", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Open(Content, ad, sealed); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("bare/%d", n), func(b *testing.B) { // the floor: the cipher alone
			aead, err := chacha20poly1305.NewX(make([]byte, keySize))
			if err != nil {
				b.Fatal(err)
			}
			out, nonce := make([]byte, 0, n+aead.Overhead()), make([]byte, chacha20poly1305.NonceSizeX)
			b.SetBytes(int64(n))
			for b.Loop() {
				aead.Seal(out, nonce, plaintext, nil)
			}
		})
	}
}

func BenchmarkMAC30Columns(b *testing.B) {
	k := testKeys(b)
	fields := make([][]byte, 30)
	for i := range fields {
		fields[i] = make([]byte, 8)
		if i%3 == 0 {
			fields[i] = make([]byte, 120) // a sealed one
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.MAC("prescriptions", "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11", fields); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChain(b *testing.B) {
	k := testKeys(b)
	line := make([]byte, 300)
	var link [32]byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if link, err = k.Chain(link, line); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnlock(b *testing.B) {
	for _, environment := range []string{"production", Simulated} {
		v, _ := create(b, environment, "passphrase", rand.Reader)
		p := pass("passphrase")
		b.Run(environment, func(b *testing.B) {
			for b.Loop() {
				k, err := v.Unlock(environment, p, rand.Reader)
				if err != nil {
					b.Fatal(err)
				}
				k.Close()
			}
		})
	}
}
