package turn

import "github.com/pion/stun/v4"

// answer looks at a response of pion's to the request of now: counts it, and puts another one in its place where pion's has the wrong code.
func (g *gate) answer(response []byte) []byte {
	r := g.now
	if r == nil {
		return response
	}
	r.answered = true
	code := codeOf(response)
	if code == 0 {
		g.succeeded(r)
		return response
	}
	if r.instead != 0 {
		code = r.instead
		response = g.refusal(r, code)
	} else {
		g.countOf(code).Add(1)
	}
	return response
}

func (g *gate) succeeded(r *request) {
	if r.message.Type.Method == stun.MethodBinding {
		g.server.stats.bindings.Add(1)
	}
}

// refusal is a response with a code that pion has not chosen. Who refuses so has counted it.
//
// A 401 has what the client needs to try again, REALM and NONCE (RFC 8489 §9.2.4). Its nonce is that of the request, which pion has just found to
// be good. Other refusals are signed.
func (g *gate) refusal(r *request, code stun.ErrorCode) []byte {
	setters := []stun.Setter{
		stun.NewTransactionIDSetter(r.message.TransactionID), stun.NewType(r.message.Type.Method, stun.ClassErrorResponse), code,
	}
	switch {
	case code == stun.CodeUnauthorized:
		var nonce stun.Nonce
		nonce.GetFrom(r.message) // there is one, or pion would have refused
		setters = append(setters, stun.NewRealm(g.server.config.Realm), nonce)
	case r.key != nil:
		setters = append(setters, stun.MessageIntegrity(r.key))
	}
	message, err := stun.Build(setters...)
	if err != nil {
		return nil // nothing that we put in is too long
	}
	return message.Raw
}

// settle ends the request of now: pion is done with it. Where there is no allocation pion does not answer at all. RFC 8656 §5 wants 437 (Allocation
// Mismatch) then for Refresh, CreatePermission and ChannelBind, and 441 (Wrong Credentials) when the allocation is somebody else's.
func (g *gate) settle() {
	r := g.now
	g.now = nil
	if r == nil {
		return
	}
	if r.claim != nil {
		r.claim()
	}
	if r.answered || r.key == nil {
		return
	}
	code := stun.CodeAllocMismatch
	if g.relayOf(r.from) != nil {
		code = stun.CodeWrongCredentials
	}
	g.server.stats.mismatched.Add(1)
	g.carrier.send(g.refusal(r, code), r.from)
}

// instead has pion's refusal replaced by another one.
func (g *gate) instead(code stun.ErrorCode, count counter) {
	count.Add(1)
	if g.now != nil {
		g.now.instead = code
	}
}

type counter interface{ Add(uint64) uint64 }

func (g *gate) countOf(code stun.ErrorCode) counter {
	c := &g.server.stats
	switch code {
	case stun.CodeUnauthorized:
		return &c.challenged
	case stun.CodeStaleNonce:
		return &c.staleNonces
	case stun.CodeAllocQuotaReached:
		return &c.overQuota
	case stun.CodeForbidden:
		return &c.forbidden
	case stun.CodeAllocMismatch, stun.CodeWrongCredentials:
		return &c.mismatched
	case stun.CodeInsufficientCapacity:
		return &c.noRoom
	}
	return &c.refused
}

// codeOf is that of an error response, 0 of others.
func codeOf(response []byte) stun.ErrorCode {
	message := &stun.Message{Raw: response}
	var code stun.ErrorCodeAttribute
	if message.Decode() != nil || message.Type.Class != stun.ClassErrorResponse || code.GetFrom(message) != nil {
		return 0
	}
	return code.Code
}
