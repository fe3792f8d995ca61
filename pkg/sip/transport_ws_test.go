package sip_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

func TestACallFromABrowser(t *testing.T) {
	for _, scheme := range []string{"ws", "wss"} {
		t.Run(scheme, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				conf := &leg{}
				var dialogs []*sip.Dialog
				ua := w.agent("192.0.2.1", sip.Config{Handler: accepts(t, conf, &dialogs)})
				bob := w.web(ua, scheme).browser("192.0.2.3:4000")

				t.Log("# bob's browser calls: the responses come back over the connection")
				bob.says(asks("INVITE", "1", "1 INVITE"))
				ok := bob.hears("SIP/2.0 180", "SIP/2.0 200")[1]
				if via := header(ok, "Via"); !strings.Contains(via, "received=192.0.2.3") {
					t.Errorf("Via %q", via)
				}
				if contact := header(ok, "Contact"); contact != "<sip:conf@192.0.2.1:8443;transport=ws>" {
					t.Errorf("our Contact is %q", contact)
				}
				to := "To: " + header(ok, "To")
				bob.says(strings.Replace(asks("ACK", "2", "1 ACK"), "To: <sip:conf@example.com>", to, 1))
				if len(conf.acks) != 1 {
					t.Fatalf("%d ACKs", len(conf.acks))
				}

				t.Log("# a request of ours goes over it too: his Contact is nowhere")
				done := make(chan error, 1)
				go func() {
					res, err := dialogs[0].Request(t.Context(), sip.INFO, "text/plain", []byte("hello"))
					if err == nil && res.StatusCode != 200 {
						err = fmt.Errorf("answered %d", res.StatusCode)
					}
					done <- err
				}()
				info := bob.hears("INFO sip:u5lb@df7jal23ls0d.invalid;transport=ws SIP/2.0")[0]
				if via := header(info, "Via"); !strings.HasPrefix(via, "SIP/2.0/"+strings.ToUpper(scheme)+" 192.0.2.1:8443;") {
					t.Errorf("our Via is %q", via)
				}
				bob.says(crlf(answerTo(info, 200, "")))
				if err := <-done; err != nil {
					t.Error(err)
				}

				t.Log("# he closes the tab: what is meant for him fails, and nobody is called")
				bob.ws.CloseNow()
				synctest.Wait()
				if _, err := dialogs[0].Request(t.Context(), sip.INFO, "", nil); !errors.Is(err, sip.ErrFlowGone) {
					t.Errorf("INFO to a closed tab: %v, want ErrFlowGone", err)
				}
				if err := dialogs[0].Bye(t.Context()); !errors.Is(err, sip.ErrFlowGone) || dialogs[0].State() != sip.Terminated {
					t.Errorf("BYE to a closed tab: %v, dialog %s", err, dialogs[0].State())
				}
				if n := ua.Stats().Connections; n != 0 {
					t.Errorf("%d connections", n)
				}
			})
		})
	}
}

func TestABrowserIsNeverDialled(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Locate: func(context.Context, sip.URI) ([]sip.Target, error) {
			t.Error("the name of a browser was looked up")
			return nil, errors.New("no such name")
		}})
		_, err := ua.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:u5lb@df7jal23ls0d.invalid;transport=ws")))
		if !errors.Is(err, sip.ErrFlowGone) {
			t.Errorf("%v, want ErrFlowGone", err)
		}
		t.Log("# a dialog from the snapshot of another process has no connection")
		d, err := ua.RestoreDialog(sip.DialogState{
			CallID: "story", LocalTag: "a", RemoteTag: "b", LocalURI: "sip:conf@example.com", RemoteURI: "sip:bob@example.com",
			RemoteTarget: "sip:bob@192.0.2.3", Contact: "<sip:conf@192.0.2.1>", State: sip.Confirmed, Transport: "WSS",
		}, &leg{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Request(t.Context(), sip.INFO, "", nil); !errors.Is(err, sip.ErrFlowGone) {
			t.Errorf("%v, want ErrFlowGone", err)
		}
	})
}

func TestARequestOverTheFlowOfABrowser(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		flows := map[string]sip.Flow{}
		ua := w.agent("192.0.2.1", sip.Config{Handler: registrar(flows)})
		bob := w.web(ua, "wss").browser("192.0.2.3:4000")
		bob.says(asks("REGISTER", "1", "1 REGISTER"))
		bob.hears("SIP/2.0 200")
		t.Log("# somebody calls bob: the binding leads over his connection, and to nobody once that is gone")
		asksBob := func() error {
			kept, err := ua.Flow(flows["WSS"].Token())
			if err != nil {
				return err
			}
			req := sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:u5lb@df7jal23ls0d.invalid;transport=ws"))
			sip.SetFlow(req, kept)
			_, err = ua.Do(t.Context(), req)
			return err
		}
		done := make(chan error, 1)
		go func() { done <- asksBob() }()
		bob.says(crlf(answerTo(bob.hears("OPTIONS sip:u5lb@df7jal23ls0d.invalid;transport=ws")[0], 200, "b")))
		if err := <-done; err != nil {
			t.Error(err)
		}
		bob.ws.Close(websocket.StatusNormalClosure, "bye")
		<-flows["WSS"].Done()
		synctest.Wait()
		if err := asksBob(); !errors.Is(err, sip.ErrFlowGone) {
			t.Errorf("%v, want ErrFlowGone", err)
		}
	})
}

func TestABrowserIsCalled(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		flows := map[string]sip.Flow{}
		ua := w.agent("192.0.2.1", sip.Config{Handler: registrar(flows)})
		bob := w.web(ua, "wss").browser("192.0.2.3:4000")
		bob.says(asks("REGISTER", "1", "1 REGISTER"))
		bob.hears("SIP/2.0 200")
		t.Log("# the INVITE, its ACK and what follows go over the connection of the binding")
		called := make(chan *sip.Dialog, 1)
		go func() {
			d, _, err := ua.Invite(t.Context(), sip.Invitation{
				Target: mustURI(t, "sip:u5lb@df7jal23ls0d.invalid;transport=ws"), Flow: flows["WSS"], From: mustURI(t, "sip:conf@example.com"),
				ContentType: "application/sdp", Body: []byte("v=0\r\n"), Handler: &leg{},
			})
			if err != nil {
				t.Error(err)
			}
			called <- d
		}()
		invite := bob.hears("INVITE sip:u5lb@df7jal23ls0d.invalid;transport=ws")[0]
		if contact := header(invite, "Contact"); contact != "<sip:conf@192.0.2.1:8443;transport=ws>" {
			t.Errorf("our Contact is %q", contact)
		}
		bob.says(crlf(answerTo(invite, 200, "b", "Contact: <sip:u5lb@df7jal23ls0d.invalid;transport=ws;ob>")))
		bob.hears("ACK sip:u5lb@df7jal23ls0d.invalid;transport=ws;ob")
		d := <-called
		if d == nil {
			return
		}
		go d.Bye(t.Context())
		bob.says(crlf(answerTo(bob.hears("BYE sip:u5lb@df7jal23ls0d.invalid;transport=ws;ob")[0], 200, "b")))
		<-d.Done()
	})
}

// echo answers with the body of the request.
var echo = sip.HandlerFunc(func(tx *sip.ServerTransaction) {
	res := sip.NewResponse(tx.Request(), 200, "")
	sip.SetBody(res, "application/octet-stream", tx.Request().Body())
	tx.Respond(res)
})

func TestFormsOfAMessage(t *testing.T) {
	long := strings.Repeat("x", 60000)
	for _, row := range []struct {
		name, body string
		kind, back websocket.MessageType
		send       func(t *testing.T, b *browser, text string)
	}{
		{"text", "hello", websocket.MessageText, websocket.MessageText, whole},
		{"binary", "hello", websocket.MessageBinary, websocket.MessageText, whole},
		{"no UTF-8", "\xff\xfe", websocket.MessageBinary, websocket.MessageBinary, whole},
		{"60 KB", long, websocket.MessageText, websocket.MessageText, whole},
		{"fragments", long, websocket.MessageText, websocket.MessageText, inFragments},
	} {
		t.Run(row.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				bob := w.web(w.agent("192.0.2.1", sip.Config{Handler: echo}), "wss").browser("192.0.2.3:4000")
				for i, headers := range []string{"Content-Type: a/b", fmt.Sprintf("Content-Type: a/b\nContent-Length: %d", len(row.body))} {
					text := asks("MESSAGE", fmt.Sprint(i), fmt.Sprint(i+1, " MESSAGE"), headers, "") + row.body
					if row.kind == websocket.MessageText {
						row.send(t, bob, text)
					} else {
						bob.sends(row.kind, text)
					}
					res := bob.hears("SIP/2.0 200")[0]
					if _, body, _ := strings.Cut(res, "\r\n\r\n"); body != row.body || bob.kinds[len(bob.kinds)-1] != row.back {
						t.Errorf("%d octets came back, in kind %v", len(body), bob.kinds)
					}
				}
			})
		})
	}
}

func whole(_ *testing.T, b *browser, text string) { b.says(text) }

// inFragments writes frames of 1000 octets, with a ping between them: "Control frames ... MAY be injected in the middle of a fragmented message"
// (RFC 6455 §5.4).
func inFragments(t *testing.T, b *browser, text string) {
	t.Helper()
	out, err := b.ws.Writer(t.Context(), websocket.MessageText)
	if err != nil {
		t.Fatal(err)
	}
	for len(text) > 0 {
		n := min(len(text), 1000)
		if _, err := out.Write([]byte(text[:n])); err != nil {
			t.Fatal(err)
		}
		text = text[n:]
	}
	if err := b.ws.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func TestKeepAliveInAWebSocket(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: reply(200)})
		bob := w.web(ua, "ws").browser("192.0.2.3:4000")
		if err := bob.ws.Ping(t.Context()); err != nil { // it has a payload
			t.Error(err)
		}
		bob.says("\r\n\r\n\r\n")
		bob.says("\r\n\r\n")
		bob.says("\r\n")
		bob.says("")
		if got := bob.heard(); len(got) != 2 || got[0] != "\r\n" || got[1] != "\r\n" {
			t.Errorf("heard %q", got)
		}
		bob.says(asks("OPTIONS", "1", "1 OPTIONS"))
		bob.hears("SIP/2.0 200")
		if s := ua.Stats(); s.KeepAlives != 4 || s.Requests != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestBadMessagesInAWebSocket(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: reply(200), MaxHead: 8 << 10, MaxBody: 56 << 10})
		bob := w.web(ua, "ws").browser("192.0.2.3:4000")
		good := asks("OPTIONS", "9", "9 OPTIONS")
		t.Log("# two messages in one (RFC 7118 §5.1 forbids it)")
		bob.says(strings.Replace(good, "Max-Forwards", "Content-Length: 0\r\nMax-Forwards", 1) + good)
		bob.hears("SIP/2.0 400")
		t.Log("# a body that is shorter than said, two Froms, another version")
		bob.says(strings.Replace(good, "Max-Forwards", "Content-Length: 10\r\nMax-Forwards", 1) + "short")
		bob.hears("SIP/2.0 400")
		bob.says(strings.Replace(good, "Max-Forwards", "From: <sip:eve@example.com>\r\nMax-Forwards", 1))
		bob.hears("SIP/2.0 400")
		bob.says(strings.Replace(good, "SIP/2.0\r\n", "SIP/7.0\r\n", 1))
		bob.hears("SIP/2.0 505")
		t.Log("# what is no SIP is dropped")
		bob.says("GET / HTTP/1.1\r\n\r\n")
		bob.says(`{"type":"offer"}`)
		bob.hears()
		t.Log("# the connection is as good as before")
		bob.says(good)
		bob.hears("SIP/2.0 200")
		t.Log("# a message beyond the bound ends it")
		bob.ws.Write(t.Context(), websocket.MessageText, []byte(good+strings.Repeat("x", 66000)))
		bob.wantsClose(websocket.StatusMessageTooBig)
		if s := ua.Stats(); s.Junk != 2 || s.Connections != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhoMayConnect(t *testing.T) {
	for _, row := range []struct {
		name, origin, protocol string
		allowed                []string
		want                   int
	}{
		{"a page of the host", "https://example.com", "sip", nil, 101},
		{"a page of another port of it", "http://example.com:3000", "sip", nil, 101},
		{"no page at all", "", "sip", nil, 101},
		{"a page of a stranger", "https://evil.example", "sip", nil, 403},
		{"a page that looks like the host", "https://example.com.evil.example", "sip", nil, 403},
		{"a page of nowhere", "null", "sip", nil, 403},
		{"a page that is allowed", "https://app.example.org", "sip", []string{"https://app.example.org"}, 101},
		{"that over HTTP", "http://app.example.org", "sip", []string{"https://app.example.org"}, 403},
		{"a host that is allowed", "http://app.example.org:81", "sip", []string{"APP.example.org"}, 101},
		{"a host below", "https://a.b.example.org", "sip", []string{"*.example.org"}, 101},
		{"a host beside", "https://bexample.org", "sip", []string{"*.example.org"}, 403},
		{"the host, with a list", "https://example.com", "sip", []string{"*.example.org"}, 101},
		{"anybody", "https://evil.example", "sip", []string{"*"}, 101},
		{"no sub-protocol", "https://example.com", "", nil, 400},
		{"another sub-protocol", "https://example.com", "xmpp", nil, 400},
		{"several", "https://example.com", "xmpp, SIP", nil, 101},
	} {
		t.Run(row.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				at := w.web(w.agent("192.0.2.1", sip.Config{Origins: row.allowed}), "ws")
				options := &websocket.DialOptions{HTTPHeader: http.Header{}}
				if row.origin != "" {
					options.HTTPHeader.Set("Origin", row.origin)
				}
				if row.protocol != "" {
					options.Subprotocols = strings.Split(row.protocol, ", ")
				}
				ws, res, err := at.upgrade("192.0.2.3:4000", options)
				if res == nil || res.StatusCode != row.want {
					t.Fatalf("answer %v, %v; want %d", res, err, row.want)
				}
				if row.want == 101 {
					if got := ws.Subprotocol(); !strings.EqualFold(got, "sip") {
						t.Errorf("sub-protocol %q", got)
					}
					ws.CloseNow()
				}
			})
		})
	}
}

func TestSilentBrowsersHoldNobodyUp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: reply(200), IdleTimeout: time.Minute})
		at := w.web(ua, "wss")
		t.Log("# fifty connect and say nothing, and as many do not even shake hands")
		var silent []*browser
		for i := range 50 {
			silent = append(silent, at.browser(fmt.Sprintf("192.0.2.66:%d", 2000+i)))
			conn, err := w.net.DialFrom(t.Context(), fmt.Sprintf("192.0.2.66:%d", 3000+i), "192.0.2.1:8443")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
		}
		t.Log("# the next one is served")
		bob := at.browser("192.0.2.3:4000")
		bob.says(asks("OPTIONS", "1", "1 OPTIONS"))
		bob.hears("SIP/2.0 200")
		t.Log("# who never spoke SIP goes when he has been idle for long; who did stays while he answers pings")
		time.Sleep(2 * time.Minute)
		for _, b := range silent {
			b.wantsClose(websocket.StatusPolicyViolation)
		}
		if s := ua.Stats(); s.Connections != 1 {
			t.Errorf("%d connections", s.Connections)
		}
		bob.says(asks("OPTIONS", "2", "2 OPTIONS"))
		bob.hears("SIP/2.0 200")
	})
}

func TestAPeerThatIsGoneIsFound(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: reply(200)})
		at := w.web(ua, "ws")
		t.Log("# bob speaks, and then his machine sleeps: nobody reads, so nobody answers pings")
		bob, _, err := at.upgrade("192.0.2.3:4000", &websocket.DialOptions{Subprotocols: []string{"sip"}})
		if err != nil {
			t.Fatal(err)
		}
		defer bob.CloseNow()
		if err := bob.Write(t.Context(), websocket.MessageText, []byte(asks("OPTIONS", "1", "1 OPTIONS"))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(39 * time.Second)
		if n := ua.Stats().Connections; n != 1 {
			t.Errorf("%d connections before the pong is due", n)
		}
		time.Sleep(3 * time.Second)
		if n := ua.Stats().Connections; n != 0 {
			t.Errorf("%d connections after it was due", n)
		}
	})
}

func TestAMessageThatNeverEnds(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: reply(200)})
		bob := w.web(ua, "ws").browser("192.0.2.3:4000")
		out, err := bob.ws.Writer(t.Context(), websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		for range 15 {
			out.Write([]byte(strings.Repeat("x", 4096))) // less would wait in our buffer
			time.Sleep(time.Second)
		}
		bob.wantsClose(websocket.StatusPolicyViolation)
	})
}

func TestABrowserThatDoesNotRead(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			res := sip.NewResponse(tx.Request(), 200, "")
			sip.SetBody(res, "text/plain", []byte(strings.Repeat("x", 50000)))
			tx.Respond(res)
		})})
		at := w.web(ua, "ws")
		bob, _, err := at.upgrade("192.0.2.3:4000", &websocket.DialOptions{Subprotocols: []string{"sip"}})
		if err != nil {
			t.Fatal(err)
		}
		defer bob.CloseNow()
		for i := range 40 {
			bob.Write(t.Context(), websocket.MessageText, []byte(asks("OPTIONS", fmt.Sprint(i), fmt.Sprint(i+1, " OPTIONS"))))
		}
		alice := at.browser("192.0.2.4:4000")
		alice.says(asks("OPTIONS", "a", "1 OPTIONS"))
		alice.hears("SIP/2.0 200")
		time.Sleep(15 * time.Second)
		if s := ua.Stats(); s.SlowPeers == 0 || s.Connections != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWebSocketsOfOneAddressAreBounded(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: reply(200), MaxConnectionsPerAddress: 3})
		at := w.web(ua, "ws")
		for i := range 3 {
			at.browser(fmt.Sprintf("192.0.2.66:%d", 2000+i))
		}
		synctest.Wait()
		_, res, err := at.upgrade("192.0.2.66:0", &websocket.DialOptions{Subprotocols: []string{"sip"}})
		if err == nil || res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
			t.Errorf("the fourth got %v, %v", res, err)
		}
		alice := at.browser("192.0.2.3:4000")
		alice.says(asks("OPTIONS", "1", "1 OPTIONS"))
		alice.hears("SIP/2.0 200")
	})
}

func TestClosingSaysGoodbye(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{})
		at := w.web(ua, "wss")
		bob := at.browser("192.0.2.3:4000")
		started := time.Now()
		silent, _, err := at.upgrade("192.0.2.4:4000", &websocket.DialOptions{Subprotocols: []string{"sip"}})
		if err != nil {
			t.Fatal(err)
		}
		defer silent.CloseNow()
		ua.Close()
		if took := time.Since(started); took > 2*time.Second {
			t.Errorf("a silent peer held Close up for %v", took)
		}
		bob.wantsClose(websocket.StatusGoingAway)
		if _, res, _ := at.upgrade("192.0.2.3:4001", &websocket.DialOptions{Subprotocols: []string{"sip"}}); res == nil || res.StatusCode != 503 {
			t.Errorf("after Close: %v", res)
		}
	})
}
