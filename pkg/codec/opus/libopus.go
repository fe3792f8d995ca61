//go:build cgo

package opus

// #cgo pkg-config: opus
// #include <opus.h>
import "C"

import (
	"fmt"
	"slices"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// Available tells whether this build can encode and decode.
const Available = true

// state is the memory of one coder. libopus has init functions for callers with
// an allocator of their own; ours is Go's, so that nothing leaks and nothing is
// used after it was freed. The state points at constant tables of libopus and at
// nothing else, and Go does not move it. It is made of words for the alignment.
type state []uint64

func newState(bytes C.int) state { return make(state, (bytes+7)/8) }

// failure wraps a negative result of libopus.
func failure(doing string, code C.int, kind error) error {
	return fmt.Errorf("opus: %s: %s: %w", doing, C.GoString(C.opus_strerror(code)), kind)
}

func checkRate(rate int) error {
	if !slices.Contains(rates[:], rate) {
		return fmt.Errorf("opus at %d Hz: %w", rate, codec.ErrRate)
	}
	return nil
}
