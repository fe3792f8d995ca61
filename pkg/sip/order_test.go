package sip_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// TestOrderOnLoopback: messages of one dialog are handled in the order in which they arrived. Over real sockets the kernel decides what one read
// brings.
func TestOrderOnLoopback(t *testing.T) {
	t.Run("183 and 200 in one segment", provisionalThenFinal)
	t.Run("pipelined INFO over TCP", func(t *testing.T) { pipelined(t, "TCP") })
	t.Run("pipelined INFO over UDP", func(t *testing.T) { pipelined(t, "UDP") })
}

func provisionalThenFinal(t *testing.T) {
	const calls = 3000
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go answerTwice(l)
	phone := sip.New(sip.Config{})
	defer phone.Close()
	target := mustURI(t, "sip:"+l.Addr().String()+";transport=tcp")
	for i := range calls {
		tx, err := phone.Start(t.Context(), sip.NewRequest(sip.OPTIONS, target))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{183, 200} {
			if res, err := tx.Next(t.Context()); err != nil || res.StatusCode != want {
				t.Fatalf("call %d: got %v, %v; want %d", i, res, err, want)
			}
		}
	}
}

// answerTwice answers each request by 183 and 200 in one write.
func answerTwice(l net.Listener) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	buf, all := make([]byte, 65536), ""
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		all += string(buf[:n])
		for {
			ask, rest, whole := strings.Cut(all, "\r\n\r\n")
			if !whole {
				break
			}
			all = rest
			conn.Write([]byte(crlf(answerTo(ask, 183, "x") + answerTo(ask, 200, "x"))))
		}
	}
}

// ordered is the other end of a dialog: it writes down the CSeq of what comes.
type ordered struct{ seqs chan uint32 }

func (o ordered) ServeDialog(d *sip.Dialog, tx *sip.ServerTransaction) {
	o.seqs <- tx.Request().CSeq().SeqNo
	d.AcceptTx(tx, "", nil)
}

func (ordered) Acknowledged(*sip.Dialog, *sip.Request, error) {}

func pipelined(t *testing.T, transport string) {
	const requests, burst = 2000, 20
	seqs := make(chan uint32, requests)
	server := sip.New(sip.Config{MaxQueue: requests, Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("conf"), ordered{seqs})
		if err == nil {
			d.Accept("", nil)
		}
	})})
	defer server.Close()
	conn := connected(t, server, transport)
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))

	ask := func(method, branch, cseq string) string { // with rport: the answers come back to this socket
		return strings.Replace(crlf(request(method, branch, cseq)), ";branch", ";rport;branch", 1)
	}
	conn.Write([]byte(ask("INVITE", "invite", "1 INVITE")))
	heard := ""
	for buf := make([]byte, 65536); !strings.Contains(heard, "SIP/2.0 200"); {
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		heard = string(buf[:n])
	}
	to := "To: " + header(heard[strings.Index(heard, "SIP/2.0 200"):], "To")
	inDialog := func(method string, seq int) string {
		text := ask(method, fmt.Sprint(method, seq), fmt.Sprint(seq, " ", method))
		return strings.Replace(text, "To: "+header(text, "To"), to, 1)
	}
	conn.Write([]byte(inDialog("ACK", 1)))
	go discard(conn)
	var all bytes.Buffer
	for i := range requests {
		text := inDialog("INFO", i+2)
		if transport == "UDP" {
			conn.Write([]byte(text))
			if i%burst == burst-1 {
				waitFor(t, seqs, i+1) // no more than fits into the socket: what is lost would say nothing of order
			}
			continue
		}
		all.WriteString(text)
	}
	for all.Len() > 0 {
		conn.Write(all.Next(1399))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for want := uint32(2); want < requests+2; want++ {
		select {
		case got := <-seqs:
			if got != want {
				t.Fatalf("request %d came as number %d", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("request %d did not come", want)
		}
	}
}

// waitFor waits until so many requests have been served.
func waitFor(t *testing.T, seqs chan uint32, n int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); len(seqs) < n; {
		if time.Now().After(end) {
			t.Fatalf("%d of %d requests served", len(seqs), n)
		}
		runtime.Gosched()
	}
}

// connected is a connection to a new socket of that server, over loopback.
func connected(t *testing.T, server *sip.UserAgent, transport string) net.Conn {
	t.Helper()
	at := ""
	if transport == "TCP" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server.ListenTCP(l)
		at = l.Addr().String()
	} else {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server.ListenUDP(packets)
		at = packets.LocalAddr().String()
	}
	conn, err := net.Dial(strings.ToLower(transport), at)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
