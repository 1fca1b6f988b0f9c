package soap_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/xmldsig"
)

func ref[T any](v T) *T { return &v }

func TestFaultSamples(t *testing.T) {
	for code, want := range map[string]soap.Fault{
		"SOA-00001": {Code: "Server", Origin: "Provider", Retry: ref(false), Messages: map[string]string{"en": "Service error"}},
		"SOA-01001": {Code: "Client", Origin: "Consumer", Retry: ref(false), Messages: map[string]string{"en": "Consumer could not be authenticated."}},
		"SOA-02001": {Code: "Server", Origin: "Provider", Retry: ref(false), Messages: map[string]string{"en": "Service not available. Please contact service desk."}},
		"SOA-02002": {Code: "Server", Origin: "Provider", Retry: ref(true), Messages: map[string]string{"en": "Service temporarily not available. Please try later."}},
	} {
		want.SOA, want.String, want.Ticket, want.Environment = code, code, "demo-ticket", "Acceptation"
		text, err := os.ReadFile(filepath.Join("testdata", "fault", "soap-fault-"+code+".xml"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := soap.Read(text, xmldsig.Limits{})
		if err != nil || m.Fault == nil {
			t.Fatalf("%s: %v", code, err)
		}
		if diff := cmp.Diff(want, *m.Fault); diff != "" {
			t.Errorf("%s (-want +got):\n%s", code, diff)
		}
		written, err := soap.WriteFault(*m.Fault)
		if err != nil {
			t.Fatal(err)
		}
		again, err := soap.Read(written, xmldsig.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*m.Fault, *again.Fault); diff != "" {
			t.Errorf("%s written and read:\n%s", code, diff)
		}
	}
}

func TestFaults(t *testing.T) {
	const open, end = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>`, `</s:Fault></s:Body></s:Envelope>`
	long := strings.Repeat("é", 2000)
	for text, want := range map[string]soap.Fault{
		``: {},
		`<faultcode>Server</faultcode><faultstring> text around SOA-02002 it </faultstring>`:                                                        {Code: "Server", String: "text around SOA-02002 it", SOA: "SOA-02002"},
		`<faultstring>SOA-123 SOA-1234567 SOA-12345</faultstring>`:                                                                                  {String: "SOA-123 SOA-1234567 SOA-12345", SOA: "SOA-12345"},
		`<faultstring>SOA-00001</faultstring><detail><e:BusinessError xmlns:e="urn:e" Id="t"><e:Code>SOA-03006</e:Code></e:BusinessError></detail>`: {String: "SOA-00001", SOA: "SOA-03006", Business: true, Ticket: "t"},
		`<faultstring>SOA-00001</faultstring><detail><SystemError><Code>other</Code><Retry>1</Retry></SystemError></detail>`:                        {String: "SOA-00001", SOA: "SOA-00001", Retry: ref(true)},
		`<faultstring>` + long + `</faultstring>`:                                                                                                   {String: long[:2000]},
		`<detail><other/></detail>`: {},
	} {
		m, err := soap.Read([]byte(open+text+end), xmldsig.Limits{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, *m.Fault); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// Only the codes of the gate, and only when the consumer is at the origin: everything else leaves the outcome unknown.
func TestAtGate(t *testing.T) {
	gate := map[string]bool{"SOA-01001": true, "SOA-01002": true, "SOA-03001": true, "SOA-03002": true, "SOA-03003": true,
		"SOA-03004": true, "SOA-03005": true, "SOA-03006": true, "SOA-03007": true}
	for _, code := range []string{"", "SOA-00001", "SOA-01001", "SOA-01002", "SOA-01003", "SOA-02001", "SOA-02002", "SOA-03000", "SOA-03001",
		"SOA-03002", "SOA-03003", "SOA-03004", "SOA-03005", "SOA-03006", "SOA-03007", "SOA-03008", "SOA-030011"} {
		for _, origin := range []string{"", "Consumer", "Provider", "Server", "consumer"} {
			f := &soap.Fault{SOA: code, Origin: origin}
			if want := gate[code] && origin == "Consumer"; f.AtGate() != want {
				t.Errorf("%s of %q: %v", code, origin, f.AtGate())
			}
		}
	}
	if (*soap.Fault)(nil).AtGate() {
		t.Error("no fault at all")
	}
}

func TestReadRefuses(t *testing.T) {
	const env = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">`
	for _, text := range []string{
		`<a/>`,
		`<Envelope/>`,
		env + `</s:Envelope>`,
		env + `<s:Header/></s:Envelope>`,
		env + `<s:Body/></s:Envelope>`,
		env + `<s:Body>text</s:Body></s:Envelope>`,
		env + `<s:Body><a/><b/></s:Body></s:Envelope>`,
		env + `<s:Body><a/></s:Body><s:Header/></s:Envelope>`,
		env + `<s:Header/><s:Header/><s:Body><a/></s:Body></s:Envelope>`,
		env + `<s:Body><a/></s:Body><x/></s:Envelope>`,
		`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><a/></s:Body></s:Envelope>`,
	} {
		if m, err := soap.Read([]byte(text), xmldsig.Limits{}); m != nil || !errors.Is(err, soap.ErrEnvelope) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Faults are bounded whatever a server writes.
func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("testdata/fault/*.xml")
	if err != nil || len(names) == 0 {
		f.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(answerText))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := soap.Read(text, xmldsig.Limits{Bytes: 1 << 16})
		if err != nil {
			return
		}
		if m.Content == nil || m.Content.Parent() != m.Body || m.Body.Parent() != m.Envelope {
			t.Fatal("an envelope that is none")
		}
		if m.Fault == nil {
			return
		}
		size := len(m.Fault.Code) + len(m.Fault.String) + len(m.Fault.Ticket) + len(m.Fault.Origin) + len(m.Fault.Environment)
		for lang, message := range m.Fault.Messages {
			size += len(lang) + len(message)
		}
		if size > 21*2000 || m.Fault.SOA != "" && len(m.Fault.SOA) != 9 {
			t.Fatalf("a fault of %d bytes", size)
		}
		written, err := soap.WriteFault(*m.Fault)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := soap.Read(written, xmldsig.Limits{Bytes: 1 << 20}); err != nil {
			t.Fatal(err)
		}
	})
}
