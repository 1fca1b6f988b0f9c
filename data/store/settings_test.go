package store

import "testing"

// Each write of a setting counts, by whichever connection.
func TestSettingVersion(t *testing.T) {
	p := newPlace(t).create()
	db, other := p.open(), p.open()
	for n, value := range []string{"", "a", "a", "b"} {
		if n > 0 {
			if err := other.SetSetting(ctx, "language", []byte(value)); err != nil {
				t.Fatal(err)
			}
		}
		if v, err := db.SettingVersion(ctx, "language"); v != int64(n) || err != nil {
			t.Errorf("after %d writes: %d, %v", n, v, err)
		}
	}
}
