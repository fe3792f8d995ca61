// Package media is one media transport of a leg: socket → RTP → stream, and back.
//
// A [Conn] moves datagrams, and is what an operating system or a test offers. A [Socket] owns one and hands what arrives to
// the [Transport] that its route table names. A leg never owns a socket: its transport is attached to one.
//
// Sockets of audio legs are polled: the clock that owns the conference drains each of them at its tick, so no goroutine
// wakes up for a packet. A socket that carries many legs, or traffic that cannot wait for a tick, is looped instead: a
// goroutine reads it and leaves the packets in the transport's inbox until the tick. Which of the two is an argument of
// [NewSocket]; nothing above it can tell.
//
// Legs with ICE have no sockets of their own: all of them share the ports of a [Shared], and each has a [Seat] there. Who may send from where
// is what checks have proved, never a guess; where to send is the path that ICE has selected. A reader takes
// what cannot wait, and every clock fetches the rest before its tick, and sends by its own [Lane], a [Ring] or a [Burst], at the end of it.
//
//	feature                                            done
//	RTP/AVP over UDP, IPv4 and IPv6                    yes
//	RTCP on its own port or multiplexed (RFC 5761)     yes
//	symmetric RTP: one justified latch                 yes
//	sockets polled at the tick, kernel timestamps      yes
//	ICE on shared ports, UDP and TCP; restart          yes
//	redundancy when the peer reports loss              decided by reports (PeerLoss)
//	SRTP and SRTCP, keys changed on the way            yes
//	keys by DTLS-SRTP, both roles (RFC 5763)           yes; again during a call; RTCP apart with an association of its own
package media
