package simulator_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// What a create costs the simulator, against the private-key operations that it cannot do without: of createPrescription one
// decryption, of GetNewKey one decryption and two signatures. Both are the best of their runs, which a busy machine does not
// change.
func BenchmarkCreate(b *testing.B) {
	s := newBench(b, pki())
	key := pki().Doctor().Decryption[0].Key.(*rsa.PrivateKey)
	sealed, err := rsa.EncryptPKCS1v15(rand.Reader, &key.PublicKey, make([]byte, 16)) //nolint:staticcheck // the profile's
	s.must(err)
	decryption := best(func() {
		_, _ = key.Decrypt(rand.Reader, sealed, &rsa.PKCS1v15DecryptOptions{SessionKeyLen: 16}) //nolint:staticcheck // the profile's
	})
	digest := make([]byte, 32)
	signature := best(func() {
		_, _ = key.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256})
	})

	o, _ := s.creation(demoMessage(b, "demo-cnk.xml"))
	create := s.envelope(o, o.token.Security())
	readers := `<AllowedReader><Namespace>urn:be:fgov:identification-namespace</Namespace><Name>urn:be:fgov:person:ssin</Name><Value>85073003427</Value></AllowedReader>`
	newKey := s.sealedMessage("GetNewKey", `<GetNewKeyRequestContent xmlns="urn:be:fgov:ehealth:etee:kgss:1_0:protocol">`+readers+readers+readers+
		`<ETK>`+base64.StdEncoding.EncodeToString(s.me.ETK)+`</ETK></GetNewKeyRequestContent>`, nil)
	post := func(url, action string, text []byte) func() {
		return func() {
			r := httptest.NewRequest(http.MethodPost, url, bytes.NewReader(text))
			r.Header.Set("SOAPAction", `"`+action+`"`)
			r.Header.Set("Content-Type", "text/xml; charset=utf-8")
			w := httptest.NewRecorder()
			if s.sim.ServeHTTP(w, r); w.Code != http.StatusOK {
				b.Fatal(w.Body)
			}
		}
	}
	stored := best(post(s.ends.Prescriber, o.action, create))
	keyed := best(post(s.ends.KGSS, "", newKey))
	for b.Loop() {
		post(s.ends.Prescriber, o.action, create)()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(stored.Seconds()*1000, "ms-createPrescription")
	b.ReportMetric(keyed.Seconds()*1000, "ms-GetNewKey")
	b.ReportMetric((2*decryption+2*signature).Seconds()*1000, "ms-rsa")
	b.ReportMetric(float64(stored)/float64(decryption), "x-rsa-createPrescription")
	b.ReportMetric(float64(stored+keyed)/float64(2*decryption+2*signature), "x-rsa(≤2)")
}

func best(f func()) time.Duration {
	least := time.Hour
	for range 300 {
		before := time.Now()
		f()
		least = min(least, time.Since(before))
	}
	return least
}
