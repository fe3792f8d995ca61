package sip

import (
	"bytes"
	"fmt"
	"strconv"
)

// Most answers to a NOTIFY say no more than that it came: the lines of the request again, under `SIP/2.0 200 OK`. For a request that was made of a [head]
// they are known to the octet, so such an answer is recognised without parsing it. It is a 200 with one Via, ours, which may have got received and
// rport; with the From, To and Call-ID of the request, and its CSeq; without a body; and with nothing else but lines that say nothing to us. Any
// other message, that of a peer which writes its lines its own way for one, is parsed as all are.

// launch starts the transaction of a request that was made of a head and has one place to go to. What became of it is told by answered, once: the final
// response; neither response nor error, for an answer that is an echo; or an error. It is called on the goroutine that reads, and must not block.
func (t *ClientTransaction) launch() error {
	if t.ua.isClosed() {
		return ErrClosed
	}
	if !t.ua.clients.add(t.key, t) {
		return fmt.Errorf("sending %s: %w", t.method, ErrOverload)
	}
	if err := t.begin(); err != nil {
		t.abandon(err)
		return fmt.Errorf("sending %s to %s: %w", t.method, t.head.origin.target, err)
	}
	return nil
}

// abandon ends a transaction that could not begin: whoever made it knows.
func (t *ClientTransaction) abandon(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answered = nil
	t.terminate(err)
}

// onEcho is [ClientTransaction.onResponse] for an answer that is an echo.
func (t *ClientTransaction) onEcho() {
	t.mu.Lock()
	final := t.state <= clientProceeding
	if final {
		t.finish()
	}
	t.mu.Unlock()
	if final {
		t.answered(nil, nil)
	}
}

// takeEcho takes an answer that is an echo; false when it is none.
func (ua *UserAgent) takeEcho(data []byte) bool {
	branch := echoedBranch(data)
	if branch == nil {
		return false
	}
	t, ok := ua.clients.get(clientKey{string(branch), NOTIFY})
	if !ok || t.head == nil || !t.head.isEcho(data, branch, t.seq) {
		return false
	}
	ua.stats.responses.Add(1)
	t.onEcho()
	return true
}

const echoStart = "SIP/2.0 200 "

// branchSize is that of our branches (NewBranch).
const branchSize = len(magicCookie) + 2*branchOctets

// echoedBranch is the branch in the first Via of a 200; nil when it cannot be one of ours.
func echoedBranch(data []byte) []byte {
	if !bytes.HasPrefix(data, []byte(echoStart)) {
		return nil
	}
	_, rest, found := bytes.Cut(data, []byte("\r\nVia: "))
	if !found {
		return nil
	}
	line, _, _ := bytes.Cut(rest, []byte("\r\n"))
	_, branch, found := bytes.Cut(line, []byte(";branch="))
	if !found || len(branch) < branchSize {
		return nil
	}
	return branch[:branchSize]
}

// isEcho looks at each line of a 200. The four that must be there may be there once.
func (h *head) isEcho(data, branch []byte, seq uint32) bool {
	_, rest, _ := bytes.Cut(data, []byte("\r\n"))
	if i := bytes.IndexAny(data[:len(data)-len(rest)-2], "\r\n\t"); i >= 0 {
		return false
	}
	var seen echoLines
	for {
		line, after, found := bytes.Cut(rest, []byte("\r\n"))
		if !found {
			return false
		}
		if rest = after; len(line) == 0 {
			return len(rest) == 0 && seen == echoLines{1, 1, 1, 1, 1, 1}
		}
		if !seen.line(h, line, branch, seq) {
			return false
		}
	}
}

// echoLines counts lines.
type echoLines struct{ via, from, to, callID, cseq, length int }

func (n *echoLines) line(h *head, line, branch []byte, seq uint32) bool {
	switch line[0] {
	case 'V':
		n.via++
		return h.isEchoedVia(line, branch)
	case 'F':
		n.from++
		return bytes.Equal(line, h.same[0])
	case 'T':
		n.to++
		return bytes.Equal(line, h.same[1])
	case 'C':
		switch {
		case bytes.Equal(line, h.same[2]):
			n.callID++
		case bytes.HasPrefix(line, []byte("CSeq: ")):
			n.cseq++
			return isEchoedSeq(line[len("CSeq: "):], seq, h.origin.method)
		case string(line) == "Content-Length: 0":
			n.length++
		default:
			return h.isSilent(line)
		}
		return true
	}
	return h.isSilent(line)
}

func isEchoedSeq(value []byte, seq uint32, method Method) bool {
	var room [32]byte
	want := append(append(strconv.AppendUint(room[:0], uint64(seq), 10), ' '), method...)
	return bytes.Equal(value, want)
}

// isEchoedVia: what a server adds to a Via are received and rport (RFC 3261 §18.2.1, RFC 3581 §4).
func (h *head) isEchoedVia(line, branch []byte) bool {
	params, ok := line, true
	for _, part := range [][]byte{[]byte("Via: "), h.via, branch} {
		if params, ok = bytes.CutPrefix(params, part); !ok {
			return false
		}
	}
	for len(params) > 0 {
		if params[0] != ';' {
			return false
		}
		params = params[1:]
		end := bytes.IndexByte(params, ';')
		if end < 0 {
			end = len(params)
		}
		name, value, _ := bytes.Cut(params[:end], []byte("="))
		if string(name) != "rport" && string(name) != "received" && string(name) != "alias" || !isAddressText(value) {
			return false
		}
		params = params[end:]
	}
	return true
}

// isAddressText tells if a text is made of what addresses and ports are made of.
func isAddressText(text []byte) bool {
	for _, c := range text {
		if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' || c == '.' || c == ':' || c == '[' || c == ']') {
			return false
		}
	}
	return true
}

// isSilent tells if a line says nothing to whoever notifies: who the peer is, or in a Contact the target that we know.
func (h *head) isSilent(line []byte) bool {
	name, value, _ := bytes.Cut(line, []byte(": "))
	switch string(name) {
	case "Server", "User-Agent", "Date":
		return isPlain(value)
	case "Contact":
		value, ok := bytes.CutPrefix(value, []byte("<"+h.origin.target+">"))
		return ok && len(value) == 0
	}
	return false
}

func isPlain(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
