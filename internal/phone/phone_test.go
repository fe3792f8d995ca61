package phone_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g722"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

func TestTwoPhonesTalk(t *testing.T) {
	for _, c := range []*codec.Codec{g711.PCMU, g711.PCMA, g722.G722, opus.Opus} {
		t.Run(c.Name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.codecs = []*codec.Codec{c}
				alice := w.dials("192.0.2.11")
				bob := w.dials("192.0.2.12", func(c *phone.Config) { c.LateOffer, c.Transport = true, "tcp" })
				if alice.Codec() != c.Name || bob.Codec() != c.Name {
					w.Errorf("codecs %q and %q, want %q", alice.Codec(), bob.Codec(), c.Name)
				}

				w.Log("# both say a tone")
				said := alice.Say(16000, pcm.Tone(16000, 600, 2*time.Second, -20))
				bob.Say(8000, pcm.Tone(8000, 1100, 2*time.Second, -20))
				time.Sleep(1500 * time.Millisecond)
				alice.wantsTone(1100, "bob says it")
				alice.wantsNoTone(600, "nobody sends her own voice back")
				bob.wantsTone(600, "alice says it")
				if said, heard := alice.Levels(); said > -17 || said < -23 || heard > -17 || heard < -23 {
					w.Errorf("alice's levels are %d and %d, want about -20", said, heard)
				}

				w.Log("# then they are silent")
				<-said
				time.Sleep(time.Second)
				alice.wantsNoTone(1100, "bob has said everything")

				alice.hangsUp()
				bob.hangsUp()
				if s := alice.Stats(); s.Sent.Packets < 100 || s.Heard.Received < 100 || s.Heard.Lost > 0 {
					w.Errorf("alice's line: %+v", s)
				}
			})
		})
	}
}

func TestKeys(t *testing.T) {
	inWorld(t, func(w *world) {
		alice := w.dials("192.0.2.11")
		if err := alice.Press(w.Context(), "0123456789*#ABCD"); err != nil {
			w.Error(err)
		}
		time.Sleep(100 * time.Millisecond)
		if got, want := w.legs[0].digits, "0123456789*#ABCD"; got != want {
			w.Errorf("telephone-events %q, want %q: each key once", got, want)
		}
		if err := alice.PressByINFO(w.Context(), "5#"); err != nil {
			w.Error(err)
		}
		want := []string{"INFO Signal=5\r\nDuration=100\r\n", "INFO Signal=#\r\nDuration=100\r\n"}
		if !slices.Equal(w.requests, want) {
			w.Errorf("requests %q, want %q", w.requests, want)
		}
		if err := alice.Press(w.Context(), "12x"); !errors.Is(err, phone.ErrNoKey) {
			w.Errorf("error %v, want ErrNoKey", err)
		}
		alice.hangsUp()
		if err := alice.Press(w.Context(), "1"); !errors.Is(err, sip.ErrDialogDone) {
			w.Errorf("error %v after the call, want ErrDialogDone", err)
		}
	})
}

func TestHold(t *testing.T) {
	inWorld(t, func(w *world) {
		alice, bob := w.dials("192.0.2.11"), w.dials("192.0.2.12")
		alice.Say(8000, pcm.Tone(8000, 600, 20*time.Second, -20))
		bob.Say(8000, pcm.Tone(8000, 1100, 20*time.Second, -20))

		w.Log("# alice puts the call on hold")
		if err := alice.Hold(w.Context()); err != nil {
			w.Fatal(err)
		}
		time.Sleep(time.Second)
		bob.wantsNoTone(600, "alice sends nothing on hold")
		if err := alice.Resume(w.Context()); err != nil {
			w.Fatal(err)
		}
		time.Sleep(time.Second)
		bob.wantsTone(600, "alice is back")

		w.Log("# the exchange puts her on hold")
		w.legs[0].reoffers(sdp.Inactive)
		time.Sleep(time.Second)
		bob.wantsNoTone(600, "alice was asked not to send")
		w.legs[0].reoffers(sdp.SendRecv)
		time.Sleep(time.Second)
		bob.wantsTone(600, "alice may send again")

		w.Log("# a re-INVITE without an offer wants one, and UPDATE wants an answer")
		d := w.legs[0].dialog
		if _, err := d.InviteWithoutOffer(w.Context(), func(res *sip.Response) (string, []byte) {
			return "application/sdp", w.legs[0].negotiate(res.Body())
		}); err != nil {
			w.Error(err)
		}
		for _, ask := range []struct {
			method sip.Method
			body   string
			want   int
		}{{sip.UPDATE, "", 200}, {sip.UPDATE, "not SDP", 400}, {sip.OPTIONS, "", 200}, {sip.INFO, "", 200}, {sip.MESSAGE, "", 405}} {
			if res, err := d.Request(w.Context(), ask.method, "application/sdp", []byte(ask.body)); err != nil || res.StatusCode != ask.want {
				w.Errorf("%s %q: %v, %v; want %d", ask.method, ask.body, res, err, ask.want)
			}
		}
		time.Sleep(time.Second)
		bob.wantsTone(600, "nothing of this ended the sound")
		alice.hangsUp()
		bob.hangsUp()
	})
}

func TestTheOtherSideHangsUp(t *testing.T) {
	inWorld(t, func(w *world) {
		alice := w.dials("192.0.2.11")
		said := alice.Say(8000, pcm.Tone(8000, 600, time.Hour/60, -20))
		if err := w.legs[0].dialog.Bye(w.Context()); err != nil {
			w.Fatal(err)
		}
		<-alice.Done()
		<-said
		if alice.Err() == nil {
			w.Error("a call that is over has no reason")
		}
		<-alice.Say(8000, pcm.Tone(8000, 600, time.Second, -20)) // comes back at once
		alice.hangsUp()
	})
}

func TestCallsThatFail(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.refuse = 403
			_, err := phone.Dial(w.Context(), w.config("192.0.2.11"))
			var status *sip.StatusError
			if !errors.As(err, &status) || status.Code != 403 || !strings.Contains(err.Error(), "sip:1234567890@192.0.2.1") {
				w.Errorf("error %v, want a 403 from whom we called", err)
			}
		})
	})
	t.Run("nobody there", func(t *testing.T) {
		inWorld(t, func(w *world) {
			config := w.config("192.0.2.11")
			config.Server = "192.0.2.99:5060"
			ctx, cancel := context.WithTimeout(w.Context(), 2*time.Second)
			defer cancel()
			if _, err := phone.Dial(ctx, config); !errors.Is(err, context.DeadlineExceeded) {
				w.Errorf("error %v, want that of the context", err)
			}
		})
	})
	t.Run("nonsense for an answer", func(t *testing.T) {
		inWorld(t, func(w *world) {
			config := w.config("192.0.2.11")
			config.Codecs = []*codec.Codec{g722.G722}
			if _, err := phone.Dial(w.Context(), config); err == nil {
				w.Error("the call goes on")
			}
			synctest.Wait()
			if !slices.Equal(w.requests, []string{"BYE "}) {
				w.Errorf("requests %q, want a BYE", w.requests)
			}
		})
	})
	t.Run("what cannot be dialled", func(t *testing.T) {
		inWorld(t, func(w *world) {
			for _, change := range []func(*phone.Config){
				func(c *phone.Config) { c.Target = "mailto:x" },
				func(c *phone.Config) { c.Identity = "" },
				func(c *phone.Config) { c.Server = "192.0.2.1" },
				func(c *phone.Config) { c.Server = "192.0.2.1:99999" },
			} {
				config := w.config("192.0.2.11")
				change(&config)
				if _, err := phone.Dial(w.Context(), config); err == nil {
					w.Errorf("%+v was dialled", config)
				}
			}
		})
	})
}
