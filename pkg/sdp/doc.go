// Package sdp reads and writes session descriptions (RFC 8866) and negotiates audio with them by offer and answer (RFC 3264).
//
// The types and the writer are pion/sdp's. The reader is ours: pion's takes only the media and transports it knows, in one
// order, and says where it stopped as a byte position; ours takes every m-line (what we do not know is answered with port 0),
// is bounded, and names the line.
//
// No key is made or used here: the caller brings its own (Local.Crypto, Local.Fingerprint), and is told what was agreed
// (Stream.Security). Whether a line is encrypted is decided by Capabilities.Policy; no offer of the peer's, and no answer, gets
// below Required. Texts of keys and passwords stay out of logs: Crypto and ICE print without them; a Description does not.
//
//	offer/answer, re-offer, hold, port 0       yes  RFC 3264
//	sendonly, recvonly, inactive, c=0.0.0.0    yes  RFC 3264 sections 5.1, 8.4
//	rtpmap, fmtp, ptime, maxptime              yes  RFC 8866 section 6; 10 to 60 ms
//	telephone-event, one per clock rate        yes  RFC 4733
//	CN                                         yes  RFC 3389, with codecs whose RTP clock runs at 8000 Hz
//	a=rtcp, a=rtcp-mux                         yes  RFC 3605, RFC 5761
//	RTP/AVP, AVPF, SAVP, SAVPF                 yes  RFC 3551, 4585, 3711, 5124
//	UDP/TLS/RTP/SAVP(F)                        yes  RFC 5764; TCP/... is refused: 302
//	a=crypto                                   yes  RFC 4568, 6188, 7714; with MKI and several keys; no session parameters but WSH
//	a=crypto, a=fingerprint on RTP/AVP         yes  encryption as an option, both ways; a=encryption of [MS-SDPEXT]
//	a=cryptoscale, k=                          no   read over
//	a=fingerprint, a=setup, a=tls-id           yes  RFC 8122, 5763, 8842; SHA-256 and better; we send no tls-id
//	a=candidate, ice-ufrag, ice-lite, trickle  yes  RFC 8839, 8840; candidates are not read here, no a=ice-mismatch
//	trickle-ice-sdpfrag                        yes  RFC 8840: what an INFO brings
//	candidates of draft-ietf-mmusic-ice-06     no   read over: no user fragment, so no ICE
//	BUNDLE, bundle-only                        yes  RFC 9143; one line is accepted, all others get port 0
//	a=rtcp-fb, a=rtcp-rsize                    yes  nack and transport-cc, in profiles with feedback; RFC 4585, 5506
//	rtx                                        answered beside nack, never offered; RFC 4588
//	a=rtcp-xr                                  yes  rcvr-rtt, voip-metrics; RFC 3611
//	a=extmap                                   yes  audio level (RFC 6464), transport-wide cc; ids 1 to 14 (RFC 8285)
//	a=ssrc, a=msid, a=x-ssrc-range             yes  written; of the peer's, only the range is read
//	ANAT                                       no   one of the lines is taken
//	host names in c=, multicast                no   refused: 301, 330; with ICE c= does not count
//	video                                      no   further m-lines get port 0
//	u= e= p= r= z= k=                          no   read over, not kept
package sdp
