// Package opus is Opus (RFC 6716) as RTP carries it (RFC 7587). Encoding and
// decoding are libopus through cgo; what needs no coder (payload durations, the
// meter, format parameters) is Go and works in every build.
//
//	done                                       not done
//	mono in and out at 48, 16 and 8 kHz        stereo out: a stereo stream is mixed down
//	VOIP and audio application, 10 to 60 ms    restricted low delay, 2.5 and 5 ms frames
//	in-band FEC, concealment, DTX, CBR         DRED and other extensions of libopus 1.5
//	frames without prediction (hand-over)      multistream (RFC 7845)
//	level without decoding, voice with SILK    voice in CELT-only payloads
//
// A build without cgo has Available == false and constructors that return
// ErrUnavailable; it should not offer the codec. A release is linked statically:
// -ldflags '-linkmode external -extldflags "-static -lm"'.
package opus
