// Package turn is a STUN and TURN server (RFC 8489, RFC 8656) on pion/turn, over UDP, TCP and TLS.
//
// Clients that cannot reach the media ports, because something between lets out TCP alone or nothing but port 443, send their media through a
// relay of ours. Who wants one shows credentials that the server itself has given out and that expire (Issuer); everybody gets an answer to a
// STUN Binding request. Relays speak with the media ports of this server and with each other, and with nobody else unless that is configured
// (Peers): who has credentials cannot look behind our firewall.
//
// pion decodes messages, keeps allocations, permissions and channels. What it does not do is here:
//
//	| file          | what                                                                                                   |
//	|---------------|--------------------------------------------------------------------------------------------------------|
//	| server.go     | sockets and connections, their end                                                                     |
//	| gate.go       | stands between a socket and pion: what is no good request does not get through                         |
//	| answers.go    | what pion answers otherwise than RFC 8656 says, or not at all                                          |
//	| handlers.go   | what pion asks: who is that, may he have a relay, may it speak with that peer                          |
//	| relay.go      | the socket of an allocation: its port, whom it speaks with, how much                                   |
//	| datagrams.go  | messages in datagrams                                                                                  |
//	| stream.go     | messages on a connection: framing, deadlines, a client that does not read                              |
//	| handshake.go  | TLS or not, by the first octet                                                                         |
//	| credentials.go, peers.go, shares.go, pace.go, stats.go | what their names say                                          |
//
// One goroutine of pion's reads each UDP socket and each connection, another each relay; a goroutine of ours waits for the end of each, and one
// writes out what waits for a connection. Server.Close waits for them.
//
//	| of the specifications                                                                     | done |
//	|-------------------------------------------------------------------------------------------|------|
//	| STUN Binding, to anybody; FINGERPRINT checked                                             | yes  |
//	| TURN over UDP, TCP and TLS; TLS also on the port for TCP                                  | yes  |
//	| Allocate, Refresh, CreatePermission, ChannelBind, Send, Data, ChannelData                 | yes  |
//	| long-term credentials, HMAC-SHA1; time-limited ones as of draft-uberti-behave-turn-rest   | yes  |
//	| EVEN-PORT, RESERVATION-TOKEN                                                              | yes  |
//	| REQUESTED-ADDRESS-FAMILY: that of the relay address, 440 for the other                    | yes  |
//	| ADDITIONAL-ADDRESS-FAMILY, DONT-FRAGMENT, mobility (RFC 8016)                             | no   |
//	| MESSAGE-INTEGRITY-SHA256, PASSWORD-ALGORITHMS, USERHASH (RFC 8489 §9.2)                   | no   |
//	| relays that speak TCP (RFC 6062): 442                                                     | no   |
//	| TURN over DTLS; ICMP to clients                                                           | no   |
//	| ALTERNATE-SERVER, NAT behaviour discovery (RFC 5780)                                      | no   |
package turn
