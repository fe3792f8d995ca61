// Package pcm works on linear sound: mono, 16 bit, at 8, 16 or 48 kHz, in frames of 20 ms.
//
// It holds what stands between a decoder and an encoder in a conference:
//
//	LevelOf        how loud a frame is, in dBov (RFC 6464, RFC 6465)
//	Detector       is this level speech, given what the room sounds like
//	Resampler      polyphase FIR between sample rates
//	Concealment    fills lost frames from the last pitch period (ITU-T G.711 Appendix I)
//	Limiter        32-bit sum to 16 bits without clipping
//	Noise, Tone    comfort noise, test and join tones
//	AddTo, …       the loops of a mixer
//
// Nothing here allocates after construction, locks, or knows what time it is. A value belongs to one goroutine.
//
// | feature | here |
// |---|---|
// | resampling with linear phase, 90 dB | yes; 8, 12, 16, 24, 32, 44.1, 48 kHz and each other |
// | concealment for codecs without their own | yes; fades to silence after 100 ms |
// | automatic gain, echo cancelling, noise suppression | no: these belong to the endpoints, which have the loudspeaker signal |
package pcm
