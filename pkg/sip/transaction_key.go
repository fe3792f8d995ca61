package sip

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// serverKey matches a request to its transaction (RFC 3261 §17.2.3): "1. the branch parameter in the request is the same as the one in the top
// Via header field of the request that created the transaction, and 2. the sent-by value in the top Via of the request is equal ..., and 3. the
// method of the request matches the one that created the transaction, except for ACK, where the method of the request that created the
// transaction is INVITE."
type serverKey struct {
	branch string
	sentBy string
	method Method
	call   uint64 // hash of the Call-ID: two calls are never one transaction, whatever their branches are
	over   string // the transport: retransmissions, ACK and CANCEL use that of their request (§17.1.1.3, §9.1), so another one is another client
	legacy string // what stands for the branch when it has no magic cookie
}

func serverKeyOf(req *Request) serverKey { return serverKeyAs(req, req.Method) }

// cancelledKey is the key of the INVITE that a CANCEL means. Nothing but an INVITE is cancelled (§9.1).
func cancelledKey(cancel *Request) serverKey { return serverKeyAs(cancel, INVITE) }

func serverKeyAs(req *Request, method Method) serverKey {
	if method == ACK {
		method = INVITE
	}
	via := req.Via()
	key := serverKey{sentBy: strings.ToLower(via.SentBy()), method: method, call: hashOf(req.CallID().Value()), over: req.Transport()}
	if branch, _ := lookup(via.Params, "branch"); len(branch) > len(magicCookie) && strings.EqualFold(branch[:len(magicCookie)], magicCookie) {
		key.branch = branch
		return key
	}
	// RFC 2543 peers and SIPE, which sends no branch in dialogs. §17.2.3 also compares Request-URI, To tag and the rest of the Via; SIPE builds
	// the ACK of a refused INVITE with another Request-URI, and Call-ID, From tag and CSeq of one sender name no two transactions anyway.
	tag, _ := tagOf(req.From().Params)
	key.legacy = fmt.Sprintf("%s %s %d", req.CallID().Value(), tag, req.CSeq().SeqNo)
	return key
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

// clientKey matches a response (RFC 3261 §17.1.3): the branch of the top Via, and the method of the CSeq, "needed since a CANCEL request
// constitutes a different transaction, but shares the same value of the branch parameter."
type clientKey struct {
	branch string
	method Method
}

func clientKeyOf(m Message) clientKey {
	branch, _ := lookup(m.Via().Params, "branch")
	return clientKey{branch, m.CSeq().MethodName}
}
