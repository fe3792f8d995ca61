package sip_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/pkg/sip/siptest"
)

// script is what a peer does, read from the octets of a fuzzer, and what a slow and obvious model wants of us.
type script struct {
	t     *testing.T
	w     *world
	bob   *wire
	conf  *leg
	calls []*sip.Dialog
	held  []held // not answered yet
	ok    string // 200 or 183 of the first INVITE, for its To
	n     int    // numbers the branches
	seq   int    // of bob's last request that was in order
	model model
}

// held is a request that the handler has not answered.
type held struct {
	tx     *sip.ServerTransaction
	branch string
}

// model is the dialog as the RFCs tell it, without the offers.
type model struct {
	over     bool
	inviting string    // branch of a re-INVITE that waits
	updating string    // branch of an UPDATE that waits
	expires  time.Time // when nobody waits for its answer any more
	deaf     time.Time // when an UPDATE of ours, which the peer never answers, may end the dialog; zero: there was none
}

// patience is how long a client waits for the answer to what is no INVITE: 64*T1 (RFC 3261 §17.1.2.2, Timer F).
const patience = 32 * time.Second

// expire forgets an UPDATE whose client has given up.
func (m *model) expire(now time.Time) {
	if m.updating != "" && !now.Before(m.expires) {
		m.updating = ""
	}
}

// given reports whether we may have given the peer up: a request that times out ends its dialog like a 408 (RFC 3261 §12.2.1.2).
func (m *model) given(now time.Time) bool { return !m.deaf.IsZero() && !now.Before(m.deaf) }

// wants says which final answers a request may get at once; none when the handler holds it back.
func (m *model) wants(method string, seq, last int, holds bool) (codes []string) {
	switch {
	case m.over:
		return []string{"481"}
	case seq < last:
		return []string{"500"}
	case method == "INVITE" && m.inviting != "", method == "UPDATE" && m.updating != "":
		return []string{"500"}
	case method == "PRACK":
		return []string{"481"}
	case holds:
		return []string{"", "491", "500"}
	}
	return []string{"200", "491", "500"} // 491 and 500: an offer is open
}

func (s *script) says(method string, seq int, sdp, holds bool) {
	s.n++
	s.model.expire(time.Now())
	text := request(method, fmt.Sprint("fuzz", s.n), fmt.Sprint(seq, " ", method))
	if sdp {
		text = described(text, "v=0\r\n")
	}
	want := s.model.wants(method, seq, s.seq, holds && method != "BYE")
	if s.model.given(time.Now()) {
		want = append(want, "481")
	}
	before := len(s.held)
	s.conf.answer = func(d *sip.Dialog, tx *sip.ServerTransaction) {
		if holds && method != "BYE" {
			s.held = append(s.held, held{tx, fmt.Sprint("fuzz", s.n)})
			return
		}
		_ = d.AcceptTx(tx, "application/sdp", []byte("answer"))
	}
	s.bob.heard("SIP/2.0")
	s.bob.says(inDialog(text, s.ok))
	got := ""
	for _, m := range s.bob.heard("SIP/2.0") {
		if strings.HasSuffix(header(m.text, "Via"), fmt.Sprint(";branch=z9hG4bKfuzz", s.n)) {
			got = strings.Fields(m.text)[1]
			if got == "500" && header(m.text, "Retry-After") == "" {
				s.t.Errorf("500 to %s %d without Retry-After", method, seq)
			}
		}
	}
	if !strings.Contains(" "+strings.Join(want, " ")+" ", " "+got+" ") && !(got == "" && want[0] == "") {
		s.t.Fatalf("%s %d (last %d, described %v, held %v): answered %q, want %q; %+v", method, seq, s.seq, sdp, holds, got, want, s.model)
	}
	if !s.model.over && seq > s.seq {
		s.seq = seq
	}
	switch {
	case got == "481" && method != "PRACK":
		s.model = model{over: true}
	case len(s.held) > before && method == "INVITE":
		s.model.inviting = fmt.Sprint("fuzz", s.n)
	case len(s.held) > before && method == "UPDATE":
		s.model.updating, s.model.expires = fmt.Sprint("fuzz", s.n), time.Now().Add(patience)
	case method == "BYE" && got == "200":
		s.model = model{over: true}
	case method == "INVITE" && got == "200":
		s.acks(seq, s.n%2 == 0)
	case method == "INVITE" && got != "":
		s.bob.says(inDialog(request("ACK", fmt.Sprint("fuzz", s.n), fmt.Sprint(seq, " ACK")), s.ok))
	}
}

func (s *script) acks(seq int, sdp bool) {
	s.n++
	text := request("ACK", fmt.Sprint("ack", s.n), fmt.Sprint(seq, " ACK"))
	if sdp {
		text = described(text, "v=0\r\n")
	}
	s.bob.says(inDialog(text, s.ok))
}

// answers lets go of what was held back.
func (s *script) answers(code int) {
	if len(s.held) == 0 {
		return
	}
	tx := s.held[0].tx
	switch s.held[0].branch {
	case s.model.inviting:
		s.model.inviting = ""
	case s.model.updating:
		s.model.updating = ""
	}
	s.held = s.held[1:]
	if code == 200 {
		_ = s.calls[0].AcceptTx(tx, "application/sdp", []byte("answer"))
	} else {
		_ = tx.Reply(code)
	}
	synctest.Wait()
	if tx.Request().Method == sip.INVITE && code == 200 {
		s.acks(int(tx.Request().CSeq().SeqNo), true)
	}
}

var methodsOfFuzz = []string{"INFO", "UPDATE", "INVITE", "BYE", "PRACK", "OPTIONS", "NOTIFY", "UPDATE"}

func (s *script) plays(steps []byte) {
	for _, step := range steps {
		switch op := step >> 5; op {
		case 0, 1, 2, 3:
			s.says(methodsOfFuzz[step&7], s.seq+int(op), step&8 != 0, step&16 != 0)
		case 4:
			s.says(methodsOfFuzz[step&7], s.seq-1, step&8 != 0, false)
		case 5:
			s.answers([]int{200, 200, 488, 500}[step&3])
		case 6:
			time.Sleep(time.Duration(step&31) * 100 * time.Millisecond)
			s.bob.heard("SIP/2.0")
		case 7:
			if step&1 == 0 && len(s.calls) > 0 {
				go s.calls[0].Update(s.t.Context(), "application/sdp", []byte("ours"))
				if s.model.deaf.IsZero() {
					s.model.deaf = time.Now().Add(patience)
				}
			}
			synctest.Wait()
		}
	}
}

// FuzzDialog plays any sequence of requests against a call that we have accepted. In the end nothing is left.
func FuzzDialog(f *testing.F) {
	f.Add([]byte{0x20, 0x21, 0x29, 0x2a, 0x22, 0x80, 0x23, 0x20})
	f.Add([]byte{0x3a, 0x2a, 0xa0, 0x32, 0x31, 0x31, 0xa0, 0xa2, 0xc5, 0x23})
	f.Add([]byte{0xe0, 0x29, 0x2a, 0x21, 0xdf, 0xe0, 0x3a, 0x23})
	f.Add([]byte("7\xdf\xdf\xdf\xdf\xdf\xdf\xdf\xdf\xdf\xdf\xdfw"))    // an UPDATE that nobody answers
	f.Add([]byte("\xec\xdf\xdf\xdf\xdf\xdf\xdf\xdf\xdf\xdf\xdf\xdfw")) // one of ours
	f.Fuzz(func(t *testing.T, steps []byte) {
		if len(steps) > 64 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			w := &world{t, siptest.NewNetwork()}
			s := &script{t: t, w: w, conf: &leg{}, seq: 1}
			ua := w.agent("192.0.2.1", sip.Config{Handler: accepts(t, s.conf, &s.calls)})
			s.bob = w.wire("192.0.2.3:5060", "192.0.2.1:5060")
			s.bob.says(described(request("INVITE", "first", "1 INVITE"), "offer"))
			s.ok = s.bob.heard("SIP/2.0 200")[0].text
			s.acks(1, false)
			s.plays(steps)
			for len(s.held) > 0 {
				s.answers(200)
			}
			if !s.model.over {
				go s.calls[0].Bye(t.Context())
			}
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if st := ua.Stats(); st.Dialogs != 0 || st.ServerTransactions != 0 || st.ClientTransactions != 0 || st.Panics != 0 {
				t.Errorf("left: %+v", st)
			}
		})
	})
}
