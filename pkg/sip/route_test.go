package sip_test

import (
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// TestRoutesOfAServerDialog has the two rules of RFC 3261 §12.2.1.1, through a proxy at 192.0.2.3.
func TestRoutesOfAServerDialog(t *testing.T) {
	for _, row := range []struct{ recordRoute, requestURI, route string }{
		{"<sip:192.0.2.3;lr>, <sip:far.example.com;lr>", "sip:bob@198.51.100.7", "<sip:192.0.2.3;lr>"},
		{"<sip:192.0.2.3>, <sip:far.example.com;lr>", "sip:192.0.2.3", "<sip:far.example.com;lr>"},
	} {
		inWorld(t, func(t *testing.T, w *world) {
			conf := &leg{}
			var dialogs []*sip.Dialog
			w.agent("192.0.2.1", sip.Config{Handler: accepts(t, conf, &dialogs)})
			proxy := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
			invite := strings.Replace(request("INVITE", "1", "1 INVITE"), "Contact: <sip:bob@192.0.2.3>", "Contact: <sip:bob@198.51.100.7>", 1)
			proxy.says(strings.Replace(invite, "Max-Forwards", "Record-Route: "+row.recordRoute+"\nMax-Forwards", 1))
			ok := proxy.hears("SIP/2.0 200", 0)[0].text
			if !strings.Contains(ok, "Record-Route: <sip:192.0.2.3") {
				t.Errorf("200 without Record-Route:\n%s", ok)
			}
			proxy.says(strings.Replace(request("ACK", "2", "1 ACK"), "To: <sip:conf@example.com>", "To: "+header(ok, "To"), 1))
			if err := dialogs[0].Send(t.Context(), sip.BENOTIFY, "", nil); err != nil {
				t.Fatal(err)
			}
			got := proxy.hears("BENOTIFY", 0)[0].text
			if uri := strings.Fields(got)[1]; uri != row.requestURI || header(got, "Route") != row.route {
				t.Errorf("%s: Request-URI %s, first Route %s", row.recordRoute, uri, header(got, "Route"))
			}
		})
	}
}

// TestBehindNAT: the Contact of bob is an address that only he can see, and no proxy stands between.
func TestBehindNAT(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf := &leg{}
		var dialogs []*sip.Dialog
		w.agent("192.0.2.1", sip.Config{Handler: accepts(t, conf, &dialogs)})
		bob := w.wire("192.0.2.3:40000", "192.0.2.1:5060")
		invite := strings.NewReplacer("Contact: <sip:bob@192.0.2.3>", "Contact: <sip:bob@10.0.0.7>", "192.0.2.3:5060;", "10.0.0.7:5060;rport;").
			Replace(request("INVITE", "1", "1 INVITE"))
		bob.says(invite)
		ok := bob.hears("SIP/2.0 200", 0)[0].text
		if via := header(ok, "Via"); !strings.Contains(via, "received=192.0.2.3") || !strings.Contains(via, "rport=40000") {
			t.Errorf("Via %q", via)
		}
		bob.says(strings.Replace(request("ACK", "2", "1 ACK"), "To: <sip:conf@example.com>", "To: "+header(ok, "To"), 1))
		dialogs[0].Send(t.Context(), sip.BENOTIFY, "", nil)
		bob.hears("BENOTIFY sip:bob@10.0.0.7 ", 0)
	})
}

// TestAnswersWithoutRport go to the source address and the port of the Via (RFC 3261 §18.2.2).
func TestAnswersWithoutRport(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agent("192.0.2.1", sip.Config{Handler: reply(200)})
		sender, listener := w.wire("192.0.2.3:40000", "192.0.2.1:5060"), w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		sender.says(request("OPTIONS", "1", "1 OPTIONS"))
		sender.hears("SIP/2.0")
		listener.hears("SIP/2.0 200", 0)
	})
}
