package opus

import (
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// Bounds of RFC 6716: section 3.2.1 (no frame over 1275 bytes), section 3.2.5
// ("the audio duration contained within a packet MUST NOT exceed 120 ms", so 48
// frames of 2.5 ms).
const (
	maxFrameBytes = 1275
	maxFrames     = 48
	maxDuration   = clockRate * 120 / 1000
)

// toc is the table-of-contents byte of RFC 6716 section 3.1: five bits of
// configuration, one of stereo, two of frame count code.
type toc byte

type mode uint8

const (
	silk mode = iota
	hybrid
	celt
)

// mode reads table 2: configurations 0 to 11, 12 to 15 and 16 to 31.
func (t toc) mode() mode {
	switch config := t >> 3; {
	case config < 12:
		return silk
	case config < 16:
		return hybrid
	}
	return celt
}

func (t toc) stereo() bool { return t&4 != 0 }

// frameDuration reads table 2: samples at 48 kHz in each frame.
func (t toc) frameDuration() int {
	size := int(t >> 3 & 3)
	switch t.mode() {
	case silk:
		return [4]int{480, 960, 1920, 2880}[size]
	case hybrid:
		return 480 << (size & 1)
	}
	return 120 << size
}

// frameCount reads the frame count code (section 3.2), 0 when it is unreadable.
func frameCount(payload []byte) int {
	if len(payload) == 0 {
		return 0
	}
	switch payload[0] & 3 {
	case 0:
		return 1
	case 1, 2:
		return 2
	}
	if len(payload) < 2 {
		return 0 // "code 3 packets ... MUST have at least 2 bytes"
	}
	return int(payload[1] & 0x3f)
}

// duration is the length of payload in samples at 48 kHz, 0 when unreadable.
func duration(payload []byte) int {
	count := frameCount(payload)
	if count == 0 {
		return 0
	}
	n := count * toc(payload[0]).frameDuration()
	if n > maxDuration {
		return 0
	}
	return n
}

// packet is a payload cut into its frames.
type packet struct {
	toc    toc
	count  int
	frames [maxFrames][]byte
}

var errMalformed = fmt.Errorf("opus packet is malformed: %w", codec.ErrPayload)

// parse cuts payload as section 3.2 says and refuses what section 3.4 calls
// malformed (requirements R1 to R7). The frames alias payload.
func (p *packet) parse(payload []byte) error {
	if duration(payload) == 0 {
		return errMalformed // R1, R5
	}
	p.toc, p.count = toc(payload[0]), frameCount(payload)
	switch payload[0] & 3 {
	case 2:
		return p.cutVariable(payload[1:])
	case 3:
		return p.parseCode3(payload)
	}
	return p.cutEqual(payload[1:])
}

// parseCode3 reads the frame count byte, "v|p|M", and the padding (section 3.2.5).
func (p *packet) parseCode3(payload []byte) error {
	flags, rest := payload[1], payload[2:]
	if flags&0x40 != 0 {
		padding := 0
		for {
			if len(rest) == 0 {
				return errMalformed
			}
			b := rest[0]
			rest = rest[1:]
			if b < 255 {
				padding += int(b)
				break
			}
			// "the value 255 indicates that 254 bytes of padding are
			// included, in addition" to those of the next byte
			padding += 254
		}
		if padding > len(rest) {
			return errMalformed // R6, R7
		}
		rest = rest[:len(rest)-padding]
	}
	if flags&0x80 != 0 {
		return p.cutVariable(rest)
	}
	return p.cutEqual(rest)
}

// cutEqual: constant bit rate, all frames of one size.
func (p *packet) cutEqual(data []byte) error {
	size := len(data) / p.count
	if size*p.count != len(data) || size > maxFrameBytes {
		return errMalformed // R2, R3, R6
	}
	for i := range p.count {
		p.frames[i] = data[i*size : (i+1)*size]
	}
	return nil
}

// cutVariable: the lengths of all frames but the last stand in front.
func (p *packet) cutVariable(data []byte) error {
	var sizes [maxFrames]int
	for i := range p.count - 1 {
		size, n := frameLength(data)
		if n == 0 {
			return errMalformed // R4, R7
		}
		sizes[i], data = size, data[n:]
	}
	for i := range p.count - 1 {
		if sizes[i] > len(data) {
			return errMalformed // R4, R7
		}
		p.frames[i], data = data[:sizes[i]], data[sizes[i]:]
	}
	if len(data) > maxFrameBytes {
		return errMalformed // R2
	}
	p.frames[p.count-1] = data
	return nil
}

// frameLength reads one length of section 3.2.1 and how many bytes it took, 0
// when it is cut off.
func frameLength(data []byte) (size, n int) {
	switch {
	case len(data) == 0:
		return 0, 0
	case data[0] < 252:
		return int(data[0]), 1
	case len(data) == 1:
		return 0, 0
	}
	return int(data[1])*4 + int(data[0]), 2
}

// silkFrames is the number of SILK frames in one Opus frame (section 4.2.2):
// those of 40 and 60 ms hold 20 ms ones.
func (t toc) silkFrames() int {
	if t.mode() == celt {
		return 0
	}
	return max(1, t.frameDuration()/960)
}

// silkFlags are the header bits of one Opus frame with a SILK layer, section
// 4.2.3: for each channel a voice activity flag per SILK frame, then a flag for
// low bit-rate redundancy. Each has the probability 1/2, so the range coder
// leaves them in the clear: they are the first bits of the frame.
func (t toc) silkFlags(frame []byte) (voice, redundancy bool) {
	n := t.silkFrames()
	if n == 0 || len(frame) == 0 {
		return false, false
	}
	voiceMask := byte(0xff) << (8 - n)
	redundancyMask := byte(0x80) >> n
	if t.stereo() {
		voiceMask |= voiceMask >> (n + 1)
		redundancyMask |= redundancyMask >> (n + 1)
	}
	return frame[0]&voiceMask != 0, frame[0]&redundancyMask != 0
}

// redundant tells whether payload carries a copy of the packet before it (LBRR): that is in its first frame.
func redundant(payload []byte) bool {
	var p packet
	if len(payload) < 2 || toc(payload[0]).mode() == celt || p.parse(payload) != nil {
		return false
	}
	_, redundancy := p.toc.silkFlags(p.frames[0])
	return redundancy
}
