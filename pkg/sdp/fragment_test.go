package sdp

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFragments(t *testing.T) {
	pwd := strings.Repeat("p", 22)
	head := []string{"a=ice-pwd:" + pwd, "a=ice-ufrag:abcd"}
	one := ICE{Ufrag: "abcd", Pwd: pwd, Candidates: []string{"1 1 UDP 1 192.0.2.1 5000 typ host"}}
	last := ICE{Ufrag: "abcd", Pwd: pwd, EndOfCandidates: true}
	for _, row := range []struct {
		name string
		in   string
		want []Fragment
	}{
		{"as in RFC 8840", text(append(head, "m=audio 9 RTP/AVP 0", "a=mid:1", "a=candidate:1 1 UDP 1 192.0.2.1 5000 typ host", "m=audio 9 RTP/AVP 0", "a=mid:2", "a=end-of-candidates")...),
			[]Fragment{{0, "1", one}, {1, "2", last}}},
		{"no mid", text(append(head, "m=audio 9 RTP/AVP 0", "a=candidate:1 1 UDP 1 192.0.2.1 5000 typ host")...), []Fragment{{0, "", one}}},
		{"of the line", text("m=audio 9 RTP/AVP 0", "a=mid:0", head[0], head[1], "a=end-of-candidates"), []Fragment{{0, "0", last}}},
		{"the end for all", text(append(head, "a=end-of-candidates", "m=audio 9 RTP/AVP 0", "a=mid:0")...), []Fragment{{0, "0", last}}},
		{"no password", text(head[1], "m=audio 9 RTP/AVP 0", "a=candidate:1"), nil},
		{"no line", text(append(head, "a=candidate:1")...), nil},
		{"nothing", "", nil},
		{"no fragment", "hello", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := ParseFragment(row.in)
			var syntax *SyntaxError
			if row.want == nil && !errors.As(err, &syntax) || row.want != nil && err != nil {
				t.Fatalf("err = %v", err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzFragment(f *testing.F) {
	f.Add(text("a=ice-pwd:"+strings.Repeat("p", 22), "a=ice-ufrag:abcd", "m=audio 9 RTP/AVP 0", "a=mid:1", "a=candidate:1 1 UDP 1 192.0.2.1 5000 typ host", "a=end-of-candidates"))
	f.Fuzz(func(t *testing.T, in string) {
		fragments, err := ParseFragment(in)
		if err != nil || len(in) > MaxBytes/2 {
			return
		}
		for _, fragment := range fragments {
			again, err := ParseFragment(fragment.Text())
			if err != nil || len(again) != 1 || again[0].MID != strings.TrimRight(fragment.MID, " \t") || !cmp.Equal(again[0].ICE.Candidates, fragment.ICE.Candidates) ||
				again[0].ICE.EndOfCandidates != fragment.ICE.EndOfCandidates {
				t.Fatalf("written and read: %v, %v; want %v", again, err, fragment)
			}
		}
	})
}
