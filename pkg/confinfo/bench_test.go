package confinfo_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// crowd is a full document of n users in one call each.
func crowd(n int) *confinfo.Document {
	d := full()
	d.Users = nil
	for i := range n {
		d.Users = append(d.Users, confinfo.User{
			Entity: fmt.Sprintf("sip:user%d@example.com", i), State: confinfo.Full, DisplayText: fmt.Sprintf("User %d", i), Roles: []string{confinfo.Attendee},
			Endpoints: []confinfo.Endpoint{{
				Entity: fmt.Sprintf("%016x", i), SessionType: confinfo.SessionAudioVideo, DisplayText: "Telephone 1.0", Status: confinfo.StatusConnected,
				JoiningMethod: confinfo.DialedIn, JoiningInfo: confinfo.Execution{When: time.Unix(1900000000+int64(i), 0)},
				Media: []confinfo.Media{{ID: "1", Type: "audio", Status: confinfo.SendRecv, IngressFilter: confinfo.Unblock, EgressFilter: confinfo.Unblock, Sends: "opus", Receives: "opus"}},
			}},
		})
	}
	return d
}

// BenchmarkFull200 is a full document of 200 users as the focus makes it: each user was written when he changed.
func BenchmarkFull200(b *testing.B) {
	d := crowd(200)
	fragments := make([][]byte, 0, len(d.Users))
	for i := range d.Users {
		fragments = append(fragments, d.Users[i].Fragment())
	}
	d.Users = nil
	buf := d.Body(fragments...).Version(1)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = d.Body(fragments...).Append(buf[:0], 7)
	}
}

// BenchmarkPartial1 is a partial document about one user, for one more subscriber who gets the same.
func BenchmarkPartial1(b *testing.B) {
	d := crowd(1)
	bob := d.Users[0].Fragment()
	body := (&confinfo.Document{Entity: meeting, State: confinfo.Partial, ConferenceState: d.ConferenceState, UsersState: confinfo.Partial}).Body(bob)
	b.ReportAllocs()
	for b.Loop() {
		body.Version(7)
	}
}

func TestABodyIsTheDocumentWithAVersion(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		d := crowd(n)
		want := d
		var fragments [][]byte
		for i := range d.Users {
			fragments = append(fragments, d.Users[i].Fragment())
		}
		for _, version := range []uint32{1, 9, 1<<32 - 1} {
			want.Version = version
			bare := *d
			bare.Users = nil
			if got := string(bare.Body(fragments...).Version(version)); got != string(want.AppendXML(nil)) {
				t.Errorf("%d users, version %d:\n%s\nwant\n%s", n, version, got, want.AppendXML(nil))
			}
		}
	}
}
