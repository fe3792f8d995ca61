package sip_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// notifiers is a dialog in which much is notified.
func notifiers(t testing.TB, change func(*sip.DialogState)) *sip.Dialog {
	t.Helper()
	ua := sip.New(sip.Config{Name: "Focus/1", Handler: sip.HandlerFunc(func(*sip.ServerTransaction) {})})
	t.Cleanup(func() { ua.Close() })
	state := sip.DialogState{
		CallID: "story", LocalTag: "l0c", RemoteTag: "b0b", LocalURI: "sip:conf@example.com", RemoteURI: "sip:bob@example.com", RemoteName: "Bob",
		RemoteTarget: "sip:bob@192.0.2.3:5060", Contact: "<sip:conf@192.0.2.1>;isfocus", LocalSeq: 6, State: sip.Confirmed,
	}
	if change != nil {
		change(&state)
	}
	d, err := ua.RestoreDialog(state, quiet{})
	if err != nil {
		t.Skip(err)
	}
	return d
}

// FuzzRepeated: what is made of a head is what the builder writes, octet by octet.
func FuzzRepeated(f *testing.F) {
	f.Add("sip:conf@example.com", "sip:bob@example.com", "", "Bob", "l0c", "b0b", "story", "sip:bob@192.0.2.3:5060", "<sip:conf@192.0.2.1>;isfocus", "", "conference", "application/conference-info+xml", uint32(7), uint16(60), []byte("<x/>"))
	f.Add("sips:conf@example.com;gruu;opaque=app:conf:focus:id:X", "tel:+4930", `A "B" C`, "Ö", "t", "", "CSeq: 1", "sip:[2001:db8::1]", "<sip:conf@h;transport=tls>", "sip:p@192.0.2.9;lr", "refer;id=7", "text/plain", uint32(1<<31), uint16(0), []byte("\r\nVia: x;branch=y\r\n\r\n"))
	f.Add("sip:a@b;branch=1", "sip:c@d", "Via: branch=", "Content-Length: 1", "CSeq", "To", "x\r\nX: y", "sip:a@b;branch=z9hG4bK", "<sip:a@b>", "sip:strict@192.0.2.9", "a\r\nCSeq: 0 NOTIFY", "b\r\nContent-Length: 1", uint32(0), uint16(65535), []byte("1"))
	f.Fuzz(func(t *testing.T, localURI, remoteURI, localName, remoteName, localTag, remoteTag, callID, target, contact, route, event, mediaType string, seq uint32, expires uint16, body []byte) {
		d := notifiers(t, func(s *sip.DialogState) {
			s.LocalURI, s.RemoteURI, s.LocalName, s.RemoteName, s.LocalTag, s.RemoteTag = localURI, remoteURI, localName, remoteName, localTag, remoteTag
			s.CallID, s.RemoteTarget, s.Contact = callID, target, contact
			if route != "" {
				s.RouteSet = []string{route}
			}
		})
		if len(body) == 0 {
			t.Skip("those are not repeated")
		}
		repeated, built := d.Repeated(event, mediaType, seq, time.Duration(expires)*time.Second, body)
		if repeated != nil && !bytes.Equal(repeated, built) {
			t.Errorf("repeated\n%q\nbuilt\n%q", repeated, built)
		}
	})
}

func TestWhatIsRepeated(t *testing.T) {
	for name, change := range map[string]func(*sip.DialogState){
		"plain":       nil,
		"routes":      func(s *sip.DialogState) { s.RouteSet = []string{"sip:a@192.0.2.9;lr", "sip:b@192.0.2.8;lr"} },
		"strict":      func(s *sip.DialogState) { s.RouteSet = []string{"sip:a@192.0.2.9"} },
		"no contact":  func(s *sip.DialogState) { s.Contact = "<sip:conf@>" },
		"long values": func(s *sip.DialogState) { s.RemoteURI = "sip:" + strings.Repeat("b", 3000) + "@example.com" },
		"a name":      func(s *sip.DialogState) { s.LocalName = `CSeq: 0 NOTIFY;branch=x` },
	} {
		t.Run(name, func(t *testing.T) {
			repeated, built := notifiers(t, change).Repeated("conference", "text/plain", 4294967295, time.Hour, []byte("hello\r\n\r\nVia: x"))
			if len(repeated) == 0 || !bytes.Equal(repeated, built) {
				t.Errorf("repeated\n%s\nbuilt\n%s", repeated, built)
			}
		})
	}
	t.Run("a line break", func(t *testing.T) {
		repeated, built := notifiers(t, func(s *sip.DialogState) { s.CallID = "x\r\nX: y" }).Repeated("conference", "text/plain", 1, time.Hour, []byte("x"))
		if repeated != nil || built != nil {
			t.Errorf("repeated\n%s\nbuilt\n%s", repeated, built)
		}
	})
}

// ok200 is what most clients answer.
func ok200(notify string, extra ...string) string {
	return strings.Replace(answerTo(notify, 200, "", extra...), "Whatever", "OK", 1)
}

func plainOK(notify string) string { return crlf(ok200(notify)) }

func TestWhatIsAnEcho(t *testing.T) {
	for name, row := range map[string]struct {
		change func(string) string
		want   bool
	}{
		"as it was":           {func(s string) string { return s }, true},
		"received and rport":  {func(s string) string { return strings.Replace(s, ";rport", ";rport=5060;received=192.0.2.1", 1) }, true},
		"who it is":           {func(s string) string { return strings.Replace(s, "Call-ID", "User-Agent: Lärm/1\r\nCall-ID", 1) }, false},
		"who it is, in ASCII": {func(s string) string { return strings.Replace(s, "Call-ID", "User-Agent: X (1; y)\r\nCall-ID", 1) }, true},
		"the known target": {func(s string) string {
			return strings.Replace(s, "Call-ID", "Contact: <sip:bob@192.0.2.3:5060>\r\nCall-ID", 1)
		}, true},
		"another target": {func(s string) string {
			return strings.Replace(s, "Call-ID", "Contact: <sip:bob@192.0.2.4>\r\nCall-ID", 1)
		}, false},
		"Allow":             {func(s string) string { return strings.Replace(s, "Call-ID", "Allow: UPDATE\r\nCall-ID", 1) }, false},
		"another status":    {func(s string) string { return strings.Replace(s, "200", "202", 1) }, false},
		"two Vias":          {func(s string) string { return strings.Replace(s, "From", "Via: SIP/2.0/UDP a;branch=b\r\nFrom", 1) }, false},
		"a list of Vias":    {func(s string) string { return strings.Replace(s, ";rport", ";rport,SIP/2.0/UDP a", 1) }, false},
		"another parameter": {func(s string) string { return strings.Replace(s, ";rport", ";rport;x=y", 1) }, false},
		"another CSeq":      {func(s string) string { return strings.Replace(s, "CSeq: 7", "CSeq: 8", 1) }, false},
		"another method":    {func(s string) string { return strings.Replace(s, "7 NOTIFY", "7 INFO", 1) }, false},
		"another tag":       {func(s string) string { return strings.Replace(s, "b0b", "bob", 1) }, false},
		"no To":             {func(s string) string { return strings.Replace(s, "To: ", "X: ", 1) }, false},
		"a body": {func(s string) string {
			return strings.Replace(s, "Content-Length: 0\r\n\r\n", "Content-Length: 1\r\n\r\nx", 1)
		}, false},
		"more than it says": {func(s string) string { return s + "x" }, false},
		"no end":            {func(s string) string { return strings.TrimSuffix(s, "\r\n") }, false},
		"a folded line":     {func(s string) string { return strings.Replace(s, "Call-ID", "Server: x\r\n y\r\nCall-ID", 1) }, false},
		"short names":       {func(s string) string { return strings.Replace(s, "Via", "v", 1) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			text, _, got := notifiers(t, nil).Echo(func(notify string) []byte { return []byte(row.change(plainOK(notify))) })
			if got != row.want {
				t.Errorf("echo %v, want %v:\n%s", got, row.want, text)
			}
		})
	}
}

// FuzzEcho: what counts as an echo is, when it is parsed, a 200 to that request which brings nothing.
func FuzzEcho(f *testing.F) {
	const notify = "NOTIFY sip:bob@192.0.2.3:5060 SIP/2.0\r\n"
	base, _, _ := notifiers(f, nil).Echo(func(notify string) []byte { return []byte(plainOK(notify)) })
	f.Add(base)
	f.Add(bytes.Replace(base, []byte(";rport"), []byte(";received=192.0.2.1;rport=5060;alias"), 1))
	f.Add(bytes.Replace(base, []byte("Call-ID"), []byte("Contact: <sip:bob@192.0.2.3:5060>\r\nServer: x\r\nDate: y\r\nUser-Agent: \r\nCall-ID"), 1))
	f.Add([]byte(notify))
	d := notifiers(f, nil)
	ua := sip.New(sip.Config{})
	f.Cleanup(func() { ua.Close() })
	f.Fuzz(func(t *testing.T, data []byte) {
		text, branch, isEcho := d.Echo(func(string) []byte { return data })
		if !isEcho {
			return
		}
		m, err := ua.Parse(text)
		res, ok := m.(*sip.Response)
		if err != nil || !ok {
			t.Fatalf("an echo that cannot be read: %v", err)
		}
		got := fmt.Sprint(res.StatusCode, " ", res.CSeq().Value(), " ", res.CallID().Value(), " ", sip.HeaderValue(res, "Allow"), len(res.Body()))
		if got != "200 7 NOTIFY story 0" || !strings.Contains(res.Via().Value(), "branch="+branch) {
			t.Errorf("read as %s, %s", got, res.Via().Value())
		}
		if c := res.Contact(); c != nil && c.Address.String() != "sip:bob@192.0.2.3:5060" {
			t.Errorf("Contact %s", c)
		}
	})
}
