package recorder

const (
	frame20   = clockRate / 50 // 20 ms
	silentMax = 6 * frame20    // 120 ms, the longest Opus packet (RFC 6716 section 3.2.5)

	// concealMax is up to where a hole between received packets is a loss, which the player's decoder conceals; above it is silence.
	concealMax = 5 * frame20
)

// silent holds, at n-1, a CELT packet of n frames of 20 ms, full band, mono, each decoding to digital silence: the two bytes FF FE have the
// silence flag set and nothing else (RFC 6716 section 4.3). One frame is code 0; more are code 3 with frames of equal length (section 3.2.5).
var silent = [6][]byte{
	{0xf8, 0xff, 0xfe},
	silentFrames(2), silentFrames(3), silentFrames(4), silentFrames(5), silentFrames(6),
}

func silentFrames(frames int) []byte {
	p := []byte{0xf8 | 3, byte(frames)}
	for range frames {
		p = append(p, 0xff, 0xfe)
	}
	return p
}

// silentShort decodes to 2.5 ms of silence: what is left of a hole that is no multiple of 20 ms.
var silentShort = []byte{0xe0, 0xff, 0xfe}

// silentLead decodes to 5 ms of silence.
var silentLead = []byte{0xe8, 0xff, 0xfe}

const (
	frameShort = clockRate / 400
	frameLead  = clockRate / 200
)

// appendLost makes the packet that asks the decoder to conceal a loss of samples (at most 120 ms, a multiple of the frame length of the
// packet before, whose first byte is toc) and returns how many samples it stands for.
//
// "a multiplexer SHOULD emit packets that explicitly request the use of Packet Loss Concealment (PLC) in place of the missing packets."
// (RFC 7845 section 4.1)
func appendLost(dst []byte, toc byte, samples int64) ([]byte, int) {
	frame := tocFrame(toc)
	n := min(int(samples), silentMax) / frame
	switch n {
	case 0:
		return dst, 0
	case 1:
		return append(dst, toc&^3), frame // code 0, a frame of no bytes
	}
	return append(dst, toc|3, byte(n)), n * frame
}

// tocFrame is the frame length a TOC byte announces, in samples at 48 kHz (RFC 6716 section 3.1, table 2).
func tocFrame(toc byte) int {
	config := toc >> 3
	switch {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		return [4]int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		return [2]int{480, 960}[config&1]
	}
	return frameShort << (config & 3) // CELT: 2.5, 5, 10, 20 ms
}
