package hostile

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
)

// expected is what a message gets. The empty code is no answer.
type expected struct {
	name   string
	udp    []string
	tcp    []string // nil is that of UDP
	closes bool     // the server closes the connection after it
}

func one(codes ...string) []string { return codes }

var (
	// served are the answers of a server that understood: the message reached the handler of its method.
	served  = one("200", "401", "403", "404", "405", "480", "481", "488", "501")
	nothing = one("")
)

// rfc4475 is the table of the README of sip-torture-rfc4475. Where that leaves a choice, the row says what we chose.
var rfc4475 = []expected{
	{name: "badbranch", udp: one("200")}, // "treat as RFC 2543"
	{name: "baddn", udp: one("400")},
	{name: "badinv01", udp: one("400")},
	{name: "badvers", udp: one("505")},
	{name: "bext01", udp: one("420")},
	{name: "clerr", udp: one("400"), closes: true},
	{name: "cparam01", udp: served},
	{name: "cparam02", udp: served},
	{name: "dblreq", udp: served},
	{name: "esc01", udp: served},
	{name: "escruri", udp: one("400")},
	{name: "intmeth", udp: one("405", "501")},
	{name: "inv2543", udp: served},
	{name: "longreq", udp: served},
	{name: "ltgtruri", udp: one("400")},
	{name: "lwsruri", udp: one("400")},
	{name: "lwsstart", udp: one("400")},
	{name: "mismatch01", udp: one("400")},
	{name: "ncl", udp: one("400"), closes: true},
	{name: "noreason", udp: nothing},
	{name: "novelsc", udp: one("416")},
	{name: "quotbal", udp: one("400")},
	{name: "regaut01", udp: one("401")},
	{name: "regbadct", udp: one("400")},
	{name: "regescrt", udp: served},
	{name: "scalarlg", udp: nothing},
	{name: "semiuri", udp: one("200")},
	{name: "transports", udp: one("200")},
	{name: "trws", udp: one("400")},
	{name: "unkscm", udp: one("416")},
	{name: "unksm2", udp: one("400", "401")}, // a registrar answers 400, once it knows who asks
	{name: "wsinv", udp: one("481")},         // its To has a tag
	{name: "zeromf", udp: one("200")},
}

var rfc5118 = []expected{
	{name: "ipv6-bad", udp: one("400")},
	{name: "ipv6-bug-abnf-3-colons", udp: one("400")},
	{name: "ipv6-correct-abnf-2-colons", udp: served},
	{name: "ipv6-good", udp: served},
	{name: "mult-ip-in-sdp", udp: served},
	{name: "port-ambiguous", udp: served},
	{name: "port-unambiguous", udp: served},
	{name: "via-received-param-no-delim", udp: served},
	{name: "via-received-param-with-delim", udp: one("481")},
}

// kamailio: "Must: parse, or 400 naming the field; bad_* must be refused". A connection waits for what is missing of a body, as with clerr.
var kamailio = []expected{
	{name: "bad_via2", udp: one("400")}, // "SIP/2.0/UDP" is no version
	{name: "bc2", udp: one("481")},
	{name: "dns", udp: served},
	{name: "inv_srv", udp: one("400")}, // no To
	{name: "invite01", udp: served},
	{name: "invite02", udp: served},
	{name: "invite04", udp: served},
	{name: "invite05", udp: served},
	{name: "invite4-cseq", udp: one("400")},
	{name: "invite5-callid", udp: one("400")},
	{name: "invite6-badbranch-via", udp: served},
	{name: "long", udp: served},
	{name: "message", udp: one("400"), closes: true},   // its body is missing
	{name: "message02", udp: one("400"), closes: true}, // its body is missing
	{name: "message03", udp: served},
	{name: "ms-invite-00", udp: served},
	{name: "ms-invite-01-rpl", udp: nothing},
	{name: "msbye", udp: one("481")},
	{name: "no_eom_reply", udp: nothing},
	{name: "pingtel", udp: served},
	{name: "register", udp: served},
	{name: "register03", udp: served},
	{name: "register04", udp: one("400")}, // "poo <bear@iptel.org>"
	{name: "repl1", udp: nothing},
	{name: "req-test1", udp: one("400")},
	{name: "req2", udp: one("400")}, // headers in the Request-URI
	{name: "route", udp: served},
	{name: "rport", udp: one("400"), closes: true},      // its body is missing
	{name: "sg", udp: one("400")},                       // bare CR
	{name: "short_nonce", udp: one("400"), tcp: served}, // no empty line
	{name: "short_reply", udp: nothing},
}

func TestTorture(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and runs the server")
	}
	w := newTorturer(t)
	for _, set := range []struct {
		folder, ext string
		rows        []expected
	}{{"sip-torture-rfc4475", ".dat", rfc4475}, {"sip-ipv6-rfc5118", ".dat", rfc5118}, {"sip-messages-kamailio", ".sip", kamailio}} {
		t.Run(set.folder, func(t *testing.T) {
			dir := testdata.Dir(t, set.folder)
			if files, _ := filepath.Glob(filepath.Join(dir, "*"+set.ext)); len(files) != len(set.rows) {
				t.Errorf("%d files, %d rows", len(files), len(set.rows))
			}
			w.table(t, set.rows, func(name string) []byte {
				data, err := os.ReadFile(filepath.Join(dir, name+set.ext))
				if err != nil {
					t.Fatal(err)
				}
				data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")) // "several have bare LF as stored; send with CRLF"
				return bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))
			})
		})
	}
	t.Run("ours", func(t *testing.T) {
		rows := make([]expected, 0, len(ours))
		for _, m := range ours {
			rows = append(rows, m.expected)
		}
		w.table(t, rows, func(name string) []byte {
			i := slices.IndexFunc(ours, func(m ourMessage) bool { return m.name == name })
			return []byte(ours[i].wire())
		})
	})
	w.wantsNoPanic(t)
}

// torturer sends messages as they are, from addresses of loopback where the answers can be heard: over UDP they go to the port of the Via.
type torturer struct {
	*server
	sent int
}

func newTorturer(t *testing.T) *torturer {
	w := &torturer{server: serve(t, "--domain", "example.com")}
	if status, answer := w.post(loopback, "/v1/conferences", "application/json", strings.NewReader(`{"id":"meeting","admissionPolicy":"anonymous"}`)); status != http.StatusCreated {
		t.Fatalf("%d %s", status, answer)
	}
	return w
}

// table tries each message over UDP and TCP, each followed by a good one, and prints what came.
func (w *torturer) table(t *testing.T, rows []expected, read func(name string) []byte) {
	var text bytes.Buffer
	out := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "message\texpected\tUDP\tTCP")
	overTCP := w.allOverTCP(t, rows, read)
	for i, row := range rows {
		udp, tcp := w.overUDP(t, read(row.name), row.udp), overTCP[i]
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", row.name, row, udp, tcp)
		if !slices.Contains(row.udp, udp.code) || !udp.next {
			t.Errorf("%s over UDP: answered %s, want %s", row.name, udp, row)
		}
		if !slices.Contains(row.overTCP(), tcp.code) || tcp.next == row.closes || tcp.closed != row.closes {
			t.Errorf("%s over TCP: answered %s, want %s", row.name, tcp, row)
		}
	}
	out.Flush()
	t.Log("\n" + text.String())
}

// allOverTCP gives each message a connection of its own. Those that have to wait for their time-out do so at the same time.
func (w *torturer) allOverTCP(t *testing.T, rows []expected, read func(name string) []byte) []got {
	results := make([]got, len(rows))
	var all sync.WaitGroup
	for i, row := range rows {
		good := w.good("TCP", "192.0.2.1")
		try := func() { results[i] = w.overTCP(t, read(row.name), good, row.overTCP()) }
		if row.closes {
			all.Go(try)
		} else {
			try()
		}
	}
	all.Wait()
	return results
}

func (e expected) overTCP() []string {
	if e.tcp != nil {
		return e.tcp
	}
	return e.udp
}

func (e expected) String() string {
	text := strings.Join(e.udp, " ")
	if len(e.udp) == len(served) {
		text = "served"
	}
	if text == "" {
		text = "nothing"
	}
	if e.closes {
		text += ", closed on TCP"
	}
	return text
}

// got is what came back.
type got struct {
	code   string
	reason string
	next   bool // the good message after it was served
	closed bool
}

func (g got) String() string {
	text := strings.TrimSpace(g.code + " " + g.reason)
	if text == "" {
		text = "nothing"
	}
	switch {
	case g.closed:
		text += ", closed"
	case !g.next:
		text += ", THE NEXT IS NOT SERVED"
	}
	return text
}

// good is a message that gets 200, the mark by which one knows that nothing else will come.
func (w *torturer) good(transport, via string) string {
	w.sent++
	return strings.ReplaceAll(fmt.Sprintf(`OPTIONS sip:example.com SIP/2.0
Via: SIP/2.0/%s %s;branch=z9hG4bKgood%d
From: <sip:alice@example.com>;tag=good
To: <sip:example.com>
Call-ID: good-%d
CSeq: 1 OPTIONS
Max-Forwards: 70
Content-Length: 0

`, transport, via, w.sent, w.sent), "\n", "\r\n")
}

var topVia = regexp.MustCompile(`(?i)\n(?:via|v)\s*:\s*SIP\s*/\s*2\.0\s*/\s*\w+\s+(?:\[[^\]]*\]|[^:;,\s\[]+)(?::(\d+))?`)

func (w *torturer) overUDP(t *testing.T, data []byte, wanted []string) (g got) {
	t.Helper()
	port := "5060"
	if m := topVia.FindSubmatch(data); m != nil && len(m[1]) > 0 {
		port = string(m[1])
	}
	at := "127.0.0.77:" + port
	conn, err := net.ListenPacket("udp", at)
	if err != nil {
		t.Skip(err)
	}
	defer conn.Close()
	to := net.UDPAddrFromAddrPort(w.sipAddr())
	conn.WriteTo(data, to)
	conn.WriteTo([]byte(w.good("UDP", at)), to)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	buffer, callID := make([]byte, 65536), callIDIn.Find(data)
	for {
		n, _, err := conn.ReadFrom(buffer)
		if err != nil {
			return g
		}
		if late := callIDIn.Find(buffer[:n]); !bytes.Contains(late, []byte("good-")) && ((callID == nil) != (late == nil) || !bytes.HasPrefix(value(late), value(callID))) {
			continue // the final response to an earlier INVITE, which nobody acknowledges
		}
		if g.heard(string(buffer[:n]), conn, wanted) {
			return g
		}
	}
}

var callIDIn = regexp.MustCompile(`(?i)\n(?:i|call-id)\s*:[^\r\n]*`)

func value(line []byte) []byte {
	_, v, _ := bytes.Cut(line, []byte(":"))
	return bytes.TrimSpace(v)
}

// heard takes a response; true when both messages are answered. The two are served side by side: once the good one is answered the other has
// the patience that it is worth.
func (g *got) heard(response string, conn interface{ SetReadDeadline(time.Time) error }, wanted []string) bool {
	line, _, _ := strings.Cut(response, "\r\n")
	fields := strings.SplitN(line, " ", 3)
	switch {
	case len(fields) != 3 || fields[0] != "SIP/2.0":
		g.code = "garbage"
	case strings.Contains(response, "z9hG4bKgood"):
		g.next = fields[1] == "200"
		conn.SetReadDeadline(time.Now().Add(patienceFor(wanted)))
	case fields[1] >= "200":
		g.code, g.reason = fields[1], fields[2]
	}
	return g.next && g.code != ""
}

func (w *torturer) overTCP(t *testing.T, data []byte, good string, wanted []string) (g got) {
	t.Helper()
	conn, err := net.Dial("tcp", w.sip)
	if err != nil {
		t.Error(err)
		return g
	}
	defer conn.Close()
	if !bytes.Contains(data, []byte("\r\n\r\n")) {
		data = append(data, "\r\n\r\n"...) // a datagram ends, a stream needs the empty line
	}
	conn.Write(data)
	if m := lengthField.FindSubmatch(data); m != nil { // what waits for the rest of its body must not get the next message as that
		if _, body, _ := bytes.Cut(data, []byte("\r\n\r\n")); len(body) < atoi(m[1]) {
			return g.until(conn, wanted)
		}
	}
	conn.Write([]byte(good))
	return g.until(conn, wanted)
}

var lengthField = regexp.MustCompile(`(?i)\n(?:l|content-length)\s*:\s*(\d+)`)

func atoi(digits []byte) int {
	n, _ := strconv.Atoi(string(digits))
	return n
}

// cutMessage takes the first response off a stream; the answers to keep-alives in front of it are no responses, and its body is dropped.
func cutMessage(stream string) (head, rest string, whole bool) {
	head, rest, whole = strings.Cut(strings.TrimLeft(stream, "\r\n"), "\r\n\r\n")
	head += "\r\n"
	if m := lengthField.FindStringSubmatch(head); whole && m != nil {
		length := atoi([]byte(m[1]))
		if len(rest) < length {
			return "", stream, false
		}
		rest = rest[length:]
	}
	return head, rest, whole
}

// patienceFor is how long the answer to a message may come after that to the good one behind it: the two are served side by side.
func patienceFor(codes []string) time.Duration {
	if slices.Contains(codes, "") {
		return 100 * time.Millisecond // nothing comes; how long one listens to it is a matter of taste
	}
	return 5 * time.Second
}

// until reads until the good message is answered and everything before it, or the connection ends.
func (g got) until(conn net.Conn, wanted []string) got {
	conn.SetReadDeadline(time.Now().Add(15 * time.Second))
	buffer, all := make([]byte, 65536), ""
	for {
		n, err := conn.Read(buffer)
		all += string(buffer[:n])
		for {
			response, rest, whole := cutMessage(all)
			if !whole {
				break
			}
			all = rest
			if strings.Contains(response, "\r\nCall-ID: dblreq.0ha0isnda977644900765@") {
				continue // the second message of dblreq, which may be answered before the first
			}
			if g.heard(response, conn, wanted) {
				return g
			}
		}
		if err != nil {
			g.closed = !os.IsTimeout(err)
			return g
		}
	}
}

func (w *torturer) wantsNoPanic(t *testing.T) {
	t.Helper()
	for _, line := range w.stop() {
		if line["msg"] == "panic" {
			t.Errorf("%v", line)
		}
	}
}
