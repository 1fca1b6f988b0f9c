package cms

import (
	"crypto"
	"errors"
	"strings"
	"testing"
)

// Each element of a sound message, each edit: no panic, a fault of structure that says where, and nothing verified or
// opened that was not there before.
func TestEveryEdit(t *testing.T) {
	content := []byte("content")
	signed := crafted{content: content, signers: 1, attributes: [][]byte{
		typeAttribute(oidData), digestAttribute(content), protection(addSHA256, PSS.addFields), attribute(oidSigningTime, []byte("\x17\x0d270309094000Z")),
	}}.message(t)
	how := signer()
	kek := make([]byte, 16)
	enveloped, err := Envelop(content, Addressees{Certificates: how.Enclosed, KeyID: []byte("1"), Key: kek}, how.Rand)
	if err != nil {
		t.Fatal(err)
	}
	refused, where := 0, map[string]bool{}
	check := func(err error) {
		if err == nil {
			return
		}
		refused++
		if !errors.Is(err, ErrStructure) || !strings.Contains(err.Error(), "byte ") {
			t.Fatalf("%v does not say what and where", err)
		}
		where[err.Error()] = true
	}
	for element := range 100 {
		for edit := range edits {
			for _, value := range []byte{0, 1, 4, 0x30, 0xa0} {
				change := []byte{byte(edit), byte(element >> 8), byte(element), value}
				s, err := ReadSignedData(edited(t, signed, change))
				check(err)
				if err == nil && s.Verify(how.Certificate) == nil && string(s.Content) != "content" {
					t.Fatalf("edit %v: other content verifies", change)
				}
				e, err := ReadEnvelopedData(edited(t, enveloped, change))
				check(err)
				if err != nil {
					continue
				}
				for _, r := range e.Recipients {
					open := func() ([]byte, error) { return e.OpenWithSharedKey(r, kek) }
					if r.KeyID == nil {
						if value != 1 {
							continue // private keys are slow
						}
						open = func() ([]byte, error) { return e.OpenWithPrivateKey(r, how.Key.(crypto.Decrypter), how.Rand) }
					}
					if _, err := open(); err != nil && err != ErrDecryption { //nolint:errorlint // nothing may be wrapped in it, or around it
						t.Fatalf("edit %v: %v", change, err)
					}
				}
			}
		}
	}
	if refused < 1000 || len(where) < 100 {
		t.Errorf("only %d refusals, %d of them different", refused, len(where))
	}
}
