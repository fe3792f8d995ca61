package sip_test

import (
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

func withLength(method, branch, lines, body string) string {
	return crlf(strings.Replace(request(method, branch, "1 "+method), "Content-Length: 0\n", lines, 1)) + body
}

func TestFraming(t *testing.T) {
	first, second := crlf(request("OPTIONS", "1", "1 OPTIONS")), crlf(request("INFO", "2", "2 INFO"))
	body := withLength("INFO", "3", "l : 5\n", "12345")
	folded := withLength("INFO", "3", "Content-Length:\n  5\n", "12345")
	twice := withLength("INFO", "3", "Content-Length: 5\nl: 5\n", "12345")
	for name, c := range map[string]struct {
		stream   string
		messages []string
		pings    int
		end      string
	}{
		"two messages":                    {first + second, []string{first, second}, 0, "EOF"},
		"compact form":                    {body + second, []string{body, second}, 0, "EOF"},
		"folded length":                   {folded + second, []string{folded, second}, 0, "EOF"},
		"the same length twice":           {twice + second, []string{twice, second}, 0, "EOF"},
		"two lengths":                     {withLength("INFO", "3", "Content-Length: 5\nl: 6\n", "12345") + second, nil, 0, "400"},
		"negative length":                 {withLength("INFO", "3", "Content-Length: -999\n", "12345") + second, nil, 0, "400"},
		"length of other characters":      {withLength("INFO", "3", "Content-Length: 0x5\n", "12345") + second, nil, 0, "400"},
		"empty length":                    {withLength("INFO", "3", "Content-Length:\n", "12345") + second, nil, 0, "400"},
		"length above the bound":          {withLength("INFO", "3", "Content-Length: 3000\n", "12345"), nil, 0, "413"},
		"length beyond all numbers":       {withLength("INFO", "3", "Content-Length: 18446744073709551621\n", "12345"), nil, 0, "413"},
		"no length, a body":               {withLength("INFO", "3", "", "v=0\r\nx") + "\r\n" + second, []string{withLength("INFO", "3", "", ""), second}, 0, "EOF"},
		"length too small":                {withLength("INFO", "3", "l: 3\n", "12345\r\n") + second, []string{withLength("INFO", "3", "l: 3\n", "123"), second}, 0, "EOF"},
		"rest missing":                    {first + body[:len(body)-1], []string{first}, 0, "EOF"},
		"keep-alives":                     {"\r\n\r\n" + first + "\r\n" + second + "\r\n\r\n\r\n\r\n", []string{first, second}, 3, "EOF"},
		"another protocol":                {"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + first, nil, 0, "junk"},
		"a header that does not end":      {"OPTIONS sip:x SIP/2.0\r\n" + strings.Repeat("A: B\r\n", 1000), nil, 0, "513"},
		"a first line that does not end":  {strings.Repeat("A", 5000), nil, 0, "junk"},
		"endless junk after a message":    {first + strings.Repeat("A: B\r\n", 1000), []string{first}, 0, "junk"},
		"lines that end in LF":            {strings.ReplaceAll(first, "\r", "") + second, []string{strings.ReplaceAll(first, "\r", ""), second}, 0, "EOF"},
		"a response among the requests":   {"SIP/2.0 200 OK\r\nl:0\r\n\r\n" + second, []string{"SIP/2.0 200 OK\r\nl:0\r\n\r\n", second}, 0, "EOF"},
		"Content-Length of another name":  {withLength("INFO", "3", "XContent-Length: 9\nl: 0\n", "") + second, []string{withLength("INFO", "3", "XContent-Length: 9\nl: 0\n", ""), second}, 0, "EOF"},
		"Content-Length behind the head":  {first + "Content-Length: 9\r\n\r\n" + second, []string{first, second}, 0, "EOF"},
		"a start line with many spaces":   {"INFO  sip:x   SIP/2.0  \r\n\r\n" + second, []string{"INFO  sip:x   SIP/2.0  \r\n\r\n", second}, 0, "EOF"},
		"a message without header fields": {"INFO sip:x SIP/2.0\r\n\r\n" + second, []string{"INFO sip:x SIP/2.0\r\n\r\n", second}, 0, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, src := range []io.Reader{strings.NewReader(c.stream), iotest.OneByteReader(strings.NewReader(c.stream)), iotest.HalfReader(strings.NewReader(c.stream))} {
				messages, pings, end := sip.Frames(src, maxTestHead, maxTestBody)
				if diff := cmp.Diff(c.messages, messages); diff != "" || pings != c.pings || end != c.end {
					t.Errorf("%d pings, want %d; end %q, want %q; messages (-want +got)\n%s", pings, c.pings, end, c.end, diff)
				}
			}
		})
	}
}

const maxTestHead, maxTestBody = 2000, 2000

// framesOf is the framer's slow model: it has all octets at hand.
func framesOf(stream string) (messages []string, pings int, end string) {
	skipped := 0
	for {
		rest := strings.TrimLeft(stream, "\r\n\x00")
		pings += strings.Count(stream[:len(stream)-len(rest)], "\r\n\r\n")
		stream = rest
		line, after, found := strings.Cut(stream, "\n")
		switch {
		case len(line)+1 > maxTestHead && (found || len(stream) > maxTestHead):
			return messages, pings, "junk"
		case !found:
			return messages, pings, "EOF"
		case !startPattern.MatchString(strings.TrimSuffix(line, "\r")) || len(strings.TrimSuffix(line, "\r")) < len("A b SIP/2.0"):
			if skipped += len(line) + 1; messages == nil || skipped > maxTestBody {
				return messages, pings, "junk"
			}
			stream = after
			continue
		}
		skipped = 0
		head := headPattern.FindString(stream)
		switch {
		case len(head) > maxTestHead, head == "" && len(stream) > maxTestHead:
			return messages, pings, "513"
		case head == "":
			return messages, pings, "EOF"
		}
		length, code := lengthIn(head)
		if code != "" {
			return messages, pings, code
		}
		if len(stream) < len(head)+length {
			return messages, pings, "EOF"
		}
		messages = append(messages, stream[:len(head)+length])
		stream = stream[len(head)+length:]
	}
}

var (
	startPattern  = regexp.MustCompile(`(?s)^([Ss][Ii][Pp]/.*|(.* )?[Ss][Ii][Pp]/[^ ]*[ \t]*)$`)
	headPattern   = regexp.MustCompile(`(?s)^.*?\n\r?\n`)
	foldPattern   = regexp.MustCompile(`\r?\n[ \t]+`)
	lengthPattern = regexp.MustCompile(`(?im)^(?:l|content-length)[ \t]*:[ \t]*(.*?)[ \t]*\r?$`)
)

func lengthIn(head string) (length int, code string) {
	_, head, _ = strings.Cut(head, "\n")
	length = -1
	for _, match := range lengthPattern.FindAllStringSubmatch(foldPattern.ReplaceAllString(head, " "), -1) {
		switch n, err := strconv.ParseUint(match[1], 10, 40); {
		case err != nil && strings.Trim(match[1], "0123456789") == "" && match[1] != "":
			return 0, "413"
		case err != nil, length >= 0 && int(n) != length:
			return 0, "400"
		default:
			length = int(n)
		}
	}
	if length > maxTestBody {
		return 0, "413"
	}
	return max(0, length), ""
}

func FuzzFraming(f *testing.F) {
	one := crlf(request("INFO", "1", "1 INFO"))
	f.Add(uint64(1), []byte(one+"\r\n\r\n"+one))
	f.Add(uint64(2), []byte(withLength("INFO", "3", "l:\n 5\n", "12345")+one))
	f.Add(uint64(3), []byte(withLength("INFO", "3", "Content-Length: 3\nl: 4\n", "123")+one))
	f.Add(uint64(4), []byte(withLength("INFO", "3", "l: 3\n", "v=0\r\no=x\r\n")+one))
	f.Fuzz(func(t *testing.T, seed uint64, stream []byte) {
		messages, pings, end := framesOf(string(stream))
		chunks := &choppy{data: stream, random: rand.New(rand.NewPCG(seed, 0))}
		got, gotPings, gotEnd := sip.Frames(chunks, maxTestHead, maxTestBody)
		if diff := cmp.Diff(messages, got); diff != "" || pings != gotPings || end != gotEnd {
			t.Errorf("%d pings, want %d; end %q, want %q; messages (-want +got)\n%s", gotPings, pings, gotEnd, end, diff)
		}
	})
}

// choppy gives as much at a time as it likes.
type choppy struct {
	data   []byte
	random *rand.Rand
}

func (c *choppy) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.data[:1+c.random.IntN(min(len(c.data), 1<<c.random.IntN(12)))])
	c.data = c.data[n:]
	return n, nil
}

// TestABadMessageOnAConnection: what cannot be read is answered, and the next message on the same connection served; where framing is lost the
// answer is the last thing before the end.
func TestABadMessageOnAConnection(t *testing.T) {
	good := crlf(request("OPTIONS", "good", "9 OPTIONS"))
	for name, c := range map[string]struct {
		bad    string
		status string
		closes bool
	}{
		"a To that cannot be read": {strings.Replace(good, "To: <sip:", "To: \"x <sip:", 1), "SIP/2.0 400 Malformed To", false},
		"another version":          {strings.Replace(good, " SIP/2.0\r", " SIP/7.0\r", 1), "SIP/2.0 505", false},
		"another scheme":           {strings.Replace(good, "sip:", "soap.beep:", 1), "SIP/2.0 416", false},
		"another method":           {strings.Replace(good, "9 OPTIONS", "9 INVITE", 1), "SIP/2.0 400 CSeq method differs", false},
		"a line without colon":     {strings.Replace(good, "Via:", "Hello\r\nVia:", 1), "SIP/2.0 400 Header line without name", false},
		"bare line feeds":          {strings.ReplaceAll(good, "\r", ""), "SIP/2.0 400 Line end", false},
		"no number":                {strings.Replace(good, "Content-Length: 0", "Content-Length: many", 1), "SIP/2.0 400 Content-Length is no number", true},
		"a negative number":        {strings.Replace(good, "Content-Length: 0", "Content-Length: -1", 1), "SIP/2.0 400", true},
		"a body that is missing":   {strings.Replace(good, "Content-Length: 0", "Content-Length: 9999", 1), "SIP/2.0 400 Body shorter", true},
		"a body that is too big":   {strings.Replace(good, "Content-Length: 0", "Content-Length: 999999", 1), "SIP/2.0 413", true},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.agent("192.0.2.1", sip.Config{Handler: reply(200)})
				conn, err := w.net.DialFrom(t.Context(), "192.0.2.3:0", "192.0.2.1:5060")
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if heard := say(t, conn, good); !strings.HasPrefix(heard, "SIP/2.0 200") {
					t.Fatalf("a good message: %q", heard)
				}
				heard := say(t, conn, c.bad)
				if !strings.HasPrefix(heard, c.status) || header(heard, "Call-ID") != header(good, "Call-ID") || !strings.Contains(header(heard, "To"), "tag=") {
					t.Errorf("answered %q, want %s", heard, c.status)
				}
				heard = say(t, conn, good)
				if c.closes && heard != "" {
					t.Errorf("after the end: %q", heard)
				}
				if !c.closes && !strings.HasPrefix(heard, "SIP/2.0 200") {
					t.Errorf("the next good message: %q", heard)
				}
			})
		})
	}
}

// say writes and waits for one read; empty is the end.
func say(t *testing.T, conn net.Conn, text string) string {
	t.Helper()
	conn.Write([]byte(text))
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	buf := make([]byte, 65536)
	n, _ := conn.Read(buf)
	return string(buf[:n])
}
