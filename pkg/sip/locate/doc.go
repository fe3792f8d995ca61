// Package locate finds the servers of a SIP URI by RFC 3263: NAPTR chooses the transport, SRV the servers and their order, A and AAAA the
// addresses. It knows DNS and nothing of SIP messages.
//
//	RFC 3263 §4.1 transport                      yes; UDP, TCP and TLS
//	RFC 3263 §4.2 port and address               yes
//	RFC 3263 §4.3 what to do after a failure     package sip
//	RFC 3263 §5   a server's way back            no: only where the request came from is answered (package sip)
//	RFC 2782 priority and weight                 yes
//	RFC 3403 NAPTR                               terminal records with flag "s"; no regular expressions
//	RFC 2308 negative answers                    cached
//	RFC 6761 localhost                           never asked for
//	DNSSEC                                       no: the resolver that is asked is trusted
//
// Whoever writes a URI chooses whose DNS is asked, so answers are hostile: their number, the chain of names, the time and the number of questions
// of one [Resolver.Locate] have bounds, and addresses that are nobody's, everybody's or our own loopback are not taken from them.
package locate
