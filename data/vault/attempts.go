package vault

import (
	"encoding/json"
	"fmt"
	"time"
)

// Delay is the pause after so many wrong passphrases in a row: none for the first two, then 1 s, 2 s, 4 s … at most 30 s.
// It never ends in a refusal: nothing is erased and nobody is locked out for ever.
func Delay(failures int) time.Duration {
	const free, longest = 3, 30 * time.Second
	switch {
	case failures < free:
		return 0
	case failures >= free+5:
		return longest
	}
	return time.Second << (failures - free)
}

// manyFailures is counted when the count itself cannot be read: the longest pause, once.
const manyFailures = 8

// WaitError says that the last wrong passphrases are too recent: nothing was tried.
type WaitError struct{ Wait time.Duration }

func (e *WaitError) Error() string {
	return fmt.Sprintf("vault: too many wrong passphrases; the next try is possible in %v", (e.Wait + time.Second - 1).Truncate(time.Second))
}

// attempts is attempts.json: how many wrong secrets in a row, and when the last was. It keeps no secret.
type attempts struct {
	Failures int       `json:"failures"`
	Last     time.Time `json:"last"`
}

// parseAttempts never fails: a file that cannot be read neither waives the pause nor makes it endless.
func parseAttempts(data []byte, now time.Time) attempts {
	var a attempts
	if err := json.Unmarshal(data, &a); err != nil || a.Failures < 0 || a.Failures > 1<<30 {
		return attempts{Failures: manyFailures, Last: now}
	}
	return a
}

func (a attempts) failed(now time.Time) attempts {
	return attempts{Failures: a.Failures + 1, Last: now}
}

// wait is the rest of the pause. A clock that stands before the last failure was set back: the pause then begins anew at now, so that it
// is neither waived nor longer than Delay; the caller keeps the count that is given back.
func (a attempts) wait(now time.Time) (time.Duration, attempts) {
	if now.Before(a.Last) {
		a.Last = now
	}
	return max(0, Delay(a.Failures)-now.Sub(a.Last)), a
}
