package testenv_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// TestSIPE replays what Pidgin's SIPE plug-in sent to another server, in its order: from an address whose word is taken, and over TLS with a password.
func TestSIPE(t *testing.T) {
	root := testdata.Dir(t, "sipe")
	folders, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if folder.IsDir() {
			t.Run(folder.Name(), func(t *testing.T) { replay(t, filepath.Join(root, folder.Name())) })
		}
	}
}

// TestAClientLikeSIPE does the same with messages of our own.
func TestAClientLikeSIPE(t *testing.T) { replay(t, filepath.Join("testdata", "client")) }

// replay plays the messages of a folder, NNNN-c2s-WHAT.txt, and prints what each was answered with.
func replay(t *testing.T, folder string) {
	names, err := filepath.Glob(filepath.Join(folder, "*-c2s-*.txt"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no messages in %s: %v", folder, err)
	}
	const from = "192.0.2.77:43452"
	t.Run("trusted", func(t *testing.T) {
		testenv.RunTrusting(t, trusting(t, true, "192.0.2.77"), func(w *testenv.World) { replayTo(w, w.Replay(from), names) })
	})
	t.Run("password", func(t *testing.T) {
		testenv.Run(t, func(w *testenv.World) {
			w.ServesTLS()
			client := w.ReplayTo(testenv.SecureAddress, from)
			replayTo(w, client, names)
			w.Log("# \"It is not remembered for the next request: challenge only REGISTER and bind the identity to the TLS connection\" (c3p.md §5.1)")
			if i := slices.IndexFunc(client.Challenged, func(method string) bool { return method != "REGISTER" }); len(client.Challenged) == 0 || i >= 0 {
				w.Errorf("the password was asked for with %q", client.Challenged)
			}
		})
	})
}

func replayTo(w *testenv.World, client *testenv.Replay, names []string) {
	w.User("alice")
	w.User("bob")
	m := &session{w: w, client: client}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			w.Fatal(err)
		}
		w.Later(time.Second)
		m.plays(strings.TrimSuffix(filepath.Base(name), ".txt"), m.adapted(string(text)))
	}
	w.Later(time.Minute)
	if n := w.Focus.UserAgent().Stats().Dialogs; n != 0 && m.bob == nil {
		w.Errorf("%d dialogs are left", n)
	}
	if told := len(m.client.Came("BENOTIFY")); m.bob != nil && told < 4 { // bob came, was promoted, left; the lock
		w.Errorf("%d BENOTIFY", told)
	}
	if m.focus != "" {
		w.WantsRosterAt(m.focus)
	}
}

// session is what a replay is about.
type session struct {
	w      *testenv.World
	client *testenv.Replay
	focus  string          // its URI
	bob    *testenv.Client // whom alice promotes and ejects
}

var expiry = regexp.MustCompile(`(expiry-time>)[^<]*`)

// adapted is a message as it would be sent today, to this domain. What one joins by its URI somebody has made before.
func (m *session) adapted(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "example.org", testenv.Domain), "\r\n", "\n")
	return expiry.ReplaceAllString(text, "${1}"+time.Now().Add(7*time.Hour).UTC().Format(time.RFC3339))
}

var focusURI = regexp.MustCompile(`^INVITE (sip:(\w+)@example.com;gruu;opaque=app:conf:focus:id:(\w+)) `)

func (m *session) plays(name, text string) {
	m.w.Helper()
	asked := testenv.ParseText(text)
	if found := focusURI.FindStringSubmatch(asked.Start); found != nil {
		m.focus = found[1]
		if found[2] != "alice" { // joined by its URI: it was made before
			m.w.Succeeds(testenv.As(found[2]), &c3p.AddConference{Conference: &confinfo.Document{
				Description: &confinfo.Description{ConferenceID: found[3], AdmissionPolicy: confinfo.OpenAuthenticated},
			}})
		}
	}
	if m.bob == nil && asked.Method() == "INFO" { // commands are about bob, who has come by then
		m.bob = m.w.Client("bob")
		m.bob.JoinsAt(m.focus)
	}
	answer := m.client.Sends(text)
	if answer == nil {
		m.w.Logf("%-50s", name)
		return
	}
	m.w.Logf("%-50s %s  %s", name, strings.TrimPrefix(answer.Start, "SIP/2.0 "), answer.Header("ms-diagnostics"))
	m.wants(name, asked, answer)
	if asked.Method() == "INVITE" && answer.Code() == 200 && !strings.Contains(asked.Start, ":focus:") { // the other server did not take the call
		m.client.Acknowledges(text)
		if bye := m.client.HangsUp(text); bye.Code() != 200 {
			m.w.Errorf("%s: BYE %s", name, bye.Start)
		}
	}
}

// wants compares an answer with what c3p.md §5 says that the client needs, or with the refusal of what is not offered (docs/divergences.md).
func (m *session) wants(name string, asked, got *testenv.Text) {
	m.w.Helper()
	want, check := expected(asked)
	if got.Code() != want {
		m.w.Errorf("%s: %s, want %d", name, got.Start, want)
		return
	}
	if err := likeSIPE(asked, got); err != nil {
		m.w.Errorf("%s: %v", name, err)
	}
	if check != nil {
		if err := check(m, asked, got); err != nil {
			m.w.Errorf("%s: %v in\n%s", name, err, got)
		}
	}
}

// expected is the status of a request of SIPE's, and what else there must be in the answer.
func expected(asked *testenv.Text) (status int, check func(*session, *testenv.Text, *testenv.Text) error) {
	method, uri := asked.Method(), strings.Fields(asked.Start)[1]
	inDialog := strings.Contains(asked.Header("To"), ";tag=")
	toFocus := strings.Contains(asked.Header("To"), ":focus:id:")
	switch event := asked.Header("Event"); {
	case method == "REGISTER":
		return 200, registered
	case method == "SERVICE" && strings.HasSuffix(uri, "focusfactory"):
		return 200, succeeded
	case method == "SERVICE":
		return 405, nil // presence
	case method == "SUBSCRIBE" && event == "conference":
		return 200, subscribed
	case method == "SUBSCRIBE" && inDialog:
		return 481, nil
	case method == "SUBSCRIBE" && event == "presence":
		return 420, nil // Require: adhoclist, categoryList
	case method == "SUBSCRIBE":
		return 489, nil // provisioning, contacts
	case method == "INVITE" && toFocus:
		return 200, joined
	case method == "INVITE" && strings.Contains(uri, ":audio-video:"):
		return 200, nil
	case method == "INVITE" && strings.Contains(uri, ":chat:"):
		return 488, nil
	case method == "INVITE" && strings.Contains(uri, "ocschat"):
		return 404, nil
	case method == "INVITE":
		return 415, nil // ms-conf-invite
	case method == "INFO":
		return 200, succeeded
	case toFocus:
		return 200, nil // BYE
	}
	return 481, nil // of a chat
}

// likeSIPE: "SIPE matches answers by Call-ID and the CSeq header text"; "Compact header names are not understood; send Content-Length always; the
// reason phrase must be there" (c3p.md §5.4).
func likeSIPE(asked, got *testenv.Text) error {
	if got.Header("CSeq") != asked.Header("CSeq") && got.Code() != 200 {
		return fmt.Errorf("CSeq %q", got.Header("CSeq"))
	}
	if len(strings.SplitN(got.Start, " ", 3)) != 3 || got.Header("Content-Length") == "" {
		return fmt.Errorf("start line %q, Content-Length %q", got.Start, got.Header("Content-Length"))
	}
	for _, line := range got.Lines {
		if name, _, _ := strings.Cut(line, ":"); len(name) < 2 {
			return fmt.Errorf("compact header %q", line)
		}
	}
	to, _, _ := strings.Cut(asked.Header("To"), ";tag=")
	if !strings.HasPrefix(got.Header("To"), to+";tag=") {
		return fmt.Errorf("To %q, want %q with a tag", got.Header("To"), to)
	}
	return nil
}

// registered: the table of c3p.md §5.2.
func registered(_ *session, asked, got *testenv.Text) error {
	contact := got.Header("Contact")
	switch {
	case asked.Header("Expires") == "0":
		return nil
	case got.Header("Expires") == "" || got.Header("Expires") == "0":
		return fmt.Errorf("no Expires: login never completes")
	case !contains(got.Values("Supported"), "msrtc-event-categories"):
		return fmt.Errorf("no line Supported: msrtc-event-categories")
	case got.Header("Allow-Events") == "" || strings.Contains(got.Header("Allow-Events"), " "):
		return fmt.Errorf("Allow-Events %q", got.Header("Allow-Events"))
	case !strings.Contains(contact, `;gruu="sip:`) || !strings.Contains(contact, "+sip.instance="):
		return fmt.Errorf("Contact %q", contact)
	case got.Header("ms-keep-alive") != "UAS; tcp=no; hop-hop=yes; end-end=no; timeout=300":
		return fmt.Errorf("ms-keep-alive %q", got.Header("ms-keep-alive"))
	case strings.HasPrefix(got.Header("Server"), "RTC/6"):
		return fmt.Errorf("Server %q", got.Header("Server"))
	}
	return nil
}

func contains(values []string, want string) bool {
	for _, value := range values {
		if value == want {
			return true
		}
	}
	return false
}

// succeeded: everything is skipped unless code="success".
func succeeded(m *session, asked, got *testenv.Text) error {
	request, err := c3p.ParseRequest([]byte(asked.Body))
	if err != nil {
		return err
	}
	response, err := c3p.ParseResponse([]byte(got.Body))
	switch {
	case err != nil:
		return err
	case got.Header("Content-Type") != c3p.MediaType:
		return fmt.Errorf("Content-Type %q", got.Header("Content-Type"))
	case response.Code != c3p.Success || response.RequestID != request.RequestID || response.From != request.To || response.To != request.From:
		return fmt.Errorf("%+v", response)
	case strings.Contains(got.Body, "<![CDATA[") || strings.ContainsAny(got.Body, "\r\n"):
		return fmt.Errorf("CDATA, or white space")
	}
	if made, ok := response.Body.(*c3p.AddConference); ok && !strings.HasPrefix(made.Conference.Entity, "sip:alice@example.com;gruu;opaque=app:conf:focus:id:") {
		return fmt.Errorf("entity %q", made.Conference.Entity)
	}
	return nil
}

// joined: "To header with the same URI; a To tag; Contact; status exactly 200; body root with code=success"; no session timer.
func joined(m *session, asked, got *testenv.Text) error {
	if err := succeeded(m, asked, got); err != nil {
		return err
	}
	response, _ := c3p.ParseResponse([]byte(got.Body))
	added := response.Body.(*c3p.AddUser)
	role := confinfo.Attendee
	if strings.Contains(m.focus, "alice@") {
		role = confinfo.Presenter
	}
	switch {
	case added.Keys.Entity != m.focus || added.User.Entity != "sip:alice@example.com" || len(added.User.Roles) != 1 || added.User.Roles[0] != role:
		return fmt.Errorf("%+v %+v", added.Keys, added.User)
	case !strings.Contains(got.Header("Contact"), ";isfocus") || got.Header("Session-Expires") != "" || got.Header("Record-Route") != "":
		return fmt.Errorf("Contact, Session-Expires or Record-Route")
	}
	return nil
}

// subscribed: "ms-piggyback-cseq is what makes SIPE read the body as a notification; Event: conference must be in the 200 too".
func subscribed(m *session, asked, got *testenv.Text) error {
	if got.Header("Event") != "conference" || got.Header("Expires") == "" || got.Header("ms-piggyback-cseq") == "" {
		return fmt.Errorf("Event, Expires or ms-piggyback-cseq")
	}
	document, err := confinfo.Parse([]byte(got.Body))
	if err != nil {
		return err
	}
	if !strings.EqualFold(document.Entity, m.focus) || asked.Header("Expires") == "" && len(document.Users) == 0 {
		return fmt.Errorf("entity %q, %d users", document.Entity, len(document.Users))
	}
	return nil
}
