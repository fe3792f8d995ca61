package sip

import (
	"fmt"
	"strings"
)

// Authorize makes from a request and the 401 or 407 it got the request to be sent next: with credentials for the first challenge that can be
// answered, the next CSeq and no Via, so that it gets a branch of its own (RFC 3261 §22.1, RFC 8760 §2.4).
func Authorize(req *Request, res *Response, username, password string) (*Request, error) {
	challenge, name, err := findChallenge(res)
	if err != nil {
		return nil, err
	}
	again := nextTry(req)
	SetHeader(again, name, challenge.answered(req, username, password, 1))
	return again, nil
}

// challenge is one that we can answer.
type challenge struct {
	params    authParams
	algorithm Algorithm
	qop       string // "" is RFC 2069
}

// findChallenge takes the topmost challenge that we can answer: the server has put them in its order of preference (RFC 8760 §2.4).
func findChallenge(res *Response) (challenge, string, error) {
	name, answer := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		name, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	headers := res.GetHeaders(name)
	for _, h := range headers[:min(len(headers), maxCredentials)] {
		params, err := parseAuth(h.Value())
		if err != nil {
			continue
		}
		if c, ok := readChallenge(params); ok {
			return c, answer, nil
		}
	}
	return challenge{}, "", fmt.Errorf("%d without a challenge that we can answer: %w", res.StatusCode, ErrNoCredentials)
}

func readChallenge(params authParams) (challenge, bool) {
	c := challenge{params: params}
	for _, a := range []Algorithm{SHA256, SHA512256, MD5} {
		if strings.EqualFold(or(params["algorithm"], string(MD5)), string(a)) {
			c.algorithm = a
		}
	}
	offered, asked := params["qop"]
	for _, qop := range strings.Split(offered, ",") {
		if qop = strings.ToLower(strings.TrimSpace(qop)); isQOP(qop) && c.qop != "auth" {
			c.qop = qop
		}
	}
	return c, c.algorithm != "" && params["nonce"] != "" && (!asked || c.qop != "")
}

// answered are the credentials; count is how many requests have had some for this nonce, with this one.
func (c challenge) answered(req *Request, username, password string, count uint32) string {
	p := authParams{"nonce": c.params["nonce"], "uri": req.Recipient.String(), "nc": fmt.Sprintf("%08x", count), "cnonce": randomHex(16), "qop": c.qop}
	ha1 := HA1(c.algorithm, username, c.params["realm"], password)
	response := answer(c.algorithm, ha1, string(req.Method), p, req.Body())
	text := fmt.Sprintf(`Digest username=%s, realm=%s, nonce=%s, uri=%s, algorithm=%s, response="%s"`,
		quote(username), quote(c.params["realm"]), quote(p["nonce"]), quote(p["uri"]), c.algorithm, response)
	if opaque, ok := c.params["opaque"]; ok {
		text += ", opaque=" + quote(opaque)
	}
	if c.qop != "" {
		text += fmt.Sprintf(`, qop=%s, nc=%s, cnonce="%s"`, c.qop, p["nc"], p["cnonce"])
	}
	return text
}
