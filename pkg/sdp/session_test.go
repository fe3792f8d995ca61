package sdp

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

func TestOffer(t *testing.T) {
	want := ours("m=audio 20000 RTP/AVP 96 9 0 8 13 97 101",
		"a=rtpmap:96 opus/48000/2", "a=fmtp:96 useinbandfec=1", "a=rtpmap:9 G722/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
		"a=rtpmap:13 CN/8000", "a=rtpmap:97 telephone-event/48000", "a=fmtp:97 0-15", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15",
		"a=ptime:20", "a=maxptime:60", "a=sendrecv", "a=rtcp-mux")
	if diff := cmp.Diff(want, Offer(here, all).String()); diff != "" {
		t.Errorf("offer (-want +got):\n%s", diff)
	}
}

func TestCompleteUsesEachSidesNumbers(t *testing.T) {
	t.Log("# alice answers with another number for Opus than we offered, and G.711 besides")
	answer := parse(t, session("m=audio 4000 RTP/AVP 120 0 121", "a=rtpmap:120 opus/48000/2", "a=rtpmap:121 telephone-event/48000", "a=recvonly", "a=rtcp-mux"))
	agreed, err := Complete(Offer(here, all), answer, all)
	if err != nil {
		t.Fatal(err)
	}
	s := agreed.Audio
	if s.Send.Codec != opus || s.Send.PayloadType != 120 || s.TelephoneEvent != 121 {
		t.Errorf("we send %s as %d with events %d, want opus as 120 with events 121", s.Send.Codec.Name, s.Send.PayloadType, s.TelephoneEvent)
	}
	want := map[uint8]*codec.Codec{96: opus, 120: opus, 0: pcmu}
	if len(s.Receive) != len(want) || s.Receive[96] != opus || s.Receive[120] != opus || s.Receive[0] != pcmu {
		t.Errorf("we receive %v, want %v", s.Receive, want)
	}
	if s.Direction != SendOnly || !s.RTCPMux {
		t.Errorf("direction %v, mux %v; want sendonly, mux", s.Direction, s.RTCPMux)
	}
}

func TestCompleteRefuses(t *testing.T) {
	offer := Offer(here, all)
	for _, row := range []struct {
		name, answer string
		warning      int // 0: ErrAnswer
	}{
		{"an answer of two lines", session("m=audio 4000 RTP/AVP 0", "m=audio 4000 RTP/AVP 0"), 0},
		{"an answer of none", session(), 0},
		{"an answer of video", session("m=video 4000 RTP/AVP 0"), 0},
		{"a refusal", session("m=audio 0 RTP/AVP 0"), WarnMediaType},
		{"a codec we did not offer", session("m=audio 4000 RTP/AVP 18"), WarnMediaFormat},
		{"SRTP", session("m=audio 4000 RTP/SAVP 0"), 0},
		{"a protocol nobody knows", session("m=audio 4000 RTP/XAVP 0"), 0},
		{"feedback", session("m=audio 4000 RTP/AVPF 0"), 0},
		{"a key", session("m=audio 4000 RTP/AVP 0", "a=crypto:1 "+cryptoB[2].Suite+" "+cryptoB[2].KeyParams), 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Complete(offer, parse(t, row.answer), all)
			if warning(err) != row.warning || row.warning == 0 && !errors.Is(err, ErrAnswer) {
				t.Errorf("err = %v, want warning %d", err, row.warning)
			}
		})
	}
}

// TestSession is one call: alice offers, repeats herself, holds, is offered a new address, and is refused a bad offer.
func TestSession(t *testing.T) {
	s := NewSession(42)
	offer := session("m=video 4002 RTP/AVP 96", "m=audio 4000 RTP/AVP 111 0", "a=rtpmap:111 opus/48000/2", "a=mid:a")
	mustAnswer := func(text string) *Description {
		t.Helper()
		d, _, err := s.Answer(parse(t, text), here, all)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}

	t.Log("# alice calls")
	first := mustAnswer(offer)
	wantOrigin(t, first, "o=- 42 1 IN IP4")
	t.Log("# alice refreshes the session: nothing changed, so neither does the version")
	wantOrigin(t, mustAnswer(offer), "o=- 42 1 IN IP4")
	t.Log("# alice holds")
	wantOrigin(t, mustAnswer(offer+"a=sendonly\r\n"), "o=- 42 2 IN IP4")
	t.Log("# alice offers what we cannot do; the session stays")
	if _, _, err := s.Answer(parse(t, session("m=audio 4000 RTP/AVP 18")), here, all); warning(err) != WarnMediaFormat {
		t.Errorf("err = %v, want warning 305", err)
	}

	t.Log("# we move to another address: same lines, same numbers, next version")
	moved := here
	moved.Addr = netip.MustParseAddrPort("198.51.100.2:30000")
	ours := s.Offer(moved, all)
	wantOrigin(t, ours, "o=- 42 3 IN IP4 198.51.100.2")
	text := ours.String()
	for _, want := range []string{"m=video 0 RTP/AVP 96\r\n", "m=audio 30000 RTP/AVP 111 9 0 8 13 ", "a=rtpmap:111 opus/48000/2\r\n", "a=mid:a\r\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("our offer lacks %q:\n%s", want, text)
		}
	}
	agreed, err := s.Complete(parse(t, session("m=video 0 RTP/AVP 96", "m=audio 4000 RTP/AVP 111", "a=rtpmap:111 opus/48000/2")), all)
	if err != nil || agreed.Audio.Index != 1 || agreed.Audio.Send.Codec != opus {
		t.Fatalf("agreed %+v, %v; want opus on line 1", agreed, err)
	}

	t.Log("# a second answer, or one after we withdrew, has nothing to answer")
	if _, err := s.Complete(parse(t, offer), all); !errors.Is(err, ErrNoOffer) {
		t.Errorf("err = %v, want ErrNoOffer", err)
	}
	s.Offer(here, all)
	s.Withdraw()
	if _, err := s.Complete(parse(t, offer), all); !errors.Is(err, ErrNoOffer) {
		t.Errorf("err = %v, want ErrNoOffer", err)
	}
	t.Log("# a version that was on the wire is not used for anything else")
	wantOrigin(t, mustAnswer(offer), "o=- 42 5 IN IP4")
}

func wantOrigin(t *testing.T, d *Description, want string) {
	t.Helper()
	if !strings.Contains(d.String(), "\r\n"+want) {
		t.Errorf("no %q in\n%s", want, d)
	}
}

func TestNumbersRunOut(t *testing.T) {
	t.Log("# a peer that gave a meaning to every dynamic number leaves none for the codecs of ours that it does not have")
	lines := []string{"m=audio 4000 RTP/AVP 0"}
	for n := range 32 {
		lines[0] += " " + strconv.Itoa(96+n)
		lines = append(lines, "a=rtpmap:"+strconv.Itoa(96+n)+" x"+strconv.Itoa(n)+"/8000")
	}
	s := NewSession(1)
	if _, _, err := s.Answer(parse(t, session(lines...)), here, all); err != nil {
		t.Fatal(err)
	}
	if got := s.Offer(here, all).String(); !strings.Contains(got, "RTP/AVP 9 0 8 13\r\n") {
		t.Errorf("want the static codecs alone:\n%s", got)
	}
}

func TestDirection(t *testing.T) {
	for _, row := range []struct {
		d, reverse      Direction
		sends, receives bool
	}{
		{SendRecv, SendRecv, true, true}, {SendOnly, RecvOnly, true, false}, {RecvOnly, SendOnly, false, true}, {Inactive, Inactive, false, false},
	} {
		if row.d.Reverse() != row.reverse || row.d.Sends() != row.sends || row.d.Receives() != row.receives {
			t.Errorf("%v: reverse %v, sends %v, receives %v", row.d, row.d.Reverse(), row.d.Sends(), row.d.Receives())
		}
		if got, ok := parseDirection(row.d.String()); !ok || got != row.d {
			t.Errorf("%v is read as %v, %v", row.d, got, ok)
		}
	}
}
