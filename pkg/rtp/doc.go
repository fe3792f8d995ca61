// Package rtp is what an RTP receiver and sender knows beside the wire format itself, which is pion/rtp and pion/rtcp:
// who owns a packet, what was lost, when to play, which digit was pressed.
//
// Nothing here starts a goroutine, takes a lock or reads a clock: time is an argument, and the clock goroutine that drains the sockets owns
// every value. The packet path does not allocate.
//
//	socket → Pool.Get → Packet.Parse → Receiver.Receive → JitterBuffer.Put … JitterBuffer.Next → decoder → Packet.Release
//	                                                    ↘ Events.Receive (telephone-event)
//
// What is done:
//
//	RFC 3550 A.1   sequence validation, restarts        yes  no probation: the socket knows its peer
//	RFC 3550 A.3   loss, cumulative and fraction        yes
//	RFC 3550 A.8   interarrival jitter                  yes
//	RFC 3550 6.4   SR, RR, SDES CNAME, BYE              yes
//	RFC 3550 6.4   round-trip time (LSR, DLSR)          yes
//	RFC 3550 6.2   report interval                      yes  Tmin 5 s; no timer reconsideration, a session has two members
//	RFC 3550 6.2   reduced minimum (360/kbit/s)         no   a fixed 5 s is what peers of a call expect
//	RFC 3550 8.2   SSRC collision and loop detection    noted; the sender picks a new SSRC
//	RFC 3550 6.7   APP                                  no   skipped
//	RFC 3611       XR                                   VoIP metrics, reference time, DLRR; statistics summary read; others skipped
//	RFC 3611 A.2   bursts and gaps                      yes  Bursts
//	RFC 4585       generic NACK                         read and written; answered from a History
//	RFC 4585       other RTPFB, PSFB                    no   skipped; video has its own reader
//	RFC 4588       retransmission stream                sent, never received: nobody here asks for packets again, they would come too late
//	RFC 5506       reduced-size RTCP                    read; sent to who has agreed to it
//	transport-wide congestion control                   feedback sent, never read: audio is sent at a constant rate
//	RFC 5761       RTP and RTCP on one port             yes  IsRTCP
//	RFC 8285       header extensions                    read by pion/rtp, at most 256 bytes
//	RFC 4733       telephone-event                      events 0–16, single blocks; digits at their first packet
//	RFC 4733 3     tones                                no
//	RFC 2198       redundancy                           no
//	RFC 3389       comfort noise                        level; spectral coefficients are ignored
package rtp
