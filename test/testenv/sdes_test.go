package testenv_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	rules "github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// line is the configuration of a telephone with sound on the server's own machine, where keys may be told.
func line(w *testenv.World, number byte, name string, suites ...srtp.Suite) phone.Config {
	host := netip.AddrFrom4([4]byte{127, 0, 0, number})
	return phone.Config{
		Target: dial, Identity: "sip:" + name + "@" + testenv.Domain, Server: testenv.Address, Address: host, Codecs: []*codec.Codec{g711.PCMU},
		SDES: true, Suites: suites,
		Network: phone.Network{
			ListenPacket: w.Net.ListenPacket, Media: w.Media,
			Dial: func(ctx context.Context, _, addr string) (net.Conn, error) {
				return w.Net.DialFrom(ctx, host.String()+":0", addr)
			},
		},
	}
}

func calls(w *testenv.World, config phone.Config) *phone.Phone {
	w.Helper()
	p, err := phone.Dial(w.Context(), config)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// hearEachOther has all of them say something, one after the other, and the others hear it.
func hearEachOther(w *testenv.World, phones ...*phone.Phone) {
	w.Helper()
	for i, p := range phones {
		p.Say(8000, pcm.Tone(8000, float64(400+100*i), time.Second, -20))
		time.Sleep(700 * time.Millisecond)
		for j, other := range phones {
			if _, heard := other.Levels(); (heard > -26) != (i != j) {
				w.Errorf("phone %d says a tone of -20 dBov, phone %d hears %d dBov", i, j, heard)
			}
		}
		time.Sleep(time.Second)
	}
}

func hangUp(w *testenv.World, phones ...*phone.Phone) {
	w.Helper()
	for i, p := range phones {
		if err := p.HangUp(w.Context()); err != nil {
			w.Error(err)
		}
		if s := p.Stats(); s.Transport.Protected.Total() != 0 || s.Heard.Lost != 0 {
			w.Errorf("phone %d has dropped %+v and lost %d", i, s.Transport.Protected, s.Heard.Lost)
		}
	}
	synctest.Wait()
}

func TestCallsWithSDES(t *testing.T) {
	testenv.RunWithMedia(t, func(w *testenv.World) {
		w.Conference(room)
		w.Log("# alice offers all suites, bob one, on RTP/SAVP; carol lets the server offer; dave knows nothing of it")
		bobs, carols, daves := line(w, 3, "bob", srtp.AESCM128HMACSHA132), line(w, 4, "carol"), line(w, 5, "dave")
		bobs.Encryption, carols.LateOffer, daves.SDES = rules.Required, true, false
		alice, bob, carol, dave := calls(w, line(w, 2, "alice")), calls(w, bobs), calls(w, carols), calls(w, daves)
		all := []*phone.Phone{alice, bob, carol, dave}
		for i, want := range []string{"AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM", ""} {
			if got := all[i].Protection(); got != want {
				t.Errorf("phone %d has %q, want %q", i, got, want)
			}
		}
		hearEachOther(w, all...)

		w.Log("# alice holds and resumes, and offers a new key; carol's call goes on under the server's eyes")
		for _, step := range []func(context.Context) error{alice.Hold, alice.Resume, alice.Rekey, carol.Rekey} {
			if err := step(w.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
		}
		hearEachOther(w, all...)
		hangUp(w, all...)
	})
}

func TestCalledWithSDES(t *testing.T) {
	testenv.RunWithMedia(t, func(w *testenv.World) {
		w.User("erin")
		w.Conference(room)
		config := line(w, 6, "erin")
		config.Credentials = func(string) (string, string, bool) { return "erin", testenv.Password, true }
		waiting, err := phone.Register(w.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		alice := calls(w, line(w, 2, "alice"))
		w.Log("# the conference calls erin: the offer is the server's")
		w.Succeeds(testenv.Admin, &c3p.AddUser{Keys: testenv.Keys(room), User: &confinfo.User{
			Entity: "sip:erin@" + testenv.Domain, Endpoints: []confinfo.Endpoint{{Entity: "x", SessionType: confinfo.SessionAudioVideo, JoiningMethod: confinfo.DialedOut}},
		}})
		erin, err := waiting.Phone(w.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := erin.Protection(); got != "AEAD_AES_128_GCM" {
			t.Errorf("erin's media has %q", got)
		}
		hearEachOther(w, alice, erin)
		w.User("olivia")
		answer := w.HTTP(w.API(), "olivia", "GET", "/v1/conferences/"+room+"/participants", "", "")
		if n := strings.Count(answer.Body.String(), fmt.Sprintf("%q:%q", "protection", "AEAD_AES_128_GCM (SDES)")); n != 2 {
			t.Errorf("%d are shown as protected, want 2: %s", n, answer.Body)
		}
		hangUp(w, alice, erin)
	})
}
