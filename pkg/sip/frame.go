package sip

import (
	"bytes"
	"errors"
	"io"
)

// framer cuts the octets of a connection into messages. "The Content-Length header field value is used to locate the end of each SIP message in
// a stream" (RFC 3261 §7.5). How the octets are cut into reads makes no difference to what comes out.
//
// Between two messages line ends and NULs are keep-alives, and up to maxBody octets of lines that start no message are skipped: peers whose
// Content-Length is too small, or who send none, leave the rest of their body there. On a connection that has not framed a message yet, such
// a line is the end: whoever it is speaks no SIP.
type framer struct {
	src              io.Reader
	maxHead, maxBody int
	ping             func() // CRLFCRLF came

	buf     []byte
	start   int  // of what was not taken yet
	looked  int  // octets after start in which the end of a line or of the head was looked for
	head    int  // octets of the head, 0 until its end came
	length  int  // of the whole message
	isSIP   bool // the first line is a start line
	framed  bool // a message came before
	skipped int  // octets of junk since then
	pinging int  // octets of CRLFCRLF that came last
}

// readSize is how much room a read has at least. An idle connection holds no more.
const readSize = 4096

var errJunk = errors.New("not SIP")

// framingError ends a connection: where the next message begins is not known any more.
type framingError struct {
	code   int // of the answer
	reason string
	head   []byte // of the message
}

func (e *framingError) Error() string { return e.reason }

// next waits for the next message. Its octets are good until the next call. Errors are those of the source, errJunk, or a framingError.
func (f *framer) next() ([]byte, error) {
	f.release()
	for {
		if err := f.skip(); err != nil {
			return nil, err
		}
		message, err := f.cut()
		if message != nil || err != nil {
			return message, err
		}
		if err := f.fill(); err != nil {
			return nil, err
		}
	}
}

// begun tells that a part of a message is there.
func (f *framer) begun() bool { return f.start < len(f.buf) }

// unfinished is the message whose rest does not come: nil if not even its head is whole.
func (f *framer) unfinished() []byte { return f.buf[f.start : f.start+f.head] }

func (f *framer) rest() []byte { return f.buf[f.start:] }

// release forgets the message that was taken last, and a buffer that has grown.
func (f *framer) release() {
	f.start += f.length
	f.looked, f.head, f.length, f.isSIP = 0, 0, 0, false
	if f.start == len(f.buf) {
		f.start, f.buf = 0, f.buf[:0]
		if cap(f.buf) > readSize {
			f.buf = nil
		}
	}
}

func (f *framer) fill() error {
	if cap(f.buf)-len(f.buf) < readSize/2 {
		size := max(readSize, 2*len(f.rest()))
		f.buf, f.start = append(make([]byte, 0, size), f.rest()...), 0
	}
	n, err := f.src.Read(f.buf[len(f.buf):cap(f.buf)])
	f.buf = f.buf[:len(f.buf)+n]
	if n > 0 {
		return nil
	}
	return err
}

// skip goes to the first line that may start a message.
func (f *framer) skip() error {
	for !f.isSIP {
		f.keepAlives()
		line, whole := f.line()
		switch {
		case len(line) > f.maxHead || !whole && len(f.rest()) > f.maxHead:
			return errJunk
		case !whole:
			return nil
		case looksLikeSIP(line):
			f.isSIP, f.looked, f.skipped = true, 0, 0
			return nil
		}
		if f.skipped += len(line); !f.framed || f.skipped > f.maxBody {
			return errJunk
		}
		f.start, f.looked = f.start+len(line), 0
	}
	return nil
}

// keepAlives: "When a server receives a double CRLF sequence between SIP messages on a connection-oriented transport ... it MUST immediately
// respond with a single CRLF over the same connection" (RFC 5626 §4.4.1). "Implementations processing SIP messages over stream-oriented
// transports MUST ignore any CRLF appearing before the start-line" (RFC 3261 §7.5).
func (f *framer) keepAlives() {
	for ; f.start < len(f.buf); f.start++ {
		c := f.buf[f.start]
		if c != '\r' && c != '\n' && c != 0 {
			f.pinging = 0
			return
		}
		if c != "\r\n\r\n"[f.pinging] {
			f.pinging = 0
		}
		if c == "\r\n\r\n"[f.pinging] {
			f.pinging++
		}
		if f.pinging == 4 {
			f.pinging = 0
			f.ping()
		}
	}
}

// line is the first line with its end, if that has come.
func (f *framer) line() ([]byte, bool) {
	rest := f.rest()
	if end := bytes.IndexByte(rest[f.looked:], '\n'); end >= 0 {
		return rest[:f.looked+end+1], true
	}
	f.looked = len(rest)
	return nil, false
}

// cut takes the message at the start, once all of it is there.
func (f *framer) cut() ([]byte, error) {
	if !f.isSIP {
		return nil, nil
	}
	rest := f.rest()
	if f.head == 0 {
		end := endOfHead(rest, f.looked)
		if end > f.maxHead || end < 0 && len(rest) > f.maxHead {
			return nil, &framingError{513, "", rest[:f.maxHead]}
		}
		if end < 0 {
			f.looked = max(0, len(rest)-2)
			return nil, nil
		}
		body, err := f.bodyLength(rest[:end])
		if err != nil {
			return nil, err
		}
		f.head, f.length = end, end+body
	}
	if len(rest) < f.length {
		return nil, nil
	}
	f.framed = true
	return rest[:f.length:f.length], nil
}

// bodyLength reads Content-Length. A message without one has no body here ("If no body is present in a message, then the Content-Length header
// field value MUST be set to zero", RFC 3261 §20.14): if it has one all the same, as in RFC 2543, nobody can tell where it ends, and skip
// passes over it.
func (f *framer) bodyLength(head []byte) (int, error) {
	length, err := contentLength(head)
	switch {
	case errors.Is(err, errTooBig), err == nil && length > f.maxBody:
		return 0, &framingError{413, "", head}
	case err != nil:
		return 0, &framingError{400, err.Error(), head}
	}
	return max(0, length), nil
}

var errTooBig = errors.New("Content-Length too large")

// contentLength is -1 when there is none. Two that differ are as bad as one that is no number: "From a framing perspective, this situation is
// equivalent to an invalid Content-Length value" (RFC 4475 §3.3.9). Two that agree are refused later, by the strict pass.
func contentLength(head []byte) (int, error) {
	length := -1
	for name, value := range headerLines(head) {
		if !isContentLength(name) {
			continue
		}
		n, err := digits(value)
		if err != nil {
			return 0, err
		}
		if length >= 0 && n != length {
			return 0, errors.New("Content-Length differs from Content-Length")
		}
		length = n
	}
	return length, nil
}

func isContentLength(name []byte) bool {
	return bytes.EqualFold(name, []byte("l")) || bytes.EqualFold(name, []byte("Content-Length"))
}

// digits: "Content-Length = ( "Content-Length" / "l" ) HCOLON 1*DIGIT".
func digits(value []byte) (n int, err error) {
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, errors.New("Content-Length is no number")
		}
		if n = 10*n + int(c-'0'); n > 1<<40 {
			return 0, errTooBig
		}
	}
	if len(value) == 0 {
		return 0, errors.New("Content-Length is empty")
	}
	return n, nil
}
