package mcu

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// secret is a telephone's own SRTP.
type secret struct {
	key srtp.Key // what it seals with
	out srtp.Outbound
	in  srtp.Inbound
	bad int // packets that did not open
}

// seals makes the phone protect its media with a new key of this suite, as far as the peer agrees.
func (p *phone) seals(suite srtp.Suite) *phone {
	if p.secret == nil {
		p.secret = &secret{}
	}
	p.secret.key = srtp.GenerateKey(suite)
	return p
}

// offer is the phone's, with its key on a line of this profile.
func (p *phone) offer(profile, direction string) *confinfo.SDP {
	text := strings.Replace(p.sdp(direction), "RTP/AVP", profile, 1)
	if p.secret != nil {
		text += fmt.Sprintf("a=crypto:5 %s %s\r\n", p.secret.key.Suite(), srtp.KeyParams(p.secret.key))
	}
	return &confinfo.SDP{Type: confinfo.SDPOffer, Text: text}
}

// signals is an endpoint whose SIP comes this way.
func (p *phone) signals(way string, in *confinfo.SDP) confinfo.Endpoint {
	return confinfo.Endpoint{Signalling: way, SDP: in}
}

// agreed takes the keys of an answer, or of an offer of the MCU's.
func (p *phone) agreed(answer *confinfo.SDP) *phone {
	p.w.Helper()
	p.answered(answer)
	line := cryptoOf(answer, p.secret.key.Suite())
	keys, err := srtp.ParseKeyParams(p.secret.key.Suite(), line.KeyParams)
	if err != nil {
		p.w.Fatalf("%s: %v in an answer", p.name, err)
	}
	if p.secret.in.SetKeys(keys...) != nil || p.secret.out.SetKey(p.secret.key) != nil {
		p.w.Fatalf("%s refuses the keys", p.name)
	}
	return p
}

// cryptoOf is the line of a suite.
func cryptoOf(text *confinfo.SDP, suite srtp.Suite) sdp.Crypto {
	for line := range strings.SplitSeq(text.Text, "\r\n") {
		value, ok := strings.CutPrefix(line, "a=crypto:")
		if c, err := sdp.ParseCrypto(value); ok && err == nil && c.Suite == suite.String() {
			return c
		}
	}
	return sdp.Crypto{}
}

// calls joins with an offer in this profile, signalled this way.
func (p *phone) calls(way, profile string) *phone {
	p.w.Helper()
	body := p.w.succeeds(p.invitation(p.signals(way, p.offer(profile, "sendrecv")))).(*c3p.AddUser)
	return p.agreed(body.User.Endpoints[0].SDP)
}

// reoffers sends a new offer in the call, and returns the MCU's answer.
func (p *phone) reoffers(profile, direction string) *confinfo.SDP {
	p.w.Helper()
	body := p.w.succeeds(&c3p.ModifyEndpoint{Keys: p.keys(), Endpoint: &confinfo.Endpoint{
		Entity: p.keys().Endpoint, SDP: p.offer(profile, direction),
	}}).(*c3p.ModifyEndpoint)
	return body.Endpoint.SDP
}

// leg is the MCU's end of the phone, looked at on its clock.
func (p *phone) leg(look func(*Leg)) {
	p.w.Helper()
	c, err := p.w.server.conference(room)
	if err == nil {
		err = c.onLeg(p.w.Context(), p.keys(), look)
	}
	if err != nil {
		p.w.Fatal(err)
	}
}

func (p *phone) wantsProtection(want string) {
	p.w.Helper()
	p.leg(func(l *Leg) {
		if got := l.mediaOf()[0].Protection; got != want {
			p.w.Errorf("the roster says of %s %q, want %q", p.name, got, want)
		}
	})
}

// wantsNothingLost: all packets came and were opened, on both sides.
func (p *phone) wantsNothingLost() {
	p.w.Helper()
	p.leg(func(l *Leg) {
		heard, dropped := l.stream.Stats(), l.transport.Stats()
		if heard.Lost != 0 || heard.Concealed != 0 || dropped.Protected.Total() != 0 || dropped.Early != 0 {
			p.w.Errorf("of %s %d were lost, %d concealed, %+v dropped, %d early", p.name, heard.Lost, heard.Concealed, dropped.Protected, dropped.Early)
		}
	})
	if p.secret.bad != 0 {
		p.w.Errorf("%s could not open %d packets", p.name, p.secret.bad)
	}
}

func TestEverySuiteInOneConference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		var all []*phone
		for i, suite := range srtp.Suites() {
			profile := []string{"RTP/SAVP", "RTP/AVP", "RTP/SAVPF"}[i%3]
			p := w.phone(suite.String(), float64(300+200*i)).seals(suite).calls(confinfo.SignallingSecure, profile)
			p.wantsProtection(suite.String() + " (SDES)")
			all = append(all, p)
		}
		clear := w.phone("clear", 1700).joins()
		clear.wantsProtection("none")
		w.talk(2*time.Second, append(all, clear)...)
		for i, p := range all {
			p.wantsTone(1700, "the one without encryption")
			p.wantsTone(float64(300+200*((i+1)%len(all))), "the next")
			p.wantsNoTone(float64(300+200*i), "its own")
			p.wantsNothingLost()
			clear.wantsTone(float64(300+200*i), p.name)
		}
	})
}

func TestStrangersChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice := w.phone("alice", 400).seals(srtp.AESCM128HMACSHA180).calls(confinfo.SignallingSecure, "RTP/SAVP")
		bob := w.phone("bob", 700).seals(srtp.AEADAES128GCM).calls(confinfo.SignallingSecure, "RTP/SAVP")
		mallory := w.phone("mallory", 1100)
		mallory.to = alice.to
		t.Log("# mallory sends RTP in the clear to alice's port all the time, and first")
		mallory.step()
		w.talk(2*time.Second, alice, bob, mallory)
		bob.wantsTone(400, "alice")
		bob.wantsNoTone(1100, "mallory")
		alice.wantsTone(700, "bob")
		if mallory.packets != 0 {
			t.Errorf("mallory got %d packets", mallory.packets)
		}
		alice.leg(func(l *Leg) {
			if dropped := l.transport.Stats().Protected; dropped.BadTag < 90 || dropped.Total() != dropped.BadTag {
				t.Errorf("dropped %+v, want some 100 with a bad tag", dropped)
			}
		})
	})
}

func TestHoldKeepsKeysAndCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice := w.phone("alice", 400).seals(srtp.AEADAES128GCM).calls(confinfo.SignallingSecure, "RTP/SAVP")
		alice.sequence = 65_500 // it wraps in a moment, and so does the rollover counter
		bob := w.phone("bob", 700).seals(srtp.AEADAES128GCM).calls(confinfo.SignallingSecure, "RTP/SAVP")
		w.talk(2*time.Second, alice, bob)
		var ssrc uint32
		alice.leg(func(l *Leg) { ssrc = l.sender.SSRC() })
		for _, direction := range []string{"inactive", "sendrecv"} {
			answer := alice.reoffers("RTP/SAVP", direction)
			before := alice.secret.out.Key()
			alice.agreed(answer)
			if !alice.secret.out.Key().Equal(before) || alice.secret.in.Generation() != 1 {
				t.Errorf("%s: the keys are others", direction)
			}
			w.talk(time.Second, alice, bob)
		}
		alice.leg(func(l *Leg) {
			if l.sender.SSRC() != ssrc {
				t.Error("the SSRC is another one")
			}
		})
		bob.wantsTone(400, "alice is back")
		alice.wantsTone(700, "she hears bob")
		alice.wantsNothingLost()
	})
}

// While keys change, not a frame is lost, whoever changes them.
func TestNewKeysInTheCall(t *testing.T) {
	for _, row := range []struct {
		name string
		to   srtp.Suite
	}{{"the same suite", srtp.AESCM128HMACSHA180}, {"another suite", srtp.AEADAES256GCM}} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				defer w.close()
				alice := w.phone("alice", 400).seals(srtp.AESCM128HMACSHA180).calls(confinfo.SignallingSecure, "RTP/SAVP")
				bob := w.phone("bob", 700).seals(srtp.AEADAES128GCM).calls(confinfo.SignallingSecure, "RTP/SAVP")
				w.talk(time.Second, alice, bob)

				t.Log("# alice offers a new key; the answer takes 300 ms to come back")
				alice.seals(row.to)
				answer := alice.reoffers("RTP/SAVP", "sendrecv")
				w.talk(300*time.Millisecond, alice, bob)
				alice.agreed(answer)
				w.talk(2*time.Second, alice, bob)
				alice.wantsProtection(row.to.String() + " (SDES)")
				alice.wantsTone(700, "bob")
				bob.wantsTone(400, "alice")
				alice.wantsNothingLost()
				bob.wantsNothingLost()
				if n := alice.secret.in.Generation(); n != 2 || !alice.secret.in.Proven() {
					t.Errorf("%d sets of keys of ours, the last one used: %t; want 2, and it is", n, alice.secret.in.Proven())
				}
			})
		})
	}
}

func TestKeysInALateOffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		bob := w.phone("bob", 700).joins()
		alice := w.phone("alice", 400).seals(srtp.AEADAES128GCM)
		body := w.succeeds(alice.invitation(alice.signals(confinfo.SignallingSecure, nil))).(*c3p.AddUser)
		offer := body.User.Endpoints[0].SDP
		if n := strings.Count(offer.Text, "a=crypto:"); n != len(srtp.Suites()) || !strings.Contains(offer.Text, "RTP/SAVP ") {
			t.Fatalf("the MCU offers %d suites in %q", n, strings.SplitN(offer.Text, "a=crypto", 2)[0])
		}
		t.Log("# her media is faster than her answer")
		alice.agreed(offer)
		w.talk(200*time.Millisecond, alice, bob)
		if bob.wantsNoTone(400, "there are no keys yet"); alice.packets != 0 {
			t.Errorf("alice got %d packets", alice.packets)
		}
		alice.leg(func(l *Leg) {
			if got := l.transport.Stats().Early; got < 9 {
				t.Errorf("%d packets came before there were keys, want 10", got)
			}
		})
		line := cryptoOf(offer, srtp.AEADAES128GCM)
		answer := alice.offer("RTP/SAVP", "sendrecv")
		answer.Type = confinfo.SDPAnswer
		answer.Text = strings.Replace(answer.Text, "a=crypto:5 ", fmt.Sprintf("a=crypto:%d ", line.Tag), 1)
		w.succeeds(&c3p.ModifyEndpoint{Keys: alice.keys(), Endpoint: &confinfo.Endpoint{Entity: alice.keys().Endpoint, SDP: answer}})
		w.talk(time.Second, alice, bob)
		bob.wantsTone(400, "alice")
		alice.wantsTone(700, "bob")
	})
}

// Who may talk how: what the server says, what the conference says, how the signalling comes, and what is offered.
func TestPolicy(t *testing.T) {
	const crypted, clear = "AEAD_AES_128_GCM (SDES)", "none"
	const secure, local, open = confinfo.SignallingSecure, confinfo.SignallingLocal, confinfo.SignallingOpen
	for _, row := range []struct {
		server, conference, way, profile string
		keys                             bool
		want                             string // as the roster says it, or a word of the refusal
	}{
		{"", "", secure, "RTP/SAVP", true, crypted},
		{"", "", secure, "RTP/AVP", true, crypted},
		{"", "", secure, "RTP/AVP", false, "turn on SRTP"},
		{"", "", secure, "RTP/SAVP", false, "None of the offered"},
		{"", "", local, "RTP/SAVP", true, crypted},
		{"", "", local, "RTP/AVP", false, clear},
		{"", "", open, "RTP/AVP", true, clear},
		{"", "", open, "RTP/SAVP", true, "over TLS only"},
		{"", "", "", "RTP/SAVP", true, "over TLS only"},
		{"", "required", open, "RTP/AVP", false, "call by TLS, with SRTP"},
		{"", "required", local, "RTP/AVP", false, "turn on SRTP"},
		{"", "preferred", secure, "RTP/AVP", false, clear},
		{"", "none", secure, "RTP/AVP", true, clear},
		{"", "none", secure, "RTP/SAVP", true, "turn off SRTP"},
		{"required", "", local, "RTP/AVP", false, "turn on SRTP"},
		{"required", "preferred", local, "RTP/AVP", false, clear},
		{"none", "", secure, "RTP/AVP", false, clear},
		{"none", "required", secure, "RTP/SAVP", true, crypted},
	} {
		t.Run(fmt.Sprintf("%s %s %s %s %t", row.server, row.conference, row.way, row.profile, row.keys), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(c *Config) { c.Encryption = row.server })
				defer w.close()
				if row.conference != "" {
					w.succeeds(&c3p.ModifyConference{Conference: &confinfo.Document{Entity: room, Description: &confinfo.Description{Encryption: row.conference}}})
				}
				alice := w.phone("alice", 400)
				if row.keys {
					alice.seals(srtp.AEADAES128GCM)
				}
				response := w.command(alice.invitation(alice.signals(row.way, alice.offer(row.profile, "sendrecv"))))
				if !slices.Contains([]string{crypted, clear}, row.want) {
					if response.Reason != c3p.ReasonMediaNotAcceptable || !strings.HasPrefix(response.Detail, "304 ") || !strings.Contains(response.Detail, row.want) {
						t.Errorf("%s %q, want a refusal with %q", response.Reason, response.Detail, row.want)
					}
					return
				}
				if err := response.Err(); err != nil {
					t.Fatal(err)
				}
				alice.wantsProtection(row.want)
			})
		})
	}
}

func TestKeysAnywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *Config) { c.SDESAnywhere = true })
		defer w.close()
		w.phone("alice", 400).seals(srtp.AESCM128HMACSHA132).calls(confinfo.SignallingOpen, "RTP/SAVP").wantsProtection("AES_CM_128_HMAC_SHA1_32 (SDES)")
	})
}

// A conference that says default goes by the server again.
func TestPolicyIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice := w.phone("alice", 400)
		for _, row := range []struct {
			rule string
			want c3p.Code
		}{{"required", c3p.Failure}, {"default", c3p.Success}} {
			w.succeeds(&c3p.ModifyConference{Conference: &confinfo.Document{Entity: room, Description: &confinfo.Description{Encryption: row.rule}}})
			if got := w.command(alice.invitation(alice.signals(confinfo.SignallingOpen, alice.offer("RTP/AVP", "sendrecv")))); got.Code != row.want {
				t.Errorf("%s: %s, want %s", row.rule, got.Code, row.want)
			}
		}
	})
}

// The path of a packet with SRTP allocates no more than pion/srtp does in its own calls: once a packet with GCM, four times with CM.
func TestProtectedPathAllocates(t *testing.T) {
	for suite, own := range map[srtp.Suite]float64{srtp.AEADAES128GCM: 1, srtp.AESCM128HMACSHA180: 4} {
		t.Run(suite.String(), func(t *testing.T) {
			mill, tick := crowd(t, codecsUnderTest[0], 12, 3)
			mill.protect(t, suite)
			for range 150 {
				tick()
			}
			mill.sent = 0
			const packets = 36 // in and out, of 12 legs; and as the 12 telephones seal theirs
			if allocs := testing.AllocsPerRun(100, tick); allocs > own*packets {
				t.Errorf("%v allocations per tick of 12 legs, pion has %v", allocs, own*packets)
			}
			if mill.sent < 12*100 {
				t.Errorf("%d packets sent in 101 ticks to 12 legs: the test tests nothing", mill.sent)
			}
			for _, l := range mill.legs {
				if stats := l.transport.Stats(); stats.Protected.Total() != 0 || l.stream.Stats().Received < 200 {
					t.Fatalf("%d packets were taken, %+v not: the test tests nothing", l.stream.Stats().Received, stats.Protected)
				}
			}
		})
	}
}

// protect has all telephones of the mill seal what they send.
func (m *treadmill) protect(tb testing.TB, suite srtp.Suite) {
	m.seals = map[uint16]*srtp.Outbound{}
	for _, l := range m.legs {
		theirs, out := srtp.GenerateKey(suite), new(srtp.Outbound)
		if err := out.SetKey(theirs); err != nil {
			tb.Fatal(err)
		}
		m.seals[l.rtp.LocalAddr().Port()] = out
		if err := l.transport.SetKeys(media.Keys{Receive: []srtp.Key{theirs}, Send: srtp.GenerateKey(suite)}, m.now); err != nil {
			tb.Fatal(err)
		}
	}
}
