package hostile

import (
	"context"
	"math"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// talker says one tone all the time, and listens for the other's.
type talker struct {
	*phone.Phone
	name         string
	wanted       float64 // Hz
	block        []float64
	good, silent atomic.Int64 // blocks of 100 ms in which the other was heard, and was not

	missing, longest atomic.Int64 // frames of 20 ms in a row in which the other was not heard: now, and the most
}

const (
	blockLength = 100 * time.Millisecond
	audible     = -40 // dB; the tones are at −12
)

// talks calls and begins to speak.
func (s *server) talks(t *testing.T, name string, says, hears float64, change ...func(*phone.Config)) *talker {
	t.Helper()
	who := &talker{name: name, wanted: hears}
	config := phone.Config{
		Target: "sip:meeting@" + loopback, Identity: "sip:" + name + "@" + loopback, Server: s.sip, Codecs: []*codec.Codec{g711.PCMU},
		Address: netip.MustParseAddr(loopback), Network: phone.System(nil), Hears: who.hears,
	}
	for _, f := range change {
		f(&config)
	}
	var err error
	who.Phone, err = phone.Dial(t.Context(), config)
	if err != nil {
		t.Fatalf("%s calls: %v", name, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		who.HangUp(ctx)
	})
	who.Say(16000, pcm.Tone(16000, says, 2*time.Minute, -12))
	return who
}

// hears judges what comes in blocks of 100 ms.
func (k *talker) hears(rate int, frame []int16) {
	k.hearsFrame(rate, frame)
	for _, sample := range frame {
		k.block = append(k.block, float64(sample)/32768)
	}
	if len(k.block) < int(blockLength.Seconds()*float64(rate)) {
		return
	}
	if levelOf(k.block, k.wanted/float64(rate)) > audible {
		k.good.Add(1)
	} else {
		k.silent.Add(1)
	}
	k.block = k.block[:0]
}

func (k *talker) hearsFrame(rate int, frame []int16) {
	block := make([]float64, len(frame))
	for i, sample := range frame {
		block[i] = float64(sample) / 32768
	}
	if levelOf(block, k.wanted/float64(rate)) > audible {
		k.missing.Store(0)
		return
	}
	if n := k.missing.Add(1); n > k.longest.Load() {
		k.longest.Store(n)
	}
}

// levelOf is how loud a tone is in dB. frequency is in cycles per sample.
func levelOf(block []float64, frequency float64) float64 {
	var re, im float64
	for i, x := range block {
		a := 2 * math.Pi * frequency * float64(i)
		re, im = re+x*math.Cos(a), im+x*math.Sin(a)
	}
	return 20 * math.Log10(2*math.Hypot(re, im)/float64(len(block))+1e-9)
}

// wantsToHear waits until the other is heard for half a second more.
func (k *talker) wantsToHear(t *testing.T, why string) {
	t.Helper()
	look, patience := time.NewTicker(blockLength), time.After(10*time.Second)
	defer look.Stop()
	for want := k.good.Load() + 5; k.good.Load() < want; {
		select {
		case <-look.C:
		case <-k.Done():
			t.Fatalf("%s is out of the call: %v (%s)", k.name, k.Err(), why)
		case <-patience:
			t.Fatalf("%s does not hear the other: %s", k.name, why)
		}
	}
}

// forget begins to count anew.
func (k *talker) forget() { k.good.Store(0); k.silent.Store(0); k.longest.Store(0) }
