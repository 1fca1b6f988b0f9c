package vault

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// Keys fit a port that names only the standard library, as every port of the program does.
var _ interface {
	Seal(purpose string, ad struct{ Table, Row, Column string }, plaintext []byte) ([]byte, error)
	Open(purpose string, ad struct{ Table, Row, Column string }, sealed []byte) ([]byte, error)
	MAC(table, id string, fields [][]byte) ([32]byte, error)
	VerifyMAC(table, id string, fields [][]byte, mac []byte) error
	Blind(column, value string) ([32]byte, error)
	Keyed(use string, value []byte) ([32]byte, error)
	Chain(previous [32]byte, line []byte) ([32]byte, error)
} = (*Keys)(nil)

func testKeys(t testing.TB) *Keys { return keysOf(t, 1, 1, Simulated) }

func keysOf(t testing.TB, root, id byte, environment string) *Keys {
	t.Helper()
	k, err := newKeys(bytes.Repeat([]byte{root}, keySize), uuid.UUID{id}, environment, seeded(root))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var (
	purposes = rapid.SampledFrom([]string{Content, Patients, Delivery})
	// Few letters, and those of the encoding's own numbers, so that boundaries collide as often as they can.
	names  = rapid.StringOf(rapid.SampledFrom([]rune{'a', 'b', 0, 1, 8}))
	places = rapid.Custom(func(t *rapid.T) AD {
		return AD{names.Draw(t, "table"), names.Draw(t, "row"), names.Draw(t, "column")}
	})
	values = rapid.SliceOf(rapid.Byte())
	rows   = rapid.SliceOf(rapid.Map(names, func(s string) []byte { return []byte(s) }))
)

func TestSealOpen(t *testing.T) {
	k := testKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		purpose, ad, plaintext := purposes.Draw(t, "purpose"), places.Draw(t, "ad"), values.Draw(t, "plaintext")
		sealed, err := k.Seal(purpose, ad, plaintext)
		if err != nil || len(sealed) != len(plaintext)+41 || sealed[0] != 1 {
			t.Fatalf("%d bytes: %v", len(sealed), err)
		}
		got, err := k.Open(purpose, ad, sealed)
		if err != nil || !bytes.Equal(got, plaintext) {
			t.Fatalf("opened as %x: %v", got, err)
		}
		if len(plaintext) >= 8 && bytes.Contains(sealed, plaintext) {
			t.Fatal("the plaintext can be read")
		}
		again, _ := k.Seal(purpose, ad, plaintext)
		if bytes.Equal(sealed[1:25], again[1:25]) {
			t.Fatal("a nonce was used twice")
		}
	})
}

func TestSealedOpensNowhereElse(t *testing.T) {
	k := testKeys(t)
	strangers := map[string]*Keys{
		"other root":        keysOf(t, 2, 1, Simulated),
		"other vault":       keysOf(t, 1, 2, Simulated),
		"other environment": keysOf(t, 1, 1, "production"),
	}
	rapid.Check(t, func(t *rapid.T) {
		purpose, ad := purposes.Draw(t, "purpose"), places.Draw(t, "ad")
		sealed, err := k.Seal(purpose, ad, values.Draw(t, "plaintext"))
		if err != nil {
			t.Fatal(err)
		}
		refused := func(k *Keys, purpose string, ad AD, what string) {
			if got, err := k.Open(purpose, ad, sealed); !errors.Is(err, ErrDamaged) || got != nil {
				t.Fatalf("%s: %x, %v", what, got, err)
			}
		}
		if other := places.Draw(t, "other ad"); other != ad {
			refused(k, purpose, other, "other place")
		}
		if ad.Table != ad.Row {
			refused(k, purpose, AD{ad.Row, ad.Table, ad.Column}, "exchanged names")
		}
		refused(k, purpose, AD{ad.Table + "a", ad.Row, ad.Column}, "longer table")
		if other := purposes.Draw(t, "other purpose"); other != purpose {
			refused(k, other, ad, "other purpose")
		}
		for what, stranger := range strangers {
			refused(stranger, purpose, ad, what)
		}
	})
}

func TestVaultAndEnvironmentAreInTheAssociatedData(t *testing.T) {
	a, b := testKeys(t), keysOf(t, 2, 2, "production")
	b.set.subkeys = a.set.subkeys // as if the derivation did not know the environment
	sealed, err := a.Seal(Content, AD{"t", "r", "c"}, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		id, environment string
		want            error
	}{
		"same":        {a.set.id, a.set.environment, nil},
		"environment": {a.set.id, "production", ErrDamaged},
		"vault":       {strings.Repeat("b", 16), a.set.environment, ErrDamaged},
	} {
		b.set.id, b.set.environment = c.id, c.environment
		if _, err := b.Open(Content, AD{"t", "r", "c"}, sealed); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAlteredSealsAreRefused(t *testing.T) {
	k := testKeys(t)
	ad := AD{"prescriptions", "0192f6a0", "message"}
	rapid.Check(t, func(t *rapid.T) {
		sealed, _ := k.Seal(Content, ad, values.Draw(t, "plaintext"))
		for bit := range len(sealed) * 8 {
			sealed[bit/8] ^= 1 << (bit % 8)
			if _, err := k.Open(Content, ad, sealed); !errors.Is(err, ErrDamaged) {
				t.Fatalf("bit %d: %v", bit, err)
			}
			sealed[bit/8] ^= 1 << (bit % 8)
		}
		for n := range sealed {
			if _, err := k.Open(Content, ad, sealed[:n]); !errors.Is(err, ErrDamaged) {
				t.Fatalf("cut to %d: %v", n, err)
			}
		}
		if _, err := k.Open(Content, ad, append(slices.Clone(sealed), rapid.Byte().Draw(t, "surplus"))); !errors.Is(err, ErrDamaged) {
			t.Fatalf("longer: %v", err)
		}
		if _, err := k.Open(Content, ad, sealed); err != nil {
			t.Fatal(err)
		}
	})
}

func TestOnlySealingPurposesSeal(t *testing.T) {
	k := testKeys(t)
	for _, purpose := range []string{"", "Content", index, audit, row} {
		if _, err := k.Seal(purpose, AD{}, nil); err == nil {
			t.Errorf("sealed under %q", purpose)
		}
		if _, err := k.Open(purpose, AD{}, make([]byte, 60)); err == nil {
			t.Errorf("opened under %q", purpose)
		}
	}
}

func TestSealWithoutRandomnessSealsNothing(t *testing.T) {
	k := testKeys(t)
	k.set.random = io.MultiReader(bytes.NewReader(make([]byte, 23)), iotest.ErrReader(errors.New("no entropy")))
	if sealed, err := k.Seal(Content, AD{}, []byte("x")); err == nil || sealed != nil {
		t.Errorf("%x, %v", sealed, err)
	}
}

func TestPackIsInjective(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(names, 0, 5)
		a, b := list.Draw(t, "a"), list.Draw(t, "b")
		pa, pb := pack(a...), pack(b...)
		if slices.Equal(a, b) != bytes.Equal(pa, pb) {
			t.Fatalf("%q and %q", a, b)
		}
		if !slices.Equal(a, b) && bytes.HasPrefix(pa, pb) {
			t.Fatalf("%q begins like %q", a, b)
		}
		// The same letters, divided otherwise.
		if all := strings.Join(a, ""); len(a) > 1 {
			cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
			if c := []string{all[:cut], all[cut:]}; !slices.Equal(a, c) && bytes.Equal(pa, pack(c...)) {
				t.Fatalf("%q and %q", a, c)
			}
		}
	})
}

func TestMACKnowsTheBoundariesOfFields(t *testing.T) {
	k := testKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		type written struct {
			table, id string
			fields    [][]byte
		}
		draw := func(which string) written {
			return written{names.Draw(t, which+" table"), names.Draw(t, which+" id"), rows.Draw(t, which+" fields")}
		}
		a, b := draw("a"), draw("b")
		if rapid.Bool().Draw(t, "move a boundary") && len(a.fields) > 1 {
			b = written{a.table, a.id, slices.Clone(a.fields)}
			i := rapid.IntRange(0, len(a.fields)-2).Draw(t, "field")
			joined := slices.Concat(a.fields[i], a.fields[i+1])
			cut := rapid.IntRange(0, len(joined)).Draw(t, "cut")
			b.fields[i], b.fields[i+1] = joined[:cut], joined[cut:]
		}
		same := a.table == b.table && a.id == b.id && slices.EqualFunc(a.fields, b.fields, bytes.Equal)
		mac, err := k.MAC(a.table, a.id, a.fields)
		if err != nil {
			t.Fatal(err)
		}
		err = k.VerifyMAC(b.table, b.id, b.fields, mac[:])
		if same != (err == nil) || err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatalf("%q and %q: %v", a, b, err)
		}
		if err := k.VerifyMAC(a.table, a.id, append(slices.Clone(a.fields), nil), mac[:]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("one empty field more: %v", err)
		}
	})
}

func TestAlteredMACsAreRefused(t *testing.T) {
	k := testKeys(t)
	fields := [][]byte{[]byte("1"), []byte("ready"), nil}
	mac, _ := k.MAC("prescriptions", "7", fields)
	for bit := range len(mac) * 8 {
		bad := mac
		bad[bit/8] ^= 1 << (bit % 8)
		if err := k.VerifyMAC("prescriptions", "7", fields, bad[:]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("bit %d: %v", bit, err)
		}
	}
	for _, bad := range [][]byte{nil, {}, mac[:31], append(mac[:], 0)} {
		if err := k.VerifyMAC("prescriptions", "7", fields, bad); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}

// Every keyed hash is a different function, and each depends on all of its arguments.
func TestKeyedHashesAreSeparate(t *testing.T) {
	k := testKeys(t)
	seen := map[[32]byte]string{}
	add := func(what string, h [32]byte, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if before, twice := seen[h]; twice {
			t.Errorf("%s equals %s", what, before)
		}
		seen[h] = what
	}
	for name, k := range map[string]*Keys{"": k, "other root ": keysOf(t, 2, 1, Simulated), "other vault ": keysOf(t, 1, 2, Simulated), "other environment ": keysOf(t, 1, 1, "x")} {
		for _, a := range []string{"", "a", "ab", "keyed", "blind"} {
			for _, b := range []string{"", "b", "bb", "c"} {
				h, err := k.Blind(a, b)
				add(name+"blind "+a+","+b, h, err)
				h, err = k.Keyed(a, []byte(b))
				add(name+"keyed "+a+","+b, h, err)
				h, err = k.MAC(a, b, nil)
				add(name+"mac "+a+","+b, h, err)
				h, err = k.Chain([32]byte{byte(len(a)), byte(len(b))}, []byte(a+b))
				add(name+"chain "+a+","+b, h, err)
			}
		}
	}
	again, _ := testKeys(t).Blind("a", "b")
	if first, _ := k.Blind("a", "b"); first != again {
		t.Error("the blind index is not the same at the next unlock")
	}
}

func TestClosedKeysDoNothing(t *testing.T) {
	k := testKeys(t)
	sealed, _ := k.Seal(Content, AD{}, []byte("x"))
	mac, _ := k.MAC("t", "r", nil)
	var held []*[keySize]byte
	for _, key := range k.set.subkeys {
		held = append(held, key)
	}
	k.Close()
	k.Close()
	if len(held) != 6 {
		t.Fatalf("%d subkeys", len(held))
	}
	for _, key := range held {
		if *key != [keySize]byte{} {
			t.Error("a subkey was not zeroed")
		}
	}
	_, seal := k.Seal(Content, AD{}, nil)
	_, open := k.Open(Content, AD{}, sealed)
	_, sign := k.MAC("t", "r", nil)
	_, blind := k.Blind("c", "v")
	_, keyed := k.Keyed("u", nil)
	_, chain := k.Chain([32]byte{}, nil)
	for i, err := range []error{seal, open, sign, k.VerifyMAC("t", "r", nil, mac[:]), blind, keyed, chain} {
		if !errors.Is(err, ErrLocked) {
			t.Errorf("method %d: %v", i, err)
		}
	}
}

func TestKeysAreSharedAndClosedUnderUse(t *testing.T) {
	k := testKeys(t)
	var users sync.WaitGroup
	for range 8 {
		users.Go(func() {
			for {
				sealed, err := k.Seal(Content, AD{"t", "r", "c"}, []byte("value"))
				if err == nil {
					var got []byte
					if got, err = k.Open(Content, AD{"t", "r", "c"}, sealed); err == nil && string(got) != "value" {
						t.Error("opened as something else")
					}
				}
				if errors.Is(err, ErrLocked) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 100 {
		if _, err := k.Chain([32]byte{}, nil); err != nil {
			t.Error(err)
		}
	}
	k.Close()
	users.Wait()
}
