// Package g722 is ITU-T G.722, 7 kHz speech in 64 kbit/s, written from the text
// of the Recommendation. A quadrature mirror filter splits the 16 kHz signal into
// two bands of 4 kHz (qmf.go), and each band is adaptive differential PCM: 6 bits
// for the lower and 2 bits for the higher (lower.go, higher.go), around the same
// predictor (predictor.go). Names in the comments are those of the blocks in
// section 6.2 of the Recommendation, whose test sequences it passes bit by bit.
//
//	done                                   not done
//	mode 1, 64 kbit/s                      modes 2 and 3: 56 and 48 kbit/s with a data channel
//	level without decoding                 Appendix III and IV concealment (package pcm conceals)
//	any even number of samples             G.722 annex B and D (superwideband, stereo)
//
// Where the text leaves open when the sum of FILTEZ saturates, it does so once, at
// the end, as decoders in the field do; only overloaded signals get there.
package g722
