package simulator_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/kgss"
	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/trust"
	"relais/sync/recipe/wire"
	"relais/sync/simulator"
	"relais/sync/simulator/world"

	"crypto/rsa"
	"fmt"
)

// monday is when tests happen.
var monday = time.Date(2026, 11, 23, 9, 40, 0, 0, time.UTC)

// Invented patients.
const (
	marie rx.SSIN = "85073003427"
	jan   rx.SSIN = "79021802145"
)

// keysOf are those of a platform of that name, made once for all tests: one costs a part of a second. The platform's signers
// share one.
func keysOf(name string) simulator.Keys {
	var mu sync.Mutex
	asked := map[string]int{}
	return func(whose string) (*rsa.PrivateKey, error) {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasPrefix(whose, "SIMULATED") {
			whose = "signers"
		} else {
			asked[whose]++ // after a rotation it is another
		}
		return pkitest.RSA(fmt.Sprint(name, whose, asked[whose]), 2048), nil
	}
}

var pki = sync.OnceValue(func() *simulator.PKI { return freshPKI("platform ") })

func freshPKI(name string) *simulator.PKI {
	return must(simulator.NewPKI(rand.Reader, keysOf(name), monday))
}

// clock moves when somebody sleeps or waits.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if d > 24*time.Hour { // never
		<-ctx.Done()
		return ctx.Err()
	}
	c.wait(d)
	return nil
}

func (c *clock) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a simulator with a doctor's client in front of it, inside the process.
type bench struct {
	testing.TB
	world *world.World
	sim   *simulator.Simulator
	pki   *simulator.PKI
	clock *clock
	ends  simulator.Endpoints
	soap  *soap.Client
	me    simulator.Holder
	depot *etk.Depot
	kgss  *kgss.Client
	sts   *sts.Client
	inner [][]byte // results
}

type option func(*simulator.Options)

func newBench(t testing.TB, p *simulator.PKI, options ...option) *bench {
	return benchOn(t, world.New(mathrand.NewPCG(1, 2)), p, options...)
}

func benchOn(t testing.TB, w *world.World, p *simulator.PKI, options ...option) *bench {
	b := &bench{TB: t, clock: &clock{now: monday}, pki: p, world: w}
	o := simulator.Options{Clock: b.clock}
	for _, option := range options {
		option(&o)
	}
	var err error
	if b.sim, err = simulator.New(b.world, p, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.sim.Close(); err != nil {
			t.Error(err)
		}
		if err := b.world.Err(); err != nil {
			t.Error(err)
		}
	})
	b.ends = b.sim.Inside()
	b.as(p.Doctor(), trust.SimulatedPool(p.Authority()))
	return b
}

// as makes the client that of a holder.
func (b *bench) as(me simulator.Holder, holders *x509.CertPool) {
	anchors := b.pki.Anchors()
	b.me = me
	b.soap = &soap.Client{Transport: soap.Transport{Anchors: anchors.For(trust.TLS), Dial: b.sim.Dial}, Clock: b.clock.Now}
	b.depot = &etk.Depot{
		Client: b.soap, URL: b.ends.ETK, Anchors: etk.Anchors{Authority: holders, Holders: holders}, Cache: noCache{}, Clock: b.clock.Now,
	}
	sealer := etee.Sealer{Policy: etee.EHealthCertificate, Sender: me.Signing, Clock: b.clock.Now, Rand: rand.Reader}
	b.kgss = &kgss.Client{
		SOAP: b.soap, URL: b.ends.KGSS, Depot: b.depot, Own: me.ID, Sealer: sealer,
		Unsealer: etee.Unsealer{Keys: me.Decryption, Anchors: anchors.For(trust.KGSS), Clock: b.clock.Now, Rand: rand.Reader},
	}
	b.sts = &sts.Client{
		SOAP: b.soap, URL: b.ends.STS, Anchors: anchors.For(trust.STS), Holder: me.Signing, Profession: sts.Doctor, SSIN: me.ID.Value,
		Clock: b.clock.Now, Rand: rand.Reader,
	}
}

type noCache struct{}

func (noCache) Get(context.Context, string) ([]byte, error)          { return nil, nil }
func (noCache) Put(context.Context, string, []byte, time.Time) error { return nil }

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) token() *sts.Token {
	b.Helper()
	token, err := b.sts.Issue(context.Background())
	b.must(err)
	return token
}

func (b *bench) key(patient rx.SSIN) kgss.Key {
	b.Helper()
	readers, err := kgss.Shared(sts.Doctor, string(patient))
	b.must(err)
	key, err := b.kgss.NewKey(context.Background(), readers)
	b.must(err)
	return key
}

// order is one call of Recip-e, to be changed by tests before it is sent.
type order struct {
	op     wire.Operation
	param  any
	info   *wire.Administrative
	symm   wire.SymmKey
	token  *sts.Token
	sealer etee.Sealer
	to     *x509.Certificate
	client *soap.Client
	action string
	id     string
	change func([]byte) []byte // of the content of the body
}

func (b *bench) symm() (k wire.SymmKey) {
	k, err := wire.NewSymmKey(rand.Reader)
	b.must(err)
	return k
}

func (b *bench) order(op wire.Operation, symm wire.SymmKey, param any, info *wire.Administrative) *order {
	b.Helper()
	to, err := b.depot.Token(context.Background(), simulator.RecipeID)
	b.must(err)
	return &order{
		op: op, param: param, info: info, symm: symm, token: b.token(), sealer: b.kgss.Sealer, to: to.Encryption, client: b.soap,
		action: op.Action(), id: "id-1",
	}
}

// send sends a call and reads its result.
func (b *bench) send(o *order, result wire.Result) (wire.Response, error) {
	b.Helper()
	return b.sendIn(context.Background(), o, result)
}

func (b *bench) sendIn(ctx context.Context, o *order, result wire.Result) (wire.Response, error) {
	b.Helper()
	plain, err := o.op.EncodeParam(o.param)
	b.must(err)
	response, inner, err := b.post(ctx, o, plain)
	if err != nil || inner == nil {
		return response, err
	}
	b.inner = append(b.inner, inner)
	b.must(o.op.DecodeResult(inner, result))
	return response, nil
}

// exchange is send for callers at the same time.
func (b *bench) exchange(o *order, plain []byte, result wire.Result) (wire.Response, error) {
	response, inner, err := b.post(context.Background(), o, plain)
	if err == nil {
		err = o.op.DecodeResult(inner, result)
	}
	return response, err
}

// post sends a parameter, and gives the result as it was enciphered; nil when there is none.
func (b *bench) post(ctx context.Context, o *order, plain []byte) (response wire.Response, inner []byte, err error) {
	sealed, err := o.sealer.Seal(plain, etee.Recipients{Known: []*x509.Certificate{o.to}})
	if err != nil {
		return response, nil, err
	}
	request := wire.Request{
		Operation: o.op, ID: o.id, IssueInstant: wire.DateTime{Time: b.soap.Clock()}, ProgramID: "test/1", Secured: sealed, Administrative: o.info,
	}
	body, err := request.Encode()
	if err != nil {
		return response, nil, err
	}
	if o.change != nil {
		body = o.change(body)
	}
	answer, err := o.client.Call(ctx, soap.Request{URL: b.ends.Prescriber, Action: o.action, Body: body, Security: o.token.Security()})
	if err != nil {
		return response, nil, err
	}
	if response, err = wire.ParseResponse(o.op, answer.Content); err != nil || response.Secured == nil {
		return response, nil, err
	}
	inner, err = o.symm.Decrypt(response.Secured)
	return response, inner, err
}

// creation is a create of a message, to be changed before it is sent.
func (b *bench) creation(message []byte) (*order, *wire.CreateParam) {
	b.Helper()
	key := b.key(marie)
	symm := b.symm()
	sealed, err := b.kgss.Sealer.Seal(wire.Pack(message), etee.Recipients{Unknown: key.KEK()})
	b.must(err)
	p := &wire.CreateParam{
		Party: wire.Party{PatientID: wire.Private(marie)}, Prescription: sealed, PrescriptionType: "P0", FeedbackRequested: true,
		KeyID: wire.Private(key.ID.Text()), SymmKey: symm, ExpirationDate: rx.DateOf(monday).AddDays(30).String(),
	}
	info := &wire.Administrative{PrescriptionType: "P0", PrescriptionVersion: "kmehr_1.29", ReferenceSourceVersion: "samv2:TEST", KeyID: p.KeyID}
	return b.order(wire.CreatePrescription, symm, p, info), p
}

func (b *bench) created(message []byte) rx.RID {
	b.Helper()
	o, _ := b.creation(message)
	var result wire.CreateResult
	_, err := b.send(o, &result)
	b.must(err)
	if !result.Status.Good() || result.RID == "" {
		b.Fatalf("the create ended with status %s", result.Status.Code)
	}
	return rx.RID(result.RID)
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
