package vault

import (
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strings"
)

// redacted, embedded, makes a type print itself without its content under every fmt verb, in slog and in JSON. The content itself stands
// behind a function, because fmt cannot call methods on the unexported field of another type: there it shows what a pointer points at (under a
// verb that does not suit pointers), but of a function only the address.
type redacted struct{}

const mask = "[redacted]"

func (redacted) Format(s fmt.State, _ rune)   { _, _ = io.WriteString(s, mask) } // fmt.State never fails
func (redacted) String() string               { return mask }
func (redacted) GoString() string             { return mask }
func (redacted) LogValue() slog.Value         { return slog.StringValue(mask) }
func (redacted) MarshalText() ([]byte, error) { return []byte(mask), nil }

// Passphrase is what the doctor types.
type Passphrase struct {
	redacted
	typed func() *[]byte
}

// NewPassphrase takes over typed, which the caller must not use any more; Wipe clears it.
func NewPassphrase(typed []byte) Passphrase {
	return Passphrase{typed: func() *[]byte { return &typed }}
}

// Wipe clears the passphrase. It opens nothing afterwards.
func (p Passphrase) Wipe() {
	if p.typed != nil {
		clear(*p.typed())
		*p.typed() = nil
	}
}

func (p Passphrase) bytes() []byte {
	if p.typed == nil {
		return nil
	}
	return *p.typed()
}

// RecoveryCode is 160 random bits that open a vault whose passphrase was forgotten. It is printed once, on paper.
type RecoveryCode struct {
	redacted
	code func() *[codeBytes]byte
}

func newCode() RecoveryCode {
	code := new([codeBytes]byte)
	return RecoveryCode{code: func() *[codeBytes]byte { return code }}
}

const (
	codeBytes  = 20
	codeDigits = 36 // 160 bits in base 32, and 20 bits of check
	groupSize  = 4
	crockford  = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // no I, L, O, U
	base32     = "0123456789abcdefghijklmnopqrstuv" // the digits of math/big
)

// checkPrime is the largest prime below 2^20. All 36 characters, read as one number, leave the remainder 1: any one wrong character and any two
// characters exchanged are told for certain; of other mistakes one in a million passes, and is then a wrong code.
var checkPrime = big.NewInt(1048573)

// Printed is the code for paper: nine groups of four characters, the last of them the check.
func (c RecoveryCode) Printed() string {
	if c.code == nil {
		return ""
	}
	n := new(big.Int).SetBytes(c.code()[:])
	n.Lsh(n, groupSize*5)
	check := new(big.Int).Sub(big.NewInt(1), n)
	n.Add(n, check.Mod(check, checkPrime))
	digits := n.Text(32)
	digits = strings.Repeat("0", codeDigits-len(digits)) + digits
	var b strings.Builder
	for i := range codeDigits {
		if i > 0 && i%groupSize == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(crockford[strings.IndexByte(base32, digits[i])])
	}
	return b.String()
}

// ParseRecoveryCode reads what was typed from the paper. Small letters, spaces and hyphens do not matter; O is read as 0, I and L as 1.
// All else is ErrMistypedCode: by its check a typing error is told before anything is tried.
func ParseRecoveryCode(typed string) (RecoveryCode, error) {
	fold := strings.NewReplacer(" ", "", "-", "", "\t", "", "\r", "", "\n", "", "O", "0", "I", "1", "L", "1")
	digits := []byte(fold.Replace(strings.ToUpper(typed)))
	for i, d := range digits {
		five := strings.IndexByte(crockford, d)
		if five < 0 {
			return RecoveryCode{}, fmt.Errorf("%w: group %d holds a character that no code has", ErrMistypedCode, i/groupSize+1)
		}
		digits[i] = base32[five]
	}
	if len(digits) != codeDigits {
		return RecoveryCode{}, fmt.Errorf("%w: %d characters instead of %d", ErrMistypedCode, len(digits), codeDigits)
	}
	n, _ := new(big.Int).SetString(string(digits), 32) // digits of this base only, as checked above
	if new(big.Int).Mod(n, checkPrime).Cmp(big.NewInt(1)) != 0 {
		return RecoveryCode{}, fmt.Errorf("%w: the groups do not agree with the last one", ErrMistypedCode)
	}
	code := newCode()
	n.Rsh(n, groupSize*5).FillBytes(code.code()[:])
	return code, nil
}
