package wiring

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"

	"relais/app/rx"
)

// What pharmacists wrote is asked for by itself, quietly: by the program that sends, when Recip-e answers and nothing waits for it, an interval
// after it was asked for last by whichever program of the directory, and up to a quarter of the interval later, so that not all practices ask at once.

// settingAsked is when it was last asked for by itself, however that ended.
const settingAsked = "feedback-asked"

// looking is how often it is looked whether the moment has come.
const looking = time.Minute

// listen asks until ctx ends. What a round met is told by the services as they are seen, and by the next one: nobody waits for it.
func (s *Session) listen(ctx context.Context, random *rand.Rand) {
	every := s.Profile.Waits.Feedback
	if every <= 0 {
		return
	}
	spread := func() time.Duration { return time.Duration(random.Int64N(int64(every)/4 + 1)) }
	begun, later := s.dir.Now(), spread()
	tick := time.NewTicker(min(every, looking))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.dir.Now()
		if now.Before(begun) { // the clock was set back
			begun = now
		}
		due := begun // never at once: who begins has work to do
		if asked := s.lastAsked(ctx); asked.Add(every).After(begun) && !asked.After(now) {
			due = asked.Add(every)
		}
		if now.Before(due.Add(later)) || !s.quiet(ctx, now, every) {
			continue
		}
		if s.noteAsked(ctx, now) != nil { // a disk that does not write cannot keep feedback either
			continue
		}
		later = spread()
		_, _ = s.Service.FetchFeedback(ctx, s.tellRead())
	}
}

// quiet tells that Recip-e answered when it was last called, or was left alone for an interval since it did not, and that nothing is on the way
// to it or would leave by itself.
func (s *Session) quiet(ctx context.Context, now time.Time, every time.Duration) bool {
	for _, k := range s.services.all() {
		if k.Service == rx.Recipe && (!k.Known() || !k.Reached && now.Sub(k.Last).Abs() < every) {
			return false
		}
	}
	tasks, err := s.db.Work(ctx)
	if err != nil {
		return false
	}
	for i := range tasks {
		t := &tasks[i]
		if t.LiveAttempt() != nil || rx.MaySend(t.Prescription, now, t.Around, s.Profile.Waits) == nil {
			return false
		}
	}
	return true
}

// tellRead tells whether Recip-e is told what was kept: what its read flag means is not known, so it is the profile's to say.
func (s *Session) tellRead() bool {
	return s.Profile.Platform != nil && s.Profile.Platform.FeedbackRead
}

// lastAsked is zero when it never was, or cannot be read.
func (s *Session) lastAsked(ctx context.Context) (at time.Time) {
	b, err := s.db.Setting(ctx, settingAsked)
	if err == nil {
		err = json.Unmarshal(b, &at)
	}
	if err != nil {
		return time.Time{}
	}
	return at
}

func (s *Session) noteAsked(ctx context.Context, at time.Time) error {
	b, err := json.Marshal(at)
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	return s.db.SetSetting(ctx, settingAsked, b)
}
