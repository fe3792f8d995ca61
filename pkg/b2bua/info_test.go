package b2bua

import (
	"testing"
	"time"
)

func TestParseDTMF(t *testing.T) {
	for _, row := range []struct {
		body, digit string
		duration    time.Duration
	}{
		{"Signal=5\r\nDuration=160\r\n", "5", 160 * time.Millisecond},
		{"Signal= 5\nDuration= 100", "5", 100 * time.Millisecond},
		{"signal=*", "*", 250 * time.Millisecond},
		{"Signal=11\r\nDuration=160", "#", 160 * time.Millisecond},
		{"Signal=a", "A", 250 * time.Millisecond},
		{"Signal=5\r\nDuration=99999999", "5", 10 * time.Second},
		{"Signal=5\r\nDuration=-1", "5", 250 * time.Millisecond},
		{"7", "7", 250 * time.Millisecond},
		{"7\r\n", "7", 250 * time.Millisecond},
		{"Signal=", "", 0},
		{"Signal=55", "", 0},
		{"Signal=x", "", 0},
		{"Signal=-1", "", 0},
		{"hello", "", 0},
		{"", "", 0},
	} {
		digit, duration, ok := ParseDTMF(row.body)
		if digit != row.digit || ok != (row.digit != "") || ok && duration != row.duration {
			t.Errorf("%q: %q for %v, %v; want %q for %v", row.body, digit, duration, ok, row.digit, row.duration)
		}
	}
}

func FuzzParseDTMF(f *testing.F) {
	f.Add("Signal=5\r\nDuration=160\r\n")
	f.Add("11")
	f.Fuzz(func(t *testing.T, body string) {
		digit, duration, ok := ParseDTMF(body)
		if ok && (len(digit) != 1 || duration <= 0 || duration > maxDuration) {
			t.Errorf("%q: %q for %v", body, digit, duration)
		}
	})
}
