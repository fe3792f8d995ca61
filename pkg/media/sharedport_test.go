package media

import (
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// onSharedPort runs a story in virtual time: somebody's packets come to a leg on a shared port.
func onSharedPort(t *testing.T, story func(server *Shared, send func(data []byte), arrived func() int)) {
	synctest.Test(t, func(t *testing.T) {
		network := &Memory{}
		server := newShared(t, network, "192.0.2.1:4000")
		defer server.Close()
		leg := server.party(t, true, 1)
		defer leg.end()
		send, arrived := homeOf(t, network, server, leg)
		story(server, send, arrived)
	})
}

// homeOf is somebody's socket whose address is a leg's on the shared port, and how many packets have come to that leg.
func homeOf(t *testing.T, network *Memory, server *Shared, leg *party) (send func(data []byte), arrived func() int) {
	t.Helper()
	home, err := network.Listen(addr("198.51.100.7:5000"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { home.Close() })
	server.admit(0, 1, home.LocalAddr(), leg.seat)
	to, sequence := NewDestination(server.LocalAddr()), byte(0)
	send = func(data []byte) {
		if data == nil {
			sequence++
			data = rtpPacket(9)
			data[3] = sequence
		}
		_ = home.WriteTo(data, to)
		synctest.Wait()
	}
	return send, func() int {
		leg.transport.inbox.drain(leg.transport)
		return int(leg.stream.Stats().Received)
	}
}

// TestATickFetchesWhatComesWhileTheReaderRests: a tick has all that is there. Who waits for an answer, to a check or in a handshake, has it at once.
func TestATickFetchesWhatComesWhileTheReaderRests(t *testing.T) {
	onSharedPort(t, func(server *Shared, send func([]byte), arrived func() int) {
		wants := func(n int, when string) {
			t.Helper()
			if got := arrived(); got != n {
				t.Errorf("%s: %d packets, want %d", when, got, n)
			}
		}
		send(nil)
		wants(1, "the reader has waited for it")
		send(nil)
		wants(1, "the reader rests")
		server.Poll(time.Now())
		wants(2, "a tick")
		send(nil)
		time.Sleep(rest)
		synctest.Wait()
		wants(3, "the reader has rested")

		t.Log("# a check is no media")
		time.Sleep(rest)
		synctest.Wait()
		send([]byte{0, 1, 0, 0})
		send(nil)
		wants(4, "the reader has not rested")
	})
}

// TestTheReaderDoesNotRestWhileMoreIsThere: of what came while it rested nothing waits for another rest.
func TestTheReaderDoesNotRestWhileMoreIsThere(t *testing.T) {
	onSharedPort(t, func(server *Shared, send func([]byte), _ func() int) {
		for range 1 + mostDrained + 50 {
			send(nil) // the first one sends the reader to rest
		}
		time.Sleep(rest)
		synctest.Wait()
		if queue := server.ports[0].socket.conn.(*memoryConn); !queue.empty() {
			t.Error("packets wait although the reader has rested once")
		}
	})
}

// TestTheSharedPortHasRoom: all that callers send while the reader rests waits in the kernel.
func TestTheSharedPortHasRoom(t *testing.T) {
	server := newShared(t, UDP{}, "127.0.0.1:0")
	defer server.Close()
	fd := server.ports[0].socket.conn.(*udpConn).fd
	other := listen(t, UDP{}, "127.0.0.1:0").(*udpConn).fd
	for _, option := range []int{unix.SO_RCVBUF, unix.SO_SNDBUF} {
		shared, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option)
		usual, err2 := unix.GetsockoptInt(other, unix.SOL_SOCKET, option)
		if err != nil || err2 != nil || shared <= usual {
			t.Errorf("option %d is %d (%v), that of a leg's own port %d (%v)", option, shared, err, usual, err2)
		}
	}
}
