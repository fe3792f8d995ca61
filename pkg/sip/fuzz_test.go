package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	sipgo "github.com/emiago/sipgo/sip"
)

var badMessages = []string{
	"OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: \"x <sip:b@c>\nCall-ID: 1\nCSeq: 1 OPTIONS\n\n",
	"INVITE sip:a@b;x SIP/2.0\nTO :\n sip:v@c ;   tag    = 1918181833n\nfrom   : \"J \\\\\\\"\"       <sip:j@example.com>\n  ;\n  tag = 98\nCall-ID: w\ncseq: 0009\n  INVITE\nv:  SIP  / 2.0  / TCP     s.example.com   ;\n  branch  =   z9hG4bK9ikj8  ,\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\n z9hG4bK30239\nm:\"Q \\\"\\\"\" <sip:j@e> ; n =\n      v ;\n  s ; q = 0.33\n\n",
	"ACK sip:a@b SIP/2.0\nVia: x\n\n", "SIP/2.0 200 OK\nVia: SIP/2.0/UDP x\nCSeq: 1 INVITE\n\n", "INVITE sip:a SIP/9.9\nVia: SIP/2.0/UDP [::1]:5060;rport\nl:7\n\n",
	"OPTIONS soap:x SIP/2.0\nVia: SIP/2.0/UDP 2001:db8::1\nFrom: Bell, A <sip:a@b>\nContact: sip:x?y\n\n",
}

// FuzzParse: the scanner, the strict pass and the answers. Whatever comes, the answer is nothing or a response of which every line is one of ours,
// and what is served can be answered in sound lines.
func FuzzParse(f *testing.F) {
	f.Add([]byte(strings.ReplaceAll(inviteOfAPhone, "\n", "\r\n")))
	for _, text := range badMessages {
		f.Add([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	}
	ua := New(Config{Name: "Focus"})
	f.Cleanup(func() { ua.Close() })
	from := netip.MustParseAddrPort("192.0.2.3:4000")
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxDatagram || !looksLikeSIP(data) {
			return
		}
		before := bytes.Clone(data)
		m, err := ua.parse(data)
		if !bytes.Equal(before, data) {
			t.Fatal("the message was changed")
		}
		if err != nil {
			answer, to := ua.refusalOf(data, from, err.(*refusal))
			if to.Addr() != from.Addr() {
				t.Fatalf("the answer goes to %s", to)
			}
			checkRefusal(t, data, answer)
			return
		}
		if req, ok := m.(*Request); ok {
			stamp(req.Via(), from)
			checkAnswer(t, req)
		}
	})
}

func checkRefusal(t *testing.T, data, answer []byte) {
	t.Helper()
	if isVersion(data) || bytes.HasPrefix(data, []byte("ACK ")) {
		if answer != nil {
			t.Fatalf("answered %q", answer)
		}
		return
	}
	if answer == nil {
		return
	}
	if found := inspect(answer); found.broken != "" || endOfHead(answer, 0) != len(answer) || !bytes.HasPrefix(answer, []byte("SIP/2.0 ")) {
		t.Fatalf("%s in %q", found.broken, answer)
	}
	for name := range headerLines(answer) {
		if n := string(name); !isOneOf(n, echoed) && n != "Server" && n != "Content-Length" {
			t.Fatalf("a header %q in %q", n, answer)
		}
	}
}

func checkAnswer(t *testing.T, req *Request) {
	t.Helper()
	res := NewResponse(req, 200, "")
	if _, ok := tagOf(req.To().Params); !ok {
		setTag(res, "tag")
	}
	wire := encode(res)
	if !isSound(res, wire) {
		t.Fatalf("an answer of other lines: %q", wire)
	}
	again, err := sipgo.ParseMessage(wire)
	if err != nil {
		t.Fatalf("%v in the answer %q", err, wire)
	}
	if id := again.CallID(); id == nil || id.Value() != req.CallID().Value() || len(again.(*Response).GetHeaders("via")) != len(req.GetHeaders("via")) {
		t.Fatalf("another answer: %q", wire)
	}
}

// inDialog accepts calls and answers what comes in them.
type inDialog struct{}

func (inDialog) ServeDialog(d *Dialog, tx *ServerTransaction) { d.AcceptTx(tx, "", nil) }
func (inDialog) Acknowledged(*Dialog, *Request, error)        {}

// FuzzTransactions plays requests in any order, in few transactions and dialogs, so that they meet: each octet is one.
func FuzzTransactions(f *testing.F) {
	f.Add([]byte{0x00, 0x01, 0x02, 0x03})
	f.Add([]byte{0x00, 0x00, 0x81, 0x94, 0x94, 0xa3, 0xb3})
	f.Add([]byte{0x00, 0x05, 0x40, 0x45, 0x80, 0xc1, 0x93})
	f.Fuzz(func(t *testing.T, moves []byte) { play(t, moves, func(tx *ServerTransaction) { tx.Reply(486) }) })
}

// FuzzDialogs is the same with calls that are accepted: the To tag is that of the dialog.
func FuzzDialogs(f *testing.F) {
	f.Add([]byte{0x00, 0x81, 0x92, 0xa3})
	f.Add([]byte{0x00, 0x81, 0x90, 0x81, 0x95, 0xb4, 0xc3, 0xd3})
	f.Fuzz(func(t *testing.T, moves []byte) {
		play(t, moves, func(tx *ServerTransaction) {
			d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("conf"), inDialog{})
			if err != nil {
				tx.Reply(500)
				return
			}
			d.Provisional(180, "", nil)
			d.Accept("application/sdp", []byte("v=0\r\n"))
		})
	})
}

func play(t *testing.T, moves []byte, invited func(tx *ServerTransaction)) {
	tags := make(chan string, 1)
	ua := New(Config{MaxTransactions: 50, MaxDialogs: 10, Handler: HandlerFunc(func(tx *ServerTransaction) {
		if tx.Request().Method != INVITE {
			tx.Reply(200)
			return
		}
		select {
		case tags <- tx.LocalTag():
		default:
		}
		invited(tx)
	})})
	defer ua.Close()
	tag := ""
	for i, move := range moves[:min(len(moves), 64)] {
		select {
		case tag = <-tags:
		default:
		}
		answer := ua.Inject([]byte(requestOf(move, tag)))
		if len(answer) > 0 && !bytes.HasPrefix(answer, []byte("SIP/2.0 ")) && !bytes.HasPrefix(answer, []byte("BYE ")) {
			t.Fatalf("move %d: %q", i, answer)
		}
	}
	if s := ua.Stats(); s.Panics != 0 || s.ServerTransactions > 50 || s.Dialogs > 10 {
		t.Fatalf("%+v", s)
	}
}

// requestOf reads a move: the method in the low bits, then branch and CSeq, and in the high bit if it is in the dialog.
func requestOf(move byte, tag string) string {
	method := [...]Method{INVITE, ACK, CANCEL, BYE, INFO, UPDATE, PRACK, OPTIONS}[move&7]
	to := "<sip:conf@example.com>"
	if move&0x80 != 0 && tag != "" {
		to += ";tag=" + tag
	}
	branch, seq := move>>3&3, 1+move>>4&7
	return fmt.Sprintf("%s sip:conf@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.3;branch=z9hG4bK%d\r\nFrom: <sip:a@example.com>;tag=a\r\nTo: %s\r\n"+
		"Call-ID: fuzz\r\nCSeq: %d %s\r\nContact: <sip:a@192.0.2.3>\r\nRAck: 1 1 INVITE\r\nContent-Length: 0\r\n\r\n", method, branch, to, seq, method)
}
