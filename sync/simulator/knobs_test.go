package simulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/recipe/wire"
	"relais/sync/simulator"
	"relais/sync/simulator/world"
)

// Each knob changes what it is about, and nothing else would let it pass.
func TestKnobs(t *testing.T) {
	type outcome = string
	create := func(change func(b *bench, o *order, p *wire.CreateParam)) func(b *bench) outcome {
		return func(b *bench) outcome {
			o, p := b.creation([]byte("<kmehrmessage/>"))
			change(b, o, p)
			var result wire.CreateResult
			response, err := b.send(o, &result)
			return heardAs(err, result, response)
		}
	}
	refused := create(func(_ *bench, _ *order, p *wire.CreateParam) { p.ExpirationDate = "" })
	sha1 := create(func(b *bench, o *order, _ *wire.CreateParam) {
		client := *b.soap
		client.Suite = xmldsig.RSASHA1
		o.client = &client
	})
	vision := func(b *bench) outcome {
		rid := wire.Private(b.created([]byte("<kmehrmessage/>")))
		k := b.symm()
		var result wire.Outcome
		_, err := b.send(b.order(wire.PutVision, k, wire.VisionParam{RID: rid, SymmKey: k}, nil), &result)
		return fmt.Sprint(faultOf(err), result.Status.Code)
	}
	feedbacks := func(b *bench) outcome {
		rid := b.created([]byte("<kmehrmessage/>"))
		b.must(b.world.Feedback(rid, []byte("<feedback/>"), b.clock.Now()))
		n := 0
		for range 2 {
			k := b.symm()
			var result wire.FeedbacksResult
			_, err := b.send(b.order(wire.ListFeedbacks, k, wire.FeedbacksParam{ReadFlag: true, SymmKey: k}, nil), &result)
			b.must(err)
			n += len(result.Feedbacks)
		}
		return fmt.Sprint(n)
	}
	for name, c := range map[string]struct {
		knobs          simulator.Knobs
		run            func(b *bench) outcome
		strict, turned outcome
	}{
		"no_sha1": {simulator.Knobs{NoSHA1: true}, sha1, "created", "fault refused SOA-01001"},
		"token_sha1": {simulator.Knobs{TokenSHA1: true}, func(b *bench) outcome {
			return fmt.Sprint(strings.Contains(string(b.token().Assertion()), string(xmldsig.RSASHA1)))
		}, "false", "true"},
		"any_version":       {simulator.Knobs{AnyVersion: true}, create(func(_ *bench, o *order, _ *wire.CreateParam) { o.info.PrescriptionVersion = "x" }), "inner", "created"},
		"vision_needs_info": {simulator.Knobs{VisionNeedsInfo: true}, vision, "<nil>100", notSchema},
		"any_prescriber_id": {simulator.Knobs{AnyPrescriberID: true}, create(func(_ *bench, _ *order, p *wire.CreateParam) { p.PrescriberID = "10012378004" }), "inner", "created"},
		"refusals outer":    {simulator.Knobs{Refusals: simulator.RefusedOutside}, refused, "inner", "outer"},
		"refusals fault":    {simulator.Knobs{Refusals: simulator.RefusedByFault}, refused, "inner", "fault unknown "},
		"exact_action": {simulator.Knobs{ExactAction: true}, create(func(_ *bench, o *order, _ *wire.CreateParam) {
			o.action = strings.Replace(o.action, ":createP", ":CreateP", 1)
		}), "created", "fault refused SOA-03005"},
		"old_seals": {simulator.Knobs{OldSeals: true}, create(func(b *bench, o *order, _ *wire.CreateParam) {
			o.sealer.Clock = func() time.Time { return b.clock.Now().Add(-time.Hour) }
		}), "outer", "created"},
		"eid_seals":          {simulator.Knobs{EIDSeals: true}, create(func(_ *bench, o *order, _ *wire.CreateParam) { o.sealer.Policy = etee.EID }), "outer", "created"},
		"read_flag_includes": {simulator.Knobs{ReadFlagIncludes: true}, feedbacks, "1", "2"},
	} {
		for _, way := range []struct {
			knobs simulator.Knobs
			want  outcome
		}{{simulator.Knobs{}, c.strict}, {c.knobs, c.turned}} {
			b := newBench(t, pki(), func(o *simulator.Options) { o.Knobs = way.knobs })
			if got := c.run(b); got != way.want {
				t.Errorf("%s %+v: %q, want %q", name, way.knobs, got, way.want)
			}
		}
	}
}

// Callers at the same time get a prescription each, and never one of another.
func TestCallersAtTheSameTime(t *testing.T) {
	b := newBench(t, pki())
	o, p := b.creation([]byte("<kmehrmessage/>"))
	var wait sync.WaitGroup
	var mu sync.Mutex
	rids := map[wire.Private]bool{}
	for range 24 {
		symm := b.symm()
		mine, param := *o, *p
		param.SymmKey = symm
		mine.param, mine.symm = &param, symm
		wait.Go(func() {
			var result wire.CreateResult
			plain, err := mine.op.EncodeParam(mine.param)
			if err == nil {
				_, err = b.exchange(&mine, plain, &result)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil || rids[result.RID] || result.RID == "" {
				t.Errorf("%v, or a RID that was given before", err)
			}
			rids[result.RID] = true
		})
	}
	wait.Wait()
	if truth, err := b.world.Truth(monday); err != nil || len(truth.Records) != 24 {
		t.Errorf("%d records, %v", len(truth.Records), err)
	}
}

// What is durable survives a restart: keys with their access lists, contents, statuses, the fault plan.
func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.db")
	open := func() *bench {
		w, err := world.Open(path, mathrand.NewPCG(1, uint64(time.Now().UnixNano())))
		if err != nil {
			t.Fatal(err)
		}
		return benchOn(t, w, pki())
	}
	b := open()
	rid := b.created([]byte("<kmehrmessage/>"))
	b.must(b.world.SetPlan([]world.Fault{{Operation: rx.OpCreate, Kind: "soa-02001", Count: 1}}, monday))
	b.must(b.sim.Close())
	b.must(b.world.Close())

	b = open()
	d, err := b.sim.Dispense(rid)
	b.must(err)
	if d.Message != "<kmehrmessage/>" || d.Status != rx.InProcess {
		t.Errorf("%s, %v", d.Status, d.Errors)
	}
	o, _ := b.creation([]byte("<kmehrmessage/>"))
	var result wire.CreateResult
	if _, err := b.send(o, &result); faultOf(err) != "SOA-02001 Provider" {
		t.Errorf("%v", err)
	}
	b.must(b.world.Close())
}

// A knob's word is one of its words.
func TestKnobWords(t *testing.T) {
	for word, ok := range map[string]bool{"": true, "outer": true, "fault": true, "x": false, "Outer": false} {
		if err := json.Unmarshal([]byte(`{"refusals": "`+word+`"}`), new(simulator.Knobs)); (err == nil) != ok {
			t.Errorf("%q: %v", word, err)
		}
	}
}

// Contents whose LOCAL id is no UUID, and keys that are no patient's, are kept as any: they are answered, and the file opens again.
func TestForeignTextsOverTheProtocol(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.db")
	local := regexp.MustCompile(`(<id S="LOCAL"[^>]*>)[^<]*`)
	for i, text := range []string{"abc", "20261122093000123", strings.Repeat("z", 37)} {
		w, err := world.Open(path, mathrand.NewPCG(1, uint64(i)))
		if err != nil {
			t.Fatal(err)
		}
		b := benchOn(t, w, pki())
		message := local.ReplaceAll(demoMessage(t, "demo-cnk.xml"), []byte("${1}"+text))
		if !bytes.Contains(message, []byte(">"+text+"<")) {
			t.Fatal("the message has no LOCAL id")
		}
		rid := b.created(message)
		record, err := b.world.Record(rid, monday)
		if b.must(err); string(record.Local) != text {
			t.Errorf("LOCAL id %q", record.Local)
		}
		for _, reader := range []string{
			"", "<Value>x</Value>", "<Value>85073003400</Value>",
		} {
			if code := b.sealedAsk("GetNewKey", fmt.Sprintf(`<GetNewKeyRequestContent xmlns="urn:be:fgov:ehealth:etee:kgss:1_0:protocol"><AllowedReader>`+
				`<Namespace>urn:be:fgov:identification-namespace</Namespace><Name>urn:be:fgov:person:ssin</Name>%s</AllowedReader><ETK>%s</ETK></GetNewKeyRequestContent>`,
				reader, base64Of(b.me.ETK)), soap.X509{Key: b.me.Signing.Key, Certificate: b.me.Signing.Chain[0]}, "NewKeyIdentifier"); code == "" {
				t.Errorf("a reader with %q has no key", reader)
			}
		}
		b.must(b.sim.Close())
		b.must(b.world.Close())
	}
}

// What cannot be kept is answered with a fault of the platform, the status page tells, and everything else goes on.
func TestStorageFails(t *testing.T) {
	w, err := world.Open(filepath.Join(t.TempDir(), "world.db"), mathrand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simulator.New(w, pki(), simulator.Options{Clock: &clock{now: monday}})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRecorder()
	q := httptest.NewRequest(http.MethodPost, sim.Inside().STS, strings.NewReader("<a/>"))
	q.Header.Set("Content-Type", "text/xml; charset=utf-8")
	sim.ServeHTTP(r, q)
	m, err := soap.Read(r.Body.Bytes(), xmldsig.Limits{})
	if err != nil || fault(m) != "SOA-00001 Provider" {
		t.Fatalf("%s, %v", r.Body, err)
	}
	r = httptest.NewRecorder()
	sim.ServeHTTP(r, httptest.NewRequest(http.MethodGet, "http://localhost/nl/api/components/prod", nil))
	if n := strings.Count(r.Body.String(), `"major outage"`); n != 5 {
		t.Errorf("%d of five are out: %s", n, r.Body)
	}
	if conn, err := sim.Dial(t.Context(), "sts.simulator.invalid:443"); err != nil {
		t.Error(err)
	} else {
		_ = conn.Close()
	}
}

// A random fate that processes a create and gives nothing back leaves its record.
func TestRandomFates(t *testing.T) {
	b := newBench(t, pki())
	hung, dropped := 0, 0
	for seed := range uint64(12) {
		b.world.Random(world.Profile{}, nil)
		o, _ := b.creation([]byte("<kmehrmessage/>"))
		before, err := b.world.Truth(b.clock.Now())
		b.must(err)
		b.world.Random(world.Profile{Drop: 1}, mathrand.NewPCG(seed, 1))
		ctx, cancel := context.WithCancel(context.Background())
		stored := func() bool {
			now, err := b.world.Truth(b.clock.Now())
			return err != nil || len(now.Records) > len(before.Records)
		}
		go b.when(stored, func() {
			time.Sleep(300 * time.Millisecond) // in which a connection that breaks has broken
			cancel()
		})
		var result wire.CreateResult
		response, err := b.sendIn(ctx, o, &result)
		cancel()
		switch heardAs(err, result, response) {
		case "cancelled unknown":
			hung++
		case "broken unknown":
			dropped++
		default:
			t.Errorf("%v", err)
		}
		after, err := b.world.Truth(b.clock.Now())
		b.must(err)
		if len(after.Records) != len(before.Records)+1 {
			t.Errorf("%d records more", len(after.Records)-len(before.Records))
		}
	}
	if hung == 0 || dropped == 0 {
		t.Errorf("%d hung, %d dropped", hung, dropped)
	}
}
