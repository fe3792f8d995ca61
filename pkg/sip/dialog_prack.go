package sip

import (
	"context"
	"fmt"
	"strconv"
)

// isReliable: a provisional response that wants a PRACK: "contains a Require header field containing the option tag 100rel" and an RSeq
// (RFC 3262 §4).
func isReliable(res *Response) (rseq uint32, ok bool) {
	if !res.IsProvisional() || res.StatusCode == 100 || !HasOption(res, "Require", "100rel") {
		return 0, false
	}
	n, err := strconv.ParseUint(HeaderValue(res, "RSeq"), 10, 32)
	return uint32(n), err == nil && n > 0
}

// inOrder decides about a response to an INVITE of ours. "The UAC MUST maintain a sequence number that indicates the most recently received in-order
// reliable provisional response ... If the UAC receives another reliable provisional response to the same request, and its RSeq value is not one
// higher than the value of the sequence number, that response MUST NOT be acknowledged with a PRACK, and MUST NOT be processed further by the UAC"
// (RFC 3262 §4).
func (d *Dialog) inOrder(res *Response) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	rseq, reliably := isReliable(res)
	seq := res.CSeq().SeqNo
	if reliably {
		if d.heardSeq == seq && rseq != d.heardRSeq+1 {
			return false
		}
		d.heardSeq, d.heardRSeq = seq, rseq
	}
	d.exchange.response(Carrier{true, seq}, res.StatusCode, reliably, isDescribed(res))
	return true
}

// prack acknowledges a reliable provisional response, with the answer when it held the peer's offer. It does not wait for the answer.
func (d *Dialog) prack(ctx context.Context, res *Response, answer func(*Response) (string, []byte)) error {
	rseq, ok := isReliable(res)
	if !ok {
		return nil
	}
	var contentType string
	var body []byte
	if answer != nil && d.owesAnswer() {
		contentType, body = answer(res)
	}
	rack := NewHeader("RAck", fmt.Sprintf("%d %d %s", rseq, res.CSeq().SeqNo, INVITE))
	t, err := d.start(ctx, PRACK, contentType, body, []Header{rack}, nil)
	if err != nil {
		return fmt.Errorf("acknowledging %d: %w", res.StatusCode, err)
	}
	d.ua.spawn(func() {
		a := attempt{digest: d.callDigest()}
		res, err := t.Final(d.ctx)
		if err == nil && d.challenged(&a, PRACK, res) {
			_, _ = d.Request(d.ctx, PRACK, contentType, body, rack)
			return
		}
		d.learn(t, res, err)
	})
	return nil
}

func (d *Dialog) owesAnswer() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.exchange.owesAnswer()
}
