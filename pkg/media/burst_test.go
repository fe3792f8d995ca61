package media

import (
	"fmt"
	"testing"
	"time"
)

// Two shared ports in turns, one of them of the other family, and packets that the kernel refuses between them: all others go out, in their order.
func TestABurstGoesOnAfterWhatIsRefused(t *testing.T) {
	burst, b := NewBurst(), NewBatch()
	defer burst.Close()
	rtp, rtcp := listenShared(t), listenShared(t)
	defer rtp.Close()
	defer rtcp.Close()
	bob := listen(t, UDP{}, "127.0.0.1:0")
	to, nowhere := NewDestination(bob.LocalAddr()), NewDestination(addr("[::1]:9")) // on a socket of IPv4
	want := []string{}
	for n, packet := range []struct {
		from *Socket
		to   *Destination
	}{{rtp, nowhere}, {rtp, to}, {rtp, nowhere}, {rtp, nowhere}, {rtcp, to}, {rtp, to}, {rtp, nowhere}} {
		text := fmt.Sprint(n)
		if packet.to == to {
			want = append(want, text)
		}
		if err := burst.through(packet.from).Send([]byte(text), packet.to); err != nil {
			t.Fatal(err)
		}
	}
	burst.Flush()
	got := []string{}
	for _, d := range b.Datagrams[:bob.ReadBatch(b, time.Now())] {
		got = append(got, string(d.Data))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || burst.Failed() != 4 {
		t.Errorf("%v arrived, want %v; %d refused, want 4", got, want, burst.Failed())
	}
	if err := burst.through(rtp).Send(make([]byte, MaxDatagram+1), to); err == nil {
		t.Error("a packet that is too long was taken")
	}
}
