package sdp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestICE(t *testing.T) {
	pwd := "a=ice-pwd:" + strings.Repeat("p", 22)
	for _, row := range []struct {
		name, offer string
		want        *ICE
	}{
		{"none", offerOf("RTP/AVP"), nil},
		{"of the line", offerOf("RTP/AVP", "a=ice-ufrag:abcd", pwd, "a=candidate:1 1 UDP 1 192.0.2.1 4000 typ host ", "a=candidate:2 1 UDP 1 x.local 4000 typ host"),
			&ICE{Ufrag: "abcd", Pwd: strings.Repeat("p", 22), Candidates: []string{"1 1 UDP 1 192.0.2.1 4000 typ host", "2 1 UDP 1 x.local 4000 typ host"}}},
		{"of the session", session("a=ice-ufrag:abcd", pwd, "a=ice-lite", "a=ice-options:ice2 trickle", "m=audio 4000 RTP/AVP 0", "a=end-of-candidates", "a=remote-candidates:1 198.51.100.1 20000"),
			&ICE{Ufrag: "abcd", Pwd: strings.Repeat("p", 22), Lite: true, Trickle: true, EndOfCandidates: true, RemoteCandidates: "1 198.51.100.1 20000"}},
		{"the line before the session", session("a=ice-ufrag:abcd", pwd, "m=audio 4000 RTP/AVP 0", "a=ice-ufrag:efgh"), &ICE{Ufrag: "efgh", Pwd: strings.Repeat("p", 22)}},
		{"256 of both", offerOf("RTP/AVP", "a=ice-ufrag:"+strings.Repeat("u", 256), "a=ice-pwd:"+strings.Repeat("p", 256)),
			&ICE{Ufrag: strings.Repeat("u", 256), Pwd: strings.Repeat("p", 256)}},
		{"257 of one", offerOf("RTP/AVP", "a=ice-ufrag:"+strings.Repeat("u", 257), pwd), nil},
		{"three of one", offerOf("RTP/AVP", "a=ice-ufrag:abc", pwd), nil},
		{"21 of the other", offerOf("RTP/AVP", "a=ice-ufrag:abcd", "a=ice-pwd:"+strings.Repeat("p", 21)), nil},
		{"a colon", offerOf("RTP/AVP", "a=ice-ufrag:ab:cd", pwd), nil},
		{"no password", offerOf("RTP/AVP", "a=ice-ufrag:abcd"), nil},
		{"of 2007", offerOf("RTP/AVP", "a=candidate:CHjRXcgD 1 PkQhzCbh UDP 0.830 192.0.2.40 42032"), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			offer := parse(t, row.offer)
			if diff := cmp.Diff(row.want, offer.ICE()); diff != "" {
				t.Errorf("of the offer (-want +got):\n%s", diff)
			}
			got, stream := answer(t, row.offer, keyedA, secured)
			if diff := cmp.Diff(row.want, stream.RemoteICE); diff != "" {
				t.Errorf("of the stream (-want +got):\n%s", diff)
			}
			if answered := strings.Contains(got, "\r\na=ice-ufrag:ourA\r\n"); answered != (row.want != nil) {
				t.Errorf("answered with ICE: %t\n%s", answered, got)
			}
			if got, stream := answer(t, row.offer, keyedB, secured); stream.RemoteICE != nil || strings.Contains(got, "a=ice") {
				t.Errorf("ICE although we have none:\n%s", got)
			}
		})
	}
	many := parse(t, offerOf("RTP/AVP", append([]string{"a=ice-ufrag:abcd", pwd}, strings.Split(strings.Repeat("a=candidate:x\n", 65)[:65*14-1], "\n")...)...))
	if got := len(many.ICE().Candidates); got != MaxCandidates {
		t.Errorf("%d candidates of 65 are kept, want %d", got, MaxCandidates)
	}
}

func TestWithICETheConnectionLineDoesNotCount(t *testing.T) {
	for _, connection := range []string{"c=IN IP4 0.0.0.0", "c=IN IP6 ::", "c=IN IP6 2001:db8::1", "c=IN IP4 5e1b6d3c.local", "c=IN IP4 224.0.0.1"} {
		_, stream := answer(t, offerOf("RTP/AVP", connection, "a=ice-ufrag:abcd", "a=ice-pwd:passwordpasswordpassword"), keyedA, secured)
		if stream.Direction != SendRecv || stream.RemoteICE == nil || !stream.Remote.IsValid() {
			t.Errorf("%s: %v to %v", connection, stream.Direction, stream.Remote)
		}
	}
	t.Log("# hold is said by an attribute alone")
	_, stream := answer(t, offerOf("RTP/AVP", "c=IN IP4 0.0.0.0", "a=sendonly", "a=ice-ufrag:abcd", "a=ice-pwd:passwordpasswordpassword"), keyedA, secured)
	if stream.Direction != RecvOnly {
		t.Errorf("direction %v", stream.Direction)
	}
}

func TestBundle(t *testing.T) {
	video := []string{"m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:v", "a=ice-ufrag:abcd", "a=ice-pwd:passwordpasswordpassword", "a=candidate:1 1 UDP 1 192.0.2.9 4009 typ host",
		oneHash, actpass, "a=rtcp-mux"}
	audio := func(lines ...string) []string {
		return append([]string{"m=audio 0 UDP/TLS/RTP/SAVPF 0", "a=mid:a"}, lines...)
	}
	offer := func(groups string, audio []string) string {
		return session(append(append([]string{groups}, video...), audio...)...)
	}
	t.Log("# the audio is on the transport of the video alone")
	got, stream := answer(t, offer("a=group:BUNDLE v a", audio("a=bundle-only")), keyedA, secured)
	if stream.Index != 1 || stream.Security != DTLS || stream.RemoteICE == nil || len(stream.RemoteICE.Candidates) != 1 || !stream.RTCPMux || stream.Remote.Port() != 9 {
		t.Errorf("agreed %+v", stream)
	}
	if !strings.Contains(got, "\r\na=group:BUNDLE a\r\n") || !strings.Contains(got, "\r\nm=video 0 ") {
		t.Errorf("answer:\n%s", got)
	}
	for name, text := range map[string]string{
		"without a group":           offer("a=group:LS v a", audio("a=bundle-only")),
		"in a group without it":     offer("a=group:BUNDLE v", audio("a=bundle-only")),
		"closed":                    offer("a=group:BUNDLE v a", audio()),
		"with nobody to ask":        offer("a=group:BUNDLE x a", audio("a=bundle-only")),
		"first of its group itself": offer("a=group:BUNDLE a v", audio("a=bundle-only")),
	} {
		if _, _, err := Answer(parse(t, text), keyedA, secured); warning(err) != WarnMediaType {
			t.Errorf("%s: err = %v, want 304", name, err)
		}
	}
	t.Log("# an answer has no group that was not offered")
	if got, _ := answer(t, session("a=group:ANAT 1", "m=audio 4000 RTP/AVP 0", "a=mid:1"), keyedA, secured); strings.Contains(got, "a=group") {
		t.Errorf("answer:\n%s", got)
	}
}

func TestControl(t *testing.T) {
	type control struct {
		Feedback   Feedback
		RTCPRsize  bool
		XR         XR
		Extensions Extensions
	}
	tcc := "a=extmap:5 " + transportCCURI
	for _, row := range []struct {
		name  string
		offer string
		want  control
	}{
		{"nothing", offerOf("RTP/AVPF"), control{Feedback: Feedback{AVPF: true}}},
		{"for the codec", offerOf("RTP/AVPF", "a=rtcp-fb:0 nack", "a=rtcp-fb:0 ccm fir"), control{Feedback: Feedback{AVPF: true, NACK: true}}},
		{"for all", offerOf("RTP/AVPF", "a=rtcp-fb:* nack", "a=rtcp-rsize"), control{Feedback: Feedback{AVPF: true, NACK: true}, RTCPRsize: true}},
		{"for another codec", offerOf("RTP/AVPF", "a=rtcp-fb:96 nack", "a=rtcp-fb:0 nack pli"), control{Feedback: Feedback{AVPF: true}}},
		{"in a profile without", offerOf("RTP/AVP", "a=rtcp-fb:* nack", "a=rtcp-fb:* transport-cc", tcc, "a=rtcp-rsize"), control{}},
		{"transport-cc", offerOf("RTP/AVPF", "a=rtcp-fb:0 transport-cc", tcc), control{Feedback: Feedback{AVPF: true, TransportCC: true}, Extensions: Extensions{TransportCC: 5}}},
		{"transport-cc without numbers", offerOf("RTP/AVPF", "a=rtcp-fb:0 transport-cc"), control{Feedback: Feedback{AVPF: true}}},
		{"numbers without transport-cc", offerOf("RTP/AVPF", tcc), control{Feedback: Feedback{AVPF: true}}},
		{"audio level", offerOf("RTP/AVP", "a=extmap:1 "+audioLevelURI+" vad=on"), control{Extensions: Extensions{AudioLevel: 1}}},
		{"audio level one way", offerOf("RTP/AVP", "a=extmap:1/recvonly "+audioLevelURI), control{}},
		{"of the session", session("a=extmap:2/sendrecv "+audioLevelURI, "m=audio 4000 RTP/AVP 0"), control{Extensions: Extensions{AudioLevel: 2}}},
		{"ids that do not fit", offerOf("RTP/AVP", "a=extmap:15 "+audioLevelURI, "a=extmap:0 "+audioLevelURI, "a=extmap:4096 "+audioLevelURI), control{}},
		{"an id twice", offerOf("RTP/AVP", "a=extmap:1 urn:x", "a=extmap:1 "+audioLevelURI), control{}},
		{"encrypted", offerOf("RTP/AVP", "a=extmap:1 urn:ietf:params:rtp-hdrext:encrypt "+audioLevelURI), control{}},
		{"reports", offerOf("RTP/AVP", "a=rtcp-xr:rcvr-rtt=sender:1000 stat-summary=loss voip-metrics"), control{XR: XR{true, true}}},
		{"reports of the session", session("a=rtcp-xr:voip-metrics", "m=audio 4000 RTP/AVP 0"), control{XR: XR{VoIPMetrics: true}}},
		{"reports nobody knows", offerOf("RTP/AVP", "a=rtcp-xr:rcvr-rtt=some pkt-loss-rle"), control{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, s := answer(t, row.offer, keyedA, secured)
			if diff := cmp.Diff(row.want, control{s.Feedback, s.RTCPRsize, s.XR, s.Extensions}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			_, s = answer(t, row.offer, here, all)
			if diff := cmp.Diff(control{Feedback: Feedback{AVPF: row.want.Feedback.AVPF}}, control{s.Feedback, s.RTCPRsize, s.XR, s.Extensions}); diff != "" {
				t.Errorf("when we can do nothing (-want +got):\n%s", diff)
			}
		})
	}
}

// TestExtensionsKeepTheirIDs: a further offer of ours has those of before alone, under their numbers.
func TestExtensionsKeepTheirIDs(t *testing.T) {
	s := NewSession(1)
	if _, _, err := s.Answer(parse(t, offerOf("RTP/AVPF", "a=extmap:1 urn:x", "a=extmap:7 "+audioLevelURI)), keyedA, secured); err != nil {
		t.Fatal(err)
	}
	l := s.Offer(keyedA, secured).lines()[0]
	if got := l.extensions(); got != (Extensions{AudioLevel: 7}) {
		t.Errorf("offered %+v", got)
	}
	t.Log("# an answer under another number is none")
	agreed, err := s.Complete(parse(t, offerOf("RTP/AVPF", "a=extmap:8 "+audioLevelURI)), secured)
	if err != nil || agreed.Audio.Extensions != (Extensions{}) {
		t.Errorf("agreed %+v, %v", agreed, err)
	}
}

func TestSSRCRange(t *testing.T) {
	for _, row := range []struct {
		value string
		want  SSRCRange
	}{
		{"1000-1003", SSRCRange{1000, 1003}}, {"7", SSRCRange{7, 7}}, {"9-8", SSRCRange{}}, {"-1", SSRCRange{}}, {"1-4294967296", SSRCRange{}}, {"", SSRCRange{}},
	} {
		if _, s := answer(t, offerOf("RTP/AVP", "a=x-ssrc-range:"+row.value), keyedA, secured); s.RemoteSSRCs != row.want {
			t.Errorf("%q: %+v, want %+v", row.value, s.RemoteSSRCs, row.want)
		}
	}
}
