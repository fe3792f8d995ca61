package sip

import (
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

func RequestDigest(a Algorithm, ha1, method, qop, uri, nonce, cnonce, body string) string {
	return answer(a, ha1, method, authParams{"uri": uri, "nonce": nonce, "cnonce": cnonce, "qop": qop, "nc": "00000001"}, []byte(body))
}

// ParseAuth is parseAuth.
func ParseAuth(value string) (map[string]string, error) { return parseAuth(value) }

// CertificateIdentities is certificateIdentities.
func CertificateIdentities(c *x509.Certificate) ([]string, []URI) { return certificateIdentities(c) }

// Challenged is an attempt: it answers the challenge in a response to a request, as long as it is to be answered.
func Challenged(credentials func(realm string) (string, string, bool)) func(*Request, *Response) (*Request, bool) {
	a := attempt{digest: newCallDigest(credentials)}
	return func(req *Request, res *Response) (*Request, bool) {
		if !a.again(res) {
			return nil, false
		}
		next := nextTry(req)
		a.digest.sign(next)
		return next, true
	}
}

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
	ua.receive(data, flow{l, netip.MustParseAddrPort("192.0.2.3:5060")})
	return ua.LastAnswer()
}

// LastAnswer is the last thing written in answer to Inject.
func (ua *UserAgent) LastAnswer() []byte {
	ua.links.mu.Lock()
	l := ua.links.byName["memory"].(*memoryLink)
	ua.links.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wrote
}

// Frames cuts a stream, and says how it ended: "EOF", "junk", or the code of the refusal.
func Frames(src io.Reader, maxHead, maxBody int) (messages []string, pings int, end string) {
	f := framer{src: src, maxHead: maxHead, maxBody: maxBody, ping: func() { pings++ }}
	for {
		message, err := f.next()
		var lost *framingError
		switch {
		case err == nil:
			messages = append(messages, string(message))
			continue
		case errors.As(err, &lost):
			return messages, pings, strconv.Itoa(lost.code)
		case errors.Is(err, errJunk):
			return messages, pings, "junk"
		}
		return messages, pings, err.Error()
	}
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

// Abandon forgets a dialog without a word.
func (d *Dialog) Abandon() { d.abandon(ErrDialogDone) }

// Repeated is one more NOTIFY of a dialog, made of its head, and the same by the builder alone; nil where one of them makes none.
func (d *Dialog) Repeated(event, mediaType string, seq uint32, expires time.Duration, body []byte) (repeated, built []byte) {
	way := flow{&memoryLink{}, netip.MustParseAddrPort("192.0.2.3:5060")}
	branch := NewBranch()
	if h := d.headFor(nil, origin{method: NOTIFY, event: event, mediaType: mediaType, way: way}); h != nil {
		repeated = h.request(branch, seq, expires, body)
	}
	state := SubscriptionState{State: SubscriptionActive, Expires: expires}
	d.mu.Lock()
	req := d.build(NOTIFY, seq, mediaType, body, []Header{NewHeader("Event", event), NewHeader("Subscription-State", state.String())})
	d.mu.Unlock()
	complete(req, d.ua.cfg.Name)
	d.ua.finishRequest(req, way)
	req.Via().Params.Remove("branch")
	req.Via().Params = append(Params{{K: "branch", V: branch}}, req.Via().Params...)
	if built = encode(req); !isSound(req, built) {
		built = nil
	}
	return repeated, built
}

// Echo is whether an answer to one more NOTIFY of a dialog is an echo, for every one that make returns.
func (d *Dialog) Echo(answer func(notify string) []byte) (text []byte, branch string, isEcho bool) {
	way := flow{&memoryLink{}, netip.MustParseAddrPort("192.0.2.3:5060")}
	h := d.headFor(nil, origin{method: NOTIFY, event: "conference", mediaType: "text/plain", way: way})
	branch = magicCookie + "0123456789abcdef0123"
	text = answer(string(h.request(branch, 7, time.Minute, []byte("x"))))
	return text, branch, string(echoedBranch(text)) == branch && h.isEcho(text, []byte(branch), 7)
}

// Parse reads a message as those that come from a socket are read.
func (ua *UserAgent) Parse(data []byte) (Message, error) { return ua.parse(data) }
