package wiring

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"relais/app/rx"
)

// sealedCache keeps what the services gave and what serves again: encryption tokens, a session, the list of end points. It is sealed in the
// directory under one name, since its own names may hold the number of a person. Of two processes that put at the same time
// one loses its entry: it asks again. It fits etk.Cache and servicelist.Cache, which judge again what they get.
type sealedCache struct {
	keep settings
	mu   sync.Mutex
}

const settingCache = "services.cache"

// cached is one entry.
type cached struct {
	Content []byte    `json:"content"`
	Until   time.Time `json:"until"`
}

func (c *sealedCache) read(ctx context.Context) (map[string]cached, error) {
	entries := map[string]cached{}
	b, err := c.keep.Setting(ctx, settingCache)
	if rx.CodeOf(err) == rx.CodeNotFound {
		return entries, nil
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(b, &entries) != nil {
		return map[string]cached{}, nil // of another version: asked for again
	}
	return entries, nil
}

// Get gives what was last put under a key, nil when there is nothing.
func (c *sealedCache) Get(ctx context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entries, err := c.read(ctx)
	return entries[key].Content, err
}

// Put keeps something that is of no use after until.
func (c *sealedCache) Put(ctx context.Context, key string, content []byte, until time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	entries, err := c.read(ctx)
	if err != nil {
		return err
	}
	entries[key] = cached{content, until}
	b, err := json.Marshal(entries)
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	return c.keep.SetSetting(ctx, settingCache, b)
}
