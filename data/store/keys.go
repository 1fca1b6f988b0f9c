package store

import (
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"slices"

	"relais/app/rx"
)

// AD says where a sealed value stands: it opens at no other place.
type AD = struct{ Table, Row, Column string }

// Keys is what the store needs of an unlocked vault: data/vault's Keys fit. Vault id and environment are part of what each
// method authenticates. Any number of goroutines may use them.
type Keys interface {
	Seal(purpose string, ad AD, plaintext []byte) ([]byte, error)
	Open(purpose string, ad AD, sealed []byte) ([]byte, error)
	MAC(table, id string, fields [][]byte) ([32]byte, error)
	Blind(column, value string) ([32]byte, error)
	Keyed(use string, value []byte) ([32]byte, error)
	Chain(previous [32]byte, line []byte) ([32]byte, error)
}

// Purposes of sealed values, see the table in the package comment.
const (
	content  = "content"
	patients = "patients"
	delivery = "delivery"
)

// guard is Keys with the errors of this package. Every error of Keys but a value that does not open means that they are closed.
type guard struct{ keys Keys }

func locked(err error) error { return rx.Fault(rx.CodeLocked).Because(err) }

func damaged(table, row string) *rx.Error {
	return rx.Fault(rx.CodeDamaged, "table", table, "row", row)
}

func (g guard) seal(purpose string, ad AD, plain []byte) ([]byte, error) {
	sealed, err := g.keys.Seal(purpose, ad, plain)
	if err != nil {
		return nil, locked(err)
	}
	return sealed, nil
}

// open gives what seal was given. What does not open under a purpose that still seals is damaged.
func (g guard) open(purpose string, ad AD, sealed []byte) ([]byte, error) {
	plain, err := g.keys.Open(purpose, ad, sealed)
	if err == nil {
		return plain, nil
	}
	if _, err := g.seal(purpose, ad, nil); err != nil {
		return nil, err
	}
	return nil, damaged(ad.Table, ad.Row).Because(errors.New("column " + ad.Column))
}

func (g guard) blind(column, value string) ([]byte, error) {
	b, err := g.keys.Blind(column, value)
	if err != nil {
		return nil, locked(err)
	}
	return b[:], nil
}

func (g guard) keyed(use string, value []byte) ([]byte, error) {
	b, err := g.keys.Keyed(use, value)
	if err != nil {
		return nil, locked(err)
	}
	return b[:], nil
}

// sign sets the MAC of r, the last of its cells.
func (g guard) sign(r row) error {
	mac, err := g.mac(r)
	if err != nil {
		return err
	}
	cells := r.cells()
	*cells[len(cells)-1].(*[]byte) = mac[:]
	return nil
}

// check compares the MAC of r with its cells.
func (g guard) check(r row) error {
	mac, err := g.mac(r)
	if err != nil {
		return err
	}
	cells := r.cells()
	if subtle.ConstantTimeCompare(mac[:], *cells[len(cells)-1].(*[]byte)) != 1 {
		return damaged(r.table().name, r.key())
	}
	return nil
}

func (g guard) mac(r row) ([32]byte, error) {
	cells := r.cells()
	mac, err := g.keys.MAC(r.table().name, r.key(), [][]byte{encode(nil, cells[:len(cells)-1])})
	if err != nil {
		return mac, locked(err)
	}
	return mac, nil
}

// encode is the one byte form of cells: for each a letter of its type (none for NULL), its length in 64 bits and its bytes. Two
// different lists never give the same bytes.
func encode(buf []byte, cells []any) []byte {
	size := len(cells) * 48 // numbers, ids, times
	for _, c := range cells {
		if v, ok := c.(*[]byte); ok {
			size += len(*v)
		}
	}
	buf = slices.Grow(buf, size)
	for _, c := range cells {
		switch v := c.(type) {
		case *int64:
			buf = binary.BigEndian.AppendUint64(append(buf, 'i'), uint64(*v))
		case *string:
			buf = append(binary.BigEndian.AppendUint64(append(buf, 't'), uint64(len(*v))), *v...)
		case *optional:
			if !v.Valid {
				buf = append(buf, 0)
				continue
			}
			buf = append(binary.BigEndian.AppendUint64(append(buf, 't'), uint64(len(v.V))), v.V...)
		case *[]byte:
			if *v == nil {
				buf = append(buf, 0)
				continue
			}
			buf = append(binary.BigEndian.AppendUint64(append(buf, 'b'), uint64(len(*v))), *v...)
		default:
			panic("store: a cell of an unknown type")
		}
	}
	return buf
}
