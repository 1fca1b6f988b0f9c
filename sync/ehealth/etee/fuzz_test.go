package etee_test

import (
	"crypto/x509"
	"testing"

	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/pkitest"
)

// FuzzUnseal changes one layer of a sound message and seals the layers around it anew, so that the change is reached.
func FuzzUnseal(f *testing.F) {
	ca := pkitest.Holder{Cert: vectorCertificate(f, "test-ca"), Key: vectorKey(f, "test-ca")} // lasting keys, so that a kept input means the same again
	w := world{
		root: ca, ca: ca,
		doctor: pkitest.Holder{Cert: vectorCertificate(f, "test-auth"), Key: vectorKey(f, "test-auth")},
		recipe: pkitest.Holder{Cert: vectorCertificate(f, "test-enc"), Key: vectorKey(f, "test-enc")},
		kek:    etee.KEK{ID: []byte("KEY-1"), Key: []byte("0123456789abcdef")},
	}
	outer, inner := w.signature(), w.signature()
	outer.Time, inner.Time, inner.Enclosed = soon, soon, nil
	outer.Rand, inner.Rand = zeros{}, zeros{} // the seeds are the same in every run, and an input takes the same way each time
	toKEK := cms.Addressees{KeyID: w.kek.ID, Key: w.kek.Key}
	toRecipe := cms.Addressees{Certificates: []*x509.Certificate{w.recipe.Cert}}
	signed := w.sign(f, plainText, inner)
	known := map[string]bool{string(plainText): true} // what the doctor has signed: a layer of one message may be another's text
	add := func(layer byte, message []byte) {
		f.Add(layer, message)
		if s, err := cms.ReadSignedData(message); err == nil {
			known[string(s.Content)] = true
		}
	}
	envelope, err := cms.Envelop(signed, toKEK, zeros{})
	if err != nil {
		f.Fatal(err)
	}
	add(0, w.sign(f, envelope, outer))
	add(0, vector(f, "prescription.unknown-recipient.sealed.der"))
	add(1, envelope)
	add(1, w.envelop(f, signed, toRecipe))
	add(2, signed)

	u := w.unsealer()
	u.Clock = fixed(soon)
	u.KEK = &etee.KEK{Key: w.kek.Key}
	u.Policies = []etee.Policy{etee.EHealthCertificate, etee.EID}
	f.Fuzz(func(t *testing.T, layer byte, message []byte) {
		if len(message) > 1<<20 {
			return
		}
		switch layer % 3 {
		case 1:
			message = w.sign(t, message, outer)
		case 2:
			envelope, err := cms.Envelop(message, toKEK, zeros{})
			if err != nil {
				t.Fatal(err)
			}
			message = w.sign(t, envelope, outer)
		}
		plain, verdict := u.Unseal(message)
		if verdict.Accepted != (len(verdict.Errors) == 0) || !verdict.Accepted && plain != nil {
			t.Fatalf("accepted %v with %d errors and %d plain bytes", verdict.Accepted, len(verdict.Errors), len(plain))
		}
		if verdict.Accepted && (!known[string(plain)] || !verdict.Certificate.Equal(w.doctor.Cert)) {
			t.Fatal("the doctor did not sign this")
		}
		if _, err := verdict.MarshalJSON(); err != nil {
			t.Fatal(err)
		}
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
