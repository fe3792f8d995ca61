package turn

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// What pion asks while it handles a request, on the goroutine that reads: g.now is that request.

// authenticate finds the key of a user. pion has found the nonce good, and checks the signature with that key.
func (g *gate) authenticate(by *turn.RequestAttributes) (user string, key []byte, ok bool) {
	count := &g.server.stats
	if by.Realm != g.server.config.Realm {
		g.instead(stun.CodeUnauthorized, &count.unknown)
		return "", nil, false
	}
	user, key, err := g.server.issuer.check(by.Username, by.Realm, time.Now())
	switch err {
	case nil:
		g.now.user, g.now.key = user, key
		return user, key, true
	case errExpired:
		g.instead(stun.CodeUnauthorized, &count.expired)
	default:
		g.instead(stun.CodeUnauthorized, &count.unknown)
	}
	return "", nil, false
}

// signed is told whether the signature was good.
func (g *gate) signed(_, _ net.Addr, _, _, _, _ string, good bool) {
	if !good {
		g.now.user, g.now.key = "", nil
		g.instead(stun.CodeUnauthorized, &g.server.stats.wrong)
	}
}

// mayAllocate claims a share of the relays for a user and for where the user comes from.
func (g *gate) mayAllocate(user, _ string, _ net.Addr) bool {
	limits := &g.server.config.Limits
	g.now.claim = g.server.allocations.take(owner{byUser(user), limits.AllocationsPerUser}, owner{bySource(source(g.now.from.Addr())), limits.AllocationsPerSource})
	return g.now.claim != nil
}

type (
	byUser   string
	bySource netip.Addr
)

// mayPermit says whether a relay may speak with an address, and with the socket that the client has named if it is for that alone.
func (g *gate) mayPermit(client net.Addr, peer net.IP) bool {
	count := &g.server.stats
	address, _ := netip.AddrFromSlice(peer)
	if g.now.message.Type.Method == stun.MethodChannelBind && !isChannelNumber(g.channel()) { // which pion does not look at
		g.instead(stun.CodeBadRequest, &count.refused)
		return false
	}
	if !g.speaksWith(plain(address)) {
		if g.now.message.Type.Method == stun.MethodChannelBind { // which pion refuses with 401
			g.instead(stun.CodeForbidden, &count.forbidden)
		}
		return false
	}
	r := g.relayOf(addrPort(client))
	if r == nil || !r.hasRoom(plain(address), g.channel()) {
		g.instead(stun.CodeInsufficientCapacity, &count.noRoom)
		return false
	}
	return true
}

func (g *gate) speaksWith(address netip.Addr) bool {
	if g.now.message.Type.Method != stun.MethodChannelBind {
		return g.server.policy.knows(address)
	}
	var peer stun.XORMappedAddress
	if peer.GetFromAs(g.now.message, stun.AttrXORPeerAddress) != nil {
		return false
	}
	return g.server.policy.speaksWith(netip.AddrPortFrom(address, uint16(peer.Port)))
}

// channel is the number in a ChannelBind, 0 in others.
func (g *gate) channel() uint16 {
	value, err := g.now.message.Get(stun.AttrChannelNumber)
	if err != nil || len(value) != 4 || g.now.message.Type.Method != stun.MethodChannelBind {
		return 0
	}
	return binary.BigEndian.Uint16(value)
}

// isChannelNumber: those from 0x5000 on are reserved (RFC 8656 §12), but clients of RFC 5766 use them.
func isChannelNumber(n uint16) bool { return n>>14 == 1 }

// What pion tells about permissions and channels, on any goroutine, with its locks held.

func (g *gate) permitted(client, _ net.Addr, _, _, _ string, at net.Addr, peer net.IP) {
	if r := g.relayAt(client, at); r != nil {
		r.permit(peer, true)
	}
}

func (g *gate) unpermitted(client, _ net.Addr, _, _, _ string, at net.Addr, peer net.IP) {
	if r := g.relayAt(client, at); r != nil {
		r.permit(peer, false)
	}
}

func (g *gate) bound(client, _ net.Addr, _, _, _ string, at, _ net.Addr, channel uint16) {
	if r := g.relayAt(client, at); r != nil {
		r.bind(channel, true)
	}
}

func (g *gate) unbound(client, _ net.Addr, _, _, _ string, at, _ net.Addr, channel uint16) {
	if r := g.relayAt(client, at); r != nil {
		r.bind(channel, false)
	}
}

func (g *gate) relayOf(client netip.AddrPort) *relay {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.relays[client]
}

// relayAt is the relay of a client if it is still the one with that address.
func (g *gate) relayAt(client, at net.Addr) *relay {
	r := g.relayOf(addrPort(client))
	if r == nil || r.port != addrPort(at).Port() {
		return nil
	}
	return r
}
