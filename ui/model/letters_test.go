package model

import (
	"context"
	"testing"

	"relais/app/rx"
)

// What pharmacists wrote and the engine fetched by itself is shown where the history is open, also about a RID that nobody here bears.
func TestFeedbackOfTheEngineIsShown(t *testing.T) {
	for rid, changed := range map[rx.RID]func(b *bench) []rx.ID{
		"":             func(b *bench) []rx.ID { return []rx.ID{b.store.items[0].ID} },
		"BEP0ZZZZZZZZ": func(*bench) []rx.ID { return nil },
	} {
		b, r, h := reaching(t)
		if rid == "" {
			rid = b.store.items[0].RID()
		}
		r.replies[rx.OpFeedbacks] = []rx.Reply{{Result: rx.ResultAccepted, Letters: []rx.Letter{{RID: rid, By: "29999915", Sent: b.clock, Text: "stock épuisé"}}}}
		if fresh, err := b.env.Service.FetchFeedback(context.Background(), false); fresh != 1 || err != nil {
			t.Fatal(fresh, err)
		}
		h.Changed(changed(b))
		b.settle()
		if v := h.View(); v.Letters.Label != "Retours des pharmaciens (1 à lire)" || len(v.Notices) != 1 {
			t.Errorf("%s: %s, %+v", rid, v.Letters.Label, v.Notices)
		}
	}
}
