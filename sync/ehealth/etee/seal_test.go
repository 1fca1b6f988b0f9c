package etee_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/pkitest"
)

// Whatever is sealed, for whomever, under either policy: every addressee gets it back, nobody else.
func TestSealedIsUnsealed(t *testing.T) {
	w := newWorld(t)
	addressees := []pkitest.Holder{w.recipe, w.kgss}
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 5000).Draw(t, "plain")
		who := rapid.IntRange(1, 7).Draw(t, "recipients") // bits: recipe, kgss, unknown
		card := rapid.Bool().Draw(t, "card")

		var to etee.Recipients
		for i, h := range addressees {
			if who&(1<<i) != 0 {
				to.Known = append(to.Known, h.Cert)
			}
		}
		if who&4 != 0 {
			to.Unknown = &w.kek
		}
		sealer := w.sealer()
		if card {
			sealer = w.cardSealer()
		}
		sealed, err := sealer.Seal(plain, to)
		if err != nil {
			t.Fatal(err)
		}
		if len(plain) >= 16 && bytes.Contains(sealed, plain) {
			t.Fatal("the plain text stands in the sealed message")
		}

		open := func(u etee.Unsealer, meant bool) {
			u.Policies = []etee.Policy{etee.EHealthCertificate, etee.EID}
			got, verdict := u.Unseal(sealed)
			if verdict.Accepted != meant || meant && !bytes.Equal(got, plain) || !meant && got != nil {
				t.Fatalf("meant for them: %v, accepted: %v %v", meant, verdict.Accepted, verdict.Errors)
			}
			if meant && (len(verdict.Warnings) > 0 || !verdict.SigningTime.Equal(now)) {
				t.Fatalf("signed at %v, warnings %v", verdict.SigningTime, verdict.Warnings)
			}
		}
		for i, h := range addressees {
			u := w.unsealer()
			u.Keys[0] = etee.DecryptionKey{Key: h.Key, Certificate: h.Cert}
			open(u, who&(1<<i) != 0)
		}
		u := w.unsealer()
		u.Keys, u.KEK = nil, &w.kek
		open(u, who&4 != 0)
	})
}

// One changed bit anywhere: refused, or accepted with the same plain text and the same signer (bits that nothing protects
// and that nobody reads, such as versions and the letters of an issuer's name).
func TestOneChangedBit(t *testing.T) {
	w := newWorld(t)
	sealed, err := w.sealer().Seal(plainText, etee.Recipients{Known: []*x509.Certificate{w.recipe.Cert}})
	if err != nil {
		t.Fatal(err)
	}
	u := w.unsealer()
	rapid.Check(t, func(t *rapid.T) {
		changed := bytes.Clone(sealed)
		bit := rapid.IntRange(0, 8*len(sealed)-1).Draw(t, "bit")
		changed[bit/8] ^= 1 << (bit % 8)
		got, verdict := u.Unseal(changed)
		if !verdict.Accepted {
			if got != nil || len(verdict.Errors) == 0 {
				t.Fatal("refused without a reason, or with plain text")
			}
			return
		}
		if !bytes.Equal(got, plainText) || !verdict.Certificate.Equal(w.doctor.Cert) || !verdict.SigningTime.Equal(now) {
			t.Fatal("another message was accepted")
		}
	})
}

func TestSealRefusals(t *testing.T) {
	w := newWorld(t)
	known := func(h pkitest.Holder) etee.Recipients { return etee.Recipients{Known: []*x509.Certificate{h.Cert}} }
	toRecipe := known(w.recipe)
	for _, c := range []struct {
		name   string
		change func(*etee.Sealer)
		plain  []byte
		to     etee.Recipients
		want   error
		text   string
	}{
		{name: "nobody", want: etee.ErrRecipient, text: "there is none"},
		{name: "not for encryption", to: known(w.colleague), want: etee.ErrRecipient, text: "recipient 1: CERTIFICATE_HAS_INVALID_KEYUSAGE: keyEncipherment is missing"},
		{name: "short recipient key", to: known(pkitest.IssueFor(pkitest.RSA("short", 1024), "short", &w.ca, pkitest.Encryption)), want: etee.ErrRecipient, text: "1024 bits where 2048 to 8192 are due"},
		{name: "sender expired", to: toRecipe, change: func(s *etee.Sealer) { s.Clock = fixed(now.AddDate(20, 0, 1)) }, want: etee.ErrCredential, text: "sender: CERTIFICATE_EXPIRED: valid until 2047-03-09T09:40:00Z"},
		{name: "recipient expired", to: known(pkitest.Issue("recipe-enc", &w.ca, func(c *x509.Certificate) { pkitest.Encryption(c); c.NotAfter = now.Add(-time.Hour) })),
			want: etee.ErrRecipient, text: "recipient 1: CERTIFICATE_EXPIRED: valid until 2027-03-09T08:40:00Z"},
		{name: "KEK too short", to: etee.Recipients{Unknown: &etee.KEK{ID: []byte("1"), Key: []byte("short")}}, want: etee.ErrRecipient, text: "16 bytes, not 5"},
		{name: "KEK without identifier", to: etee.Recipients{Unknown: &etee.KEK{Key: w.kek.Key}}, want: etee.ErrRecipient, text: "without identifier"},
		{name: "no policy", to: toRecipe, change: func(s *etee.Sealer) { s.Policy = "" }, want: etee.ErrCredential, text: "unknown policy"},
		{name: "no sender", to: toRecipe, change: func(s *etee.Sealer) { s.Sender = etee.Credential{} }, want: etee.ErrCredential, text: "sender: a key and its certificate"},
		{name: "key of another", to: toRecipe, change: func(s *etee.Sealer) { s.Sender.Key = w.colleague.Key }, want: etee.ErrCredential, text: "sender: the key is not that of the certificate"},
		{name: "certificate of another kind", to: toRecipe, change: func(s *etee.Sealer) { s.Sender = credential(w.recipe) }, want: etee.ErrCredential, text: "sender: CERTIFICATE_HAS_INVALID_KEYUSAGE: digitalSignature is missing"},
		{name: "another author", to: toRecipe, change: func(s *etee.Sealer) { s.Author = credential(w.colleague) }, want: etee.ErrCredential, text: "do not belong together"},
		{name: "a card's signature certificate as sender", to: toRecipe, change: func(s *etee.Sealer) { s.Policy, s.Sender = etee.EID, credential(w.cardSign) }, want: etee.ErrCredential, text: "sender: CERTIFICATE_HAS_INVALID_KEYUSAGE: digitalSignature is missing"},
		{name: "too long", to: toRecipe, plain: make([]byte, cms.MaxMessage+1), want: etee.ErrTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := w.sealer()
			if c.change != nil {
				c.change(&s)
			}
			sealed, err := s.Seal(c.plain, c.to)
			if sealed != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%d bytes, %v", len(sealed), err)
			}
		})
	}
}

// What cannot be read back is not made.
func TestLongestMessage(t *testing.T) {
	w := newWorld(t)
	to := etee.Recipients{Known: []*x509.Certificate{w.recipe.Cert}}
	if sealed, err := w.sealer().Seal(make([]byte, cms.MaxMessage), to); err == nil {
		t.Errorf("%d bytes, more than anybody reads", len(sealed))
	}
	plain := bytes.Repeat([]byte{0xa5}, cms.MaxMessage-8192)
	sealed, err := w.sealer().Seal(plain, to)
	if err != nil {
		t.Fatal(err)
	}
	got, verdict := w.unsealer().Unseal(sealed)
	if !verdict.Accepted || !bytes.Equal(got, plain) {
		t.Errorf("the longest message: %v", verdict.Errors)
	}
}

// The clock's fraction of a second and zone do not show.
func TestSigningTimeInSeconds(t *testing.T) {
	w := newWorld(t)
	s := w.sealer()
	s.Clock = fixed(now.Add(300 * time.Millisecond).In(time.FixedZone("CET", 3600)))
	sealed, err := s.Seal(plainText, etee.Recipients{Unknown: &w.kek})
	if err != nil {
		t.Fatal(err)
	}
	u := w.unsealer()
	u.KEK = &w.kek
	if _, verdict := u.Unseal(sealed); !verdict.SigningTime.Equal(now) {
		t.Errorf("%v, want %v", verdict.SigningTime, now)
	}
}

func TestNewKEK(t *testing.T) {
	if k, err := etee.NewKEK(nil, make([]byte, 16)); err != nil || k == nil {
		t.Error(err)
	}
	for _, n := range []int{0, 15, 17, 24, 32} {
		if k, err := etee.NewKEK([]byte("KEY-1"), make([]byte, n)); err == nil || k != nil {
			t.Errorf("a key of %d bytes", n)
		}
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	kek := etee.KEK{ID: []byte("KEY-1"), Key: []byte("0123456789abcdef")}
	key := pkitest.RSA("print", 2048)
	credential, decryption := etee.Credential{Key: key}, etee.DecryptionKey{Key: key}
	prime := key.Primes[0].String()
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		for _, value := range []any{kek, &kek, []etee.KEK{kek}, etee.Sealer{Sender: credential}, etee.Unsealer{Keys: []etee.DecryptionKey{decryption}}} {
			if text := fmt.Sprintf(format, value); strings.Contains(text, "0123") || strings.Contains(text, "30313233") || strings.Contains(text, prime) || !strings.Contains(text, "redacted") {
				t.Errorf("%s: %s", format, text)
			}
		}
	}
}
