package sdp

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

func TestAnswerIsWhatTheOfferAsksFor(t *testing.T) {
	for _, row := range []struct {
		name    string
		offer   string
		caps    Capabilities
		want    string
		codec   *codec.Codec
		payload uint8
		params  codec.Params
	}{
		{
			name: "the offerer's first that we know", caps: all, codec: pcma, payload: 8,
			offer: session("m=audio 4000 RTP/AVP 18 8 0 101", "a=rtpmap:101 telephone-event/8000"),
			want: ours("m=audio 20000 RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15",
				"a=ptime:20", "a=maxptime:60", "a=sendrecv"),
		},
		{
			name: "our first, when ours counts", caps: Capabilities{Codecs: all.Codecs, PreferOurs: true}, codec: g722, payload: 9,
			offer: session("m=audio 4000 RTP/AVP 8 0 9"),
			want:  ours("m=audio 20000 RTP/AVP 9", "a=rtpmap:9 G722/8000", "a=ptime:20", "a=maxptime:60", "a=sendrecv"),
		},
		{
			name: "Opus under the offerer's number, events at its clock", caps: all, codec: opus, payload: 111, params: codec.Params{FEC: true, Bitrate: 32000},
			offer: session("m=audio 4000 RTP/AVP 111 110 126", "a=fmtp:111 useinbandfec=1; maxaveragebitrate=32000", "a=rtpmap:111 opus/48000/2",
				"a=rtpmap:126 telephone-event/8000", "a=rtpmap:110 telephone-event/48000"),
			want: ours("m=audio 20000 RTP/AVP 111 110", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 useinbandfec=1", "a=rtpmap:110 telephone-event/48000",
				"a=fmtp:110 0-15", "a=ptime:20", "a=maxptime:60", "a=sendrecv"),
		},
		{
			name: "parameters that cannot be read rule a codec out", caps: all, codec: pcmu, payload: 0,
			offer: session("m=audio 4000 RTP/AVP 96 0", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 maxaveragebitrate=much"),
			want:  ours("m=audio 20000 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=ptime:20", "a=maxptime:60", "a=sendrecv"),
		},
		{
			name: "stereo G722 is not ours", caps: all, codec: g722, payload: 9,
			offer: session("m=audio 4000 RTP/AVP 117 9", "a=rtpmap:117 G722/8000/2"),
			want:  ours("m=audio 20000 RTP/AVP 9", "a=rtpmap:9 G722/8000", "a=ptime:20", "a=maxptime:60", "a=sendrecv"),
		},
		{
			name: "comfort noise, feedback profile, one port", caps: all, codec: pcmu, payload: 0,
			offer: session("m=audio 4000 RTP/AVPF 0 13", "a=rtcp-mux", "a=mid:sound", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"),
			want: ours("m=audio 20000 RTP/AVPF 0 13", "a=rtpmap:0 PCMU/8000", "a=rtpmap:13 CN/8000", "a=ptime:20", "a=maxptime:60", "a=sendrecv",
				"a=rtcp-mux", "a=mid:sound"),
		},
		{
			name: "everything else is refused in its place", caps: all, codec: pcmu, payload: 0,
			offer: session("m=video 4002 RTP/AVP 96", "a=mid:v", "m=audio 0 RTP/AVP 0", "m=audio 4000 RTP/SAVP 0", "m=audio 4004 RTP/AVP 0", "m=audio 4006 RTP/AVP 0", "m=image 4008 udptl t38"),
			want: ours("m=video 0 RTP/AVP 96", "a=mid:v", "m=audio 0 RTP/AVP 0", "m=audio 0 RTP/SAVP 0",
				"m=audio 20000 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=ptime:20", "a=maxptime:60", "a=sendrecv",
				"m=audio 0 RTP/AVP 0", "m=image 0 udptl t38"),
		},
		{
			name: "packets of 30 ms, since no more than 35 are taken", caps: all, codec: pcmu, payload: 0,
			offer: session("m=audio 4000 RTP/AVP 0", "a=ptime:60", "a=maxptime:35"),
			want:  ours("m=audio 20000 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=ptime:30", "a=maxptime:60", "a=sendrecv"),
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, stream := answer(t, row.offer, here, row.caps)
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if stream.Send.Codec != row.codec || stream.Send.PayloadType != row.payload || stream.Send.Params != row.params {
				t.Errorf("we send %+v, want %s as %d with %+v", stream.Send, row.codec.Name, row.payload, row.params)
			}
			if stream.Receive[row.payload] != row.codec || len(stream.Receive) != 1 {
				t.Errorf("we receive %v, want %s as %d alone", stream.Receive, row.codec.Name, row.payload)
			}
		})
	}
}

func TestDirections(t *testing.T) {
	for _, row := range []struct {
		name  string
		lines []string // below the audio line
		local Direction
		want  Direction // ours
	}{
		{"nothing said", nil, SendRecv, SendRecv},
		{"hold", []string{"a=sendonly"}, SendRecv, RecvOnly},
		{"listener", []string{"a=recvonly"}, SendRecv, SendOnly},
		{"nobody", []string{"a=inactive"}, SendRecv, Inactive},
		{"hold as it was", []string{"c=IN IP4 0.0.0.0"}, SendRecv, RecvOnly},
		{"hold as it was, and inactive", []string{"c=IN IP4 0.0.0.0", "a=inactive"}, SendRecv, Inactive},
		{"we only listen", nil, RecvOnly, RecvOnly},
		{"both only listen", []string{"a=recvonly"}, RecvOnly, Inactive},
	} {
		t.Run(row.name, func(t *testing.T) {
			local := here
			local.Direction = row.local
			got, stream := answer(t, session(append([]string{"m=audio 4000 RTP/AVP 0"}, row.lines...)...), local, all)
			if stream.Direction != row.want {
				t.Errorf("direction = %v, want %v", stream.Direction, row.want)
			}
			if !strings.Contains(got, "\r\na="+row.want.String()+"\r\n") {
				t.Errorf("the answer does not say %v:\n%s", row.want, got)
			}
		})
	}
	t.Run("of the session", func(t *testing.T) {
		if _, stream := answer(t, session("a=sendonly", "m=audio 4000 RTP/AVP 0"), here, all); stream.Direction != RecvOnly {
			t.Errorf("direction = %v, want recvonly", stream.Direction)
		}
	})
}

func TestAddresses(t *testing.T) {
	offer6 := text("v=0", "o=- 1 1 IN IP6 2001:db8::9", "s=-", "t=0 0", "m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::9")
	for _, row := range []struct {
		name, offer string
		local       Local
		rtp, rtcp   string
		mux         bool
	}{
		{"the next port", session("m=audio 4000 RTP/AVP 0"), here, "192.0.2.1:4000", "192.0.2.1:4001", false},
		{"another port", session("m=audio 4000 RTP/AVP 0", "a=rtcp:5000"), here, "192.0.2.1:4000", "192.0.2.1:5000", false},
		{"another host", session("m=audio 4000 RTP/AVP 0", "a=rtcp:5000 IN IP4 192.0.2.2"), here, "192.0.2.1:4000", "192.0.2.2:5000", false},
		{"nonsense", session("m=audio 4000 RTP/AVP 0", "a=rtcp:1 IN IP7 X"), here, "192.0.2.1:4000", "192.0.2.1:1", false},
		{"the same port", session("m=audio 4000 RTP/AVP 0", "a=rtcp-mux"), here, "192.0.2.1:4000", "192.0.2.1:4000", true},
		{"the last port", session("m=audio 65535 RTP/AVP 0"), here, "192.0.2.1:65535", "invalid AddrPort", false},
		{"the line's own", session("m=audio 4000 RTP/AVP 0", "c=IN IP4 192.0.2.3/127"), here, "192.0.2.3:4000", "192.0.2.3:4001", false},
		{"IPv6", offer6, here6, "[2001:db8::9]:4000", "[2001:db8::9]:4001", false},
		{"the line of our family", offer6 + "m=audio 4002 RTP/AVP 0\r\nc=IN IP4 192.0.2.4\r\n", here, "192.0.2.4:4002", "192.0.2.4:4003", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, stream := answer(t, row.offer, row.local, all)
			if stream.Remote.String() != row.rtp || stream.RemoteRTCP.String() != row.rtcp || stream.RTCPMux != row.mux {
				t.Errorf("RTP to %v, RTCP to %v, mux %v; want %s, %s, %v", stream.Remote, stream.RemoteRTCP, stream.RTCPMux, row.rtp, row.rtcp, row.mux)
			}
		})
	}
}

func TestRTCPPortOfOurs(t *testing.T) {
	local := here
	local.RTCPPort = 20000
	if got, _ := answer(t, session("m=audio 4000 RTP/AVP 0"), local, all); !strings.Contains(got, "\r\na=rtcp:20000\r\n") {
		t.Errorf("no a=rtcp:20000 in\n%s", got)
	}
	local.RTCPPort = 20001
	if got, _ := answer(t, session("m=audio 4000 RTP/AVP 0"), local, all); strings.Contains(got, "a=rtcp:") {
		t.Errorf("the next port needs no a=rtcp:\n%s", got)
	}
}

func TestPacketLengths(t *testing.T) {
	for _, row := range []struct {
		lines         []string
		ptime, longer time.Duration
	}{
		{nil, 20, 0},
		{[]string{"a=ptime:10"}, 10, 0},
		{[]string{"a=ptime:5"}, 10, 0},
		{[]string{"a=ptime:50"}, 40, 0},
		{[]string{"a=ptime:240"}, 60, 0},
		{[]string{"a=ptime:-20"}, 20, 0},
		{[]string{"a=ptime:NaN"}, 20, 0},
		{[]string{"a=maxptime:200"}, 20, 200},
		{[]string{"a=maxptime:15"}, 10, 15},
	} {
		_, stream := answer(t, session(append([]string{"m=audio 4000 RTP/AVP 0"}, row.lines...)...), here, all)
		if stream.Ptime != row.ptime*time.Millisecond || stream.MaxPtime != row.longer*time.Millisecond {
			t.Errorf("%v: ptime %v, maxptime %v; want %d, %d ms", row.lines, stream.Ptime, stream.MaxPtime, row.ptime, row.longer)
		}
	}
}

func TestDigits(t *testing.T) {
	for _, row := range []struct {
		fmtp string
		want uint16
	}{
		{"", 0xffff}, {"0-15", 0xffff}, {"0-16", 0xffff}, {"0-11", 0x0fff}, {"0,5,10-11", 0x0c21}, {"events=0-15", 0xffff}, {"16", 0}, {"x,1,9-", 2},
	} {
		if got := digits(row.fmtp); got != row.want {
			t.Errorf("digits(%q) = %#04x, want %#04x", row.fmtp, got, row.want)
		}
	}
}

func TestNotAcceptable(t *testing.T) {
	for _, row := range []struct {
		name, offer string
		warning     int
	}{
		{"no media", session(), WarnMediaType},
		{"video alone", session("m=video 4000 RTP/AVP 96"), WarnMediaType},
		{"audio that is closed", session("m=audio 0 RTP/AVP 0"), WarnMediaType},
		{"codecs nobody has", session("m=audio 4000 RTP/AVP 18 4"), WarnMediaFormat},
		{"only events", session("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"), WarnMediaFormat},
		{"a number without a meaning", session("m=audio 4000 RTP/AVP 97"), WarnMediaFormat},
		{"SRTP", session("m=audio 4000 RTP/SAVP 0"), WarnMediaType},
		{"DTLS", session("m=audio 9 UDP/TLS/RTP/SAVPF 0"), WarnMediaType},
		{"TCP", session("m=audio 9 TCP/RTP/AVP 0"), WarnTransportProtocol},
		{"a host name", session("m=audio 4000 RTP/AVP 0", "c=IN IP4 host.example.com"), WarnNetworkAddress},
		{"no address", text("v=0", "m=audio 4000 RTP/AVP 0"), WarnNetworkAddress},
		{"the other family", session("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::1"), WarnNetworkAddress},
		{"a zone", session("m=audio 4000 RTP/AVP 0", "c=IN IP6 fe80::1%eth0"), WarnNetworkAddress},
		{"multicast", session("m=audio 4000 RTP/AVP 0", "c=IN IP4 224.2.17.12/127"), WarnMulticast},
		{"everybody", session("m=audio 4000 RTP/AVP 0", "c=IN IP4 255.255.255.255"), WarnMulticast},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, _, err := Answer(parse(t, row.offer), here, all)
			if warning(err) != row.warning {
				t.Errorf("err = %v, want warning %d", err, row.warning)
			}
		})
	}
}

// TestClients answers offers shaped like those of real clients; testdata/NAME.sdp is the offer, testdata/NAME.answer ours without
// keys, testdata/NAME.secure ours with everything.
func TestClients(t *testing.T) {
	offers, err := filepath.Glob("testdata/*.sdp")
	if err != nil || len(offers) == 0 {
		t.Fatalf("no offers: %v", err)
	}
	for _, file := range offers {
		t.Run(filepath.Base(file), func(t *testing.T) {
			wantAnswer(t, file, ".answer", false, all)
			wantAnswer(t, file, ".secure", true, secured)
		})
	}
}

func wantAnswer(t *testing.T, file, suffix string, keys bool, caps Capabilities) {
	t.Helper()
	got := answerOrWarning(t, read(t, file), keys, caps)
	want := read(t, strings.TrimSuffix(file, ".sdp")+suffix)
	if diff := cmp.Diff(want, strings.ReplaceAll(got, "\r\n", "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", suffix, diff)
	}
}

// localFor is our end for an offer, in its address family.
func localFor(offer *Description, keys bool) Local {
	local := here
	if keys {
		local = keyedA
	}
	if offer.AudioAddr().Is6() {
		local.Addr = here6.Addr
	}
	return local
}

func answerOrWarning(t *testing.T, text string, keys bool, caps Capabilities) string {
	offer := parse(t, text)
	d, _, err := Answer(offer, localFor(offer, keys), caps)
	if err != nil {
		return err.Error() + "\n"
	}
	return d.String()
}

func read(t testing.TB, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestAnswerKeepsTheLines: whatever lines an offer is made of, the answer has one for each, of the same media, in their order.
func TestAnswerKeepsTheLines(t *testing.T) {
	lines := []string{"m=audio 4000 RTP/AVP 0", "m=audio 0 RTP/AVP 0", "m=video 4000 RTP/AVP 96", "m=audio 4000 RTP/SAVP 0", "m=image 4000 udptl t38",
		"m=audio 4000 RTP/AVP 96 13 101", "a=rtpmap:96 opus/48000/2", "a=rtpmap:101 telephone-event/8000", "a=sendonly", "a=inactive",
		"a=rtcp-mux", "a=mid:1", "a=ptime:40", "c=IN IP4 0.0.0.0", "c=IN IP6 ::1", "c=IN IP4 192.0.2.7", "a=fmtp:96 maxaveragebitrate=-1",
		"m=audio 4000 RTP/SAVPF 0", "m=audio 9 UDP/TLS/RTP/SAVPF 0", "m=audio 0 UDP/TLS/RTP/SAVPF 0", "a=bundle-only", "a=group:BUNDLE 1 2", "a=mid:2",
		oneCrypto, cryptoLine(2, gcm, "|2^31|1:1"), oneHash, actpass, "a=setup:active", "a=setup:holdconn", "a=encryption:required", "a=encryption:rejected",
		"a=ice-ufrag:abcd", "a=ice-pwd:passwordpasswordpassword", "a=rtcp-rsize", "a=rtcp-fb:* nack", "a=rtcp-xr:voip-metrics", "a=extmap:1 " + audioLevelURI}
	rapid.Check(t, func(t *rapid.T) {
		media := rapid.SliceOfN(rapid.SampledFrom(lines), 0, 20).Draw(t, "lines")
		offer, err := Parse(session(media...))
		if err != nil {
			t.Fatal(err)
		}
		checkAnswer(t, offer)
	})
}

type failer interface{ Fatalf(string, ...any) }

// checkAnswer holds for every offer, whatever the policy.
func checkAnswer(t failer, offer *Description) {
	checkAnswerOf(t, offer, here, all)
	for _, policy := range []Policy{Preferred, Required, None} {
		caps := secured
		caps.Policy = policy
		checkAnswerOf(t, offer, keyedA, caps)
	}
}

func checkAnswerOf(t failer, offer *Description, local Local, caps Capabilities) {
	answer, agreed, err := Answer(offer, local, caps)
	if err != nil {
		if warning(err) == 0 {
			t.Fatalf("err = %v, want one with a warning", err)
		}
		return
	}
	theirs, ours := offer.lines(), answer.lines()
	if len(theirs) != len(ours) {
		t.Fatalf("%d m-lines for %d", len(ours), len(theirs))
	}
	for i := range ours {
		if ours[i].MediaName.Media != theirs[i].MediaName.Media || ours[i].protocol() != theirs[i].protocol() {
			t.Fatalf("m-line %d: %v for %v", i, ours[i].MediaName, theirs[i].MediaName)
		}
		if open := ours[i].port() != 0; open != (i == agreed.Audio.Index) {
			t.Fatalf("m-line %d: port %d, but audio is on line %d", i, ours[i].port(), agreed.Audio.Index)
		}
	}
	s := agreed.Audio
	if s.Direction.Sends() && !s.Remote.IsValid() || s.Send.Codec == nil || s.Receive[s.Send.PayloadType] != s.Send.Codec || s.Ptime < 10*time.Millisecond {
		t.Fatalf("half agreed: %+v", s)
	}
	if again, err := Parse(answer.String()); err != nil || again.String() != answer.String() {
		t.Fatalf("our answer cannot be read: %v\n%s", err, answer)
	}
	checkProtection(t, s, caps)
}

func FuzzAnswer(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, in string) {
		offer, err := Parse(in)
		if err != nil || len(in) > MaxBytes/2 {
			return
		}
		checkAnswer(t, offer)
	})
}

func seed(f *testing.F) {
	offers, _ := filepath.Glob("testdata/*.sdp")
	for _, file := range offers {
		f.Add(read(f, file))
	}
	f.Add(session("m=audio 4000 RTP/AVP 0", "a=rtcp:5000 IN IP4 192.0.2.2", "a=ptime:2.5", "a=maxptime:60"))
	f.Add("v=0\nm=audio 1 RTP/AVP 0\n")
	f.Add(session("m=audio 0 UDP/TLS/RTP/SAVPF 0", "a=mid:a", "a=group:BUNDLE b a", "a=bundle-only", "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:b", oneHash))
	f.Add(session("m=audio 4000 RTP/SAVPF 0", cryptoLine(1, gcm, "|2^20|1:4;"+gcm.KeyParams+"|2:4 WSH=64"), "a=ice-options:ice2 trickle", "a=remote-candidates:1 192.0.2.1 9",
		"a=extmap:2/sendonly "+audioLevelURI, "a=rtcp-fb:0 transport-cc", "a=x-ssrc-range:1-4294967295", "a=tls-id:abc", "a=encryption:optional"))
}

func TestAudioAddr(t *testing.T) {
	for _, row := range []struct{ offer, want string }{
		{session("m=audio 4000 RTP/AVP 0"), "192.0.2.1"},
		{session("m=audio 0 RTP/AVP 0", "m=audio 1 RTP/AVP 0", "c=IN IP6 2001:db8::1"), "2001:db8::1"},
		{session("m=video 4000 RTP/AVP 0"), "invalid IP"},
		{session("m=audio 4000 RTP/AVP 0", "c=IN IP4 example.com"), "invalid IP"},
	} {
		if got := parse(t, row.offer).AudioAddr(); got.String() != row.want {
			t.Errorf("AudioAddr = %v, want %s", got, row.want)
		}
	}
}

func ExampleAnswer() {
	offer, _ := Parse("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n")
	local := Local{Addr: netip.MustParseAddrPort("198.51.100.1:20000"), SessionID: 1, Version: 1}
	_, agreed, err := Answer(offer, local, Capabilities{Codecs: []*codec.Codec{pcmu}})
	fmt.Println(agreed.Audio.Send.Codec.Name, agreed.Audio.Remote, agreed.Audio.TelephoneEvent, err)
	// Output: PCMU 192.0.2.1:4000 101 <nil>
}
