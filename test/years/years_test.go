package years

import (
	"context"
	"testing"

	"relais/app/rx"
)

// A small practice is whole, and has in it what a large one has.
func TestWrite(t *testing.T) {
	ctx, root := context.Background(), t.TempDir()
	size := Size{Orders: 60, Patients: 20, Open: 12, Waiting: 6}
	for range 2 { // the second time it is there
		if _, err := Write(ctx, root, size, 1); err != nil {
			t.Fatal(err)
		}
	}
	p, err := At(root)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	items, err := s.Service.Store.List(ctx, rx.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	states, restored := map[rx.State]int{}, 0
	for _, item := range items {
		states[item.State]++
		if item.Restored.Set() {
			restored++
		}
	}
	if len(items) != 180 || states[rx.StateReady] != 6 || states[rx.StatePaper] == 0 || states[rx.StateWithdrawn] == 0 || restored > 0 {
		t.Errorf("%d prescriptions, %v, %d restored", len(items), states, restored)
	}
	people, err := s.Service.FindPatients(ctx, "")
	if err != nil || len(people) != 40+20 {
		t.Errorf("%d people, %v", len(people), err)
	}
	treats, err := s.Service.ToTreat(ctx)
	if err != nil || len(treats) > 6 {
		t.Errorf("%d are owed, %v", len(treats), err)
	}
}
