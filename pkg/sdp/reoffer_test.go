package sdp

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOffersByPolicy(t *testing.T) {
	crypto := func() (lines []string) {
		for i, c := range cryptoA {
			lines = append(lines, cryptoLine(i+1, c, ""))
		}
		return lines
	}()
	hash := []string{"a=fingerprint:" + fingerprint("A").String(), "a=setup:actpass"}
	only := func(sdes, dtls bool, p Policy) Capabilities {
		caps := secured.under(p)
		caps.SDES, caps.DTLS = sdes, dtls
		return caps
	}
	browser := secured
	browser.WebRTC = true
	for _, row := range []struct {
		name    string
		caps    Capabilities
		profile string
		lines   []string
	}{
		{"preferred", secured, "RTP/AVP", slices.Concat(crypto, hash)},
		{"preferred, signalling in clear", only(false, true, Preferred), "RTP/AVP", hash},
		{"preferred without DTLS", only(true, false, Preferred), "RTP/AVP", crypto},
		{"preferred without anything", only(false, false, Preferred), "RTP/AVP", nil},
		{"required", secured.under(Required), "RTP/SAVP", slices.Concat(crypto, hash)},
		{"required, signalling in clear", only(false, true, Required), "UDP/TLS/RTP/SAVPF", hash},
		{"required without DTLS", only(true, false, Required), "RTP/SAVP", crypto},
		{"required without anything: nobody can take it", only(false, false, Required), "RTP/SAVP", nil},
		{"none", secured.under(None), "RTP/AVP", nil},
		{"a browser", browser, "UDP/TLS/RTP/SAVPF", hash},
		{"a browser that must", browser.under(Required), "UDP/TLS/RTP/SAVPF", hash},
		{"a browser in clear", browser.under(None), "RTP/AVP", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			offer := Offer(keyedA, row.caps)
			l := offer.lines()[0]
			var got []string
			for _, a := range l.Attributes {
				if slices.Contains([]string{"crypto", "fingerprint", "setup"}, a.Key) {
					got = append(got, "a="+a.Key+":"+a.Value)
				}
			}
			if l.protocol() != row.profile || !slices.Equal(got, row.lines) {
				t.Errorf("%s with %d lines, want %s with %d", l.protocol(), len(got), row.profile, len(row.lines))
			}
			if again, err := Parse(offer.String()); err != nil || again.String() != offer.String() {
				t.Errorf("our offer cannot be read: %v", err)
			}
		})
	}
}

func TestOfferForABrowser(t *testing.T) {
	caps := secured
	caps.WebRTC, caps.Codecs = true, secured.Codecs[2:3]
	want := text("v=0", "o=- 7 1 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=0 0", "a=group:BUNDLE 0", "a=ice-lite",
		"m=audio 20000 UDP/TLS/RTP/SAVPF 0 13 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:13 CN/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15",
		"a=ptime:20", "a=maxptime:60", "a=sendrecv", "a=rtcp-mux", "a=mid:0", "a=fingerprint:"+fingerprint("A").String(), "a=setup:actpass",
		"a=ice-ufrag:ourA", "a=ice-pwd:ourpasswordourpassword", "a=ice-options:ice2", "a=candidate:1 1 UDP 2130706431 198.51.100.1 20000 typ host",
		"a=end-of-candidates", "a=rtcp-rsize", "a=rtcp-fb:* nack", "a=rtcp-fb:* transport-cc", "a=rtcp-xr:rcvr-rtt=all voip-metrics",
		"a=extmap:1 "+audioLevelURI, "a=extmap:3 "+transportCCURI, "a=msid:focus audio", "a=ssrc:4711 cname:focus")
	if diff := cmp.Diff(want, Offer(keyedA, caps).String()); diff != "" {
		t.Errorf("offer (-want +got):\n%s", diff)
	}
}

// TestAnswersToProtectedOffers completes an offer of each kind with answers good and bad.
func TestAnswersToProtectedOffers(t *testing.T) {
	optional, must := secured, secured.under(Required)
	dtls, browser := must, must
	dtls.SDES = false
	browser.WebRTC = true
	key := func(tag, n int) string { return cryptoLine(tag, cryptoB[n], "") }
	active, passive := "a=setup:active", "a=setup:passive"
	for _, row := range []struct {
		name, answer string
		caps         Capabilities
		want         Security // refused: ErrAnswer
		setup        Setup
	}{
		{"the option is not taken", offerOf("RTP/AVP"), optional, Clear, 0},
		{"a key is taken", offerOf("RTP/AVP", key(3, 2)), optional, SDES, 0},
		{"a key is taken for a must, as SIPE does", offerOf("RTP/SAVP", key(3, 2)), optional, SDES, 0},
		{"DTLS is taken", offerOf("RTP/AVP", oneHash, active), optional, DTLS, Passive},
		{"DTLS is taken for a must", offerOf("UDP/TLS/RTP/SAVP", oneHash, passive), optional, DTLS, Active},
		{"a must without a key", offerOf("RTP/SAVP"), optional, refused, 0},
		{"a key of DTLS that is none", offerOf("UDP/TLS/RTP/SAVP", key(3, 2)), optional, refused, 0},
		{"feedback that was not offered", offerOf("RTP/AVPF"), optional, refused, 0},

		{"the key of the tag", offerOf("RTP/SAVP", key(1, 0)), must, SDES, 0},
		{"the key with an MKI", offerOf("RTP/SAVP", cryptoLine(1, cryptoB[0], "|2^31|1:1")), must, SDES, 0},
		{"the second line fits", offerOf("RTP/SAVP", key(9, 0), key(3, 2)), must, SDES, 0},
		{"a tag that was not offered", offerOf("RTP/SAVP", key(9, 0)), must, refused, 0},
		{"a suite that was not offered under it", offerOf("RTP/SAVP", key(2, 0)), must, refused, 0},
		{"a suite nobody knows", offerOf("RTP/SAVP", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA"), must, refused, 0},
		{"a suite nobody knows, for an option", offerOf("RTP/AVP", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA"), optional, refused, 0},
		{"less protection", offerOf("RTP/SAVP", cryptoLine(1, cryptoB[0], " UNENCRYPTED_SRTP")), must, refused, 0},
		{"our own key", offerOf("RTP/SAVP", cryptoLine(1, cryptoA[0], "")), must, refused, 0},
		{"no key", offerOf("RTP/SAVP"), must, refused, 0},
		{"clear", offerOf("RTP/AVP"), must, refused, 0},
		{"a key that is not a must", offerOf("RTP/AVP", key(1, 0)), must, refused, 0},
		{"DTLS beside keys", offerOf("RTP/SAVP", oneHash, active), must, DTLS, Passive},

		{"DTLS, active", offerOf("UDP/TLS/RTP/SAVPF", oneHash, active), dtls, DTLS, Passive},
		{"DTLS, passive", offerOf("UDP/TLS/RTP/SAVPF", oneHash, passive), dtls, DTLS, Active},
		{"DTLS, nothing said is passive", offerOf("UDP/TLS/RTP/SAVPF", oneHash), dtls, DTLS, Active},
		{"DTLS without feedback", offerOf("UDP/TLS/RTP/SAVP", oneHash, active), dtls, DTLS, Passive},
		{"DTLS of the session", session(oneHash, active, "m=audio 4000 UDP/TLS/RTP/SAVPF 0"), dtls, DTLS, Passive},
		{"DTLS, actpass", offerOf("UDP/TLS/RTP/SAVPF", oneHash, actpass), dtls, refused, 0},
		{"DTLS, holdconn", offerOf("UDP/TLS/RTP/SAVPF", oneHash, "a=setup:holdconn"), dtls, refused, 0},
		{"DTLS, nonsense", offerOf("UDP/TLS/RTP/SAVPF", oneHash, "a=setup:maybe"), dtls, refused, 0},
		{"no fingerprint", offerOf("UDP/TLS/RTP/SAVPF", active), dtls, refused, 0},
		{"a fingerprint of SHA-1", offerOf("UDP/TLS/RTP/SAVPF", active, "a=fingerprint:sha-1 AA"), dtls, refused, 0},
		{"keys instead", offerOf("RTP/SAVPF", key(1, 0)), dtls, refused, 0},
		{"the older name", offerOf("RTP/SAVPF", oneHash, active), dtls, refused, 0},
		{"clear to DTLS", offerOf("RTP/AVP", oneHash, active), dtls, refused, 0},
		{"a browser", offerOf("UDP/TLS/RTP/SAVPF", oneHash, active, "a=mid:0", "a=rtcp-mux"), browser, DTLS, Passive},
	} {
		t.Run(row.name, func(t *testing.T) {
			agreed, err := Complete(Offer(keyedA, row.caps), parse(t, row.answer), row.caps)
			switch {
			case row.want == refused && !errors.Is(err, ErrAnswer):
				t.Errorf("err = %v, want ErrAnswer", err)
			case row.want != refused && err != nil:
				t.Error(err)
			case err == nil:
				checkProtection(t, agreed.Audio, row.caps)
				if s := agreed.Audio; s.Security != row.want || s.Setup != row.setup || s.NewDTLS != (row.want == DTLS) {
					t.Errorf("%v as %v, new %t; want %v as %v", s.Security, s.Setup, s.NewDTLS, row.want, row.setup)
				}
			}
		})
	}
}

// call is a session of ours with alice, whose descriptions are written by hand.
type call struct {
	*testing.T
	session *Session
	local   Local
	caps    Capabilities
}

func (c *call) answers(offer string) *Stream {
	c.Helper()
	_, agreed, err := c.session.Answer(parse(c.T, offer), c.local, c.caps)
	if err != nil {
		c.Fatal(err)
	}
	return agreed.Audio
}

// offers makes our offer, and alice answers it with what reply makes of our m-line.
func (c *call) offers(reply func(ours line) string) *Stream {
	c.Helper()
	ours := c.session.Offer(c.local, c.caps)
	agreed, err := c.session.Complete(parse(c.T, reply(ours.lines()[0])), c.caps)
	if err != nil {
		c.Fatal(err)
	}
	return agreed.Audio
}

func (c *call) wantKeys(s *Stream, local, remote Crypto) {
	c.Helper()
	if s.Security != SDES || s.LocalCrypto.KeyParams != local.KeyParams || s.RemoteCrypto.KeyParams != remote.KeyParams {
		c.Errorf("%v, keys of ours kept: %t, of alice: %t", s.Security, s.LocalCrypto.KeyParams == local.KeyParams, s.RemoteCrypto.KeyParams == remote.KeyParams)
	}
}

func TestKeysOverTheWholeCall(t *testing.T) {
	first, second, third := keys('1'), keys('2'), keys('3')
	alice, again := cryptoB[2], keys('z')[2]
	c := &call{T: t, session: NewSession(1), local: keyedA, caps: secured}
	c.local.Crypto = first
	t.Log("# alice calls with a key")
	c.wantKeys(c.answers(offerOf("RTP/SAVP", cryptoLine(1, alice, ""))), first[2], alice)
	c.local.Crypto = second
	t.Log("# alice holds, under another tag, and offers more than before")
	c.wantKeys(c.answers(offerOf("RTP/SAVP", cryptoLine(1, gcm, ""), cryptoLine(5, alice, "|2^31"), "a=sendonly")), first[2], Crypto{KeyParams: alice.KeyParams + "|2^31"})
	t.Log("# we hold: one line, the same key")
	c.local.Direction = SendOnly
	c.wantKeys(c.offers(func(ours line) string {
		if lines := ours.cryptos(); len(lines) != 1 || lines[0].KeyParams != first[2].KeyParams || ours.protocol() != "RTP/SAVP" || ours.has("fingerprint") {
			t.Errorf("we offer %v on %s", lines, ours.protocol())
		}
		return offerOf("RTP/SAVP", cryptoLine(1, alice, ""))
	}), first[2], alice)
	c.local.Direction = SendRecv
	t.Log("# alice takes a new key; so do we")
	c.wantKeys(c.answers(offerOf("RTP/SAVP", cryptoLine(1, again, ""))), second[2], again)
	t.Log("# we take a new key; alice keeps hers")
	c.local.Crypto, c.local.Rekey = third, true
	c.wantKeys(c.offers(func(ours line) string {
		if lines := ours.cryptos(); len(lines) != len(third) {
			t.Errorf("we offer %v", lines)
		}
		return offerOf("RTP/SAVP", cryptoLine(3, again, ""))
	}), third[2], again)
	t.Log("# the next offer keeps it")
	c.local.Rekey, c.local.Crypto = false, second
	c.wantKeys(c.answers(offerOf("RTP/SAVP", cryptoLine(1, again, ""))), third[2], again)
	t.Log("# alice hands the call to a telephone that cannot: preferred lets her, required does not")
	c.caps = c.caps.under(Required)
	if _, _, err := c.session.Answer(parse(t, offerOf("RTP/AVP")), c.local, c.caps); warning(err) != WarnMediaType {
		t.Errorf("err = %v", err)
	}
	c.wantKeys(c.answers(offerOf("RTP/SAVP", cryptoLine(1, again, ""))), third[2], again)
	c.caps = c.caps.under(Preferred)
	if s := c.answers(offerOf("RTP/AVP")); s.Security != Clear || s.LocalCrypto != (Crypto{}) {
		t.Errorf("%v, want it clear", s.Security)
	}
	t.Log("# now in clear, our offers stay so until encryption is required")
	if l := c.session.Offer(c.local, c.caps).lines()[0]; l.has("crypto") || l.has("fingerprint") || l.protocol() != "RTP/AVP" {
		t.Errorf("we offer %s", l.protocol())
	}
	if l := c.session.Offer(c.local, c.caps.under(Required)).lines()[0]; !l.has("crypto") || l.protocol() != "RTP/SAVP" {
		t.Errorf("we offer %s", l.protocol())
	}
}

func TestOptionalKeysStayOptionalInForm(t *testing.T) {
	c := &call{T: t, session: NewSession(1), local: keyedA, caps: secured}
	c.answers(offerOf("RTP/AVP", oneCrypto, "a=encryption:optional", "a=x-ssrc-range:1-2"))
	l := c.session.Offer(c.local, c.caps).lines()[0]
	if l.protocol() != "RTP/AVP" || len(l.cryptos()) != 1 || l.encryption() != encryptionOptional || !l.has("x-ssrc-range") {
		t.Errorf("we offer %s, %v", l.protocol(), l.cryptos())
	}
	l = c.session.Offer(c.local, c.caps.under(Required)).lines()[0]
	if l.protocol() != "RTP/SAVP" || len(l.cryptos()) != 1 || l.encryption() != encryptionRequired {
		t.Errorf("required: we offer %s, %v", l.protocol(), l.cryptos())
	}
	l = c.session.Offer(c.local, c.caps.under(None)).lines()[0]
	if l.protocol() != "RTP/AVP" || l.has("crypto") {
		t.Errorf("none: we offer %s, %v", l.protocol(), l.cryptos())
	}
}

func TestRolesOverTheWholeCall(t *testing.T) {
	c := &call{T: t, session: NewSession(1), local: keyedA, caps: secured}
	offer := func(lines ...string) string {
		return offerOf("UDP/TLS/RTP/SAVPF", append([]string{"a=ice-pwd:passwordpasswordpassword", "a=rtcp-mux"}, lines...)...)
	}
	want := func(s *Stream, setup Setup, dtls, ice bool) {
		t.Helper()
		if s.Security != DTLS || s.Setup != setup || s.NewDTLS != dtls || s.ICERestart != ice {
			t.Errorf("%v as %v, new association %t, ICE restart %t; want %v, %t, %t", s.Security, s.Setup, s.NewDTLS, s.ICERestart, setup, dtls, ice)
		}
	}
	ice1, ice2 := "a=ice-ufrag:one1", "a=ice-ufrag:two2"
	c.local.Setup = Passive
	t.Log("# alice calls, we like to be passive")
	want(c.answers(offer(oneHash, actpass, ice1)), Passive, true, false)
	c.local.Setup = ActPass
	t.Log("# alice refreshes: the role stays, although we would like another now")
	want(c.answers(offer(oneHash, actpass, ice1)), Passive, false, false)
	t.Log("# we hold: we offer our role; alice answers with hers")
	want(c.offers(func(ours line) string {
		if ours.setup(HoldConn) != Passive || ours.protocol() != "UDP/TLS/RTP/SAVPF" || ours.has("crypto") {
			t.Errorf("we offer %s as %v", ours.protocol(), ours.setup(HoldConn))
		}
		return offer(oneHash, "a=setup:active", ice1)
	}), Passive, false, false)
	t.Log("# alice restarts ICE; the association goes on")
	restart := parse(t, offer(oneHash, actpass, ice2))
	if !c.session.ICERestarts(restart) {
		t.Error("an ICE restart was not seen")
	}
	want(c.answers(restart.String()), Passive, false, true)
	t.Log("# alice moves to a browser with another certificate")
	want(c.answers(offer("a=fingerprint:"+fingerprint("D").String(), actpass, ice2)), Active, true, false)
	t.Log("# alice wants the roles the other way round")
	want(c.answers(offer("a=fingerprint:"+fingerprint("D").String(), "a=setup:active", ice2)), Passive, true, false)
	t.Log("# alice names another association")
	want(c.answers(offer("a=fingerprint:"+fingerprint("D").String(), actpass, ice2, "a=tls-id:abcdefghijklmnopqrst")), Active, true, false)
	t.Log("# our certificate is another one")
	c.local.Fingerprint = fingerprint("F")
	want(c.offers(func(ours line) string {
		if ours.setup(HoldConn) != ActPass {
			t.Errorf("we offer %v", ours.setup(HoldConn))
		}
		return offer("a=fingerprint:"+fingerprint("D").String(), "a=setup:active", ice2)
	}), Passive, true, false)
}

func TestWrongRoleInAFurtherAnswer(t *testing.T) {
	c := &call{T: t, session: NewSession(1), local: keyedA, caps: secured}
	c.answers(offerOf("UDP/TLS/RTP/SAVPF", oneHash, actpass))
	c.session.Offer(c.local, c.caps)
	if _, err := c.session.Complete(parse(t, offerOf("UDP/TLS/RTP/SAVPF", oneHash, "a=setup:active")), c.caps); !errors.Is(err, ErrAnswer) {
		t.Errorf("both are active: err = %v", err)
	}
}

// TestFurtherOfferToABrowser keeps what a browser needs to recognise the line by.
func TestFurtherOfferToABrowser(t *testing.T) {
	s := NewSession(1)
	if _, _, err := s.Answer(parse(t, read(t, "testdata/jssip.sdp")), keyedA, secured); err != nil {
		t.Fatal(err)
	}
	text := s.Offer(keyedA, secured.under(Required)).String()
	for _, want := range []string{"a=group:BUNDLE 0\r\n", "a=ice-lite\r\n", "m=audio 20000 UDP/TLS/RTP/SAVPF 111 ", "a=mid:0\r\n", "a=setup:active\r\n", "a=rtcp-mux\r\n",
		"a=msid:focus audio\r\n", "a=rtcp-fb:* transport-cc\r\n", "a=extmap:3 ", "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// side is one of two sessions of ours that talk to each other.
type side struct {
	session *Session
	caps    Capabilities
	local   Local
	made    byte // keys so far
	agreed  *Stream
}

func newSide(id uint64, choices byte) *side {
	caps := secured.under(Policy(choices % 3))
	caps.SDES, caps.DTLS, caps.WebRTC = choices&4 != 0, choices&8 != 0, choices&16 != 0
	s := &side{session: NewSession(id), caps: caps, made: byte(id) * 100}
	s.local = withKeys(keys(s.made), fingerprint(fmt.Sprint(id)), nil)
	if choices&32 != 0 {
		s.local.ICE = &ICE{Ufrag: fmt.Sprint("frag", id), Pwd: strings.Repeat(fmt.Sprint(id), 22)}
	}
	return s
}

// step is one exchange; how says what the offerer changes before.
func step(t failer, offerer, answerer *side, how byte) {
	before := offerer.agreed
	offerer.change(how)
	offer, err := Parse(offerer.session.Offer(offerer.local, offerer.caps).String())
	if err != nil {
		t.Fatalf("offer: %v", err)
	}
	text, theirs, err := answerer.session.Answer(offer, answerer.local, answerer.caps)
	if err != nil {
		offerer.session.Withdraw()
		if warning(err) == 0 {
			t.Fatalf("answer: %v", err)
		}
		return
	}
	answer, err := Parse(text.String())
	if err != nil {
		t.Fatalf("answer: %v", err)
	}
	ours, err := offerer.session.Complete(answer, offerer.caps)
	if err != nil {
		t.Fatalf("an answer of ours is refused: %v", err)
	}
	offerer.agreed, answerer.agreed = ours.Audio, theirs.Audio
	checkAgreed(t, offerer, answerer)
	if before != nil && how%8 == 0 && before.Security == SDES && offerer.agreed.Security == SDES && (before.LocalCrypto.KeyParams != offerer.agreed.LocalCrypto.KeyParams ||
		before.RemoteCrypto.KeyParams != offerer.agreed.RemoteCrypto.KeyParams) {
		t.Fatalf("keys changed although nobody asked for it")
	}
}

func (s *side) change(how byte) {
	s.local.Rekey = false
	switch how % 8 {
	case 1:
		s.local.Direction = Direction(how>>4) & Inactive
	case 2:
		s.made += 7
		s.local.Crypto, s.local.Rekey = keys(s.made), true
	case 3:
		if s.local.ICE != nil {
			s.local.ICE = &ICE{Ufrag: s.local.ICE.Ufrag + "x", Pwd: s.local.ICE.Pwd + "x"}
			s.local.ICE.Ufrag = s.local.ICE.Ufrag[:min(len(s.local.ICE.Ufrag), 256)]
			s.local.ICE.Pwd = s.local.ICE.Pwd[:min(len(s.local.ICE.Pwd), 256)]
		}
	case 4:
		s.local.Fingerprint = fingerprint(fmt.Sprintf("%X", how>>4))
	case 5:
		s.caps.Policy = Policy(how>>4) % 3
	case 6:
		s.caps.SDES = !s.caps.SDES
	case 7:
		s.caps.DTLS = !s.caps.DTLS
	}
}

// checkAgreed holds for both sides of every exchange that succeeds.
func checkAgreed(t failer, a, b *side) {
	checkProtection(t, a.agreed, a.caps)
	checkProtection(t, b.agreed, b.caps)
	s, r := a.agreed, b.agreed
	switch {
	case s.Security != r.Security || s.Direction != r.Direction.Reverse() || s.RTCPMux != r.RTCPMux || s.NewDTLS != r.NewDTLS:
		t.Fatalf("the sides differ: %+v\n%+v", s, r)
	case s.LocalCrypto != r.RemoteCrypto || s.RemoteCrypto != r.LocalCrypto:
		t.Fatalf("keys: %v %v, %v %v", s.LocalCrypto, s.RemoteCrypto, r.LocalCrypto, r.RemoteCrypto)
	case s.Setup != r.Setup.Reverse() || s.Security == DTLS && (s.RemoteFingerprints[0] != r.LocalFingerprint || r.RemoteFingerprints[0] != s.LocalFingerprint):
		t.Fatalf("DTLS: %v and %v", s.Setup, r.Setup)
	case (s.RemoteICE != nil) != (r.RemoteICE != nil) || s.RemoteICE != nil && s.RemoteICE.Ufrag != b.local.ICE.Ufrag:
		t.Fatalf("ICE: %v and %v", s.RemoteICE, r.RemoteICE)
	case s.Feedback != r.Feedback || s.RTCPRsize != r.RTCPRsize || s.XR != r.XR || s.Extensions != r.Extensions:
		t.Fatalf("control: %+v and %+v", s, r)
	}
}

// FuzzSessions lets two sessions of ours make offers to each other: whatever they change in between, an answer of one completes
// the offer of the other, and both know the same.
func FuzzSessions(f *testing.F) {
	f.Add([]byte{12, 12, 0, 1, 0, 2, 3})
	f.Add([]byte{12, 60, 8, 24, 40, 2, 130})
	f.Add([]byte{13, 44, 0, 128, 0, 128, 4, 132, 3, 131})
	f.Add([]byte{28 + 32, 12 + 32, 0, 5, 21, 37, 6, 7, 134})
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) < 3 || len(choices) > 40 {
			return
		}
		a, b := newSide(1, choices[0]), newSide(2, choices[1])
		for _, choice := range choices[2:] {
			if choice&128 == 0 {
				step(t, a, b, choice&127)
			} else {
				step(t, b, a, choice&127)
			}
		}
	})
}
