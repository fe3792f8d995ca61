package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sipLoad places calls, or asks, with as little work as can be: its messages are text with a few holes, and nothing is kept of them.
type sipLoad struct {
	network  string // "udp", "tcp" or "tls"
	server   string // HOST:PORT
	target   string // user of the Request-URI
	atOnce   int
	exchange func(*sipClient) error // what each client does over and over

	done, failed atomic.Int64
}

// sipClient is one socket and what is written to it.
type sipClient struct {
	*sipLoad
	conn    net.Conn
	local   string // HOST:PORT
	number  int
	request []byte
	buffer  []byte // what came; of a connection also the beginning of the next message
	filled  int
	answer  []byte // the last response
	tag     []byte // the server's
	contact []byte

	contentType string // of bodies; "": application/sdp
	infos       int    // sent in the focus dialog
}

const (
	resendAfter = 500 * time.Millisecond // T1
	patience    = 8                      // times of that
)

// run lets the clients work until ctx ends. The first error of each is returned; a client without luck goes on.
func (l *sipLoad) run(ctx context.Context) error {
	var wait sync.WaitGroup
	problems := make([]error, l.atOnce)
	for i := range l.atOnce {
		wait.Go(func() { problems[i] = l.work(ctx, i) })
	}
	wait.Wait()
	return errors.Join(problems...)
}

func (l *sipLoad) work(ctx context.Context, i int) error {
	c, err := l.client("127.0.0.1", i*1_000_000)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	for ctx.Err() == nil {
		c.number++
		if err := l.exchange(c); err != nil {
			l.failed.Add(1)
			return fmt.Errorf("client %d: %w", i, err)
		}
		l.done.Add(1)
	}
	return nil
}

// client opens a socket at an address of loopback.
func (l *sipLoad) client(host string, number int) (*sipClient, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}
	if l.network == "udp" {
		dialer.LocalAddr = &net.UDPAddr{IP: net.ParseIP(host)}
	}
	conn, err := dialer.Dial(l.network, l.server)
	if err != nil {
		return nil, err
	}
	return l.over(conn, number), nil
}

func (l *sipLoad) over(conn net.Conn, number int) *sipClient {
	return &sipClient{sipLoad: l, conn: conn, local: conn.LocalAddr().String(), number: number, buffer: make([]byte, 32768)}
}

// placeCall is INVITE, 200, ACK, BYE, 200.
func placeCall(c *sipClient) error {
	c.tag, c.contact = c.tag[:0], c.contact[:0]
	if err := c.asks("INVITE", 1, offerOfNobody); err != nil {
		return err
	}
	c.dialog()
	if len(c.tag) == 0 || len(c.contact) == 0 {
		return fmt.Errorf("no dialog: %s", c.answer)
	}
	if err := c.writes("ACK", 1, ""); err != nil {
		return err
	}
	return c.asks("BYE", 2, "")
}

// dialog reads what later requests of the call need.
func (c *sipClient) dialog() {
	c.tag = append(c.tag[:0], between(c.answer, "\r\nTo:", ";tag=")...)
	c.contact = append(c.contact[:0], contactOf(c.answer)...)
}

// askOptions asks what the server can do.
func askOptions(c *sipClient) error { return c.asks("OPTIONS", 1, "") }

// askRegister asks without credentials: a challenge answers it, or whatever the server says to who may not.
func askRegister(c *sipClient) error {
	err := c.asks("REGISTER", 1, "")
	var status statusError
	if errors.As(err, &status) && status < 500 {
		return nil
	}
	return err
}

// statusError is a response that was not wanted.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// offerOfNobody is the session of a telephone that sends nothing.
const offerOfNobody = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0 101\r\n" +
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"

// asks sends a request, again while nothing comes, and waits for a 2xx.
func (c *sipClient) asks(method string, cseq int, body string) error {
	c.build(method, cseq, body)
	for range patience {
		if _, err := c.conn.Write(c.request); err != nil {
			return err
		}
		status, err := c.awaits(method, cseq)
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout() && c.network == "udp":
			continue
		case err != nil:
			return fmt.Errorf("%s: %w", method, err)
		case status >= 300:
			return fmt.Errorf("%s: %w", method, statusError(status))
		}
		return nil
	}
	return fmt.Errorf("%s: no answer", method)
}

func (c *sipClient) writes(method string, cseq int, body string) error {
	c.build(method, cseq, body)
	_, err := c.conn.Write(c.request)
	return err
}

// build fills the holes of a message in.
func (c *sipClient) build(method string, cseq int, body string) {
	b := append(c.request[:0], method...)
	b = append(b, ' ')
	if len(c.contact) > 0 {
		b = append(b, c.contact...)
	} else {
		b = append(append(append(append(b, "sip:"...), c.target...), '@'), c.server...)
	}
	b = append(append(b, " SIP/2.0\r\nVia: SIP/2.0/"...), strings.ToUpper(c.network)...)
	b = append(append(b, ' '), c.local...)
	b = append(append(b, ";rport;branch=z9hG4bKbench"...), method...)
	b = strconv.AppendInt(append(strconv.AppendInt(b, int64(c.number), 10), '.'), int64(cseq), 10)
	b = append(b, "\r\nMax-Forwards: 70\r\nFrom: \"Bench\" <sip:bench@127.0.0.1>;tag=b"...)
	b = strconv.AppendInt(b, int64(c.number), 10)
	b = append(append(append(b, "\r\nTo: <sip:"...), c.target...), "@127.0.0.1>"...)
	if len(c.tag) > 0 {
		b = append(append(b, ";tag="...), c.tag...)
	}
	b = append(b, "\r\nCall-ID: bench-"...)
	b = strconv.AppendInt(b, int64(c.number), 10)
	b = append(strconv.AppendInt(append(b, "@127.0.0.1\r\nCSeq: "...), int64(cseq), 10), ' ')
	b = append(append(b, method...), "\r\nContact: <sip:bench@"...)
	b = append(append(b, c.local...), c.transport()...)
	b = append(b, ">\r\nUser-Agent: focus-bench\r\n"...)
	if body != "" {
		b = append(append(append(b, "Content-Type: "...), cmp.Or(c.contentType, "application/sdp")...), "\r\n"...)
	}
	b = append(strconv.AppendInt(append(b, "Content-Length: "...), int64(len(body)), 10), "\r\n\r\n"...)
	c.request = append(b, body...)
}

func (c *sipClient) transport() string {
	if c.network == "udp" {
		return ""
	}
	return ";transport=" + c.network
}

// awaits reads until the final response to a request of that CSeq is there, and passes over whatever else comes.
func (c *sipClient) awaits(method string, cseq int) (status int, err error) {
	var wanted [32]byte
	want := append(append(strconv.AppendInt(wanted[:0], int64(cseq), 10), ' '), method...)
	wait := resendAfter
	if c.network != "udp" {
		wait *= patience
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return 0, err
	}
	for {
		if c.answer, err = c.next(); err != nil {
			return 0, err
		}
		status := statusOf(c.answer)
		if status >= 200 && bytes.HasPrefix(between(c.answer, "\r\nCSeq:", " "), want) && c.isOurs() {
			return status, nil
		}
	}
}

func (c *sipClient) isOurs() bool {
	id, _, _ := bytes.Cut(between(c.answer, "\r\nCall-ID:", "bench-"), []byte("@"))
	n, err := strconv.Atoi(string(id))
	return err == nil && n == c.number
}

// next is the next message: a datagram, or what Content-Length says.
func (c *sipClient) next() ([]byte, error) {
	if c.network == "udp" {
		n, err := c.conn.Read(c.buffer)
		return c.buffer[:n], err
	}
	c.filled = copy(c.buffer, c.buffer[len(c.answer):c.filled])
	c.answer = nil
	for {
		if size := sizeOf(c.buffer[:c.filled]); size > 0 && size <= c.filled {
			return c.buffer[:size], nil
		}
		n, err := c.conn.Read(c.buffer[c.filled:])
		if err != nil {
			return nil, err
		}
		c.filled += n
	}
}

// sizeOf is how long the message is that a stream begins with; 0 when that is not known yet.
func sizeOf(stream []byte) int {
	head := bytes.Index(stream, []byte("\r\n\r\n"))
	if head < 0 {
		return 0
	}
	length, _, _ := bytes.Cut(between(stream[:head+2], "\r\nContent-Length:", " "), []byte("\r"))
	n, _ := strconv.Atoi(string(length))
	return head + 4 + n
}

// statusOf is the code of a response; 0 of a request.
func statusOf(message []byte) int {
	if !bytes.HasPrefix(message, []byte("SIP/2.0 ")) || len(message) < 11 {
		return 0
	}
	status, _ := strconv.Atoi(string(message[8:11]))
	return status
}

// between is what follows mark in the line that begins with start, to the end of that line; nil when there is none.
func between(message []byte, start, mark string) []byte {
	_, line, found := bytes.Cut(message, []byte(start))
	line, _, _ = bytes.Cut(line, []byte("\r\n"))
	if _, after, marked := bytes.Cut(line, []byte(mark)); found && marked {
		return after
	}
	return nil
}

func contactOf(message []byte) []byte {
	uri, _, _ := bytes.Cut(between(message, "\r\nContact:", "<"), []byte(">"))
	return uri
}
