package mcu

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/media"
)

// trap is PCMU with a mistake in it: payloads that begin with trapByte make its decoder panic.
func trap(closing bool) *codec.Codec {
	c := *g711.PCMU
	c.NewMeter = nil
	c.NewDecoder = func(rate int) (codec.Decoder, error) {
		d, err := g711.PCMU.NewDecoder(rate)
		return &trapDecoder{Decoder: d, closing: closing}, err
	}
	return &c
}

const trapByte = 0x42

type trapDecoder struct {
	codec.Decoder
	closing, sprung bool
}

func (d *trapDecoder) Decode(dst []int16, payload []byte) ([]int16, error) {
	if d.sprung = payload[0] == trapByte; d.sprung {
		panic("the decoder has a mistake")
	}
	return d.Decoder.Decode(dst, payload)
}

func (d *trapDecoder) Close() {
	if d.closing && d.sprung {
		panic("and cannot be closed either")
	}
}

// logged is a log that can be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestAPanicEndsOneLeg(t *testing.T) {
	for _, closing := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			log := &logged{}
			w := newWorld(t, func(c *Config) {
				c.Codecs, c.Logger = []*codec.Codec{trap(closing)}, slog.New(slog.NewTextHandler(log, nil))
			})
			defer w.close()
			alice, bob, mallory := w.phone("alice", 400).joins(), w.phone("bob", 700).joins(), w.phone("mallory", 0).joins()
			w.talk(time.Second, alice, bob, mallory)

			t.Log("# mallory says what the decoder cannot stand")
			for range 10 {
				mallory.packet(0, bytes.Repeat([]byte{trapByte}, 160))
				mallory.timestamp += 160
				w.talk(20*time.Millisecond, alice, bob)
			}
			w.talk(time.Second, alice, bob)
			alice.wantsTone(700, "bob has nothing to do with it")
			bob.wantsTone(400, "alice has nothing to do with it")
			w.wantsDeparted(mallory, "error")
			if _, err := w.network.Listen(mallory.to.Addr()); err != nil {
				t.Errorf("mallory's socket: %v", err)
			}
			w.fails(&c3p.DeleteUser{Keys: c3p.UserKeys{Conference: room, User: mallory.user()}}, c3p.ReasonEndpointDoesNotExist)
			if !strings.Contains(log.String(), "the decoder has a mistake") {
				t.Errorf("the log tells nothing of it: %s", log)
			}
		})
	}
}

// wantsDeparted looks for the news of a leg that ended by itself.
func (w *world) wantsDeparted(p *phone, reason string) {
	w.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.news {
		if n.Conference != nil && n.Conference.Users[0].Entity == p.user() && n.Conference.Users[0].Endpoints[0].DisconnectionInfo.Reason == reason {
			return
		}
	}
	w.Errorf("no news that %s ended because of %s", p.name, reason)
}

// brokenEncoder fails within the mix, which is nobody's leg.
type brokenEncoder struct{ codec.Encoder }

func (brokenEncoder) Encode([]byte, []int16) ([]byte, error) { panic("the encoder has a mistake") }

func TestAPanicInAMixEndsItsLegs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice, bob := w.phone("alice", 400).joins(), w.phone("bob", 700).joins()
		c, _ := w.server.conference(room)
		if err := c.clock.call(t.Context(), func() { c.legs[0].member.SetFormat(c.legs[0].format, brokenEncoder{c.legs[0].encoder}) }); err != nil {
			t.Fatal(err)
		}
		w.talk(time.Second, alice, bob)
		w.wantsDeparted(alice, "error")
		w.wantsDeparted(bob, "error")

		t.Log("# the clock goes on, and they may call again")
		carol, dave := w.phone("carol", 400).joins(), w.phone("dave", 700).joins()
		w.talk(time.Second, carol, dave)
		carol.wantsTone(700, "dave is there")
	})
}

func TestAPanicInACommandIsItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice, bob := w.phone("alice", 400).joins(), w.phone("bob", 700).joins()
		c, _ := w.server.conference(room)
		if err := c.clock.call(t.Context(), func() { panic("the command has a mistake") }); err == nil || !strings.Contains(err.Error(), "mistake") {
			t.Errorf("error %v", err)
		}
		w.talk(time.Second, alice, bob)
		alice.wantsTone(700, "bob goes on")
	})
}

// What is dropped on the way in is told by reason when the leg ends.
func TestTheLogTellsWhyPacketsWereDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logged{}
		w := newWorld(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(log, nil)) })
		defer w.close()
		alice, bob, mallory := w.phone("alice", 400).joins(), w.phone("bob", 700).joins(), w.phone("mallory", 0)
		w.talk(time.Second, alice, bob)
		_ = mallory.conn.WriteTo(bytes.Repeat([]byte{0x80}, 172), alice.to)
		for _, junk := range [][]byte{{}, make([]byte, 20), bytes.Repeat([]byte{0x80}, 11), make([]byte, media.MaxDatagram+1)} {
			_ = alice.conn.WriteTo(junk, alice.to)
			w.talk(20*time.Millisecond, alice, bob)
		}
		alice.packet(77, make([]byte, 160))
		w.talk(time.Second, alice, bob)
		bob.wantsTone(400, "alice goes on")
		w.succeeds(&c3p.DeleteUser{Keys: c3p.UserKeys{Conference: room, User: alice.user()}})
		line := log.String()
		line = line[strings.Index(line, "media of a leg ended"):]
		for _, want := range []string{"codec=PCMU", "user=" + alice.user(), "received=1", "lost=", "late=0", "jitter=", "roundTrip=",
			"dropped.stranger=1", "dropped.unknown=2", "dropped.too_short=1", "dropped.too_long=1", "dropped.payload_type=1"} {
			if !strings.Contains(line, want) {
				t.Errorf("no %s in %s", want, line)
			}
		}
	})
}
