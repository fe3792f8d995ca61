package badnet_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	"github.com/seed-f3cefc8c/focus/pkg/recorder"
	"github.com/seed-f3cefc8c/focus/test/badnet"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// speech is what the two callers of the demo say, one after the other and over and over.
func speech(t *testing.T, length time.Duration) badnet.Sound {
	t.Helper()
	var all badnet.Sound
	for _, name := range []string{"alice", "bob"} {
		file, err := os.ReadFile("../../internal/demo/voices/" + name + ".opus")
		if err != nil {
			t.Fatal(err)
		}
		r, err := recorder.NewReader(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		block := make([]int16, r.Rate())
		for {
			n, err := r.Read(block)
			all.Samples = append(all.Samples, block[:n]...)
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		all.Rate = r.Rate()
		r.Close()
	}
	want := int(length.Seconds() * float64(all.Rate))
	for len(all.Samples) < want {
		all.Samples = append(all.Samples, all.Samples...)
	}
	all.Samples = all.Samples[:want]
	return all
}

// call is one conference in virtual time in which alice talks to bob.
type call struct {
	codec    *codec.Codec
	says     badnet.Sound
	up, down *badnet.Link                    // between alice and the server, between the server and bob; nil: a good network
	server   *codec.Codec                    // the codec as the server has it; nil: as it is
	during   func(since func(time.Duration)) // may change links while alice talks: since waits until so long after she began; may be nil
}

// settled is when the tones of joining are over, the receivers of both have reported, and jitter buffers are at rest.
const settled = 12 * time.Second

// heard is what bob heard, from the moment in which alice began to talk, as the server sent it.
func (c call) heard(t *testing.T) (heard badnet.Sound) {
	t.Helper()
	if c.up == nil {
		c.up = badnet.NewLink(0, badnet.Conditions{})
	}
	if c.server == nil {
		c.server = c.codec
	}
	ear := linear(min(c.codec.Rates[0], 16000))
	testenv.RunWithMCU(t, func(m *mcu.Config) { m.Codecs = []*codec.Codec{c.server, ear} }, func(w *testenv.World) {
		w.Conference("room")
		alice, bob := w.Talker("alice", 0), w.Talker("bob", 0)
		alice.Through(&badnet.Network{Behind: w.Media, Up: c.up}, armed(c.codec))
		bob.Through(&badnet.Network{Behind: w.Media, Down: c.down}, ear)
		alice.Joins(dial)
		bob.Joins(dial)
		w.Later(settled)
		bob.Forget()
		began := time.Now()
		alice.Say(c.says.Rate, c.says.Samples)
		since := func(d time.Duration) { w.Later(d - time.Since(began)) }
		if c.during != nil {
			c.during(since)
		}
		since(time.Duration(len(c.says.Samples))*time.Second/time.Duration(c.says.Rate) + time.Second)
		heard.Rate, heard.Samples = bob.Heard()
	})
	return heard
}

const dial = "sip:room@example.com"
