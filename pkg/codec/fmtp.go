package codec

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// MaxFmtp is the longest a=fmtp value that is looked at, in bytes.
const MaxFmtp = 1024

// Parameters goes through the parameters of an a=fmtp value. RFC 4855 section
// 3: "a semicolon-separated list of parameter=value pairs". Names come in lower
// case; white space around names and values is dropped, and so are empty
// entries. A parameter without "=" has an empty value. Whatever lies beyond
// MaxFmtp bytes is not looked at.
func Parameters(fmtp string) iter.Seq2[string, string] {
	if len(fmtp) > MaxFmtp {
		fmtp = fmtp[:MaxFmtp]
	}
	return func(yield func(name, value string) bool) {
		for entry := range strings.SplitSeq(fmtp, ";") {
			name, value, _ := strings.Cut(entry, "=")
			name = strings.ToLower(strings.TrimSpace(name))
			if name == "" {
				continue
			}
			if !yield(name, strings.TrimSpace(value)) {
				return
			}
		}
	}
}

// IntParameter reads the value of the parameter called name: a decimal number
// from low to high, both included. The error wraps ErrFmtp.
func IntParameter(name, value string, low, high int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("%s=%.20q, not a number from %d to %d: %w", name, value, low, high, ErrFmtp)
	}
	return n, nil
}
