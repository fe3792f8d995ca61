// Package phone is a SIP phone without a microphone: it dials, says what it is given as PCM, tells what it hears, presses keys and
// hangs up. The demo and the tests call with it; it stands on the same packages as the server, so it proves that both sides of
// them agree, and not that others do: that is test/interop's.
//
//	calls out, one at a time                     yes
//	calls in                                     one, answered at once
//	INVITE with an offer and without             yes
//	re-INVITE and UPDATE of the peer             answered
//	hold and resume                              yes
//	digest authentication                        yes
//	RFC 4733 and INFO digits                     sent
//	UDP, TCP, TLS                                yes
//	DTLS-SRTP                                    if asked for, both roles
//	ICE                                          full, if asked for; then on UDP only, and with nobody who has none
//	REGISTER                                     once, by UDP
//	SRTP with SDES (RFC 4568), new keys          yes, by TLS always
//	early media, forking                         no
//
// A phone is one goroutine that ticks every 20 ms and owns its line: sockets, streams and coders. Others post a func to it.
package phone
