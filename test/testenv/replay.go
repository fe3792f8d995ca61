package testenv

import (
	"bufio"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing/synctest"
	"time"
)

// Replay is a client whose messages are texts: those of a real one, as it sent them, over one connection. What depends on the other side is put
// in: the tag and the Contact that a dialog got, and credentials when they are asked for.
type Replay struct {
	w    *World
	to   string // address of the server
	conn net.Conn
	Pass string // of who is in From, for 407

	Challenged []string // methods of the requests that got a 407

	tags     map[string]string // of the server in a dialog, by Call-ID
	contacts map[string]string
	answers  chan *Text

	mu   sync.Mutex
	came []*Text // requests of the server
}

// Text is a message, line by line.
type Text struct {
	Start string
	Lines []string // of the head, in their order
	Body  string
}

// Replay connects from an address, over TCP.
func (w *World) Replay(from string) *Replay {
	w.Helper()
	return w.ReplayTo(Address, from)
}

// ReplayTo connects to another address of the server.
func (w *World) ReplayTo(to, from string) *Replay {
	w.Helper()
	r := &Replay{w: w, to: to, Pass: Password, tags: map[string]string{}, contacts: map[string]string{}, answers: make(chan *Text, 16)}
	r.Connects(from)
	return r
}

// Connects leaves the connection there is for another one.
func (r *Replay) Connects(from string) {
	r.w.Helper()
	if r.conn != nil {
		r.conn.Close()
	}
	conn, err := r.w.Net.DialFrom(r.w.Context(), from, r.to)
	if err != nil {
		r.w.Fatal(err)
	}
	r.conn = conn
	r.w.Cleanup(func() { conn.Close() })
	go r.read(conn)
}

// ParseText cuts a message; lines may end with CRLF or LF.
func ParseText(text string) *Text {
	head, body, _ := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n")
	lines := strings.Split(head, "\n")
	return &Text{lines[0], lines[1:], body}
}

// Code is the status of a response, 0 of a request.
func (t *Text) Code() int {
	if !strings.HasPrefix(t.Start, "SIP/2.0 ") {
		return 0
	}
	code, _ := strconv.Atoi(strings.Fields(t.Start)[1])
	return code
}

// Method is that of the CSeq.
func (t *Text) Method() string {
	if fields := strings.Fields(t.Header("CSeq")); len(fields) == 2 {
		return fields[1]
	}
	return ""
}

// Header is the first of that name, written as it is there; Values are all of them, a line each.
func (t *Text) Header(name string) string {
	if values := t.Values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (t *Text) Values(name string) (values []string) {
	for _, line := range t.Lines {
		if n, value, _ := strings.Cut(line, ":"); strings.EqualFold(strings.TrimSpace(n), name) {
			values = append(values, strings.TrimSpace(value))
		}
	}
	return values
}

func (t *Text) set(name, value string) {
	for i, line := range t.Lines {
		if n, _, _ := strings.Cut(line, ":"); strings.EqualFold(n, name) {
			t.Lines[i] = name + ": " + value
			return
		}
	}
	t.Lines = append(t.Lines, name+": "+value)
}

func (t *Text) String() string {
	t.set("Content-Length", strconv.Itoa(len(t.Body)))
	return t.Start + "\r\n" + strings.Join(t.Lines, "\r\n") + "\r\n\r\n" + t.Body
}

var (
	tagParam   = regexp.MustCompile(`;tag=[^;>]*`)
	contactURI = regexp.MustCompile(`<([^>]*)>`)
)

// Sends puts a message on the wire and returns its final response; nil for ACK.
func (r *Replay) Sends(text string) *Text {
	r.w.Helper()
	t := ParseText(text)
	callID := t.Header("Call-ID")
	if strings.Contains(t.Header("To"), ";tag=") {
		t.set("To", tagParam.ReplaceAllString(t.Header("To"), ";tag="+or(r.tags[callID], "none")))
		method, rest, _ := strings.Cut(t.Start, " ")
		_, version, _ := strings.Cut(rest, " ")
		if contact := r.contacts[callID]; contact != "" {
			t.Start = method + " " + contact + " " + version
		}
	}
	answer := r.exchange(t)
	if answer != nil && answer.Code() == 407 {
		r.Challenged = append(r.Challenged, t.Method())
		_, realm, _ := strings.Cut(answer.Header("Proxy-Authenticate"), `realm="`)
		realm, _, _ = strings.Cut(realm, `"`)
		t.set("Proxy-Authorization", r.credentials(t, answer.Header("Proxy-Authenticate"), realm))
		seq, _ := strconv.Atoi(strings.Fields(t.Header("CSeq"))[0])
		t.set("CSeq", fmt.Sprintf("%d %s", seq+1, t.Method()))
		t.set("Via", strings.Replace(t.Header("Via"), ";branch=", ";branch="+"z9hG4bKagain", 1))
		answer = r.exchange(t)
	}
	if answer != nil && answer.Code() < 300 {
		if tag := tagParam.FindString(answer.Header("To")); tag != "" {
			r.tags[callID] = tag[len(";tag="):]
		}
		if contact := contactURI.FindStringSubmatch(answer.Header("Contact")); contact != nil {
			r.contacts[callID] = contact[1]
		}
	}
	return answer
}

// credentials are those of SIPE, which writes and hashes the URI "(null)".
func (r *Replay) credentials(t *Text, challenge, realm string) string {
	_, nonce, _ := strings.Cut(challenge, `nonce="`)
	nonce, _, _ = strings.Cut(nonce, `"`)
	user, _, _ := strings.Cut(strings.TrimPrefix(contactURI.FindStringSubmatch(t.Header("From"))[1], "sip:"), "@")
	hash := func(parts ...string) string { return fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(parts, ":")))) }
	response := hash(hash(user, realm, r.Pass), nonce, "00000001", "0a4f113b", "auth", hash(t.Method(), "(null)"))
	return fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="(null)", qop=auth, nc=00000001, cnonce="0a4f113b", response="%s"`, user, realm, nonce, response)
}

func (r *Replay) exchange(t *Text) *Text {
	r.w.Helper()
	go func(conn net.Conn, text string) { _, _ = io.WriteString(conn, text) }(r.conn, t.String()) // of which not all may be read
	if t.Method() == "ACK" {
		synctest.Wait()
		return nil
	}
	for {
		ctx, cancel := context.WithTimeout(r.w.Context(), 40*time.Second)
		select {
		case answer := <-r.answers:
			cancel()
			if answer.Header("Call-ID") == t.Header("Call-ID") && answer.Header("CSeq") == t.Header("CSeq") && answer.Code() >= 200 {
				synctest.Wait()
				return answer
			}
		case <-ctx.Done():
			cancel()
			r.w.Fatalf("%s: no answer", t.Start)
		}
	}
}

// Acknowledges sends the ACK of a 2xx that the client's own messages do not have.
func (r *Replay) Acknowledges(invite string) {
	t := ParseText(invite)
	r.inDialog(t, "ACK", 1)
}

// HangsUp sends BYE in the dialog of an INVITE.
func (r *Replay) HangsUp(invite string) *Text {
	return r.inDialog(ParseText(invite), "BYE", 2)
}

func (r *Replay) inDialog(t *Text, method string, seq int) *Text {
	bye := &Text{method + " sip:x SIP/2.0", nil, ""}
	for _, name := range []string{"Via", "From", "To", "Call-ID", "Max-Forwards"} {
		bye.set(name, t.Header(name))
	}
	bye.set("To", t.Header("To")+";tag=x")
	bye.set("CSeq", fmt.Sprintf("%d %s", seq, method))
	return r.Sends(bye.String())
}

// Came are the requests of the server with that method.
func (r *Replay) Came(method string) (requests []*Text) {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.came {
		if t.Method() == method {
			requests = append(requests, t)
		}
	}
	return requests
}

// read answers the server's OPTIONS and BYE; INFO and BENOTIFY get no answer, as the real client gives none.
func (r *Replay) read(conn net.Conn) {
	reader := bufio.NewReader(conn)
	for {
		t, err := readText(reader)
		if err != nil {
			return
		}
		if t.Code() > 0 {
			r.answers <- t
			continue
		}
		r.mu.Lock()
		r.came = append(r.came, t)
		r.mu.Unlock()
		if method := t.Method(); method == "OPTIONS" || method == "BYE" || method == "NOTIFY" {
			answer := &Text{"SIP/2.0 200 OK", nil, ""}
			for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
				answer.set(name, t.Header(name))
			}
			_, _ = io.WriteString(conn, answer.String())
		}
	}
}

func readText(reader *bufio.Reader) (*Text, error) {
	var head strings.Builder
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line == "\r\n" && head.Len() == 0 {
			continue
		}
		if line == "\r\n" {
			break
		}
		head.WriteString(line)
	}
	t := ParseText(strings.TrimSuffix(head.String(), "\r\n") + "\r\n\r\n")
	length, err := strconv.Atoi(t.Header("Content-Length"))
	if err != nil {
		return nil, errors.New("no Content-Length")
	}
	body := make([]byte, length)
	_, err = io.ReadFull(reader, body)
	t.Body = string(body)
	return t, err
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
