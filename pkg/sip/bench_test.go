package sip_test

import (
	"net"
	"runtime"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// BenchmarkCall is INVITE, 180, 200, ACK, BYE, 200 over UDP on the loopback interface, both ends.
func BenchmarkCall(b *testing.B) {
	server := sip.New(sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("conf"), quiet{})
		if err != nil {
			tx.Reply(503)
			return
		}
		d.Provisional(180, "", nil)
		d.Accept("application/sdp", []byte("v=0\r\n"))
	}), MaxTransactions: 1 << 20})
	defer server.Close()
	phone := sip.New(sip.Config{MaxTransactions: 1 << 20})
	defer phone.Close()
	there, _ := net.ListenPacket("udp", "127.0.0.1:0")
	here, _ := net.ListenPacket("udp", "127.0.0.1:0")
	go server.ServeUDP(there)
	go phone.ServeUDP(here)
	for !served(server, there) || !served(phone, here) {
		runtime.Gosched()
	}
	target, _ := sip.ParseURI("sip:conf@" + there.LocalAddr().String())
	from, _ := sip.ParseURI("sip:alice@example.com")
	b.ReportAllocs()
	for b.Loop() {
		d, _, err := phone.Invite(b.Context(), sip.Invitation{Target: target, From: from, Handler: quiet{}})
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Bye(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

type quiet struct{}

func (quiet) ServeDialog(_ *sip.Dialog, tx *sip.ServerTransaction) { tx.Reply(200) }
func (quiet) Acknowledged(_ *sip.Dialog, _ *sip.Request, _ error)  {}
