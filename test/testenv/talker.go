package testenv

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/netip"
	"sync"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	"github.com/seed-f3cefc8c/focus/pkg/media"
)

// Talker is a user with a telephone that has sound, for stories with the real MCU: it says a tone of its own, and keeps what it hears.
type Talker struct {
	*phone.Phone
	w    *World
	Name string
	hz   float64
	call phone.Config

	mu    sync.Mutex
	rate  int
	heard []int16
}

// Talker makes a user, and a telephone at an address of its own.
func (w *World) Talker(name string, hz float64) *Talker {
	w.Helper()
	w.User(name)
	w.phones++
	host := fmt.Sprintf("192.0.2.%d", 10+w.phones)
	t := &Talker{w: w, Name: name, hz: hz}
	t.call = phone.Config{
		Identity: t.URI(), Name: name, Codecs: mcu.Codecs(), Server: Address, Hears: t.hears, Address: netip.MustParseAddr(host),
		Credentials: func(string) (string, string, bool) { return name, Password, true },
		Network: phone.Network{
			ListenPacket: func(string) (net.PacketConn, error) { return w.Net.ListenPacket(host + ":0") },
			Dial: func(ctx context.Context, _, addr string) (net.Conn, error) {
				return w.Net.DialFrom(ctx, host+":0", addr)
			},
			Media: w.Media,
		},
	}
	return t
}

// Through gives the telephone another network for its media, and the only codec it has.
func (t *Talker) Through(network media.Network, only *codec.Codec) {
	t.call.Network.Media, t.call.Codecs = network, []*codec.Codec{only}
}

// Heard is all that was heard since the last Talk, or the last call of Forget.
func (t *Talker) Heard() (rate int, samples []int16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rate, append([]int16(nil), t.heard...)
}

// Forget makes what is heard begin here.
func (t *Talker) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heard = nil
}

// URI is what the roster calls the talker.
func (t *Talker) URI() string { return "sip:" + t.Name + "@" + Domain }

// Host is where its sound comes from.
func (t *Talker) Host() netip.Addr { return t.call.Address }

// Joins dials a conference and is in.
func (t *Talker) Joins(uri string) {
	t.w.Helper()
	t.call.Target = uri
	var err error
	if t.Phone, err = phone.Dial(t.w.Context(), t.call); err != nil {
		t.w.Fatal(err)
	}
	called := t.Phone
	t.w.Cleanup(func() { _ = called.HangUp(context.Background()) })
	synctest.Wait()
}

// Leaves hangs up.
func (t *Talker) Leaves() {
	t.w.Helper()
	if err := t.HangUp(t.w.Context()); err != nil {
		t.w.Error(err)
	}
	synctest.Wait()
}

// Types presses keys (RFC 4733).
func (t *Talker) Types(keys string) {
	t.w.Helper()
	if err := t.Press(t.w.Context(), keys); err != nil {
		t.w.Fatalf("%s presses %s: %v", t.Name, keys, err)
	}
	synctest.Wait()
}

func (t *Talker) hears(rate int, frame []int16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rate, t.heard = rate, append(t.heard, frame...)
}

// Talk lets those say their tones for a time. What anybody of them has heard before is forgotten.
func (w *World) Talk(d time.Duration, talkers ...*Talker) {
	w.Helper()
	const rate = 8000
	for _, t := range talkers {
		t.mu.Lock()
		t.heard = nil
		t.mu.Unlock()
		tone := make([]int16, int(d.Seconds()*rate))
		for i := range tone {
			tone[i] = int16(6000 * math.Sin(2*math.Pi*t.hz*float64(i)/rate))
		}
		t.Say(rate, tone)
	}
	w.Later(d)
}

// lately is the last half second that was heard, but for its end: there the tone may be over.
func (t *Talker) lately() (rate int, samples []int16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	end := max(0, len(t.heard)-t.rate/4)
	return t.rate, t.heard[max(0, end-t.rate/2):end]
}

// level is how loud a tone is in what was heard lately, in dB below full scale.
func (t *Talker) level(hz float64) float64 {
	var re, im float64
	rate, x := t.lately()
	for i, s := range x {
		a := 2 * math.Pi * hz * float64(i) / float64(rate)
		re += float64(s) * math.Cos(a)
		im += float64(s) * math.Sin(a)
	}
	return 20 * math.Log10(2*math.Hypot(re, im)/float64(len(x)+1)/32768+1e-9)
}

// The tones are at -15 dB.
const (
	toneLevel    = -20
	silenceLevel = -50
)

// WantsTones wants exactly those of all talkers to be heard lately.
func (t *Talker) WantsTones(all []*Talker, why string, want ...*Talker) {
	t.w.Helper()
	wanted := map[*Talker]bool{}
	for _, other := range want {
		wanted[other] = true
	}
	for _, other := range all {
		level := t.level(other.hz)
		if wanted[other] && level < toneLevel || !wanted[other] && level > silenceLevel {
			t.w.Errorf("%s hears %s at %.0f dB, want it heard: %v (%s)", t.Name, other.Name, level, wanted[other], why)
		}
	}
}

// Loudness is the level of all that was heard since the last Talk, in dB below full scale.
func (t *Talker) Loudness() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var sum float64
	for _, s := range t.heard {
		sum += float64(s) * float64(s)
	}
	return 10 * math.Log10(sum/float64(len(t.heard)+1)/32768/32768+1e-12)
}
