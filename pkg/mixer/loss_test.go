package mixer_test

import (
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/mixer"
)

// armed is how many of the payloads from one to the end have the layer that carries copies, which a tone has none of (RFC 6716 table 2: SILK is in
// configurations 0 to 15).
func (p *person) armed(from int) (n int) {
	for _, payload := range p.payload[from:] {
		if payload[0]>>3 < 16 {
			n++
		}
	}
	return n
}

// Carol speaks, three listen. Alice and bob begin to miss packets, and do so no more: their packets are made for copies meanwhile, once for both,
// and dan's never. Nobody hears when that begins or ends.
func TestWhoMissesPacketsGetsCopies(t *testing.T) {
	if !opus.Available {
		t.Skip("built without libopus")
	}
	format := mixer.Format{Codec: opus.Opus, Params: codec.Params{FEC: true}, Ptime: 20 * time.Millisecond}
	r := newRoom(t, mixer.Config{})
	carol, alice := r.joinsAs(format, 440), r.joinsAs(format, 620)
	bob, dan := r.joinsAs(format, 810), r.joinsAs(format, 1000)
	carol.talking = true
	encodes := func() (each float64) {
		before := r.mix.Stats().Encodes
		r.runs(2 * time.Second)
		return float64(r.mix.Stats().Encodes-before) / 100
	}
	r.runs(2 * time.Second)
	if got := encodes(); got != 2 {
		t.Errorf("%v encodes a tick, want carol's and one for all others", got)
	}
	for _, p := range []*person{alice, bob} {
		if !p.member.SetPacketLoss(15) {
			t.Fatal("refused")
		}
	}
	r.runs(time.Second)
	from := len(alice.payload)
	if got := encodes(); got != 3 {
		t.Errorf("%v encodes a tick, want one more for the two who miss packets", got)
	}
	for who, want := range map[*person]bool{alice: true, bob: true, dan: false} {
		if n := who.armed(from); n != map[bool]int{true: 100}[want] {
			t.Errorf("%d of 100 packets for the %.0f Hz person are armed, want them: %v", n, who.hz, want)
		}
	}
	for i := range 100 {
		if string(alice.payload[from+i]) != string(bob.payload[from+i]) {
			t.Fatalf("packet %d is not the same for both", i)
		}
	}
	for _, p := range []*person{alice, bob} {
		p.member.SetPacketLoss(0)
	}
	r.runs(time.Second)
	from = len(alice.payload)
	if got := encodes(); got != 2 || alice.armed(from)+bob.armed(from) != 0 {
		t.Errorf("%v encodes a tick and armed packets when nothing is missing any more", got)
	}
	rate := format.Rate()
	own := largestStep(dan.decoded()[rate/2:])
	for _, p := range []*person{alice, bob} {
		if got := largestStep(p.decoded()[rate/2:]); got > seam*own {
			t.Errorf("the %.0f Hz person hears a step of %.0f, the tone's own is %.0f", p.hz, got, own)
		}
	}
}

// A thousand who miss packets at once are moved one after the other, and a codec without copies is left alone.
func TestManyWhoMissPackets(t *testing.T) {
	if !opus.Available {
		t.Skip("built without libopus")
	}
	format := mixer.Format{Codec: opus.Opus, Params: codec.Params{FEC: true}, Ptime: 20 * time.Millisecond}
	r := newRoom(t, mixer.Config{})
	var all []*person
	for range 40 {
		all = append(all, r.joinsAs(format, 500))
	}
	r.runs(100 * time.Millisecond)
	refused := 0
	for _, p := range all {
		if !p.member.SetPacketLoss(15) {
			refused++
		}
	}
	if refused != 8 {
		t.Errorf("%d of 40 refused, want 8", refused)
	}
	r.runs(time.Second)
	for _, p := range all {
		if !p.member.SetPacketLoss(15) {
			t.Error("still refused")
		}
	}
	plain := r.joins(8000, 700)
	if r.runs(time.Second); !plain.member.SetPacketLoss(15) {
		t.Error("who needs nothing is refused")
	}
}
