package rtp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtcp"
)

var epoch = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// numbered is a 20 ms PCMU packet sent at its time, that travelled for delay.
func numbered(n int, delay time.Duration) *Packet {
	p := &Packet{Payload: make([]byte, 160), Arrival: epoch.Add(time.Duration(n)*20*time.Millisecond + delay)}
	p.Header.SequenceNumber, p.Header.Timestamp = uint16(n), uint32(n*160)
	return p
}

func TestReceiverCountsLoss(t *testing.T) {
	r := NewReceiver(7, 8000)
	t.Log("# of 100 packets across a wrap, every tenth is lost and one comes twice")
	for n := 65500; n < 65600; n++ {
		if n%10 == 5 {
			continue
		}
		r.Receive(numbered(n, 0))
	}
	r.Receive(numbered(65598, 0))
	got := r.Report(epoch)
	want := rtcp.ReceptionReport{SSRC: 7, FractionLost: 9 * 256 / 100, TotalLost: 9, LastSequenceNumber: 65599}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	t.Log("# then nothing is lost: the fraction is of the interval, the total stays")
	for n := 65600; n < 65700; n++ {
		r.Receive(numbered(n, 0))
	}
	got = r.Report(epoch)
	if got.FractionLost != 0 || got.TotalLost != 9 {
		t.Errorf("fraction %d, total %d; want 0, 9", got.FractionLost, got.TotalLost)
	}
}

// RFC 3550 A.3: "If the loss is negative due to duplicates, the fraction lost is set to zero", the total is a signed number in 24 bits.
func TestReceiverDoubledPackets(t *testing.T) {
	r := NewReceiver(7, 8000)
	for n := range 10 {
		r.Receive(numbered(n, 0))
		r.Receive(numbered(n, 0))
	}
	got := r.Report(epoch)
	if got.FractionLost != 0 || CumulativeLost(got) != -10 {
		t.Errorf("fraction %d, lost %d; want 0, -10", got.FractionLost, CumulativeLost(got))
	}
	if _, err := got.Marshal(); err != nil {
		t.Error(err)
	}
}

func TestReceiverRestart(t *testing.T) {
	r := NewReceiver(7, 8000)
	for n := range 10 {
		r.Receive(numbered(n, 0))
	}
	t.Log("# a stray packet from far away changes nothing")
	if err := r.Receive(numbered(30000, 0)); err != DropSuspect {
		t.Errorf("stray packet: %v", err)
	}
	if r.Receive(numbered(10, 0)); r.Lost() != 0 || r.Restarts() != 0 {
		t.Errorf("lost %d, restarts %d after a stray packet", r.Lost(), r.Restarts())
	}
	t.Log("# two in order are a restart")
	r.Receive(numbered(40000, 0))
	if err := r.Receive(numbered(40001, 0)); err != nil || r.Restarts() != 1 {
		t.Errorf("restart: %v, %d restarts", err, r.Restarts())
	}
}

// TestReceiverJitter: packets alternate between 0 and 10 ms of delay, so |D| is 80 units, and J approaches it.
func TestReceiverJitter(t *testing.T) {
	r := NewReceiver(7, 8000)
	for n := range 300 {
		r.Receive(numbered(n, time.Duration(n%2)*10*time.Millisecond))
	}
	if got := r.Report(epoch).Jitter; got < 79 || got > 80 {
		t.Errorf("jitter %d units, want 80", got)
	}
	t.Log("# the repeated packets of a telephone-event share a time stamp and do not count")
	for range 50 {
		p := numbered(300, time.Second)
		p.Header.Timestamp = 299 * 160
		r.Receive(p)
	}
	if got := r.Jitter(); got < 9900*time.Microsecond || got > 10*time.Millisecond {
		t.Errorf("jitter %v, want 10 ms", got)
	}
}

// RFC 3550 §6.4.1, figure 2: SR sent at n = b44d:b704 (middle bits of 0xb44db705), DLSR 0x0005:4000 (5.250 s), A = b710:8000, 6.125 s round trip.
func TestRoundTrip(t *testing.T) {
	arrived := NTPTime(0x0000b710_80000000 &^ 0xffff)
	b := rtcp.ReceptionReport{LastSenderReport: 0xb7052000, Delay: 0x00054000}
	got, ok := RoundTrip(arrived, b)
	if want := 6125 * time.Millisecond; !ok || (got-want).Abs() > time.Millisecond {
		t.Errorf("round trip %v %v, want %v", got, ok, want)
	}
	if _, ok := RoundTrip(arrived, rtcp.ReceptionReport{}); ok {
		t.Error("a round trip without a sender report")
	}
	if _, ok := RoundTrip(arrived, rtcp.ReceptionReport{LastSenderReport: 0xb7052000, Delay: 0x00ff0000}); ok {
		t.Error("a negative round trip")
	}
}

func TestNTP(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 500e6, time.UTC)
	if got := NTP(at); got>>32 != uint64(at.Unix())+2208988800 || got&0xffffffff != 1<<31 {
		t.Errorf("NTP %x", got)
	}
	if back := NTPTime(NTP(at)); back.Sub(at).Abs() > 1 {
		t.Errorf("%v came back as %v", at, back)
	}
}

// A peer's report of us and ours of the peer meet: LSR is what we sent, DLSR what the peer waited.
func TestReportCarriesLastSenderReport(t *testing.T) {
	alice := NewReceiver(1, 8000)
	sent := epoch
	alice.SenderReport(NTP(sent), sent.Add(30*time.Millisecond))
	b := alice.Report(sent.Add(1030 * time.Millisecond))
	got, ok := RoundTrip(sent.Add(1070*time.Millisecond), b)
	if !ok || (got-70*time.Millisecond).Abs() > 50*time.Microsecond {
		t.Errorf("round trip %v %v, want 70 ms", got, ok)
	}
}

func TestUnitsDoNotOverflow(t *testing.T) {
	if got, want := Units(1000*24*time.Hour+500*time.Millisecond, 48000), int64(1000*24*3600*48000+24000); got != want {
		t.Errorf("%d, want %d", got, want)
	}
}
