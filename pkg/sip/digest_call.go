package sip

import (
	"slices"
	"strings"
	"sync"
)

// callDigest answers the challenges that come to requests of one Call-ID, and signs those that follow: "If a UA receives a Proxy-Authenticate header
// field value in a 401/407 response to a request with a particular Call-ID, it should incorporate credentials for that realm in all subsequent
// requests that contain the same Call-ID. These credentials MUST NOT be cached across dialogs" (RFC 3261 §22.3). Nil has no credentials.
type callDigest struct {
	credentials func(realm string) (username, password string, ok bool)

	mu    sync.Mutex
	known []*answered // the newest last
}

// answered is a challenge with what is counted for its nonce: "the nc value ... is the hexadecimal count of the number of requests (including the
// current request) that the client has sent with the nonce value in this request" (RFC 7616 §3.4).
type answered struct {
	challenge
	header string // Authorization or Proxy-Authorization
	count  uint32
}

func newCallDigest(credentials func(realm string) (username, password string, ok bool)) *callDigest {
	if credentials == nil {
		return nil
	}
	return &callDigest{credentials: credentials}
}

// sign adds credentials for what the peer is known to ask for, in place of those of an earlier try.
func (g *callDigest) sign(req *Request) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.known) > 0 {
		removeHeaders(req, "Authorization")
		removeHeaders(req, "Proxy-Authorization")
	}
	for _, k := range g.known {
		if username, password, ok := g.credentials(k.params["realm"]); ok {
			k.count++
			AddHeader(req, k.header, k.answered(req, username, password, k.count))
		}
	}
}

// learn takes a challenge in place of the one that is known for its realm. Another nonce is counted anew.
func (g *callDigest) learn(asked *answered) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.known = slices.DeleteFunc(g.known, func(k *answered) bool {
		if k.realm() == asked.realm() && k.params["nonce"] == asked.params["nonce"] {
			asked.count = k.count
		}
		return k.realm() == asked.realm()
	})
	if len(g.known) >= maxCredentials {
		g.known = g.known[1:]
	}
	g.known = append(g.known, asked)
}

// realm is what credentials are for: a server and a proxy may have realms of the same name.
func (k *answered) realm() string { return k.header + " " + k.params["realm"] }

// asked are the challenges of a response that we have credentials for, of each realm the topmost that we understand (RFC 8760 §2.4). Those of a 401
// and a 407 may come together, from the branches of a forked request (RFC 3261 §16.7).
func (g *callDigest) asked(res *Response) (asked []*answered) {
	for _, names := range [][2]string{{"WWW-Authenticate", "Authorization"}, {"Proxy-Authenticate", "Proxy-Authorization"}} {
		headers := res.GetHeaders(names[0])
		for _, h := range headers[:min(len(headers), maxCredentials)] {
			params, err := parseAuth(h.Value())
			if err != nil {
				continue
			}
			c, understood := readChallenge(params)
			k := &answered{challenge: c, header: names[1]}
			_, _, ours := g.credentials(params["realm"])
			if understood && ours && !slices.ContainsFunc(asked, func(other *answered) bool { return other.realm() == k.realm() }) {
				asked = append(asked, k)
			}
		}
	}
	return asked
}

// attempt is one request until the peer takes it.
type attempt struct {
	digest *callDigest
	given  map[string]int // how often it was sent because that realm asked
	// refused: the peer had an answer and asks again.
	refused bool
}

// maxRealms is how many realms may ask for credentials for one request: those of the proxies on its way.
const maxRealms = 4

// again learns from a 401 or 407. True: the request is to be sent again, as a new one, signed. What a realm asks for is answered once, and once more
// when the nonce was too old: "If stale is false, or anything other than true, or the stale parameter is not present, the username and/or password are
// invalid, and new values MUST be obtained" (RFC 7616 §3.3).
func (a *attempt) again(res *Response) bool {
	if a.digest == nil || !isChallenge(res) || len(a.given) > maxRealms {
		return false
	}
	asked := a.digest.asked(res)
	for _, k := range asked {
		times := a.given[k.realm()]
		if a.refused = times > 1 || times == 1 && !strings.EqualFold(k.params["stale"], "true"); a.refused {
			return false
		}
	}
	for _, k := range asked {
		if a.given == nil {
			a.given = map[string]int{}
		}
		a.given[k.realm()]++
		a.digest.learn(k)
	}
	return len(asked) > 0
}

func isChallenge(res *Response) bool { return res.StatusCode == 401 || res.StatusCode == 407 }

// nextTry is a request that was refused, to be sent again as a new one: "it MUST increment the CSeq header field value as it would normally when sending
// an updated request" (RFC 3261 §22.2).
func nextTry(req *Request) *Request {
	again := req.Clone()
	removeHeaders(again, "Via") // so that it gets a branch of its own
	again.CSeq().SeqNo++
	again.SetSource("") // its destination stays: a strict route, or a Flow
	return again
}

// SetCredentials has challenges to requests of ours in this dialog answered; those of a dialog that [UserAgent.Invite] has made are the Invitation's.
// They are no part of a snapshot.
func (d *Dialog) SetCredentials(credentials func(realm string) (username, password string, ok bool)) {
	d.signsBy(newCallDigest(credentials))
}

func (d *Dialog) signsBy(g *callDigest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.digest = g
}

func (d *Dialog) callDigest() *callDigest {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.digest
}
