package sdp

import (
	"strings"
	"testing"
)

func TestRTXIsAnsweredBesideNack(t *testing.T) {
	caps := all
	caps.NACK = true
	for _, row := range []struct {
		name, profile, fmtp, feedback string
		want                          uint8
	}{
		{"with nack", "RTP/AVPF", "apt=0", "a=rtcp-fb:* nack", 97},
		{"and a time", "RTP/AVPF", "apt=0;rtx-time=200", "a=rtcp-fb:0 nack", 97},
		{"without nack", "RTP/AVPF", "apt=0", "a=rtcp-fb:* nack pli", 0},
		{"of another format", "RTP/AVPF", "apt=8", "a=rtcp-fb:* nack", 0},
		{"in a profile without feedback", "RTP/AVP", "apt=0", "a=rtcp-fb:* nack", 0},
	} {
		offer, err := Parse(strings.Join([]string{"v=0", "o=- 1 1 IN IP4 192.0.2.7", "s=-", "c=IN IP4 192.0.2.7", "t=0 0", "m=audio 4000 " + row.profile + " 0 97",
			"a=rtpmap:97 rtx/8000", "a=fmtp:97 " + row.fmtp, row.feedback, ""}, "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		answer, agreed, err := NewSession(1).Answer(offer, here, caps)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if agreed.Audio.RTX != row.want || strings.Contains(answer.String(), "a=fmtp:97 apt=0\r\n") != (row.want != 0) {
			t.Errorf("%s: payload type %d, want %d, in\n%s", row.name, agreed.Audio.RTX, row.want, answer)
		}
	}
}
