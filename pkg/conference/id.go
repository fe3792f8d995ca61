package conference

import (
	"fmt"
	"io"
	"strings"
)

// ID names a conference in its domain, in canonical form: lower-case ASCII letters and digits.
type ID string

const (
	minID      = 8
	minAdminID = 3 // administrators may hand out short ones
	maxID      = 32
	randomID   = 10 // digits of a NewID
)

// ParseID reads an id of 3 to 32 ASCII letters and digits and returns its canonical form; ids are compared without case. That one of
// fewer than 8 is an administrator's to give is Record.Validate's business.
func ParseID(text string) (ID, error) {
	if len(text) < minAdminID || len(text) > maxID {
		return "", fmt.Errorf("%w: %d characters, want %d to %d", ErrInvalidID, len(text), minAdminID, maxID)
	}
	for i := range len(text) {
		if !isAlphanumeric(text[i]) {
			return "", fmt.Errorf("%w: character %q", ErrInvalidID, text[i])
		}
	}
	return ID(strings.ToLower(text)), nil
}

// NewID makes an id of ten digits, so that a keypad can dial it, from a source of random bytes (crypto/rand.Reader).
func NewID(random io.Reader) (ID, error) {
	var digits [randomID]byte
	for i := range digits {
		d, err := randomDigit(random)
		if err != nil {
			return "", fmt.Errorf("making a conference id: %w", err)
		}
		digits[i] = d
	}
	return ID(digits[:]), nil
}

// randomDigit refuses the bytes above 249, which would make the low digits likelier.
func randomDigit(random io.Reader) (byte, error) {
	var b [1]byte
	for {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return 0, err
		}
		if b[0] < 250 {
			return '0' + b[0]%10, nil
		}
	}
}

func isAlphanumeric(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
