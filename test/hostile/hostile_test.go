package hostile

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
)

// world is the server, and alice and bob who talk to each other from the first story to the last.
type world struct {
	*server
	alice, bob *talker
	wire       *wire // bob's, with ICE and DTLS
	turn       string
}

func TestHostileInput(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some twenty seconds")
	}
	w := &world{wire: &wire{}, turn: freePort(t)}
	w.server = serve(t, "--turn", w.turn)
	for _, body := range []string{`{"id":"meeting","admissionPolicy":"anonymous"}`, `{"id":"secret","admissionPolicy":"anonymous","pin":"271828"}`} {
		if status, answer := w.post(loopback, "/v1/conferences", "application/json", strings.NewReader(body)); status != http.StatusCreated {
			t.Fatalf("%d %s", status, answer)
		}
	}
	w.alice, w.bob = w.talks(t, "alice", 500, 900), w.talks(t, "bob", 900, 500, w.wire.secures(t))
	w.alice.wantsToHear(t, "the first words")
	w.bob.wantsToHear(t, "the first words")
	w.alice.forget()
	w.bob.forget()
	slow := w.connectSlowly(t)
	for _, story := range []struct {
		name string
		tell func(*testing.T)
	}{
		{"documents that are none", w.badDocuments},
		{"session descriptions that are none", w.badDescriptions},
		{"datagrams that are no SIP", w.badDatagrams},
		{"streams that are no SIP", w.badStreams},
		{"packets that are no RTP of the call", w.badPackets},
		{"strangers at the port of ICE", w.strangersAtICE},
		{"packets that are replayed and forged", w.forgedPackets},
		{"packets before there are keys", w.beforeKeys},
		{"relays beyond the quota", w.beyondQuota},
		{"bombs", w.bombs},
		{"passwords and PINs that are guessed", w.guesses},
		{"connections that say nothing", slow},
	} {
		t.Run(story.name, story.tell)
		w.alice.wantsToHear(t, "after "+story.name)
		w.bob.wantsToHear(t, "after "+story.name)
	}
	for _, k := range []*talker{w.alice, w.bob} {
		good, silent := k.good.Load(), k.silent.Load()
		t.Logf("%s did not hear the other in %d of %d blocks of 100 ms", k.name, silent, good+silent)
		if silent*10 > good {
			t.Errorf("%s was cut off in %d of %d blocks of 100 ms", k.name, silent, good+silent)
		}
		if err := k.HangUp(t.Context()); err != nil {
			t.Error(err)
		}
	}
	w.wantsLog(t, w.stop())
}

// post sends a body as the administrator, from an address of loopback.
func (s *server) post(from, path, contentType string, body io.Reader, change ...func(*http.Request)) (status int, answer string) {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodPost, "https://"+s.https+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", "Bearer "+s.token)
	for _, f := range change {
		f(request)
	}
	response, err := s.clientAt(from).Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

// clientAt is an HTTP client at an address of loopback.
func (s *server) clientAt(host string) *http.Client {
	if s.clients[host] == nil {
		dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}
		transport := &http.Transport{TLSClientConfig: s.tls(), DialContext: dialer.DialContext}
		s.t.Cleanup(transport.CloseIdleConnections)
		s.clients[host] = &http.Client{Transport: transport, Timeout: 10 * time.Second}
	}
	return s.clients[host]
}

func (s *server) tls() *tls.Config {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.read("data/ca.pem"))
	return &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

const cccp = "application/cccp+xml"

func (w *world) badDocuments(t *testing.T) {
	for _, document := range []string{
		"", "<", "<a>", "hello", "<a/><b/>", "\xff\xfe<", "<request/>", `<request xmlns="urn:ietf:params:xml:ns:cccp"/>`,
		`<?xml version="1.0" encoding="utf-16"?><request/>`, `<request xmlns="urn:ietf:params:xml:ns:cccp" C3PVersion="1" requestId="1" from="x" to="y"><addConference`,
		`<response xmlns="urn:ietf:params:xml:ns:cccp" requestId="1" C3PVersion="1" from="x" to="y" code="success"/>`,
	} {
		status, answer := w.post(loopback, "/c3p", cccp, strings.NewReader(document))
		if status != http.StatusBadRequest && !(status == http.StatusOK && strings.Contains(answer, `code="failure"`)) {
			t.Errorf("%q: %d %s; want 400 or a failure", document, status, answer)
		}
	}
	for _, document := range []string{"", "{", "[]", `{"id":5}`, `{"pni":"1"}`, "\x00"} {
		if status, answer := w.post(loopback, "/v1/conferences", "application/json", strings.NewReader(document)); status != http.StatusBadRequest {
			t.Errorf("%q: %d %s; want 400", document, status, answer)
		}
	}
}

func (w *world) badDescriptions(t *testing.T) {
	c := w.caller(t, "mallory", "127.0.0.2", "meeting")
	const head = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n"
	refusals := []struct {
		body   string
		status int
	}{
		{"not a description", 400},
		{"v=0\r\nv=0\r\n", 400},
		{head + "m=audio 70000 RTP/AVP 0\r\n", 400},
		{head + "m=audio x y z\r\n", 400},
		{strings.Repeat("v=0\r\n", 5000), 400},
		{head + "m=audio 4000 RTP/AVP 18\r\n", 488},
		{head + "m=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n", 488},
		{head, 488},
		{"v=0\r\n", 488},
	}
	for _, r := range refusals {
		answer := c.invites("application/sdp", r.body)
		c.wants(answer, r.status)
		if !strings.Contains(answer, "\r\nWarning: ") {
			t.Errorf("%.60q is refused without a Warning:\n%s", r.body, answer)
		}
	}
	c.wants(c.invites("text/plain", "hello"), 415)

	t.Log("# the same within a call, which goes on as it was")
	c.joins()
	for _, r := range refusals[:2] {
		c.wants(c.invites("application/sdp", r.body), r.status)
	}
	c.wants(c.invites("application/sdp", refusals[5].body), 488)
	if n := c.hears(time.Second); n < 25 {
		t.Errorf("mallory hears %d packets in a second", n)
	}
	c.hangsUp()
}

// rounds is how often everything is sent to the SIP port.
const rounds = 25

func (w *world) badDatagrams(t *testing.T) {
	c := w.caller(t, "mallory", "127.0.0.2", "meeting")
	random := make([]byte, 1200)
	_, _ = rand.Read(random)
	stun := append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, random[:12]...)
	rtp := append([]byte{0x80, 0}, random[:170]...)
	datagrams := [][]byte{
		{}, random[:1], random, stun, rtp, bytes.Repeat([]byte{'A'}, 65000), make([]byte, 65000), []byte("\r\n\r\n"), []byte("INVITE"),
		[]byte("INVITE sip:meeting@127.0.0.1 SIP/2.0\r\n\r\n"), []byte("SIP/2.0 200 OK\r\n\r\n"), []byte("SIP/2.0 999999999999 X\r\nVia: x\r\n\r\n"),
		[]byte(strings.Replace(c.message("OPTIONS", "", ""), "Content-Length: 0", "Content-Length: 99999999999", 1)),
		[]byte(strings.Replace(c.message("OPTIONS", "", ""), "Max-Forwards: 70", strings.Repeat("X: y\r\n", 9000)+"Max-Forwards: 70", 1)),
	}
	datagrams = append(datagrams, torture(t)...)
	w.costs(t, 48, func() {
		for range rounds {
			for _, d := range datagrams {
				c.sends(d)
			}
			c.wants(c.asks("OPTIONS", "", ""), 200)
		}
	})
}

// badStreams sends megabytes to everything that listens for TCP, until the server has had enough.
func (w *world) badStreams(t *testing.T) {
	random := make([]byte, 1<<20)
	_, _ = rand.Read(random)
	c := w.caller(t, "mallory", "127.0.0.2", "meeting")
	w.costs(t, 48, func() {
		for _, at := range []string{w.sip, w.sips, w.https} {
			for _, text := range [][]byte{
				random,
				bytes.Repeat([]byte("A"), 1<<20),
				bytes.Repeat([]byte("A: B\r\n"), 1<<18),
				[]byte(strings.Replace(c.message("OPTIONS", "", ""), "Content-Length: 0", "Content-Length: 2000000000", 1) + strings.Repeat(" ", 1<<20)),
			} {
				conn, err := net.Dial("tcp", at)
				if err != nil {
					t.Fatal(err)
				}
				conn.SetDeadline(time.Now().Add(5 * time.Second))
				sent := 0
				for err == nil {
					var n int
					if n, err = conn.Write(text); sent+n > 8<<20 {
						t.Errorf("%s swallows megabytes of %.20q", at, text)
						break
					}
					sent += n
				}
				if os.IsTimeout(err) {
					t.Errorf("%s keeps a connection that sends %.20q", at, text)
				}
				conn.Close()
			}
		}
	})
}

// torture is the messages of RFC 4475, where they are.
func torture(t *testing.T) (datagrams [][]byte) {
	t.Run("RFC 4475", func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join(testdata.Dir(t, "sip-torture-rfc4475"), "*.dat"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%d messages, %v", len(files), err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			datagrams = append(datagrams, text)
		}
	})
	return datagrams
}

// badPackets is told by the log when the leg has ended: see wantsLog.
func (w *world) badPackets(t *testing.T) {
	c := w.caller(t, "eve", "127.0.0.3", "meeting")
	c.joins()
	if n := c.hears(500 * time.Millisecond); n < 12 {
		t.Errorf("eve hears %d packets in half a second", n)
	}
	stranger := listen(t, "127.0.0.4")
	change := func(f func(p []byte)) []byte {
		p := c.packet()
		f(p)
		return p
	}
	packets := [][]byte{
		{},
		{0x80, 0, 0},
		change(func(p []byte) { p[1] = 77 }),
		change(func(p []byte) { p[0] = 0x40 }),
		change(func(p []byte) { p[0] = 0x90; p[12], p[13], p[14], p[15] = 0xbe, 0xde, 0xff, 0xff }),
		change(func(p []byte) { p[0] = 0xa0; p[171] = 255 }),
		change(func(p []byte) { p[0] = 0x8f })[:40],
		append([]byte{0x80, 201, 0, 200}, make([]byte, 20)...),
	}
	control := netip.AddrPortFrom(c.media.Addr(), c.media.Port()+1)
	w.costs(t, 32, func() {
		for round := range 50 {
			if round%10 == 0 { // more of these, and the kernel's buffer has room for nothing else
				c.rtp.WriteToUDPAddrPort(make([]byte, 65000), c.media)
			}
			for _, p := range packets {
				c.rtp.WriteToUDPAddrPort(p, c.media)
				c.rtp.WriteToUDPAddrPort(p, control)
				stranger.WriteToUDPAddrPort(p, c.media)
				stranger.WriteToUDPAddrPort(p, control)
			}
			stranger.WriteToUDPAddrPort(c.packet(), c.media)
			if n := c.hears(20 * time.Millisecond); n == 0 {
				c.hears(100 * time.Millisecond) // a busy machine
			}
		}
	})
	if n := c.hears(time.Second); n < 25 {
		t.Errorf("eve hears %d packets in a second", n)
	}
	c.hangsUp()
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func (w *world) bombs(t *testing.T) {
	laughs := `<!DOCTYPE r [<!ENTITY a "ha">`
	for c := 'b'; c <= 'z'; c++ {
		laughs += fmt.Sprintf(`<!ENTITY %c "%s">`, c, strings.Repeat(fmt.Sprintf("&%c;", c-1), 10))
	}
	laughs += "]><r>&z;</r>"
	attributes := "<r"
	for n := range 10_000 {
		attributes += fmt.Sprintf(` a%d=""`, n)
	}
	many := func(r *http.Request) {
		for n := range 10_000 {
			r.Header.Set(fmt.Sprintf("X-%d", n), "y")
		}
	}
	w.costs(t, 64, func() {
		for range 10 {
			for _, bomb := range []string{laughs, strings.Repeat("<r>", 80_000), attributes + "/>", "<r>" + strings.Repeat("<e/>", 60_000) + "</r>"} {
				if status, answer := w.post(loopback, "/c3p", cccp, strings.NewReader(bomb)); status != http.StatusBadRequest {
					t.Errorf("%.40q…: %d %s; want 400", bomb, status, answer)
				}
			}
			if status, answer := w.post(loopback, "/v1/conferences", "application/json", strings.NewReader(strings.Repeat("[", 100_000))); status != http.StatusBadRequest {
				t.Errorf("brackets: %d %s; want 400", status, answer)
			}
			if status, answer := w.post(loopback, "/c3p", cccp, nil, many); status != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("10,000 headers: %d %s; want 431", status, answer)
			}
			// who is refused while he still writes may find the connection closed before he reads why
			for _, body := range []io.Reader{io.LimitReader(endless{}, 100<<20), endless{}} {
				if status, answer := w.post(loopback, "/c3p", cccp, body); status != http.StatusRequestEntityTooLarge && status != 0 {
					t.Errorf("100 MB: %d %s; want 413", status, answer)
				}
			}
		}
	})
}

func (w *world) guesses(t *testing.T) {
	t.Log("# 1,000 passwords: ten are looked at")
	began, statuses := time.Now(), map[int]int{}
	for n := range 1000 {
		status, _ := w.post("127.0.0.5", "/c3p", cccp, strings.NewReader(""), func(r *http.Request) { r.SetBasicAuth("admin", fmt.Sprint("guess", n)) })
		statuses[status]++
	}
	t.Logf("1,000 wrong passwords in %v: %v", time.Since(began).Round(time.Millisecond), statuses)
	if statuses[http.StatusUnauthorized] > 30 || statuses[http.StatusTooManyRequests] < 900 {
		t.Errorf("statuses %v; want nearly all of them 429", statuses)
	}
	if status, answer := w.post("127.0.0.6", "/v1/conferences", "application/json", strings.NewReader(`{"id":"innocent"}`)); status != http.StatusCreated {
		t.Errorf("somebody else gets %d %s", status, answer)
	}

	t.Log("# PINs: three to a call, and after ten no more calls from there")
	tried, refused := 0, ""
	for call := 0; call < 12 && refused == ""; call++ {
		c := w.caller(t, fmt.Sprint("guesser", call), "127.0.0.7", "secret")
		answer := c.invites("application/sdp", c.offer())
		if !strings.HasPrefix(answer, "SIP/2.0 200 ") {
			refused, _, _ = strings.Cut(answer, "\r\n")
			break
		}
		for range 3 {
			for _, key := range "999999#" {
				c.wants(c.asks("INFO", "application/dtmf-relay", fmt.Sprintf("Signal=%c\r\nDuration=100\r\n", key)), 200)
			}
			tried++
		}
		c.asks("BYE", "", "") // or the server was quicker
	}
	t.Logf("after %d wrong PINs: %s", tried, refused)
	if refused == "" || tried > 20 {
		t.Errorf("%d wrong PINs, then %q; want to be refused", tried, refused)
	}
}

// connectSlowly opens many connections that send next to nothing; the story, told at the end, is that they have been closed.
func (w *world) connectSlowly(t *testing.T) func(*testing.T) {
	var open []net.Conn
	began := time.Now()
	for n := range 100 {
		for _, at := range []string{w.https, w.sip, w.sips} {
			conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.8")}}).Dial("tcp", at)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			if n%2 == 0 {
				io.WriteString(conn, "INVITE sip:meeting@127.0.0.1 SIP/2.0\r\nVia: ")
			}
			open = append(open, conn)
		}
	}
	return func(t *testing.T) {
		if answer := w.https11(t); !strings.HasPrefix(answer, "HTTP/1.1 ") {
			t.Errorf("another gets %q", answer)
		}
		for _, conn := range open {
			conn.SetReadDeadline(later(began.Add(20*time.Second), time.Now().Add(time.Second)))
			if _, err := io.Copy(io.Discard, conn); err != nil && os.IsTimeout(err) {
				t.Fatalf("a connection to %s is open after %v", conn.RemoteAddr(), time.Since(began))
			}
		}
		t.Logf("all closed after %v", time.Since(began).Round(time.Millisecond))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *server) https11(t *testing.T) string {
	conn, err := tls.Dial("tcp", s.https, s.tls())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return line
}

// wantsLog reads what the server says of all this: no error, and what was dropped, by reason.
func (w *world) wantsLog(t *testing.T, lines []map[string]any) {
	t.Helper()
	for _, line := range lines {
		if line["level"] == "ERROR" {
			t.Errorf("the log has an error: %v", line)
		}
	}
	t.Log("# what eve and strangers sent to her leg")
	dropped := dropsOf(find(t, lines, "media of a leg ended", "sip:eve@"))
	for _, reason := range []string{"stranger", "payload_type", "unknown", "too_long", "too_short", "extension", "padding", "csrc", "control"} {
		if dropped[reason] == nil {
			t.Errorf("nothing was dropped as %s: %v", reason, dropped)
		}
	}
	w.wantsSecureLog(t, lines)
	t.Log("# what came to the SIP port")
	dropped = dropsOf(find(t, lines, "SIP ended", ""))
	for _, reason := range []string{"junk", "malformed"} {
		if n, _ := dropped[reason].(float64); n < 2*rounds {
			t.Errorf("%v datagrams were dropped as %s: %v", n, reason, dropped)
		}
	}
}

// find is the line with this message about that user.
func find(t *testing.T, lines []map[string]any, message, user string) map[string]any {
	t.Helper()
	for _, line := range lines {
		if about, _ := line["user"].(string); line["msg"] == message && strings.HasPrefix(about, user) {
			t.Log(line)
			return line
		}
	}
	t.Fatalf("the log has no line %q about %q", message, user)
	return nil
}

func dropsOf(line map[string]any) map[string]any {
	dropped, _ := line["dropped"].(map[string]any)
	return dropped
}
