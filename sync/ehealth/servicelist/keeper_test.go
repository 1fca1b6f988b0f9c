package servicelist_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/servicelist"
)

// site publishes a list; shelf keeps copies.
type site struct {
	stamp, list string
	asked       []string
	err         error
}

func (s *site) get(_ context.Context, address string) ([]byte, error) {
	s.asked = append(s.asked, address[strings.LastIndex(address, "."):])
	if strings.HasSuffix(address, ".sha2") {
		return []byte(s.stamp), s.err
	}
	return []byte(s.list), s.err
}

type shelf map[string][]byte

func (s shelf) Get(_ context.Context, key string) ([]byte, error) { return s[key], nil }
func (s shelf) Put(_ context.Context, key string, text []byte, _ time.Time) error {
	s[key] = text
	return nil
}

func TestKeeper(t *testing.T) {
	ctx := context.Background()
	now := pkitest.Now
	copies := shelf{}
	where := &site{stamp: "1", list: string(signed(t, signer.Cert, nil))}
	k := &servicelist.Keeper{URL: "https://list.example/servicelist", Get: where.get, Anchors: pkitest.Pool(publisher.Cert), Clock: func() time.Time { return now }, Cache: copies}
	refresh := func(asked string, fails error) {
		t.Helper()
		where.asked = nil
		if err := k.Refresh(ctx); !errors.Is(err, fails) || strings.Join(where.asked, " ") != asked {
			t.Errorf("asked %v, %v", where.asked, err)
		}
	}
	if k.Load(ctx); k.Active(servicelist.Prescriber) != "" {
		t.Error("a list out of nothing")
	}
	refresh(".sha2 .xml", nil)
	refresh("", nil) // not yet
	now = now.Add(servicelist.Every)
	refresh(".sha2", nil) // unchanged
	if k.Active(servicelist.Prescriber) != "https://a.example/r" {
		t.Errorf("Recip-e is at %q", k.Active(servicelist.Prescriber))
	}

	// What is not sound or older changes nothing, and is asked for again.
	good := where.list
	for name, bad := range map[string]string{"unsigned": plain, "changed": strings.Replace(good, "https://a.", "https://c.", 1), "a portal": "<html/>"} {
		now = now.Add(servicelist.Every)
		where.stamp, where.list = name, bad
		refresh(".sha2 .xml", servicelist.ErrList)
		refresh(".sha2 .xml", servicelist.ErrList)
	}
	where.err = errors.New("away")
	refresh(".sha2", servicelist.ErrList)
	if k.Active(servicelist.Prescriber) != "https://a.example/r" {
		t.Errorf("Recip-e is at %q", k.Active(servicelist.Prescriber))
	}

	// The copy serves a start without network, for a month; a spoilt one does not.
	start := func(c shelf) string {
		again := &servicelist.Keeper{URL: k.URL, Get: where.get, Anchors: k.Anchors, Clock: k.Clock, Cache: c}
		again.Load(ctx)
		return again.Active(servicelist.Prescriber)
	}
	if start(copies) != "https://a.example/r" {
		t.Error("the copy is not used")
	}
	spoilt := shelf{}
	for key, text := range copies {
		spoilt[key] = bytes.Replace(text, []byte(`"text":"`), []byte(`"text":"QUJD`), 1)
	}
	if start(spoilt) != "" {
		t.Error("a spoilt copy is used")
	}
	now = now.AddDate(0, 2, 0)
	if start(copies) != "" {
		t.Error("an old copy is used")
	}
}

// A list that was issued before the one that is held is not taken, however well it is signed.
func TestKeeperGoesNotBack(t *testing.T) {
	ctx := context.Background()
	now := pkitest.Now
	newer := strings.Replace(plain, "09:00:00Z", "09:30:00Z", 1)
	where := &site{stamp: "2", list: string(signedText(t, newer, signer.Cert, nil))}
	k := &servicelist.Keeper{URL: "https://list.example/servicelist", Get: where.get, Anchors: pkitest.Pool(publisher.Cert), Clock: func() time.Time { return now }, Cache: shelf{}}
	if err := k.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	now = now.Add(servicelist.Every)
	where.stamp, where.list = "1", string(signed(t, signer.Cert, nil))
	if err := k.Refresh(ctx); !errors.Is(err, servicelist.ErrList) || !strings.Contains(err.Error(), "older") {
		t.Errorf("an older list: %v", err)
	}
}
