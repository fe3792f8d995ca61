package sip_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// registrar keeps the flow of whoever registers.
func registrar(flows map[string]sip.Flow) sip.Handler {
	return sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		flows[tx.Transport()] = tx.Flow()
		tx.Reply(200)
	})
}

func TestARequestGoesOverTheFlowOfABinding(t *testing.T) {
	for _, transport := range []string{"UDP", "TCP"} {
		t.Run(transport, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				t.Log("# bob registers from behind a NAT: his Contact leads nowhere")
				flows := map[string]sip.Flow{}
				server := w.agent("192.0.2.1", sip.Config{Handler: registrar(flows)})
				var at []string
				phone := w.agent("192.0.2.2", sip.Config{Host: "10.0.0.7", Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
					at = append(at, tx.Transport()+" "+tx.Request().Recipient.String())
					tx.Reply(200)
				})})
				registers(t, phone, "sip:192.0.2.1;transport="+strings.ToLower(transport))
				flow := flows[transport]
				if !flow.Usable() || flow.Transport() != transport {
					t.Fatalf("flow %+v", flow)
				}

				t.Log("# a request for the binding takes the flow, found again by its token")
				kept, err := server.Flow(flow.Token())
				if err != nil {
					t.Fatal(err)
				}
				req := sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:bob@10.0.0.7"))
				sip.SetFlow(req, kept)
				if res, err := server.Do(t.Context(), req); err != nil || res.StatusCode != 200 {
					t.Fatalf("%v, %v", res, err)
				}
				if len(at) != 1 || at[0] != transport+" sip:bob@10.0.0.7" {
					t.Errorf("bob got %q", at)
				}
			})
		})
	}
}

func registers(t *testing.T, phone *sip.UserAgent, to string) {
	t.Helper()
	if res, err := phone.Do(t.Context(), sip.NewRequest(sip.REGISTER, mustURI(t, to))); err != nil || res.StatusCode != 200 {
		t.Fatalf("REGISTER: %v, %v", res, err)
	}
}

func TestADialogStaysOnItsFlow(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		flows := map[string]sip.Flow{}
		server := w.agent("192.0.2.1", sip.Config{Handler: registrar(flows)})
		var dialogs []*sip.Dialog
		bob := &leg{}
		phone := w.agent("192.0.2.2", sip.Config{Host: "10.0.0.7", Handler: accepts(t, bob, &dialogs)})
		registers(t, phone, "sip:192.0.2.1")
		d, _, err := server.Invite(t.Context(), sip.Invitation{Target: mustURI(t, "sip:bob@10.0.0.7"), Flow: flows["UDP"],
			From: mustURI(t, "sip:conf@example.com"), Handler: &leg{}})
		if err != nil {
			t.Fatal(err)
		}
		if res, err := d.Request(t.Context(), sip.INFO, "", nil); err != nil || res.StatusCode != 200 {
			t.Errorf("INFO: %v, %v", res, err)
		}
		if err := d.Bye(t.Context()); err != nil {
			t.Errorf("BYE: %v", err)
		}
	})
}

func TestAFlowThatIsGone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		flows := map[string]sip.Flow{}
		server := w.agent("192.0.2.1", sip.Config{Handler: registrar(flows)})
		phone := w.agent("192.0.2.2", sip.Config{})
		registers(t, phone, "sip:192.0.2.1;transport=tcp")
		flow := flows["TCP"]
		select {
		case <-flow.Done():
			t.Fatal("gone before its time")
		default:
		}
		phone.Close()
		synctest.Wait()
		<-flow.Done()
		if _, err := server.Flow(flow.Token()); flow.Usable() || !errors.Is(err, sip.ErrFlowGone) {
			t.Errorf("usable %v, %v", flow.Usable(), err)
		}
		req := sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:bob@192.0.2.2"))
		sip.SetFlow(req, flow)
		if _, err := server.Do(t.Context(), req); !errors.Is(err, sip.ErrFlowGone) || !errors.Is(err, sip.ErrTransport) {
			t.Errorf("request: %v", err)
		}
	})
}

func TestTokensCannotBeMadeUp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		flows := map[string]sip.Flow{}
		server := w.agent("192.0.2.1", sip.Config{Handler: registrar(flows)})
		phone := w.agent("192.0.2.2", sip.Config{})
		registers(t, phone, "sip:192.0.2.1")
		token := flows["UDP"].Token()
		if _, err := phone.Flow(token); !errors.Is(err, sip.ErrFlowGone) {
			t.Errorf("token of another user agent: %v", err)
		}
		other := "B" + token[1:]
		if other == token {
			other = "C" + token[1:]
		}
		for _, forged := range []string{"", "x", token + "A", other, token[:12]} {
			if f, err := server.Flow(forged); !errors.Is(err, sip.ErrFlowGone) {
				t.Errorf("token %q: %v, %v", forged, f, err)
			}
		}
		var zero sip.Flow
		if zero.Usable() || zero.Token() != "" || zero.Transport() != "" || zero.Done() != nil {
			t.Errorf("the zero flow is something")
		}
	})
}

// TestServeFirstThenSend: what is sent at once after ListenUDP leaves from that socket.
func TestServeFirstThenSend(t *testing.T) {
	for range 50 {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ua := sip.New(sip.Config{})
		if err := ua.ListenUDP(conn); err != nil {
			t.Fatal(err)
		}
		if err := ua.Send(context.Background(), sip.NewRequest(sip.BENOTIFY, mustURI(t, "sip:127.0.0.1:9"))); err != nil {
			t.Fatal(err)
		}
		ua.Close()
		if err := ua.ListenUDP(conn); !errors.Is(err, sip.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}
