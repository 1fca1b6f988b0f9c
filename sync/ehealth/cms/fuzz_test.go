package cms

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// seeds are messages of the eHealth library and of openssl, and the layer below of those.
func seeds(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob(filepath.FromSlash("../etee/testdata/vectors/*.der"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no vectors: %v", err)
	}
	for _, file := range append(files, filepath.FromSlash("../etee/testdata/vectors/test-recipient.etk")) {
		message, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(message)
		s, err := ReadSignedData(message)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s.Content)
	}
}

func FuzzSignedData(f *testing.F) {
	seeds(f)
	certificate := signer().Certificate
	f.Fuzz(func(t *testing.T, message []byte) {
		s, err := ReadSignedData(message)
		if err != nil {
			if !errors.Is(err, ErrStructure) {
				t.Fatal(err)
			}
			return
		}
		if len(s.Content) > len(message) || len(s.Certificates) > maxCertificates {
			t.Fatalf("%d bytes gave %d bytes of content and %d certificates", len(message), len(s.Content), len(s.Certificates))
		}
		s.FindSigner()
		if s.Verify(certificate) == nil {
			t.Fatal("nobody signed this")
		}
	})
}

func FuzzEnvelopedData(f *testing.F) {
	seeds(f)
	kek := unhex("101112131415161718191a1b1c1d1e1f")
	f.Fuzz(func(t *testing.T, message []byte) {
		e, err := ReadEnvelopedData(message)
		if err != nil {
			if !errors.Is(err, ErrStructure) {
				t.Fatal(err)
			}
			return
		}
		for _, r := range e.Recipients {
			if (r.KeyID == nil) == (r.Certificate.Serial == nil && r.Certificate.SubjectKeyID == nil) {
				t.Fatal("a recipient of both kinds, or of none")
			}
			if r.KeyID == nil {
				continue // private keys are slow; etee tries them
			}
			content, err := e.OpenWithSharedKey(r, kek)
			if err != nil && err != ErrDecryption { //nolint:errorlint // nothing may be wrapped in it, or around it
				t.Fatal(err)
			}
			if err == nil && (e.CheckCipher() != nil || r.CheckKeyCipher() != nil || len(content) >= len(message)) {
				t.Fatal("opened what is not of the profile")
			}
		}
	})
}
