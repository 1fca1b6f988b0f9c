package servicelist

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// Keeper has the newest list that was verified, and a copy of it for a start without network. Its exported fields are set
// before the first call; calls may run at the same time.
//
// The platform publishes a short text beside the list that changes with it (NAME.sha2). It is compared with the one before, and
// proves nothing.
type Keeper struct {
	URL     string // of the list without its ending
	Get     func(ctx context.Context, address string) ([]byte, error)
	Anchors *x509.CertPool
	Clock   func() time.Time
	Cache   Cache

	mu    sync.Mutex
	list  *List
	stamp []byte    // the short text of that list
	asked time.Time // when it was last compared
}

// Cache keeps the copy; etk.Cache fits. One that fails costs the copy and nothing else.
type Cache interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, text []byte, until time.Time) error
}

const (
	// Every is how often the list is compared.
	Every = 15 * time.Minute
	// validity of a copy: a list that is older says nothing of today.
	validity = 30 * 24 * time.Hour
	cacheKey = "service-list"
)

// kept is the copy, with the moment at which it was verified.
type kept struct {
	At   time.Time `json:"at"`
	Text []byte    `json:"text"`
}

// Load takes the copy, verified again as of the moment when it was fetched. Without one, or with one that is old or not sound,
// there is no list.
func (k *Keeper) Load(ctx context.Context) {
	b, err := k.Cache.Get(ctx, cacheKey)
	var copied kept
	if err != nil || json.Unmarshal(b, &copied) != nil {
		return
	}
	now := k.Clock()
	if copied.At.After(now) || now.Sub(copied.At) > validity {
		return
	}
	list, err := Read(copied.Text, k.Anchors, copied.At)
	if err != nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.list == nil {
		k.list = list
	}
}

// Active is List.Active of the newest list, "" without one.
func (k *Keeper) Active(service string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.list == nil {
		return ""
	}
	return k.list.Active(service)
}

// Refresh asks for the list when it has changed and Every has passed since it was asked. One that is not sound, or was issued before the
// one that is held, is refused: ErrList, and the former stays.
func (k *Keeper) Refresh(ctx context.Context) error {
	now := k.Clock()
	k.mu.Lock()
	due := k.asked.IsZero() || now.Sub(k.asked) >= Every || now.Before(k.asked)
	known, had := k.stamp, k.list
	k.mu.Unlock()
	if !due {
		return nil
	}
	stamp, err := k.Get(ctx, k.URL+".sha2")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrList, err)
	}
	if known != nil && bytes.Equal(stamp, known) {
		k.mu.Lock()
		k.asked = now
		k.mu.Unlock()
		return nil
	}
	text, err := k.Get(ctx, k.URL+".xml")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrList, err)
	}
	list, err := Read(text, k.Anchors, now)
	if err != nil {
		return err
	}
	if had != nil && list.Issued.Before(had.Issued) {
		return refused("it is older than the one that is held")
	}
	k.mu.Lock()
	k.list, k.stamp, k.asked = list, stamp, now
	k.mu.Unlock()
	if b, err := json.Marshal(kept{now, text}); err == nil {
		_ = k.Cache.Put(ctx, cacheKey, b, now.Add(validity)) // not kept: see Cache
	}
	return nil
}
