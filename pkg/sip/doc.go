// Package sip is the SIP side of the focus: messages, transports, transactions (RFC 3261 §17 with RFC 6026), dialogs and digest
// authentication. It is the only package that imports sipgo, whose parser and message types it stands on; sockets, framing and all above are ours.
//
// # The way of a message
//
//  1. The loop that reads a socket drops what is not SIP and counts it ([UserAgent.ServeUDP]); on a connection a framer cuts the octets into
//     whole messages, bounded in size and time ([UserAgent.ServeTCP]).
//  2. Every whole message goes through one entry, UserAgent.receive, on the goroutine that read it: a datagram, what a framer cut out, or one
//     WebSocket message. The scanner looks at its lines, sipgo parses.
//  3. A strict second pass looks at what parses but is wrong: two From, a CSeq of another method, SIP/3.0. What is refused is answered from its
//     lines alone, with 400, 416 or 505, and the connection is kept, except where nobody can tell where the next message begins.
//  4. The transaction layer runs on the goroutine that read the message: it never blocks.
//  5. New requests go into the mailbox of their Call-ID and reach the [Handler] or the [DialogHandler] one at a time, in the order in which
//     they arrived.
//  6. What is sent is written by the caller to a packet socket, or queued for a connection: sending never blocks either.
//
// # What is done
//
//	RFC 3261 §17 transactions, four machines      yes
//	RFC 6026 Accepted states                      yes
//	RFC 3261 §17.2.3 no magic cookie              yes; matched by sent-by, Call-ID, From tag and CSeq
//	RFC 3261 §21.5.4 503 when overloaded          yes; bounds in all and per source, dialogs that are there go on
//	RFC 3261 §12 dialogs, UAS and UAC             yes; forked 2xx, target refresh, loose and strict routes, 491
//	RFC 3581 rport                                yes
//	RFC 5626 outbound                             CRLF both ways, STUN answered over UDP, Flow-Timer; requests over the flow of a binding ([Flow])
//	RFC 5923 connection reuse                     yes; alias over TLS with both certificates
//	RFC 3261 §18.2.2 way of responses             received, rport, another connection when the first is gone; maddr no
//	RFC 3263 locating servers                     NAPTR, SRV, A and AAAA: package locate, [LocateBy]; failover to the next server
//	RFC 7616, 8760 digest                         SHA-256, SHA-512-256, MD5; qop auth and auth-int; userhash and -sess no
//	RFC 3261 §22.3 challenges in a dialog of ours  answered, of several realms too; remembered for its next requests; a stale nonce once
//	RFC 5922 certificates of peers                identities for policy ([Peer]); outgoing names are checked; EKU of RFC 5924 no
//	RFC 3325 P-Asserted-Identity                  read; never sent
//	RFC 3326 Reason                               yes
//	RFC 2543 peers                                yes; no magic cookie, no tags, no Max-Forwards, no Contact, no Content-Length
//	RFC 4475, 5118 what bad input gets            yes; 400, 413, 416, 420, 505, 513, each with a reason that names the header
//	RFC 3262 PRACK, 100rel                        yes, both ways; as UAC no offers in PRACK
//	RFC 3311 UPDATE, RFC 6337 offer/answer        yes; glare is refused here, whoever describes the session
//	RFC 4028 session timers                       yes, both roles
//	a dialog goes on in another process           yes: DialogState, with routes, timers, an unanswered INVITE over UDP; no subscriptions
//	RFC 3891 Replaces, RFC 3911 Join              found and checked; what then happens is the handler's
//	RFC 6665 events, notifier and subscriber      yes, any package: Notifier, Subscriber; one notifier of a forked SUBSCRIBE; no 204, no state in a
//	                                              process that ends
//	[MS-SIP] first state in the 200, BENOTIFY     yes, for who supports them
//	RFC 3515 REFER, RFC 4488 norefersub           answered, and what came of it is told: Notifier.Refer; we send none
//	RFC 5621 multipart bodies                     read, nested ones too: [Parts], [BodyOf]; never sent
//	RFC 7118 WebSocket                            yes; WSS and WS, as server ([UserAgent.WebSocket])
//	§18.1.1 switch to TCP above the MTU           yes; back to UDP where there is no TCP; [Config].MaxDatagram
package sip
