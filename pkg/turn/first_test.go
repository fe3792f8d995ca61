package turn

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
)

// TestVectorsOfRFC5769: what is well-formed is answered, signed or not, as a Binding is for everybody; the rest is not.
func TestVectorsOfRFC5769(t *testing.T) {
	dir := testdata.Dir(t, "stun-rfc5769")
	b := served(t, nil)
	for name, answered := range map[string]bool{
		"rfc5769-2.1-request.bin": true, "rfc5769-2.4-request-longterm.bin": true, "rfc5769-2.2-response-ipv4.bin": false,
		"truncated.bin": false, "attr-overrun.bin": false,
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		s := b.speaks("udp")
		s.says(data)
		if answer := b.next(s); (answer != nil) != answered {
			t.Errorf("%s: %v, want an answer: %v", name, answer, answered)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "rfc5769-2.4-request-longterm.bin"))
	if err != nil {
		t.Fatal(err)
	}
	m := &stun.Message{Raw: data}
	if err := m.Decode(); err != nil {
		t.Fatal(err)
	}
	if err := stun.NewLongTermIntegrity("\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9", "TheMatrIX", "example.org").Check(m); err == nil {
		t.Error("realm and password may be exchanged")
	}
	if err := stun.NewLongTermIntegrity("\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9", "example.org", "TheMatrIX").Check(m); err != nil {
		t.Error(err)
	}
}

// next is the answer to what was said before a Binding request; nil if that request is what is answered.
func (b *bench) next(s *speaker) *stun.Message {
	s.t.Helper()
	mark, err := stun.Build(stun.TransactionID, stun.BindingRequest)
	if err != nil {
		s.t.Fatal(err)
	}
	s.says(mark.Raw)
	answer := s.hears()
	if answer == nil {
		s.t.Fatal("not even a Binding is answered")
	}
	if answer.TransactionID == mark.TransactionID {
		return nil
	}
	s.hears()
	return answer
}

// TestWhatIsNoRequest gets no answer, and disturbs nobody.
func TestWhatIsNoRequest(t *testing.T) {
	b := served(t, nil)
	build := func(setters ...stun.Setter) []byte {
		m, err := stun.Build(append([]stun.Setter{stun.TransactionID}, setters...)...)
		if err != nil {
			t.Fatal(err)
		}
		return m.Raw
	}
	request := build(stun.BindingRequest, stun.NewSoftware("somebody"))
	short := bytes.Clone(request)[:len(request)-4]
	long := append(bytes.Clone(request), 0, 0, 0, 0)
	overrun := bytes.Clone(request)
	overrun[23] = 200
	old := bytes.Clone(request)
	old[4] = 0 // RFC 3489 had no magic cookie
	forged := build(stun.BindingRequest, stun.Fingerprint)
	forged[len(forged)-1] ^= 1
	s := b.speaks("udp")
	for what, row := range map[string]struct {
		data  []byte
		count *counter
	}{
		"nothing": {[]byte{0}, junk(b)}, "SIP": {[]byte("REGISTER sip:a SIP/2.0\r\n\r\n"), unasked(b)}, "DTLS": {[]byte{22, 254, 253, 0, 0, 0, 0}, junk(b)},
		"RTP": {append([]byte{0x80, 0}, make([]byte, 170)...), junk(b)}, "too long": {append(bytes.Clone(request), make([]byte, 1700)...), junk(b)}, "RFC 3489": {old, junk(b)},
		"cut off": {short, malformed(b)}, "more than its length": {long, malformed(b)}, "an attribute beyond the end": {overrun, malformed(b)}, "a wrong fingerprint": {forged, malformed(b)},
		"a response": {build(stun.BindingSuccess), unasked(b)}, "another method": {build(stun.NewType(0x7F, stun.ClassRequest)), unasked(b)},
		"Connect (RFC 6062)": {build(stun.NewType(stun.MethodConnect, stun.ClassRequest)), unasked(b)}, "Data": {build(stun.NewType(stun.MethodData, stun.ClassIndication)), unasked(b)},
		"Send without an allocation":            {build(stun.NewType(stun.MethodSend, stun.ClassIndication), b.mediaPeer(), attribute{stun.AttrData, []byte("x")}), unasked(b)},
		"an indication that nobody understands": {build(stun.NewType(stun.MethodSend, stun.ClassIndication), attribute{0x7F01, nil}), unasked(b)},
		"a channel without an allocation":       {[]byte{0x40, 1, 0, 4, 1, 2, 3, 4}, unasked(b)},
	} {
		before := (*row.count).(interface{ Load() uint64 }).Load()
		s.says(row.data)
		if answer := b.next(s); answer != nil {
			t.Errorf("%s: answered with %v", what, answer)
		}
		if after := (*row.count).(interface{ Load() uint64 }).Load(); after != before+1 {
			t.Errorf("%s: counted %d times", what, after-before)
		}
	}
}

func junk(b *bench) *counter      { var c counter = &b.stats.junk; return &c }
func malformed(b *bench) *counter { var c counter = &b.stats.malformed; return &c }
func unasked(b *bench) *counter   { var c counter = &b.stats.unasked; return &c }

// TestConnectionsThatAreLetGo: who says nothing, nothing sensible, half of something, or nothing more.
func TestConnectionsThatAreLetGo(t *testing.T) {
	b := served(t, func(c *Config) { c.Limits.Handshake, c.Limits.Idle = 200*time.Millisecond, 300*time.Millisecond })
	request, err := stun.Build(stun.TransactionID, stun.BindingRequest)
	if err != nil {
		t.Fatal(err)
	}
	for what, said := range map[string][]byte{
		"nothing": nil, "HTTP": []byte("GET / HTTP/1.1\r\n\r\n"), "half a message": request.Raw[:10], "junk behind a good one": append(bytes.Clone(request.Raw), 0xFF, 1, 2, 3),
		"a message without a cookie": make([]byte, 20), "a message that is too long": {0, 1, 0xFF, 0xFC, 0x21, 0x12, 0xA4, 0x42}, "one request": request.Raw,
		"half a TLS handshake": {22, 3, 1, 0, 200}, "one and a half": append(bytes.Clone(request.Raw), request.Raw[:15]...),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for _, address := range []string{b.tcp, b.tls} {
				conn, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				conn.Write(said)
				conn.SetReadDeadline(time.Now().Add(5 * time.Second))
				if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("the connection is still there")
				}
			}
		})
	}
}

// TestAnAllocationKeepsItsConnection though the client is silent.
func TestAnAllocationKeepsItsConnection(t *testing.T) {
	b := served(t, func(c *Config) { c.Limits.Idle = 100 * time.Millisecond })
	s := b.speaks("tls").knows(b.credentials("alice"))
	s.wants("allocation", s.asks(stun.MethodAllocate, overUDP()), 0)
	s.SetReadDeadline(time.Now().Add(400 * time.Millisecond))
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the connection with an allocation: %v", err)
	}
	// A TLS connection of Go's is of no use after a deadline; the server knows nothing of that.
	if n := b.Stats(); n.Relays != 1 || n.Idle != 0 {
		t.Errorf("counted %+v", n)
	}
}

// TestConnectionsHaveABound, for each source.
func TestConnectionsHaveABound(t *testing.T) {
	b := served(t, func(c *Config) { c.Limits.ConnectionsPerSource = 3 })
	var open []net.Conn
	for range 3 {
		open = append(open, b.speaks("tcp"))
	}
	for _, c := range open {
		b.next(c.(*speaker))
	}
	fourth, err := net.Dial("tcp", b.tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer fourth.Close()
	fourth.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := fourth.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the fourth connection: %v", err)
	}
	open[0].Close()
	until(t, "there is room again", func() bool { return b.Stats().Open == 2 })
	b.next(b.speaks("tls"))
	if n := b.Stats(); n.Overloaded != 1 {
		t.Errorf("counted %+v", n)
	}
}

// TestAFlood: one source gets no more answers in a second than it may, and others get theirs.
func TestAFlood(t *testing.T) {
	b := served(t, func(c *Config) { c.Limits.RequestsPerSource = 50 })
	s := b.speaks("udp")
	request, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for b.Stats().Overloaded < 200 { // a full socket loses some
		s.says(request.Raw)
	}
	if n, most := b.Stats(), 50*(1+time.Since(began).Seconds()); float64(n.Challenged) > most {
		t.Errorf("%d were answered, more than %v", n.Challenged, most)
	}
	b.next(b.speaks("tcp"))
}

// TestAClientThatDoesNotRead loses what is sent to it, and holds nobody up.
func TestAClientThatDoesNotRead(t *testing.T) {
	b := served(t, func(c *Config) { c.Limits.BytesPerSecond = 1 << 30 })
	s := b.speaks("tcp").knows(b.credentials("alice"))
	s.asks(stun.MethodAllocate, overUDP())
	s.asks(stun.MethodChannelBind, channel(0x4001), b.mediaPeer())
	data := append([]byte{0x40, 1, 0x05, 0x78}, make([]byte, 1400)...)
	for deadline := time.Now().Add(20 * time.Second); b.Stats().SlowClients == 0; {
		if time.Now().After(deadline) {
			t.Fatal("nothing is lost")
		}
		s.says(data)
	}
	b.next(b.speaks("tcp"))
}

// TestServingAfterClose does nothing.
func TestServingAfterClose(t *testing.T) {
	b := served(t, nil)
	b.Close()
	l := listens(t)
	if err := b.ServeTCP(l); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the listener is open")
	}
	if _, err := tls.Dial("tcp", b.tls, &tls.Config{InsecureSkipVerify: true}); err == nil {
		t.Error("still served")
	}
}
