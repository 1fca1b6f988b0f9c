package cms

import (
	"bytes"
	"runtime"
	"testing"
)

// Messages made to cost as much as they can: what is spent is a small multiple of the longest message that is read.
func TestHostileMessagesAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: fills 16 MiB again and again")
	}
	fill := func(head, unit []byte) []byte {
		return append(bytes.Clone(head), bytes.Repeat(unit, (MaxMessage-len(head)-64)/len(unit))...)
	}
	signedHead := unhex("308006092a864886f70d010702a080308002010131003080" + "06092a864886f70d010701a0802480") // as far as the content
	for name, message := range map[string][]byte{
		"nothing but nulls":                  fill(unhex("3080"), unhex("0500")),
		"nothing but sequences in sequences": fill(nil, unhex("3080")),
		"content in segments of one byte":    fill(signedHead, unhex("040100")),
		"content in empty segments":          fill(signedHead, unhex("0400")),
		"content in segments of segments":    fill(signedHead, unhex("2480040100"+"0000")),
		"content in sound segments":          closed(fill(signedHead, append(unhex("048203e8"), make([]byte, 1000)...))),
		"zeros":                              fill(nil, []byte{0}),
		"longer than allowed":                make([]byte, MaxMessage+1),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ReadSignedData(message)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: was read", name)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 5*MaxMessage {
			t.Errorf("%s: %d MiB were allocated for a message of %d MiB", name, spent>>20, len(message)>>20)
		} else {
			t.Logf("%s: %d MiB; %v", name, spent>>20, err)
		}
	}
}

// closed ends the content, gives no signer and ends what was begun.
func closed(message []byte) []byte {
	return append(message, unhex("0000"+"0000"+"0000"+"3100"+"0000"+"0000"+"0000")...)
}
