// Package ice finds the path between a leg and us (RFC 8445), on one UDP port for all legs.
//
// A [Mux] is fed the STUN messages of that port and nothing else: it finds the agent by the username of a request, or by the transaction of a
// response, checks that the sender knows the password, and tells the owner of the agent which addresses are the peer's. Media never passes
// through here: whoever reads the port carries it to the leg by those addresses. The machinery of checks, pairs and roles is pion's, one
// of its agents for each component of an [Agent].
//
//	feature                                                    done
//	host candidates, IPv4 and IPv6                             yes, those the Mux has ports on
//	1:1 NAT                                                    yes: the announced address takes the place of the port's own
//	server-reflexive, relayed candidates of our own            no
//	lite and full agents, role conflict                        yes; lite with lite has no path and is refused
//	components                                                 1 and, without rtcp-mux, 2 on a port of its own
//	passive TCP candidates (RFC 6544)                          yes, component 1; active ones for clients
//	trickle (RFC 8838)                                         candidates of the peer whenever they come; ours are all there at once
//	mDNS names instead of addresses                            passed over: the peer is found by its checks
//	consent (RFC 7675)                                         full agents; the peer's own checks count as consent, too
//	restart                                                    another agent beside the old one
//	answers to checks with a wrong name or password            none
package ice
