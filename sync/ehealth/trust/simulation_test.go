package trust_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
	"testing/fstest"

	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/trust"
)

func marked(c *x509.Certificate) {
	c.ExtraExtensions = []pkix.Extension{{Id: trust.Simulation, Critical: true, Value: []byte{5, 0}}}
}

// A mark is trusted below a mark that the program has decided to trust, and nowhere else.
func TestSimulationIsTrustedByDecisionAlone(t *testing.T) {
	real, played := pkitest.Issue("real", nil, pkitest.CA), pkitest.Issue("played", nil, pkitest.CA, marked)
	sub := pkitest.Issue("sub", &played, pkitest.CA, marked)
	for name, c := range map[string]struct {
		leaf     *x509.Certificate
		anchors  *x509.CertPool
		accepted bool
	}{
		"simulated, by decision":          {pkitest.Issue("a", &sub, marked).Cert, trust.SimulatedPool(played.Cert, real.Cert), true},
		"simulated, in a real set":        {pkitest.Issue("a", &sub, marked).Cert, pkitest.Pool(played.Cert, real.Cert), false},
		"itself an anchor of a real set":  {played.Cert, pkitest.Pool(played.Cert), false},
		"itself an anchor":                {played.Cert, trust.SimulatedPool(played.Cert), false},
		"marked below a real anchor":      {pkitest.Issue("b", &real, marked).Cert, trust.SimulatedPool(real.Cert), false},
		"unmarked below a simulated one":  {pkitest.Issue("c", &played).Cert, trust.SimulatedPool(played.Cert), false},
		"unmarked below a simulated link": {pkitest.Issue("d", &sub).Cert, trust.SimulatedPool(played.Cert), false},
		"real, in a simulated set":        {pkitest.Issue("e", &real).Cert, trust.SimulatedPool(played.Cert, real.Cert), true},
		"another critical extension": {pkitest.Issue("f", &played, marked, func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: []int{2, 25, 7}, Critical: true, Value: []byte{5, 0}})
		}).Cert, trust.SimulatedPool(played.Cert), false},
	} {
		demand := trust.Demand{Anchors: c.anchors, At: pkitest.Now, MinBits: 2048}
		if found := trust.Judge(c.leaf, []*x509.Certificate{sub.Cert}, demand); (len(found) == 0) != c.accepted {
			t.Errorf("%s: %v", name, found)
		}
	}
	if !trust.Simulated(played.Cert) || trust.Simulated(real.Cert) {
		t.Error("the mark is not seen, or seen where it is not")
	}
}

func TestSimulatedSets(t *testing.T) {
	played := pkitest.Issue("played", nil, pkitest.CA, marked)
	dir := fstest.MapFS{}
	for _, p := range trust.Purposes {
		dir[string(p)+".pem"] = &fstest.MapFile{Data: pkitest.PEM(played.Cert)}
	}
	server := pkitest.Issue("server", &played, marked, func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = []string{"sts.example.org"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	state := tls.ConnectionState{ServerName: "sts.example.org", PeerCertificates: []*x509.Certificate{server.Cert}}
	for name, c := range map[string]struct {
		read     func() (trust.Sets, error)
		accepted bool
	}{
		"by decision": {func() (trust.Sets, error) { return trust.ReadSimulatedSets(dir) }, true},
		"in memory":   {func() (trust.Sets, error) { return trust.SimulatedSets(played.Cert), nil }, true},
		"as real":     {func() (trust.Sets, error) { return trust.ReadSets(dir) }, false},
	} {
		sets, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		if err := trust.VerifyServer(sets.For(trust.TLS))(state); (err == nil) != c.accepted {
			t.Errorf("%s: %v", name, err)
		}
	}
	sets, _ := trust.ReadSimulatedSets(dir)
	other := state
	other.ServerName = "recipe.example.org"
	if trust.VerifyServer(sets.For(trust.TLS))(other) == nil || trust.VerifyServer(nil)(state) == nil {
		t.Error("a server of another name is taken, or one without anchors")
	}
}
