package recorder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	startLayout = "20060102T150405Z" // the START folder, UTC, safe on every file system
	maxSlug     = 40
)

// ErrConferenceID is returned for a conference id that cannot name a folder.
var ErrConferenceID = errors.New("conference id cannot name a folder")

// makeFolder makes root/id/START, or START-2 and so on when another recording of the conference began in the same second.
func makeFolder(root, id string, started time.Time) (string, error) {
	if id == "" || len(id) > 128 || strings.Trim(id, idLetters) != "" {
		return "", fmt.Errorf("recording %q: %w", id, ErrConferenceID)
	}
	parent := filepath.Join(root, id)
	if err := os.MkdirAll(parent, 0o750); err != nil {
		return "", err
	}
	start := started.UTC().Format(startLayout)
	for n := 1; ; n++ {
		dir := filepath.Join(parent, start)
		if n > 1 {
			dir = fmt.Sprintf("%s-%d", dir, n)
		}
		err := os.Mkdir(dir, 0o750)
		if err == nil || !errors.Is(err, os.ErrExist) || n == 100 {
			return dir, err
		}
	}
}

const idLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// slug makes a file name out of what a person is called: lower-case ASCII letters, digits and single dashes, never empty, never a path.
func slug(name string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(name) {
		if !('a' <= r && r <= 'z' || '0' <= r && r <= '9') {
			dash = b.Len() > 0
			continue
		}
		if dash {
			b.WriteByte('-')
		}
		dash = false
		b.WriteRune(r)
		if b.Len() >= maxSlug {
			break
		}
	}
	if b.Len() == 0 {
		return "participant"
	}
	return b.String()
}

// names hands out the file names of one recording, each once.
type names map[string]int

// track is SLUG-N with N counting up.
func (n names) track(slug, extension string) string {
	n[slug]++
	return fmt.Sprintf("%s-%d.%s", slug, n[slug], extension)
}

// mixed is "mixed" at first, then mixed-2 and so on.
func (n names) mixed(extension string) string {
	n["mixed"]++
	if n["mixed"] == 1 {
		return "mixed." + extension
	}
	return fmt.Sprintf("mixed-%d.%s", n["mixed"], extension)
}
