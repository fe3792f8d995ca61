package sip

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// reliability is what a dialog knows of its reliable provisional responses (RFC 3262 §3). It exists from the first of them until the INVITE is
// answered and nothing is left to acknowledge.
type reliability struct {
	rseq    uint32
	out     *reliable            // sent, not acknowledged
	waiting []*reliable          // to be sent, in order, when out is acknowledged
	pracks  []*ServerTransaction // PRACKs that nobody has answered yet
	held    func()               // sends the 2xx that had to wait
}

// reliable is one such response.
type reliable struct {
	tx        *ServerTransaction // of the INVITE
	res       *Response
	rseq      uint32
	described bool
	wire      []byte
	interval  time.Duration
	resend    *time.Timer
	limit     *time.Timer
}

// maxWaiting is how many reliable responses may wait for the PRACK of another.
const maxWaiting = 8

// wantsReliable decides about a provisional response: "The UAS MUST send any non-100 provisional response reliably if the initial request contained
// a Require header field with the option tag 100rel" (RFC 3262 §3). If the peer only supports it, a session description is worth the PRACK and
// ringing is not.
func (d *Dialog) wantsReliable(tx *ServerTransaction, res *Response) bool {
	if res.StatusCode <= 100 || tx.req.Method != INVITE || !d.ua.supports("100rel") {
		return false
	}
	return HasOption(tx.req, "Require", "100rel") || HasOption(tx.req, "Supported", "100rel") && isDescribed(res)
}

// sendReliably: "The UAS MUST NOT send a second reliable provisional response until the first is acknowledged" (RFC 3262 §3): it waits.
func (d *Dialog) sendReliably(tx *ServerTransaction, res *Response) error {
	r := &reliable{tx: tx, res: res, described: isDescribed(res)}
	d.mu.Lock()
	if d.rel == nil {
		// "The value of the header field for the first reliable provisional response in a transaction MUST be between 1 and 2**31 - 1. It is
		// RECOMMENDED that it be chosen uniformly in this range."
		d.rel = &reliability{rseq: rand.Uint32N(1<<31 - 1)}
	}
	if d.rel.out != nil || len(d.rel.waiting) > 0 || len(d.rel.pracks) > 0 {
		defer d.mu.Unlock()
		if len(d.rel.waiting) >= maxWaiting {
			return fmt.Errorf("answering %s with %d: %w", tx.req.Method, res.StatusCode, ErrOverload)
		}
		d.rel.waiting = append(d.rel.waiting, r)
		return nil
	}
	d.prepareReliable(r)
	d.mu.Unlock()
	return d.transmitReliable(r)
}

// prepareReliable numbers a response: "the RSeq ... The value MUST be exactly one greater than the previous". Called with mu held.
func (d *Dialog) prepareReliable(r *reliable) {
	d.rel.rseq++
	d.rel.out, r.rseq = r, d.rel.rseq
	SetHeader(r.res, "RSeq", strconv.FormatUint(uint64(r.rseq), 10))
	if !HasOption(r.res, "Require", "100rel") {
		AddHeader(r.res, "Require", "100rel")
	}
	d.exchange.response(Carrier{false, r.tx.req.CSeq().SeqNo}, r.res.StatusCode, true, r.described)
}

func (d *Dialog) transmitReliable(r *reliable) error {
	err := r.tx.Respond(r.res)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rel == nil || d.rel.out != r { // the PRACK was faster, or the end
		return err
	}
	if err != nil {
		d.rel.out = nil
		return err
	}
	// "The reliable provisional response ... is passed to the transaction layer periodically with an interval that starts at T1 seconds and doubles
	// for each retransmission"; over TCP too, since a proxy behind it may speak UDP.
	r.wire, r.interval = encode(r.res), d.ua.cfg.Timers.T1
	r.resend = time.AfterFunc(r.interval, func() { d.repeatReliable(r) })
	r.limit = time.AfterFunc(d.ua.cfg.Timers.giveUp(), func() { d.reliableFailed(r) })
	return nil
}

func (d *Dialog) repeatReliable(r *reliable) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rel == nil || d.rel.out != r || r.wire == nil {
		return
	}
	r.tx.machine.back.write(r.wire)
	r.interval *= 2
	r.resend.Reset(r.interval)
}

// reliableFailed: "If a reliable provisional response is retransmitted for 64*T1 seconds without reception of a corresponding PRACK, the UAS SHOULD
// reject the original request with a 5xx response" (RFC 3262 §3).
func (d *Dialog) reliableFailed(r *reliable) {
	d.mu.Lock()
	waiting := d.rel != nil && d.rel.out == r
	d.mu.Unlock()
	if waiting {
		r.tx.Reply(504, ReasonHeader("SIP", 504, "no PRACK"))
	}
}

// quiet ends the repetition.
func (r *reliable) quiet() {
	stop(r.resend)
	stop(r.limit)
	r.wire = nil
}

// acknowledges: "If a PRACK request is received by the UA core that does not match any unacknowledged reliable provisional response, the UAS MUST respond
// to the PRACK with a 481 response. If the PRACK does match an unacknowledged reliable provisional response, it MUST be responded to with a 2xx
// response" and "the matching reliable provisional response ... MUST cease" (RFC 3262 §3). It matches by "the method, CSeq-num, and response-num in
// the RAck header field".
// Called with mu held.
func (d *Dialog) acknowledges(tx *ServerTransaction) bool {
	rseq, seq, method, ok := parseRAck(HeaderValue(tx.req, "RAck"))
	if !ok || method != INVITE || d.rel == nil || d.rel.out == nil {
		return false
	}
	return d.rel.out.rseq == rseq && d.rel.out.tx.req.CSeq().SeqNo == seq
}

// acknowledged takes the PRACK of the response that is out. Called with mu held.
func (d *Dialog) acknowledged(tx *ServerTransaction) {
	d.rel.out.quiet()
	d.rel.out = nil
	d.rel.pracks = append(d.rel.pracks, tx)
}

// parseRAck reads `776656 1 INVITE` (RFC 3262 §7.2).
func parseRAck(text string) (rseq, seq uint32, method Method, ok bool) {
	fields := strings.Fields(text)
	if len(fields) != 3 {
		return 0, 0, "", false
	}
	a, err := strconv.ParseUint(fields[0], 10, 32)
	b, err2 := strconv.ParseUint(fields[1], 10, 32)
	return uint32(a), uint32(b), Method(fields[2]), err == nil && err2 == nil
}

// prackAnswered lets go what waited for a PRACK: the next reliable response, or the 2xx. Until its PRACK has been answered no new offer can be made.
func (d *Dialog) prackAnswered(tx *ServerTransaction) {
	d.mu.Lock()
	if d.rel == nil || !d.rel.forget(tx) || len(d.rel.pracks) > 0 {
		d.mu.Unlock()
		return
	}
	held := d.rel.held
	if held != nil {
		d.rel = nil
		d.mu.Unlock()
		held()
		return
	}
	if len(d.rel.waiting) == 0 {
		if d.incoming == nil {
			d.rel = nil
		}
		d.mu.Unlock()
		return
	}
	next := d.rel.waiting[0]
	d.rel.waiting = d.rel.waiting[1:]
	d.prepareReliable(next)
	d.mu.Unlock()
	if err := d.transmitReliable(next); err != nil {
		d.ua.log.Debug("no reliable response", "err", err)
	}
}

func (rel *reliability) forget(tx *ServerTransaction) bool {
	for i, t := range rel.pracks {
		if t == tx {
			rel.pracks = append(rel.pracks[:i], rel.pracks[i+1:]...)
			return true
		}
	}
	return false
}

// holdBack keeps a 2xx until the PRACK has come and is answered: "unless the final response is 2xx and any of the unacknowledged reliable provisional
// responses contained a session description. In that case, it MUST NOT send a final response until those provisional responses are acknowledged"
// (RFC 3262 §3). Otherwise "it SHOULD NOT continue to retransmit the unacknowledged reliable provisional responses, but it MUST be prepared to
// process PRACK requests for those outstanding responses", and new ones "MUST NOT" be sent.
func (d *Dialog) holdBack(send func()) (held bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	rel := d.rel
	if rel == nil {
		return false
	}
	if len(rel.pracks) > 0 || rel.out != nil && rel.out.described {
		rel.held, rel.waiting = send, nil
		return true
	}
	rel.waiting = nil
	if rel.out != nil {
		rel.out.quiet()
	}
	return false
}

// endReliable is for an INVITE that was refused, or a dialog that is over. Called with mu held.
func (d *Dialog) endReliable() {
	if d.rel != nil && d.rel.out != nil {
		d.rel.out.quiet()
	}
	d.rel = nil
}
