package confinfo_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
	"github.com/seed-f3cefc8c/focus/internal/xmlschema"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

const (
	meeting = "sip:alice@example.com;gruu;opaque=app:conf:focus:id:7H3K92QD"
	av      = "sip:alice@example.com;gruu;opaque=app:conf:audio-video:id:7H3K92QD"
)

// documents has a value for each file under testdata.
var documents = map[string]*confinfo.Document{
	"full":    full(),
	"partial": partial(),
	"people":  people(),
	"nobody":  {Entity: "sip:a@example.com", State: confinfo.Full, Version: 1<<32 - 1, UsersState: confinfo.Full},
}

func full() *confinfo.Document {
	audio := confinfo.MediaEntry{Label: "main-audio", Type: "audio", Status: confinfo.SendRecv}
	return &confinfo.Document{
		Entity: meeting, State: confinfo.Full, Version: 1,
		Description: &confinfo.Description{
			DisplayText: "Team meeting", Subject: "Team", FreeText: "Every Monday",
			ConfURIs:         []confinfo.URI{{URI: av, DisplayText: "audio-video", Purpose: "audio-video"}},
			ServiceURIs:      []confinfo.URI{{URI: "https://example.com/7H3K92QD", Purpose: "web-page"}},
			MaximumUserCount: 100,
			AvailableMedia:   []confinfo.MediaEntry{audio},
			ConferenceID:     "7H3K92QD", ExpiryTime: time.Date(2030, 1, 1, 15, 0, 0, 0, time.UTC),
			AdmissionPolicy: confinfo.OpenAuthenticated, OrganizerName: "Alice", JoinURL: "https://example.com/join/7H3K92QD",
			Organizer: "sip:alice@example.com", AutoRecord: new(false), Language: "es", Encryption: confinfo.EncryptionRequired,
		},
		ConferenceState: &confinfo.ConferenceState{
			UserCount: new(1), Active: new(true), Locked: new(false), Recording: confinfo.RecordingPaused,
		},
		UsersState: confinfo.Full,
		Users: []confinfo.User{{
			Entity: "sip:alice@example.com", State: confinfo.Full, DisplayText: "Alice", Roles: []string{confinfo.Presenter},
			Endpoints: []confinfo.Endpoint{{
				Entity: "{EP-A-1}", SessionType: confinfo.SessionFocus, URI: "sip:alice@example.com", EPID: "cf0b98dadeb9",
				Status: confinfo.StatusConnected, JoiningMethod: confinfo.DialedIn,
			}, {
				Entity: "{EP-A-3}", State: confinfo.Full, SessionType: confinfo.SessionAudioVideo, DisplayText: "Alice's phone",
				Status: confinfo.StatusConnected, JoiningMethod: confinfo.DialedOut,
				JoiningInfo: confinfo.Execution{
					When: time.Date(2029, 12, 31, 23, 59, 59, 5e8, time.UTC), Reason: "invited", By: "sip:bob@example.com",
				},
				Media: []confinfo.Media{{
					ID: "1", State: confinfo.Full, DisplayText: "main audio", Type: "audio", Label: "main-audio", SrcID: "1001",
					Status: confinfo.SendRecv, IngressFilter: confinfo.Unblock, EgressFilter: confinfo.Block, Gain: new(3.0), Sends: "opus", Receives: "G722", Protection: "AEAD_AES_128_GCM (SDES)",
				}},
			}},
		}},
		View: &confinfo.View{Entities: []confinfo.EntityView{{
			Entity: av, EntityState: &confinfo.EntityState{Locked: new(false), Media: []confinfo.MediaEntry{audio}},
		}}},
	}
}

func partial() *confinfo.Document {
	return &confinfo.Document{
		Entity: meeting, State: confinfo.Partial, Version: 9,
		ConferenceState: &confinfo.ConferenceState{UserCount: new(0)},
		UsersState:      confinfo.Partial,
		Users: []confinfo.User{{
			Entity: "sip:bob@example.com", State: confinfo.Partial,
			Endpoints: []confinfo.Endpoint{{
				Entity: "{EP-B-3}", State: confinfo.Partial, Status: confinfo.StatusDisconnected,
				DisconnectionMethod: confinfo.Booted,
				DisconnectionInfo: confinfo.Execution{
					When: time.Date(2030, 1, 1, 15, 0, 0, 0, time.UTC), Reason: "noise", By: "sip:alice@example.com",
				},
			}},
		}, {
			Entity: "sip:carol@example.com", State: confinfo.Deleted,
		}},
		View: &confinfo.View{State: confinfo.Partial, Entities: []confinfo.EntityView{{Entity: "chat", State: confinfo.Deleted}}},
	}
}

// people has what is said in our namespace of who is there.
func people() *confinfo.Document {
	return &confinfo.Document{
		Entity: meeting, State: confinfo.Full, Version: 2,
		Description: &confinfo.Description{
			PSTNLobbyBypass: new(true), Encrypted: "AAECAw==", Lobby: new(true),
			Cleared: confinfo.Cleared{Subject: true, Passcode: true, Invitees: true},
		},
		ConferenceState: &confinfo.ConferenceState{ActiveSpeaker: "sip:bob@example.com", Announcements: new(true)},
		UsersState:      confinfo.Full,
		Users: []confinfo.User{{
			Entity: "sip:bob@example.com", State: confinfo.Full,
			Endpoints: []confinfo.Endpoint{{Entity: "{EP-B-3}", Status: confinfo.StatusConnected, LobbyCapable: true, Speaking: true}},
			Hand:      7, Spotlight: true, Hears: &confinfo.Hears{Only: true, Users: []string{"sip:alice@example.com"}},
		}, {
			Entity: "sip:carol@example.com", State: confinfo.Full, Hears: &confinfo.Hears{Users: []string{"sip:bob@example.com"}},
		}},
		View: &confinfo.View{Entities: []confinfo.EntityView{{
			Entity: av,
			EntityState: &confinfo.EntityState{Filters: &confinfo.FilterRules{Initial: []confinfo.InitialFilter{
				{Role: confinfo.Attendee, Ingress: confinfo.Block, Later: new(false), Hard: true},
			}}},
		}}},
	}
}

var (
	betweenTags = regexp.MustCompile(`>\s+<`)
	betweenAttr = regexp.MustCompile(`\n +`)
)

// compact removes the layout that testdata has for people.
func compact(text []byte) string {
	s := betweenTags.ReplaceAllString(strings.TrimSpace(string(text)), "><")
	return betweenAttr.ReplaceAllString(s, " ")
}

// TestDocuments: text in, value, text out; and etree agrees that the text is XML.
func TestDocuments(t *testing.T) {
	for name, want := range documents {
		t.Run(name, func(t *testing.T) {
			in, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := confinfo.Parse(in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
			out := want.AppendXML(nil)
			if diff := cmp.Diff(compact(in), string(out)); diff != "" {
				t.Errorf("text out (-want +got):\n%s", diff)
			}
			if err := etree.NewDocument().ReadFromBytes(out); err != nil {
				t.Errorf("etree: %v", err)
			}
		})
	}
}

// TestSchemas: what is written is as api/c3p says.
func TestSchemas(t *testing.T) {
	xmlschema.Require(t)
	var all xmlschema.Documents
	for _, document := range documents {
		all.Add(document.AppendXML(nil))
	}
	all.Validate(t)
}

// TestFindByEtree: an independent reader finds the parts by namespace URI where RFC 4575 has them.
func TestFindByEtree(t *testing.T) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(full().AppendXML(nil)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/conference-info[namespace-uri()='" + confinfo.Namespace + "']/users/user/roles/entry":                                         "presenter",
		"//media-egress-filter[namespace-uri()='" + confinfo.MSNamespace + "']":                                                         "block",
		"//gain[namespace-uri()='" + confinfo.ExtensionNamespace + "']":                                                                 "3",
		"//entity-state[namespace-uri()='" + confinfo.MSNamespace + "']/media[namespace-uri()='" + confinfo.Namespace + "']/entry/type": "audio",
	} {
		e := doc.FindElement(path)
		if e == nil || e.Text() != want {
			t.Errorf("%s: %v", path, e)
		}
	}
}

// TestPublishedVectors: RFC 4575's own example and what was written around it.
func TestPublishedVectors(t *testing.T) {
	dir := testdata.Dir(t, "conference-info-rfc4575")
	parse := func(name string) (*confinfo.Document, error) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return confinfo.Parse(data)
	}
	example, err := parse("rfc4575-example-full.xml")
	if err != nil {
		t.Fatal(err)
	}
	checkExample(t, example)
	again, err := confinfo.Parse(example.AppendXML(nil))
	if diff := cmp.Diff(example, again); err != nil || diff != "" {
		t.Errorf("written: %v\n%s", err, diff)
	}

	held, err := parse("partial-3-endpoint-held.xml")
	if err != nil || held.Version != 3 || held.State != confinfo.Partial || held.Users[0].Endpoints[0].Status != confinfo.StatusOnHold {
		t.Errorf("held: %+v, %v", held, err)
	}
	if gap, err := parse("partial-9-version-gap.xml"); err != nil || gap.Version != 9 {
		t.Errorf("gap: %+v, %v", gap, err)
	}
	unknown, err := parse("unknown-extension.xml")
	if err != nil || unknown.Description.DisplayText != "é ☃ <&" || unknown.Description.MaximumUserCount != 2 || unknown.UsersState != confinfo.Full {
		t.Errorf("unknown extension: %+v, %v", unknown, err)
	}
	if _, err := parse("bad-xxe.xml"); !errors.Is(err, strictxml.ErrDoctype) {
		t.Errorf("DTD: %v", err)
	}
}

func checkExample(t *testing.T, d *confinfo.Document) {
	t.Helper()
	if d.Description.Subject != "Agenda: This month's goals" || *d.ConferenceState.UserCount != 33 || len(d.Users) != 2 {
		t.Errorf("got %+v", d)
	}
	bob := d.Users[0].Endpoints[0]
	want := confinfo.Execution{
		When: time.Date(2005, 3, 4, 20, 0, 0, 0, time.UTC), Reason: "bad voice quality", By: "sip:mike@example.com",
	}
	if bob.DisconnectionInfo != want || bob.Status != confinfo.StatusDisconnected || bob.Media[0].SrcID != "432424" {
		t.Errorf("bob's endpoint is %+v", bob)
	}
}

func TestRefused(t *testing.T) {
	const head = `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" xmlns:f="urn:focus:c3p:1" ` +
		`xmlns:m="http://schemas.microsoft.com/rtc/2005/08/confinfoextensions" entity="e" `
	user := func(inner string) string {
		return head + `><users><user entity="u"><endpoint entity="1">` + inner + `</endpoint></user></users></conference-info>`
	}
	for in, element := range map[string]string{
		`<x/>`:                                         "x",
		`<conference-info entity="e"/>`:                "conference-info",
		head + `state="new"/>`:                         "conference-info",
		head + `version="two"/>`:                       "conference-info",
		head + `version="4294967296"/>`:                "conference-info",
		head + `><users state="?"/></conference-info>`: "users",
		head + `><conference-state><locked>maybe</locked></conference-state></conference-info>`:                          "locked",
		head + `><conference-state><user-count>-1</user-count></conference-state></conference-info>`:                     "user-count",
		head + `><conference-description><m:expiry-time>soon</m:expiry-time></conference-description></conference-info>`: "expiry-time",
		head + `><m:conference-view state="?"/></conference-info>`:                                                       "conference-view",
		head + `xmlns:ci="urn:ietf:params:xml:ns:conference-info"><m:conference-view ci:state="?"/></conference-info>`:   "conference-view",
		user(`<joining-info><when>2030-13-01T00:00:00Z</when></joining-info>`):                                           "when",
		user(`<media id="1"><m:media-ingress-filter>half</m:media-ingress-filter></media>`):                              "media-ingress-filter",
		user(`<media id="1"><f:gain>loud</f:gain></media>`):                                                              "gain",
		user(`<media id="1"><f:gain>Inf</f:gain></media>`):                                                               "gain",
		user(`<f:sdp>v=0</f:sdp>`): "sdp",
		user(`<f:admitted/>`):      "admitted",
	} {
		_, err := confinfo.Parse([]byte(in))
		var refused *confinfo.Error
		if !errors.As(err, &refused) || refused.Element != element {
			t.Errorf("%s: got %v, want an error at %s", in, err, element)
		}
	}
}

// TestTimes that others write.
func TestTimes(t *testing.T) {
	want := time.Date(2030, 1, 1, 15, 0, 0, 0, time.UTC)
	for _, text := range []string{"2030-01-01T15:00:00Z", "2030-01-01T16:00:00+01:00", "2030-01-01T15:00:00", " 2030-01-01T15:00:00.000Z\n"} {
		d, err := confinfo.Parse(fmt.Appendf(nil, `<conference-info xmlns="%s" entity=""><conference-description>`+
			`<expiry-time xmlns="%s">%s</expiry-time></conference-description></conference-info>`,
			confinfo.Namespace, confinfo.MSNamespace, text))
		if err != nil || d.Description.ExpiryTime != want {
			t.Errorf("%s: %v, %v", text, d, err)
		}
	}
}

// TestSIPEForms: documents of the throw-away server that satisfied the real client, with media in Microsoft's namespace.
func TestSIPEForms(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testdata.Dir(t, "sipe"), "01-create-lock-promote-eject-audio", "0028-s2c-BENOTIFY.txt"))
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(data), "\r\n\r\n")
	d, err := confinfo.Parse([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.View.Entities) != 2 || d.View.Entities[1].EntityState.Media[0].Type != "audio" || *d.View.Entities[0].EntityState.Locked {
		t.Errorf("view %+v", d.View)
	}
	if e := d.Users[0].Endpoints; len(e) != 2 || e[0].SessionType != confinfo.SessionChat {
		t.Errorf("endpoints %+v", e)
	}
}

// roster is a full document of n users.
func roster(n int) *confinfo.Document {
	d := full()
	alice := d.Users[0]
	d.Users = nil
	for i := range n {
		user := alice
		user.Entity = fmt.Sprintf("sip:user%d@example.com", i)
		user.Endpoints = []confinfo.Endpoint{alice.Endpoints[0], alice.Endpoints[1]}
		user.Endpoints[1].Media = []confinfo.Media{{ID: "1", Type: "audio", Status: confinfo.SendRecv}}
		d.Users = append(d.Users, user)
	}
	return d
}

func TestAppendDoesNotAllocate(t *testing.T) {
	d := roster(200)
	buf := make([]byte, 0, 512<<10)
	if n := testing.AllocsPerRun(10, func() { buf = d.AppendXML(buf[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppend200(b *testing.B) {
	d := roster(200)
	buf := d.AppendXML(nil)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = d.AppendXML(buf[:0])
	}
}

func BenchmarkParse200(b *testing.B) {
	data := roster(200).AppendXML(nil)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := confinfo.Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzConfinfo: what was read is the same after it was written and read again.
func FuzzConfinfo(f *testing.F) {
	for _, d := range documents {
		f.Add(d.AppendXML(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := confinfo.Parse(data)
		if err != nil {
			return
		}
		out := d.AppendXML(nil)
		again, err := confinfo.Parse(out)
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatalf("%s\n%s", out, diff)
		}
	})
}
