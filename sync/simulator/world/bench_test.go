package world

import (
	"math/rand/v2"
	"testing"
	"time"

	"relais/app/rx"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// BenchmarkCalls is one prescription's life as the simulation sees it, in calls:
// key, create, open list, history, get, status, each with its fate.
func BenchmarkCalls(b *testing.B) {
	b.ReportAllocs()
	calls := 0
	for b.Loop() {
		w := New(rand.NewPCG(1, 2))
		w.Random(Hostile, rand.NewPCG(3, 4))
		for i := range 10 {
			at := monday.Add(time.Duration(i) * time.Minute)
			do := func(call rx.Call) rx.Reply { calls++; _ = w.Fate(call, at); return w.Process(call, Twist{}, at) }
			key := do(rx.Call{Op: rx.OpNewKey, Patient: "85073003427"}).Key
			reply := do(rx.Call{Op: rx.OpCreate, Parcel: &rx.Parcel{Patient: "85073003427", Type: "P0", Key: key, Message: []byte("message"), Expires: rx.DateOf(at).AddDays(30), Signed: at, SignedUntil: at.Add(time.Minute)}})
			do(rx.Call{Op: rx.OpOpen, Patient: "85073003427"})
			do(rx.Call{Op: rx.OpHistory, Patient: "85073003427", Active: true})
			do(rx.Call{Op: rx.OpGet, RID: reply.RID})
			if do(rx.Call{Op: rx.OpStatus, RID: reply.RID}).Status != rx.NotDelivered {
				b.Fatal("the record is not there")
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(calls), "ns/call")
}
