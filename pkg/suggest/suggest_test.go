package suggest

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	words := []string{"id", "pin", "subject", "expires", "media-ip", "media-ports"}
	for _, test := range []struct{ word, want string }{
		{"pni", "pin"},
		{"PIN", "pin"},
		{"subjct", "subject"},
		{"expire", "expires"},
		{"media_ip", "media-ip"},
		{"media-port", "media-ports"},
		{"zzzz", ""},
		{"", ""},
		{strings.Repeat("x", 1<<20), ""},
	} {
		if got, _ := Nearest(test.word, words); got != test.want {
			t.Errorf("Nearest(%.20q) = %q, want %q", test.word, got, test.want)
		}
	}
}

func TestHint(t *testing.T) {
	if got, want := Hint("pni", []string{"pin"}), ` (did you mean "pin"?)`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Hint("colour", []string{"pin"}); got != "" {
		t.Errorf("got %q for a word that is near nothing", got)
	}
}
