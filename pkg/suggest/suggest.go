// Package suggest finds the word somebody meant who wrote another one.
package suggest

import (
	"strings"
)

// maxLength bounds the work for a word from a stranger; no word of ours is longer.
const maxLength = 64

// Hint is a question that fits behind an error, ` (did you mean "pin"?)`, or "" when no word is near.
func Hint(word string, words []string) string {
	if near, ok := Nearest(word, words); ok {
		return ` (did you mean "` + near + `"?)`
	}
	return ""
}

// Nearest returns the word that takes the fewest edits to reach, if they are few for its length. Case, and "_" for "-", count
// for nothing; of equals the first wins.
func Nearest(word string, words []string) (near string, ok bool) {
	if len(word) > maxLength {
		return "", false
	}
	best := maxLength
	for _, w := range words {
		if d := distance(fold(word), fold(w)); d < best && d <= 1+len(w)/4 && d < len(w) {
			near, best = w, d
		}
	}
	return near, near != ""
}

func fold(word string) string { return strings.ReplaceAll(strings.ToLower(word), "_", "-") }

// distance counts the insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost(a[i] != b[j]))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func cost(differ bool) int {
	if differ {
		return 1
	}
	return 0
}
