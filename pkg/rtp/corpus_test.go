package rtp

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
)

// TestCorpus: packets that crashed others are read or refused.
func TestCorpus(t *testing.T) {
	for folder, read := range map[string]func([]byte) error{
		"rtp-corpus":  func(b []byte) error { return new(Packet).Parse(b) },
		"rtcp-corpus": func(b []byte) error { _, err := ParseCompound(b); return err },
	} {
		t.Run(folder, func(t *testing.T) {
			dir := testdata.Dir(t, folder)
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			taken := 0
			for _, e := range entries {
				b, err := os.ReadFile(filepath.Join(dir, e.Name()))
				if err != nil {
					t.Fatal(err)
				}
				if read(b) == nil {
					taken++
				}
			}
			t.Logf("%d of %d files read", taken, len(entries))
			if taken == 0 {
				t.Error("not one of them was read")
			}
		})
	}
}
