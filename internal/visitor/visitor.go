// Package visitor is a telephone that costs little, for tests and measurements with a thousand of them: text over a connection of TCP. It believes
// the rosters that it is sent, reading them as coarsely as can be: who is in.
package visitor

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Visitor is one of them. Its methods are for one goroutine, but for Told and Roster.
type Visitor struct {
	Name    string
	meeting string
	network string
	conn    net.Conn
	long    net.Listener // nil over TCP
	answers chan *answer
	dialogs map[string]*answer // the 2xx of each dialog
	cseq    int

	mu       sync.Mutex
	roster   map[string]bool
	version  int
	notified int64
	octets   int64
	problem  error // the first document that does not follow
}

// answer is a message of the server.
type answer struct {
	first   string
	headers []string
	body    []byte
}

// Connect opens a connection from an address of this host to HOST:PORT. The visitor is sip:NAME@storm.example and calls sip:CONFERENCE@127.0.0.1.
func Connect(server, from, name, meeting string) (*Visitor, error) {
	return connect("tcp", &net.TCPAddr{IP: net.ParseIP(from)}, server, name, meeting)
}

// ConnectUDP is Connect with a socket of UDP, which sends nothing a second time. What is too long for a datagram is taken by TCP at the same port.
func ConnectUDP(server, from, name, meeting string) (*Visitor, error) {
	const tries = 10 // a port may be free for one of the two alone
	var err error
	for range tries {
		v, failed := connect("udp", &net.UDPAddr{IP: net.ParseIP(from)}, server, name, meeting)
		if failed != nil {
			return nil, failed
		}
		if v.long, err = net.Listen("tcp", v.conn.LocalAddr().String()); err == nil {
			go v.takeLong()
			return v, nil
		}
		v.Close()
	}
	return nil, err
}

// takeLong ends with the listener, and its connections with the server's.
func (v *Visitor) takeLong() {
	for {
		conn, err := v.long.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			v.read(conn)
		}()
	}
}

func connect(network string, from net.Addr, server, name, meeting string) (*Visitor, error) {
	dialer := net.Dialer{LocalAddr: from}
	conn, err := dialer.Dial(network, server)
	if err != nil {
		return nil, err
	}
	v := &Visitor{Name: name, meeting: meeting, network: network, conn: conn, answers: make(chan *answer, 8), dialogs: map[string]*answer{}, roster: map[string]bool{}}
	go v.listen()
	return v, nil
}

// Joins calls the conference. What it would hear is sent to a port of 127.0.0.1; direction is that of SDP.
func (v *Visitor) Joins(sink int, direction string) error {
	offer := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=%s\r\n", sink, direction)
	if _, err := v.ask("INVITE", "call", "Content-Type: application/sdp\r\n", offer); err != nil {
		return err
	}
	_, err := v.conn.Write(v.request("ACK", "call", v.cseq, "", ""))
	return err
}

// ask sends a request and waits for its final answer.
func (v *Visitor) ask(method, dialog, headers, body string) (*answer, error) {
	v.cseq++
	if _, err := v.conn.Write(v.request(method, dialog, v.cseq, headers, body)); err != nil {
		return nil, err
	}
	timeout := time.NewTimer(15 * time.Second)
	defer timeout.Stop()
	for {
		select {
		case a, ok := <-v.answers:
			switch {
			case !ok:
				return nil, fmt.Errorf("%s: the connection is closed", method)
			case a.header("CSeq") != fmt.Sprintf("%d %s", v.cseq, method), strings.HasPrefix(a.first, "SIP/2.0 1"):
				continue
			case !strings.HasPrefix(a.first, "SIP/2.0 2"):
				return nil, fmt.Errorf("%s: %s", method, a.first)
			}
			if v.dialogs[dialog] == nil {
				v.dialogs[dialog] = a
			}
			return a, nil
		case <-timeout.C:
			return nil, fmt.Errorf("%s: no answer", method)
		}
	}
}

func (v *Visitor) request(method, dialog string, cseq int, headers, body string) []byte {
	target, to := "sip:"+v.meeting+"@127.0.0.1", "<sip:"+v.meeting+"@127.0.0.1>"
	if a := v.dialogs[dialog]; a != nil {
		target, _, _ = strings.Cut(strings.TrimPrefix(a.header("Contact"), "<"), ">")
		to = a.header("To")
	}
	local := v.conn.LocalAddr()
	return fmt.Appendf(nil, "%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK%s%s%d\r\nMax-Forwards: 70\r\nFrom: <sip:%s@storm.example>;tag=%s%s\r\n"+
		"To: %s\r\nCall-ID: %s%s@%s\r\nCSeq: %d %s\r\nContact: <sip:%s@%s;transport=%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, target, strings.ToUpper(v.network), local, v.Name, dialog, cseq, v.Name, v.Name, dialog, to, v.Name, dialog, local, cseq, method, v.Name, local, v.network, headers, len(body), body)
}

func (a *answer) header(name string) string {
	for _, line := range a.headers {
		if n, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// listen ends with the connection.
func (v *Visitor) listen() {
	defer close(v.answers)
	v.read(v.conn)
}

func (v *Visitor) read(conn net.Conn) {
	r := bufio.NewReaderSize(conn, 64<<10) // a datagram fits
	for {
		m, err := readMessage(r)
		if err != nil {
			return
		}
		if strings.HasPrefix(m.first, "SIP/2.0") {
			select {
			case v.answers <- m:
			default: // nobody waits
			}
			continue
		}
		benotify := strings.HasPrefix(m.first, "BENOTIFY")
		if benotify || strings.HasPrefix(m.first, "NOTIFY") {
			v.hears(m.body)
		}
		if !benotify && !strings.HasPrefix(m.first, "ACK") {
			_, _ = conn.Write(m.ok())
		}
	}
}

func readMessage(r *bufio.Reader) (*answer, error) {
	m := &answer{}
	length := 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "" && m.first == "":
			continue
		case line == "":
			m.body = make([]byte, length)
			_, err := io.ReadFull(r, m.body)
			return m, err
		case m.first == "":
			m.first = line
			continue
		}
		m.headers = append(m.headers, line)
		if value, ok := strings.CutPrefix(line, "Content-Length:"); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
}

// ok is the 200 to a request.
func (a *answer) ok() []byte {
	b := []byte("SIP/2.0 200 OK\r\n")
	for _, line := range a.headers {
		switch name, _, _ := strings.Cut(line, ":"); name {
		case "Via", "From", "To", "Call-ID", "CSeq":
			b = append(append(b, line...), "\r\n"...)
		}
	}
	return append(b, "Content-Length: 0\r\n\r\n"...)
}

// hears applies a document, reading the users alone.
func (v *Visitor) hears(body []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.notified++
	v.octets += int64(len(body))
	if len(body) == 0 {
		return
	}
	version, _ := strconv.Atoi(attribute(body, `" version="`))
	full := attribute(body, ` state="`) == "full"
	if version != v.version+1 && v.problem == nil {
		v.problem = fmt.Errorf("version %d after %d", version, v.version)
	}
	v.version = version
	if full {
		clear(v.roster)
	}
	const start = `<user entity="`
	for i := bytes.Index(body, []byte(start)); i >= 0; i = bytes.Index(body, []byte(start)) {
		user := attribute(body[i:], `entity="`)
		gone := attribute(body[i:], ` state="`) == "deleted"
		if body = body[i+len(start):]; gone {
			delete(v.roster, user)
		} else {
			v.roster[user] = true
		}
	}
}

func attribute(body []byte, name string) string {
	_, rest, _ := bytes.Cut(body[:min(len(body), 1000)], []byte(name))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(value)
}

// Subscribes asks for the roster.
func (v *Visitor) Subscribes() error { return v.subscribes("") }

// SubscribesQuietly asks for the roster in notifications that nobody answers (BENOTIFY).
func (v *Visitor) SubscribesQuietly() error { return v.subscribes("Supported: ms-benotify\r\n") }

func (v *Visitor) subscribes(more string) error {
	_, err := v.ask("SUBSCRIBE", "watch", more+"Event: conference\r\nAccept: application/conference-info+xml\r\nExpires: 3600\r\n", "")
	return err
}

// Leaves hangs up.
func (v *Visitor) Leaves() error {
	_, err := v.ask("BYE", "call", "", "")
	return err
}

// Close closes the connection, or the socket.
func (v *Visitor) Close() {
	_ = v.conn.Close()
	if v.long != nil {
		_ = v.long.Close()
	}
}

// Told is how many notifications came, and how long their documents were.
func (v *Visitor) Told() (notifications, octets int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.notified, v.octets
}

// Roster is who is in, as far as the visitor knows; the error is the first document that did not follow the one before.
func (v *Visitor) Roster() ([]string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Collect(maps.Keys(v.roster)), v.problem
}
