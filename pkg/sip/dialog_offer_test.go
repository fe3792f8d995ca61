package sip

import "testing"

// said is one message of a dialog, for the model below.
type said struct {
	in        Carrier
	method    Method
	code      int // 0 is a request
	reliable  bool
	described bool
}

// openOffer finds the offer that nobody has answered, the slow way: it walks the whole history for every question, and knows the pairs of RFC 6337
// §2.2 as a list of where an offer may be answered.
func openOffer(history []said) (open, ours bool) {
	for i := 0; i < len(history); {
		ours, ok := isOffer(history[:i+1])
		if !ok {
			i++
			continue
		}
		end := answeredAt(history, i)
		if end < 0 {
			return true, ours
		}
		i = end + 1
	}
	return false, false
}

// isOffer tells if the last message makes an offer, when none is open before it.
func isOffer(history []said) (ours, ok bool) {
	m := history[len(history)-1]
	switch {
	case !m.described || m.method == ACK:
		return false, false
	case m.code == 0:
		return m.in.Ours, true
	case m.method != INVITE || m.code >= 300 || m.code < 200 && !m.reliable:
		return false, false
	}
	// A response to an INVITE offers when the INVITE left that to it, and nothing has used that up.
	for i := len(history) - 2; i >= 0; i-- {
		earlier := history[i]
		if earlier.method == INVITE && earlier.code == 0 {
			return !m.in.Ours, earlier.in == m.in && !earlier.described
		}
		if earlier.method == INVITE && earlier.in == m.in && (earlier.code >= 200 || earlier.described && earlier.reliable) {
			return false, false
		}
	}
	return false, false
}

// answeredAt is where the offer of history[i] is answered or given up; -1 is nowhere.
func answeredAt(history []said, i int) int {
	offer := history[i]
	for j := i + 1; j < len(history); j++ {
		m := history[j]
		switch same := m.in == offer.in; {
		case offer.code == 0 && same && m.code >= 200, offer.code == 0 && same && m.code > 100 && m.reliable && m.described:
			return j // INVITE and 2xx, INVITE and reliable 1xx, PRACK and 2xx, UPDATE and 2xx; or a refusal
		case offer.code > 0 && m.method == ACK && same:
			return j // 2xx and ACK
		case offer.code > 0 && m.method == PRACK && m.code == 0 && m.described && m.in.Ours == offer.in.Ours:
			return j // reliable 1xx and PRACK
		case offer.code > 0 && same && m.code >= 300:
			return j
		}
	}
	return -1
}

// FuzzExchange compares the four fields of an Exchange with a walk over all that was said. Octets choose among what is legal: each side sends what no
// rule of RFC 3261, 3262 and 3311 forbids it at that moment.
func FuzzExchange(f *testing.F) {
	f.Add([]byte{0x00, 0x41, 0x80, 0xc1, 0x23, 0x52, 0x91})
	f.Add([]byte{0x10, 0x47, 0x03, 0x81, 0xc0, 0x33, 0x07, 0x44})
	f.Fuzz(func(t *testing.T, octets []byte) {
		var x Exchange
		var history []said
		seq := uint32(0)
		invite, pending := Carrier{}, map[Carrier]Method{}
		acked := true
		for _, o := range octets[:min(len(octets), 64)] {
			m := said{described: o&1 != 0, reliable: o&2 != 0}
			switch o >> 6 {
			case 0: // a request
				m.in, m.method = Carrier{o&4 != 0, seq + 1}, []Method{INVITE, UPDATE, PRACK, INVITE}[o>>3&3]
				answers := m.method == PRACK && x.Open && x.Ours != m.in.Ours && m.in.Ours == invite.Ours
				if m.method == INVITE && (pending[invite] != "" || !acked || x.Open) || m.described && x.Open && !answers ||
					m.method == PRACK && (pending[invite] == "" || m.in.Ours != invite.Ours) {
					continue
				}
				seq++
				pending[m.in] = m.method
				if m.method == INVITE {
					invite = m.in
				}
				x.request(m.in, m.method, m.described)
			case 1: // a provisional response to the INVITE
				if pending[invite] == "" {
					continue
				}
				m.in, m.method, m.code = invite, INVITE, 183
				m.described = m.described && (!x.Open || x.In == invite)
				x.response(m.in, m.code, m.reliable, m.described)
			case 2: // a final response
				for c, method := range pending {
					if method != INVITE == (o&8 != 0) {
						m.in, m.method, m.code = c, method, 200
					}
				}
				if m.method == "" {
					continue
				}
				if o&16 != 0 {
					m.code = 488
				}
				m.described = m.described && (!x.Open || x.In == m.in)
				delete(pending, m.in)
				if m.method == INVITE {
					acked = m.code >= 300
				}
				x.response(m.in, m.code, false, m.described)
			case 3: // the ACK of a 2xx
				if acked {
					continue
				}
				m.in, m.method, acked = invite, ACK, true
				x.request(m.in, ACK, m.described)
			}
			history = append(history, m)
			open, ours := openOffer(history)
			if open != x.Open || open && ours != x.Ours {
				t.Fatalf("open %v, ours %v; the history says %v, %v: %+v", x.Open, x.Ours, open, ours, history)
			}
		}
	})
}
