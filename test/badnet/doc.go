// Package badnet is a network that loses, delays, reorders and holds up datagrams, the same ones each time for the same seed. The kernel's own
// (netem) may be missing, needs rights and is never the same twice.
//
//	Link      the rules of one direction: when does this datagram arrive, if it does? No clock, no sockets
//	Network   a media.Network behind two links: for our own telephones, in virtual time and in real time
//	Relay     a UDP port that leads to another address through two links: for everybody's clients (badnet/relay is its command)
//
// What a network has done to a voice is measured by Compare: the log-spectral distance to what would have been heard without it, and how late
// each moment of it was heard. Its figures depend on how soft a sound counts: at 60 dB below the loudest in place of 70, concealed G.722 is half as
// far from what was said as silence is, and not 0.44. What PCMU and G.722 are far by is made up in equal parts by the 20 ms themselves and, with
// G.722, by the 100 ms in which the decoder's predictors find back to those of the encoder. The tests of this package are the measurements; make badnet prints them.
package badnet
