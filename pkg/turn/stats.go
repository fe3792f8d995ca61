package turn

import "sync/atomic"

// Stats are counters since New, and how much is open now.
type Stats struct {
	Bindings    uint64 // STUN Binding requests answered
	Allocations uint64 // made
	ToPeers     uint64 // datagrams
	ToClients   uint64

	Challenged  uint64 // 401 to requests without credentials
	Unknown     uint64 // 401: a user name, or a realm, that is not ours
	Expired     uint64 // 401: credentials whose time is over
	Wrong       uint64 // 401: a wrong password
	StaleNonces uint64 // 438
	OverQuota   uint64 // 486
	Forbidden   uint64 // 403: peers that relays do not speak with
	Mismatched  uint64 // 437 and 441: no such allocation, or somebody else's
	NoRoom      uint64 // 508: no port is free, or an allocation has too many peers
	Refused     uint64 // with another code

	Junk         uint64 // neither STUN nor ChannelData
	Malformed    uint64 // STUN that cannot be read, or whose FINGERPRINT is wrong
	Unasked      uint64 // well-formed, and nothing that a server expects
	Overloaded   uint64 // datagrams and connections beyond a bound
	BadPeers     uint64 // datagrams between a relay and a socket that it does not speak with
	OverRate     uint64 // datagrams beyond the rate of their allocation
	SlowClients  uint64 // messages for a connection whose client does not read
	Handshakes   uint64 // that failed
	ReadErrors   uint64 // of sockets
	Idle         uint64 // connections closed because their client did not say anything, or not all of it
	Relays, Open int    // now: allocations, and connections
}

type counters struct {
	bindings, allocations, toPeers, toClients                                                           atomic.Uint64
	challenged, unknown, expired, wrong, staleNonces, overQuota, forbidden, mismatched, noRoom, refused atomic.Uint64
	junk, malformed, unasked, overloaded, badPeers, overRate, slowClients, handshakes, readErrors, idle atomic.Uint64
}

// Stats reads the counters.
func (s *Server) Stats() Stats {
	c := &s.stats
	return Stats{
		Bindings: c.bindings.Load(), Allocations: c.allocations.Load(), ToPeers: c.toPeers.Load(), ToClients: c.toClients.Load(),
		Challenged: c.challenged.Load(), Unknown: c.unknown.Load(), Expired: c.expired.Load(), Wrong: c.wrong.Load(), StaleNonces: c.staleNonces.Load(),
		OverQuota: c.overQuota.Load(), Forbidden: c.forbidden.Load(), Mismatched: c.mismatched.Load(), NoRoom: c.noRoom.Load(), Refused: c.refused.Load(),
		Junk: c.junk.Load(), Malformed: c.malformed.Load(), Unasked: c.unasked.Load(), Overloaded: c.overloaded.Load(), BadPeers: c.badPeers.Load(),
		OverRate: c.overRate.Load(), SlowClients: c.slowClients.Load(), Handshakes: c.handshakes.Load(), ReadErrors: c.readErrors.Load(), Idle: c.idle.Load(),
		Relays: s.allocations.len(), Open: s.connections.len(),
	}
}
