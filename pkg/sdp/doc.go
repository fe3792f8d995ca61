// Package sdp reads and writes session descriptions (RFC 8866) and negotiates audio with them by offer and answer (RFC 3264).
//
// The types and the writer are pion/sdp's. The reader is ours: pion's takes only the media and transports it knows, in one
// order, and says where it stopped as a byte position; ours takes every m-line (what we do not know is answered with port 0),
// is bounded, and names the line.
//
//	offer/answer, re-offer, hold, port 0       yes  RFC 3264
//	sendonly, recvonly, inactive, c=0.0.0.0    yes  RFC 3264 sections 5.1, 8.4
//	rtpmap, fmtp, ptime, maxptime              yes  RFC 8866 section 6; 10 to 60 ms
//	telephone-event, one per clock rate        yes  RFC 4733
//	CN                                         yes  RFC 3389, with codecs whose RTP clock runs at 8000 Hz
//	a=rtcp, a=rtcp-mux                         yes  RFC 3605, RFC 5761
//	RTP/AVP, RTP/AVPF                          yes  without feedback; a=crypto on them is ignored
//	RTP/SAVP, RTP/SAVPF, UDP/TLS/RTP/SAVP(F)   no   refused: 304
//	ICE, ANAT                                  no   attributes ignored; one of the ANAT lines is taken
//	host names in c=, multicast                no   refused: 301, 330
//	BUNDLE, video                              no   further m-lines get port 0
//	u= e= p= r= z= k=                          no   read over, not kept
package sdp
