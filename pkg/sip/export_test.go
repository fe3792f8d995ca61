package sip

import (
	"bytes"
	"net"
	"net/netip"
	"sync"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

func RequestDigest(a Algorithm, ha1, method, qop, uri, nonce, cnonce, body string) string {
	return answer(a, ha1, method, authParams{"uri": uri, "nonce": nonce, "cnonce": cnonce, "qop": qop, "nc": "00000001"}, []byte(body))
}

// ParseAuth is parseAuth.
func ParseAuth(value string) (map[string]string, error) { return parseAuth(value) }

type Nonces struct{ *nonces }

func NewNonces(max int, lifetime time.Duration) Nonces { return Nonces{newNonces(max, lifetime)} }

func (n Nonces) Issue(now time.Time) string                     { return n.issue(now) }
func (n Nonces) Use(text string, count int, now time.Time) bool { return n.use(text, count, now) }

// memoryLink is a link that keeps the last thing written to it.
type memoryLink struct {
	mu    sync.Mutex
	wrote []byte
}

func (l *memoryLink) name() string          { return "memory" }
func (l *memoryLink) transport() string     { return "UDP" }
func (l *memoryLink) local() netip.AddrPort { return netip.MustParseAddrPort("192.0.2.1:5060") }
func (l *memoryLink) peer() netip.AddrPort  { return netip.MustParseAddrPort("192.0.2.3:5060") }
func (l *memoryLink) took()                 {}
func (l *memoryLink) usable() bool          { return true }
func (l *memoryLink) shut()                 {}
func (l *memoryLink) write(data []byte, _ netip.AddrPort) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrote = data
	return nil
}

// Inject does with a datagram what a packet socket does, and returns the last thing that was answered.
func (ua *UserAgent) Inject(data []byte) []byte {
	l, ok := ua.links.find("memory").(*memoryLink)
	if !ok {
		l = &memoryLink{}
		ua.links.mu.Lock()
		ua.links.byName["memory"] = l
		ua.links.mu.Unlock()
	}
	l.write(nil, netip.AddrPort{})
	if isKeepAlive(data) || !looksLikeSIP(data) {
		return nil
	}
	data = bytes.Clone(data)
	m, err := sipgo.ParseMessage(data)
	if err != nil {
		return answerMalformed(data, l.peer())
	}
	m.SetSource("memory")
	ua.onMessage(m)
	return ua.LastAnswer()
}

// LastAnswer is the last thing written in answer to Inject.
func (ua *UserAgent) LastAnswer() []byte {
	l := ua.links.find("memory").(*memoryLink)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wrote
}

// Serves tells if a packet socket is being read.
func (ua *UserAgent) Serves(addr net.Addr) bool {
	ua.links.mu.Lock()
	defer ua.links.mu.Unlock()
	for _, p := range ua.links.packets {
		if p.LocalAddr().String() == addr.String() {
			return true
		}
	}
	return false
}
