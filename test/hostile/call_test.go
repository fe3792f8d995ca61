package hostile

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// caller speaks SIP over UDP as plain text, and RTP as plain octets, so that it can say what no phone of ours would.
type caller struct {
	t        *testing.T
	to       netip.AddrPort // the server's SIP port
	sip, rtp *net.UDPConn
	name     string
	target   string
	tag      string // the server's
	cseq     int
	media    netip.AddrPort // where the server wants RTP
	sequence uint16
}

// caller has its sockets on an address of loopback.
func (s *server) caller(t *testing.T, name, host, conference string) *caller {
	t.Helper()
	c := &caller{t: t, to: s.sipAddr(), name: name, target: "sip:" + conference + "@" + loopback}
	c.sip, c.rtp = listen(t, host), listen(t, host)
	return c
}

func listen(t *testing.T, host string) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(host)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func portOf(conn *net.UDPConn) uint16 { return conn.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

func (c *caller) offer() string {
	host := c.rtp.LocalAddr().(*net.UDPAddr).IP
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %[2]d RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n",
		host, portOf(c.rtp))
}

// message is a request of this call. The ACK of a refusal belongs to the transaction of its INVITE, so the branch is that of its CSeq.
func (c *caller) message(method, contentType, body string) string {
	to := "To: <" + c.target + ">"
	if c.tag != "" {
		to += ";tag=" + c.tag
	}
	branch := fmt.Sprintf("z9hG4bK-%s-%d-%d", c.name, portOf(c.sip), c.cseq)
	lines := []string{
		method + " " + c.target + " SIP/2.0",
		"Via: SIP/2.0/UDP " + c.sip.LocalAddr().String() + ";rport;branch=" + branch,
		"Max-Forwards: 70",
		"From: <sip:" + c.name + "@" + loopback + ">;tag=" + c.name,
		to,
		"Call-ID: " + c.callID(),
		fmt.Sprintf("CSeq: %d %s", c.cseq, method),
		"Contact: <sip:" + c.name + "@" + c.sip.LocalAddr().String() + ">",
		"Content-Length: " + strconv.Itoa(len(body)),
	}
	if body != "" {
		lines = append(lines, "Content-Type: "+contentType)
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

func (c *caller) callID() string { return fmt.Sprintf("%s-%d", c.name, portOf(c.sip)) }

// asks sends a request, and again while nothing comes, and returns the final response.
func (c *caller) asks(method, contentType, body string) string {
	c.t.Helper()
	c.cseq++
	return c.awaits(c.message(method, contentType, body))
}

func (c *caller) awaits(request string) string {
	c.t.Helper()
	buffer, callID, cseq := make([]byte, 65536), "Call-ID: "+c.callID(), fmt.Sprintf("CSeq: %d ", c.cseq)
	for range 50 {
		c.sends([]byte(request))
		c.sip.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		for {
			n, err := c.sip.Read(buffer)
			if err != nil {
				break
			}
			if answer := string(buffer[:n]); strings.HasPrefix(answer, "SIP/2.0 ") && answer[8] > '1' && strings.Contains(answer, callID) && strings.Contains(answer, cseq) {
				return answer
			}
		}
	}
	c.t.Fatalf("%s gets no answer to %.200s", c.name, request)
	return ""
}

func (c *caller) sends(datagram []byte) { c.sip.WriteToUDPAddrPort(datagram, c.to) }

var (
	tagInTo     = regexp.MustCompile(`(?mi)^To:.*;tag=([^;\r]+)`)
	portOfAudio = regexp.MustCompile(`(?m)^m=audio (\d+) `)
)

// invites is an INVITE and its ACK.
func (c *caller) invites(contentType, body string) (answer string) {
	c.t.Helper()
	answer = c.asks("INVITE", contentType, body)
	before := c.tag
	if tag := tagInTo.FindStringSubmatch(answer); tag != nil {
		c.tag = tag[1]
	}
	c.sends([]byte(c.message("ACK", "", "")))
	if port := portOfAudio.FindStringSubmatch(answer); port != nil {
		n, _ := strconv.ParseUint(port[1], 10, 16)
		c.media = netip.AddrPortFrom(netip.MustParseAddr(loopback), uint16(n))
	} else if before == "" {
		c.tag = "" // no dialog
	}
	return answer
}

// joins is a call that is answered.
func (c *caller) joins() {
	c.t.Helper()
	c.wants(c.invites("application/sdp", c.offer()), 200)
}

func (c *caller) wants(answer string, status int) {
	c.t.Helper()
	if !strings.HasPrefix(answer, fmt.Sprintf("SIP/2.0 %d ", status)) {
		c.t.Errorf("%s gets %.300s; want %d", c.name, answer, status)
	}
}

func (c *caller) hangsUp() {
	c.t.Helper()
	c.wants(c.asks("BYE", "", ""), 200)
}

// packet is 20 ms of silence in PCMU.
func (c *caller) packet() []byte {
	p := make([]byte, 172)
	p[0] = 0x80
	binary.BigEndian.PutUint16(p[2:], c.sequence)
	binary.BigEndian.PutUint32(p[4:], 160*uint32(c.sequence))
	copy(p[8:], c.name)
	for i := range 160 {
		p[12+i] = 0xff
	}
	c.sequence++
	return p
}

// hears counts the RTP packets that come within d, and says something itself meanwhile.
func (c *caller) hears(d time.Duration) (packets int) {
	buffer := make([]byte, 2048)
	for end := time.Now().Add(d); time.Now().Before(end); {
		c.rtp.WriteToUDPAddrPort(c.packet(), c.media)
		c.rtp.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		for {
			if _, err := c.rtp.Read(buffer); err != nil {
				break
			}
			packets++
		}
	}
	return packets
}
