package mcu

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// hand is a telephone's DTLS.
type hand struct {
	*phone
	maker       *srtp.DTLS
	certificate *srtp.Certificate
}

// hands gives the phone a certificate.
func (p *phone) hands() *hand {
	p.w.Helper()
	maker, err := srtp.NewDTLS(time.Now())
	if err != nil {
		p.w.Fatal(err)
	}
	certificate, _ := maker.Certificate(time.Now())
	p.secret, p.made = &secret{}, make(chan srtp.AssociationKeys, 1)
	return &hand{p, maker, certificate}
}

// offer is the phone's, with this setup.
func (h *hand) offer(profile, setup string) *confinfo.SDP {
	in := h.phone.sdp("sendrecv")
	return &confinfo.SDP{Type: confinfo.SDPOffer, Text: strings.Replace(in, "RTP/AVP", profile, 1) +
		fmt.Sprintf("a=fingerprint:%s %s\r\na=setup:%s\r\na=rtcp-mux\r\n", h.certificate.Fingerprint().Hash, h.certificate.Fingerprint().Value, setup)}
}

// shakes begins the handshake that a description of the MCU's leads to.
func (h *hand) shakes(answer *confinfo.SDP, client bool) {
	h.w.Helper()
	h.answered(answer)
	h.association = h.maker.Start(srtp.AssociationConfig{
		Certificate: h.certificate, Fingerprints: fingerprintsOf(answer), Client: client,
		Send: func(data []byte) error { return h.conn.WriteTo(data, h.to) },
		Done: func(keys srtp.AssociationKeys, err error) {
			if err == nil {
				h.made <- keys
			}
		},
	})
}

func fingerprintsOf(text *confinfo.SDP) (list []srtp.Fingerprint) {
	for line := range strings.SplitSeq(text.Text, "\r\n") {
		value, _ := strings.CutPrefix(line, "a=fingerprint:")
		if f, ok := sdp.ParseFingerprint(value); ok {
			list = append(list, srtp.Fingerprint(f))
		}
	}
	return list
}

// takesKeys puts into effect what the handshake has made.
func (p *phone) takesKeys() {
	select {
	case keys := <-p.made:
		if p.secret.in.SetKeys(keys.Receive) != nil || p.secret.out.SetKey(keys.Send) != nil {
			p.w.Errorf("%s refuses the keys", p.name)
		}
	default:
	}
}

// calls joins with an offer in this profile; our role is then the other one of the answer's.
func (h *hand) calls(profile, setup string) *hand {
	h.w.Helper()
	body := h.w.succeeds(h.invitation(h.signals(confinfo.SignallingOpen, h.offer(profile, setup)))).(*c3p.AddUser)
	answer := body.User.Endpoints[0].SDP
	h.shakes(answer, strings.Contains(answer.Text, "a=setup:passive"))
	return h
}

func (h *hand) ends() {
	h.association.Close()
	h.maker.Wait()
}

func TestDTLSInOneConference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		var all []*phone
		for i, c := range []struct{ profile, setup string }{
			{"UDP/TLS/RTP/SAVPF", "actpass"}, {"UDP/TLS/RTP/SAVP", "active"}, {"UDP/TLS/RTP/SAVPF", "passive"}, {"RTP/SAVPF", "actpass"}, {"RTP/AVP", "actpass"},
		} {
			p := w.phone(fmt.Sprintf("phone%d", i), float64(300+200*i)).hands().calls(c.profile, c.setup)
			p.wantsProtection("DTLS")
			defer p.ends()
			all = append(all, p.phone)
		}
		crypted := w.phone("crypted", 1300).seals(srtp.AESCM128HMACSHA180).calls(confinfo.SignallingSecure, "RTP/SAVP")
		clear := w.phone("clear", 1700).joins()
		w.talk(2*time.Second, append(all, clear, crypted)...)
		for i, p := range all {
			p.wantsProtection("AEAD_AES_128_GCM (DTLS)")
			p.wantsTone(1700, "the one without encryption")
			p.wantsTone(float64(300+200*((i+1)%len(all))), "the next")
			p.wantsNoTone(float64(300+200*i), "its own")
			clear.wantsTone(float64(300+200*i), p.name)
			crypted.wantsTone(float64(300+200*i), p.name)
			if got := w.toldProtection(p); len(got) != 1 || got[0] != "AEAD_AES_128_GCM (DTLS)" {
				t.Errorf("the focus was told %q", got)
			}
		}
	})
}

// toldProtection is what the focus was told of the protection of a phone's media.
func (w *world) toldProtection(p *phone) (told []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.news {
		if n.Conference == nil {
			continue
		}
		for _, u := range n.Conference.Users {
			if u.Entity == p.user() && len(u.Endpoints[0].Media) > 0 {
				told = append(told, u.Endpoints[0].Media[0].Protection)
			}
		}
	}
	return told
}

// toldReason is why the MCU has given a phone up; "": it has not.
func (w *world) toldReason(p *phone) (reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.news {
		if n.Conference != nil && n.Conference.Users[0].Entity == p.user() {
			reason = n.Conference.Users[0].Endpoints[0].DisconnectionInfo.Reason
		}
	}
	return reason
}

func TestHandshakesThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(h *hand)
		want  string
		after time.Duration
	}{
		"another certificate": {func(h *hand) {
			offer := h.offer("UDP/TLS/RTP/SAVPF", "active")
			body := h.w.succeeds(h.invitation(h.signals(confinfo.SignallingOpen, offer))).(*c3p.AddUser)
			h.certificate, _ = srtp.NewCertificate(time.Now())
			h.shakes(body.User.Endpoints[0].SDP, true)
		}, confinfo.ReasonWrongCertificate, time.Second},
		"no handshake": {func(h *hand) {
			h.w.succeeds(h.invitation(h.signals(confinfo.SignallingOpen, h.offer("UDP/TLS/RTP/SAVPF", "actpass"))))
		}, confinfo.ReasonNoKeys, 16 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				defer w.close()
				h := w.phone("alice", 400).hands()
				bob := w.phone("bob", 700).joins()
				c.spoil(h)
				w.talk(c.after, h.phone, bob)
				if got := w.toldReason(h.phone); got != c.want {
					t.Errorf("the reason is %q, want %q", got, c.want)
				}
				bob.wantsNoTone(400, "alice has no keys")
				if h.packets != 0 {
					t.Errorf("alice got %d packets", h.packets)
				}
				if h.association != nil {
					h.ends()
				}
			})
		})
	}
}

// TestOldFingerprints: SHA-1 is no fingerprint. What only DTLS could protect is refused; what may be in the clear is.
func TestOldFingerprints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		h := w.phone("alice", 400).hands()
		offer := h.offer("UDP/TLS/RTP/SAVPF", "actpass")
		i := strings.Index(offer.Text, "a=fingerprint:")
		offer.Text = offer.Text[:i] + "a=fingerprint:sha-1 " + h.certificate.Fingerprint().Value[:59] + "\r\na=setup:actpass\r\n"
		response := w.command(h.invitation(h.signals(confinfo.SignallingOpen, offer)))
		if response.Reason != c3p.ReasonMediaNotAcceptable || !strings.HasPrefix(response.Detail, "304 ") {
			t.Errorf("%s %q, want a refusal", response.Reason, response.Detail)
		}
	})
}

// TestAnotherCertificateInTheCall: a re-INVITE with another fingerprint begins another association; one without change goes on with the one there is.
func TestAnotherCertificateInTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		bob := w.phone("bob", 700).joins()
		alice := w.phone("alice", 400).hands().calls("UDP/TLS/RTP/SAVPF", "active")
		w.talk(time.Second, alice.phone, bob)
		begun := func() uint64 { return w.server.dtls.Stats().Begun }

		t.Log("# the same again, as after a hold")
		reoffer := func() *confinfo.SDP {
			return w.succeeds(&c3p.ModifyEndpoint{Keys: alice.keys(), Endpoint: &confinfo.Endpoint{
				Entity: alice.keys().Endpoint, SDP: alice.offer("UDP/TLS/RTP/SAVPF", "active"),
			}}).(*c3p.ModifyEndpoint).Endpoint.SDP
		}
		reoffer()
		w.talk(time.Second, alice.phone, bob)
		if got := begun(); got != 1 {
			t.Errorf("%d associations", got)
		}

		t.Log("# another telephone takes the call over")
		alice.association.Abandon()
		alice.certificate, _ = srtp.NewCertificate(time.Now())
		concealed := func() (d time.Duration) {
			alice.leg(func(l *Leg) { d = l.stream.Stats().Concealed })
			return d
		}
		before, whole := alice.secret.bad, concealed()
		alice.shakes(reoffer(), true)
		w.talk(2*time.Second, alice.phone, bob)
		if got := begun(); got != 2 {
			t.Errorf("%d associations", got)
		}
		alice.wantsTone(700, "bob")
		bob.wantsTone(400, "alice")
		alice.wantsProtection("AEAD_AES_128_GCM (DTLS)")
		if alice.secret.bad != before {
			t.Errorf("alice could not open %d packets", alice.secret.bad-before)
		}
		if after := concealed(); after != whole {
			t.Errorf("%v of alice were concealed", after-whole)
		}
		alice.ends()
	})
}

// TestPolicyAndDTLS: where media must be encrypted, a handshake will do, however the signalling comes; where it must not, there is none.
func TestPolicyAndDTLS(t *testing.T) {
	for policy, ok := range map[string]bool{confinfo.EncryptionRequired: true, confinfo.EncryptionPreferred: true, confinfo.EncryptionNone: false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.Encryption = policy })
			defer w.close()
			h := w.phone("alice", 400).hands()
			response := w.command(h.invitation(h.signals(confinfo.SignallingOpen, h.offer("UDP/TLS/RTP/SAVPF", "actpass"))))
			if (response.Err() == nil) != ok {
				t.Errorf("%s: %v", policy, response.Err())
			}
		})
	}
}
