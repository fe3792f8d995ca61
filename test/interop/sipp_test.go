//go:build interop

package interop

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// caller is a SIPp that plays one scenario, once or many times.
type caller struct {
	*process
	dir string
}

// calls says whom a SIPp calls and how often.
type calls struct {
	to       string // user part of the URI
	number   int    // distinguishes the ports of callers that run at once
	rate     int    // calls a second; 1
	total    int    // 1
	longest  time.Duration
	password string
	tcp      bool
}

// sipp plays the scenario against the server.
func (s *server) sipp(t *testing.T, c calls, steps ...string) *caller {
	t.Helper()
	return s.plays(t, c, scenario(steps...))
}

// plays has SIPp play what a scenario file says.
func (s *server) plays(t *testing.T, c calls, text string) *caller {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "scenario.xml", text)
	transport, longest := "u1", strconv.Itoa(int(max(c.longest, 30*time.Second).Seconds()))
	if c.tcp {
		transport = "t1"
	}
	args := []string{s.sip(), "-sf", "scenario.xml", "-s", c.to, "-t", transport, "-i", host, "-mi", host, "-p", strconv.Itoa(7000 + c.number),
		"-mp", strconv.Itoa(50000 + 200*c.number),
		"-r", strconv.Itoa(max(c.rate, 1)), "-m", strconv.Itoa(max(c.total, 1)), "-l", strconv.Itoa(max(c.total, 1)),
		"-nostdin", "-trace_err", "-error_file", "errors.log", "-trace_stat", "-stf", "statistics.csv", "-trace_rtt", "-rtt_freq", "1",
		"-timeout", longest, "-timeout_error", "-recv_timeout", strconv.Itoa(1000 * int(max(c.longest, 20*time.Second).Seconds()))}
	if c.total <= 1 {
		args = append(args, "-trace_msg", "-message_file", "messages.log")
	}
	if c.password != "" {
		args = append(args, "-au", "alice", "-ap", c.password)
	}
	p := &caller{process: starts(t, "sipp", dir, "sipp", args...), dir: dir}
	t.Cleanup(func() { p.shows("errors.log", "messages.log") })
	return p
}

// with is the same caller, whose failures are those of a part of the test.
func (p *caller) with(t *testing.T) *caller {
	process := *p.process
	process.t = t
	return &caller{process: &process, dir: p.dir}
}

// shows files of SIPp's when the test has failed.
func (p *caller) shows(names ...string) {
	for _, name := range names {
		if text, err := os.ReadFile(filepath.Join(p.dir, name)); err == nil && p.t.Failed() {
			p.t.Logf("--- %s:\n%s", name, tail(string(text), 5000))
		}
	}
}

// wantsSuccess waits until every call went as the scenario says.
func (p *caller) wantsSuccess(within time.Duration) {
	p.t.Helper()
	if !p.endsWithin(within) {
		p.t.Fatalf("SIPp is still calling after %v", within)
	}
	if code := p.exitCode(); code != 0 {
		p.t.Errorf("SIPp: exit code %d, want 0: not every call went as its scenario says", code)
	}
}

// statistics is the last row of SIPp's statistics by column.
func (p *caller) statistics() map[string]string {
	p.t.Helper()
	f, err := os.Open(filepath.Join(p.dir, "statistics.csv"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = ';', -1, true
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 2 {
		p.t.Fatalf("reading SIPp's statistics: %d rows, %v", len(rows), err)
	}
	last := map[string]string{}
	for i, value := range rows[len(rows)-1] {
		if i < len(rows[0]) {
			last[rows[0][i]] = value
		}
	}
	return last
}

// received is all that SIPp got and sent, as text; for a single call.
func (p *caller) messages() string {
	text, err := os.ReadFile(filepath.Join(p.dir, "messages.log"))
	if err != nil {
		p.t.Errorf("reading SIPp's messages: %v", err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// scenario puts steps together.
func scenario(steps ...string) string {
	return "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"story\">\n" + strings.Join(steps, "\n") + "\n</scenario>\n"
}

// inviting begins a call with this body.
func inviting(sdp string) string { return request("INVITE", 1, "", sdp) }

// again is an INVITE inside the dialog.
func again(cseq int, sdp string) string { return request("INVITE", cseq, "[peer_tag_param]", sdp) }

// answered waits for the 200 that begins the dialog.
const answered = `<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rrs="true" rtd="true"/>`

// acking is the ACK of a 2xx, with an answer after a late offer.
func acking(cseq int, sdp string) string { return request("ACK", cseq, "[peer_tag_param]", sdp) }

func bye(cseq int) string { return request("BYE", cseq, "[peer_tag_param]", "") + wants(200) }

// hungUp waits for the BYE of the server, whose Reason must match, and answers it.
func hungUp(reason string) string {
	return `<recv request="BYE"><action><ereg regexp="` + reason + `" search_in="hdr" header="Reason:" check_it="true" assign_to="1"/></action></recv>
<Reference variables="1"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>`
}

func wants(status int) string {
	return fmt.Sprintf("<recv response=\"100\" optional=\"true\"/>\n<recv response=\"%d\"/>", status)
}

// refused waits for a final response with that status, which must match, and acknowledges it in the transaction of the INVITE (RFC 3261
// section 17.1.1.3).
func refused(status int, pattern string) string {
	return fmt.Sprintf(`<recv response="100" optional="true"/>
<recv response="%d"><action><ereg regexp="%s" search_in="msg" check_it="true" assign_to="1"/></action></recv>
<Reference variables="1"/>
<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>`, status, pattern)
}

func pause(d time.Duration) string {
	return fmt.Sprintf("<pause milliseconds=\"%d\"/>", d.Milliseconds())
}

// does runs a command of SIPp's: does("rtp_stream", "speech.ul,-1,0").
func does(command, argument string) string {
	return fmt.Sprintf("<nop><action><exec %s=\"%s\"/></action></nop>", command, argument)
}

func info(cseq int, contentType, body string) string {
	return strings.Replace(request("INFO", cseq, "[peer_tag_param]", body), "application/sdp", contentType, 1) + wants(200)
}

// request is a SIP request of SIPp's; to is the tag of the peer inside a dialog.
func request(method string, cseq int, to, body string) string {
	uri, retransmitted, contentType := "sip:[service]@[remote_ip]:[remote_port]", ` retrans="500"`, ""
	if to != "" {
		uri = "[next_url]"
	}
	if method == "ACK" {
		retransmitted = ""
	}
	if body != "" {
		contentType = "Content-Type: application/sdp\n"
	}
	return fmt.Sprintf(`<send%s><![CDATA[
%s %s SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "Sip P" <sip:sipp@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>%s
Call-ID: [call_id]
CSeq: %d %s
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
%sContent-Length: [len]

%s]]></send>`, retransmitted, method, uri, to, cseq, method, contentType, body)
}

// speaking is an offer or answer of PCMU with digits; the port is SIPp's word for it: "rtpstream_audio_port" or "auto_media_port".
func speaking(port, direction string) string {
	return fmt.Sprintf(`v=0
o=sipp 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [%s] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=%s
`, port, direction)
}
