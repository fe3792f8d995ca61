//go:build interop

package interop

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestCANCEL sends an INVITE and its CANCEL in one breath, which SIPp cannot: the server answers before SIPp gets to the CANCEL. Whichever
// wins there, both get a final response and nobody stays in the conference.
func TestCANCEL(t *testing.T) {
	s := serves(t)
	room := s.makes(`{"admissionPolicy": "anonymous"}`)
	line, err := net.Dial("udp", s.sip())
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	for try := range 20 {
		invite := &bareCall{t: t, line: line, to: room.ID, id: fmt.Sprint("cancelled-", try)}
		invite.send("INVITE", 1, "", "v=0\r\no=- 1 1 IN IP4 "+host+"\r\ns=-\r\nc=IN IP4 "+host+"\r\nt=0 0\r\nm=audio 45000 RTP/AVP 0\r\n")
		invite.send("CANCEL", 1, "", "")
		status := invite.finals()
		switch status["INVITE"] {
		case "487":
			invite.send("ACK", 1, invite.tag, "")
		case "200":
			invite.branch = "-2"
			invite.send("ACK", 1, invite.tag, "")
			invite.send("BYE", 2, invite.tag, "")
		default:
			t.Fatalf("the INVITE got %q, want 487 or 200", status["INVITE"])
		}
		if status["CANCEL"] != "200" {
			t.Fatalf("the CANCEL got %q, want 200", status["CANCEL"])
		}
		t.Logf("try %d: the INVITE got %s", try, status["INVITE"])
	}
	s.wantsParticipants(room.ID, 0, 5*time.Second)
}

// bareCall is a call of single datagrams.
type bareCall struct {
	t                *testing.T
	line             net.Conn
	to, id           string
	tag, uri, branch string // what the server answered; the end of the branch
}

func (c *bareCall) send(method string, cseq int, tag, body string) {
	c.t.Helper()
	us, to := c.line.LocalAddr().String(), fmt.Sprintf("<sip:%s@%s>", c.to, host)
	uri := fmt.Sprintf("sip:%s@%s", c.to, host)
	if tag != "" {
		to += ";tag=" + tag
	}
	if c.branch != "" {
		uri = c.uri
	}
	contentType := ""
	if body != "" {
		contentType = "Content-Type: application/sdp\r\n"
	}
	branch := "z9hG4bK" + c.id + c.branch
	if method == "BYE" {
		branch += "-bye"
	}
	_, err := fmt.Fprintf(c.line, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nFrom: <sip:eve@%s>;tag=1\r\nTo: %s\r\nCall-ID: %s\r\n"+
		"CSeq: %d %s\r\nContact: <sip:eve@%s>\r\nMax-Forwards: 70\r\n%sContent-Length: %d\r\n\r\n%s",
		method, uri, us, branch, us, to, c.id, cseq, method, us, contentType, len(body), body)
	if err != nil {
		c.t.Fatal(err)
	}
}

var (
	statusLine  = regexp.MustCompile(`^SIP/2\.0 (\d{3}) `)
	cseqMethod  = regexp.MustCompile(`(?m)^CSeq: \d+ (\w+)`)
	toTag       = regexp.MustCompile(`(?m)^To: .*;tag=([^\s;]+)`)
	contactLine = regexp.MustCompile(`(?m)^Contact: <([^>]+)>`)
)

// finals reads until INVITE and CANCEL have final responses and returns those by method.
func (c *bareCall) finals() map[string]string {
	c.t.Helper()
	status, datagram := map[string]string{}, make([]byte, 65536)
	_ = c.line.SetReadDeadline(time.Now().Add(5 * time.Second))
	for status["INVITE"] == "" || status["CANCEL"] == "" {
		n, err := c.line.Read(datagram)
		if err != nil {
			c.t.Fatalf("waiting for responses: %v, have %v", err, status)
		}
		text := string(datagram[:n])
		line := statusLine.FindStringSubmatch(text)
		if line == nil || line[1] < "200" || !strings.Contains(text, "Call-ID: "+c.id+"\r\n") {
			continue
		}
		method := cseqMethod.FindStringSubmatch(text)[1]
		status[method] = line[1]
		if method == "INVITE" {
			c.tag = toTag.FindStringSubmatch(text)[1]
			if contact := contactLine.FindStringSubmatch(text); contact != nil {
				c.uri = contact[1]
			}
		}
	}
	return status
}
