package main

import (
	"os"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const text = "4711 (a ) b (c) S 1 4711 4711 0 -1 4194560 1 2 3 4 123 77 5 6 20 0 9 0 1 2 3\n"
	got, err := parseStat(text)
	if want := 2 * time.Second; err != nil || got != want {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for _, bad := range []string{"", "1 (x) S", "1 (x) S 1 1 1 1 1 1 1 1 1 1 x 1 1"} {
		if _, err := parseStat(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestParsePressure(t *testing.T) {
	const text = "some avg10=22.78 avg60=62.73 avg300=55.41 total=1288666113\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n"
	if got, want := parsePressure(text), 1288666113*time.Microsecond; got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got := parsePressure(""); got != 0 {
		t.Errorf("nothing is %v", got)
	}
}

func TestOurselves(t *testing.T) {
	if n, err := residentMemory(os.Getpid()); err != nil || n < 1<<20 {
		t.Errorf("resident memory %d, %v", n, err)
	}
	if _, err := cpuTime(os.Getpid()); err != nil {
		t.Error(err)
	}
}
