// Package codec is the vocabulary of audio codecs: a codec is a row of data
// (Codec), and what it makes are encoders, decoders and meters. The codecs
// themselves are in the packages below it; the list of those in use is written
// out in package mcu.
//
// Powers that only some codecs have are optional interfaces: a Decoder may also
// be a Concealer or a Recoverer. The others do not pretend.
package codec
