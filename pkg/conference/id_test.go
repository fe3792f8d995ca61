package conference

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
)

func TestParseID(t *testing.T) {
	for text, want := range map[string]ID{
		"7H3K92QD":                         "7h3k92qd",
		"abc":                              "abc",
		"0F1E2D3C4B5A69788796A5B4C3D2E1F0": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
	} {
		if got, err := ParseID(text); got != want || err != nil {
			t.Errorf("ParseID(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "ab", strings.Repeat("a", 33), "abc-defg", "abc defg", "ABCDEFG\u212A", "abcdefg\x00", "@bcdefgh", "[bcdefgh"} {
		if got, err := ParseID(text); !errors.Is(err, ErrInvalidID) {
			t.Errorf("ParseID(%q) = %q, %v, want %v", text, got, err, ErrInvalidID)
		}
	}
}

func TestNewID(t *testing.T) {
	id, err := NewID(bytes.NewReader([]byte{250, 255, 0, 1, 2, 3, 4, 15, 26, 37, 48, 249}))
	if id != "0123456789" || err != nil {
		t.Errorf("NewID = %q, %v, want 0123456789: 250 and 255 are skipped", id, err)
	}
	if _, err := NewID(bytes.NewReader([]byte{1, 2})); err == nil {
		t.Error("NewID of two bytes succeeded")
	}
	if id, err := NewID(rand.Reader); err != nil || len(id) != 10 || strings.Trim(string(id), "0123456789") != "" {
		t.Errorf("NewID = %q, %v, want ten digits", id, err)
	}
}
