// Package g711 is ITU-T G.711, pulse code modulation: PCMU and PCMA of RFC 3551
// section 4.5.14, by table.
//
//	done                                  not done
//	µ-law and A-law, all 8-bit codes      Appendix I concealment (package pcm conceals)
//	level without decoding                Appendix II comfort noise (RFC 3389)
//	any number of samples per payload     the 7- and 6-bit forms, G.711.0, G.711.1
package g711
