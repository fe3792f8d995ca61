package sip

import "sync/atomic"

// Stats are counters since New, and how much is open now.
type Stats struct {
	Requests, Responses  uint64 // understood
	Retransmissions      uint64 // of requests, absorbed
	KeepAlives           uint64
	Junk                 uint64 // datagrams that are no SIP
	Malformed            uint64 // refused by the parser
	Refused              uint64 // refused by the strict pass
	Unmatched            uint64 // ACKs, CANCELs and responses that belong to nothing
	Overloaded           uint64 // requests and connections beyond a bound
	Unanswered           uint64 // of the requests refused by parser, strict pass or bounds: dropped, their source having had enough answers
	Panics               uint64 // handlers
	SlowPeers            uint64 // connections closed because the peer did not read
	NoAck                uint64 // Timer H
	ReadErrors           uint64
	ServerTransactions   int // those included that only absorb retransmissions
	ClientTransactions   int
	Dialogs, Connections int
}

type counters struct {
	requests, responses, retransmissions, keepAlives, junk, malformed, refused, unmatched, overloaded, unanswered, panics, slowPeers, noAck, readErrors atomic.Uint64
}

// Stats reads the counters.
func (ua *UserAgent) Stats() Stats {
	c := &ua.stats
	return Stats{
		Requests: c.requests.Load(), Responses: c.responses.Load(), Retransmissions: c.retransmissions.Load(), KeepAlives: c.keepAlives.Load(),
		Junk: c.junk.Load(), Malformed: c.malformed.Load(), Refused: c.refused.Load(), Unmatched: c.unmatched.Load(),
		Overloaded: c.overloaded.Load(), Unanswered: c.unanswered.Load(), Panics: c.panics.Load(), SlowPeers: c.slowPeers.Load(), NoAck: c.noAck.Load(), ReadErrors: c.readErrors.Load(),
		ServerTransactions: ua.servers.len() + ua.finished.len(), ClientTransactions: ua.clients.len(), Dialogs: ua.dialogs.len(), Connections: ua.links.connections(),
	}
}

func (l *links) connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.byName) - len(l.packets)
}
