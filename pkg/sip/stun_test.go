package sip_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// A flow over UDP is kept alive by STUN on the SIP port (RFC 5626 §3.5.2). The answer is that of RFC 5769 §2.2 as far as the address goes.
func TestKeepAliveBySTUN(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.2", sip.Config{})
		phone := w.wire("192.0.2.1:32853", "192.0.2.2:5060")
		const header = "2112a442" + "b7e7a701bc34d686fa87dfae"
		phone.saysHex("00010000" + header)
		if got, want := phone.heardHex(), "0101000c"+header+"00200008"+"0001a147e112a643"; got != want {
			t.Errorf("answer %s, want %s", got, want)
		}
		t.Log("# one with SOFTWARE, which may be ignored")
		phone.saysHex("00010008" + header + "8022000461626364")
		if got := phone.heardHex(); !strings.HasPrefix(got, "0101000c"+header) {
			t.Errorf("answer %s", got)
		}
		t.Log("# not ours: to be answered elsewhere, with a password, cut off, no cookie, a response")
		for _, other := range []string{
			"00010008" + header + "0003000400000006", "00010008" + header + "0006000461626364", "00010008" + header + "80220004",
			"00010000" + "00000000" + header[8:], "01010000" + header, "00010004" + header + "80220000ff",
		} {
			phone.saysHex(other)
			if got := phone.heardHex(); got != "" {
				t.Errorf("%s was answered with %s", other, got)
			}
		}
		if s := ua.Stats(); s.KeepAlives != 2 || s.Junk != 6 {
			t.Errorf("%d keep-alives and %d junk, want 2 and 6", s.KeepAlives, s.Junk)
		}
	})
}

func (p *wire) saysHex(text string) {
	p.t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.conn.WriteTo(data, p.to); err != nil {
		p.t.Fatal(err)
	}
}

func (p *wire) heardHex() string {
	var all string
	for _, m := range p.heard("") {
		all += m.text
	}
	return hex.EncodeToString([]byte(all))
}
