package sip

import (
	"fmt"

	"github.com/icholy/digest"
)

// Authorize makes from a request and the 401 or 407 it got the request to be sent next: with credentials for the first challenge that can be
// answered, the next CSeq and no Via, so that it gets a branch of its own (RFC 3261 §22.1, RFC 8760 §2.4).
func Authorize(req *Request, res *Response, username, password string) (*Request, error) {
	challenge, name, err := findChallenge(res)
	if err != nil {
		return nil, err
	}
	credentials, err := digest.Digest(challenge, digest.Options{
		Method: string(req.Method), URI: req.Recipient.String(), Count: 1, Username: username, Password: password,
	})
	if err != nil {
		return nil, fmt.Errorf("answering the challenge of %q: %w", challenge.Realm, err)
	}
	again := req.Clone()
	removeHeaders(again, "Via")
	SetHeader(again, name, credentials.String())
	again.CSeq().SeqNo++
	again.SetSource("") // its destination stays: a strict route, or a Flow
	return again, nil
}

func findChallenge(res *Response) (*digest.Challenge, string, error) {
	name, answer := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		name, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	for _, h := range res.GetHeaders(name) {
		challenge, err := digest.ParseChallenge(h.Value())
		if err == nil && digest.CanDigest(challenge) && (len(challenge.QOP) == 0 || challenge.SupportsQOP("auth")) {
			return challenge, answer, nil
		}
	}
	return nil, "", fmt.Errorf("%d without a challenge that we can answer: %w", res.StatusCode, ErrNoCredentials)
}

func authorized(req *Request, res *Response, credentials func(realm string) (string, string, bool)) (*Request, bool) {
	challenge, _, err := findChallenge(res)
	if err != nil {
		return nil, false
	}
	username, password, ok := credentials(challenge.Realm)
	if !ok {
		return nil, false
	}
	again, err := Authorize(req, res, username, password)
	return again, err == nil
}
