package turn

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// inMemory is a carrier whose client is the test.
type inMemory struct {
	in, out chan []byte
	done    chan struct{}
}

var client = netip.MustParseAddrPort("127.0.0.1:40000")

func (c *inMemory) receive(buffer []byte) (int, netip.AddrPort, error) {
	select {
	case data := <-c.in:
		return copy(buffer, data), client, nil
	case <-c.done:
		return 0, client, net.ErrClosed
	}
}

func (c *inMemory) send(message []byte, _ netip.AddrPort) {
	select {
	case c.out <- bytes.Clone(message):
	case <-c.done:
	}
}

func (c *inMemory) busy(int)     {}
func (c *inMemory) close() error { return nil }

// table is a server with one client, which is the fuzzer.
type table struct {
	*inMemory
	t      testing.TB
	server *Server
	mark   []byte // a Binding request
}

func newTable(t testing.TB) *table {
	server, err := New(Config{
		Realm: realm, Secret: secret, Address: loopback, Ports: [2]uint16{12000, 15999},
		Limits: Limits{RequestsPerSource: 1 << 30, Requests: 1 << 30, BytesPerSecond: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	mark, err := stun.Build(stun.TransactionID, stun.BindingRequest)
	if err != nil {
		t.Fatal(err)
	}
	c := &table{&inMemory{make(chan []byte), make(chan []byte), make(chan struct{})}, t, server, mark.Raw}
	served := make(chan error)
	go func() { served <- server.serve(c.inMemory, true) }()
	t.Cleanup(func() {
		close(c.done)
		<-served
		if n := server.Stats(); n.Relays != 0 {
			t.Errorf("%d relays are left", n.Relays)
		}
	})
	return c
}

// answers are those to a message. A Binding request behind it is answered whatever that was.
func (c *table) answers(data []byte) (all [][]byte) {
	c.in <- data
	go func() { c.in <- c.mark }()
	for {
		answer := <-c.out
		if bytes.Equal(answer[4:stunHeader], c.mark[4:stunHeader]) && answer[0] == 1 {
			return all
		}
		all = append(all, answer)
	}
}

// FuzzDatagram: anything as the first message gets one answer at most, to the request that it is, and others are answered afterwards.
func FuzzDatagram(f *testing.F) {
	for _, method := range []stun.Method{stun.MethodBinding, stun.MethodAllocate, stun.MethodRefresh, stun.MethodSend} {
		for _, class := range []stun.MessageClass{stun.ClassRequest, stun.ClassIndication, stun.ClassSuccessResponse} {
			m, err := stun.Build(stun.TransactionID, stun.NewType(method, class), overUDP(), peer("127.0.0.1:12000"), stun.Fingerprint)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(m.Raw)
		}
	}
	f.Add([]byte{0x40, 0, 0, 1, 0xFF})
	f.Add([]byte{22, 3, 1, 0, 5, 1, 0, 0, 1, 0})
	c := newTable(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= inboundMTU || len(data) >= stunHeader && bytes.Equal(data[4:stunHeader], c.mark[4:stunHeader]) {
			return
		}
		all := c.answers(data)
		if len(all) == 0 {
			return
		}
		if len(all) > 1 || !isResponse(all[0]) || !bytes.Equal(all[0][4:stunHeader], data[4:stunHeader]) || !isRequest(data) {
			t.Errorf("%x is answered with %x", data, all)
		}
		if c.server.Stats().Allocations > 0 {
			t.Error("there is an allocation without credentials")
		}
	})
}

// isRequest is by RFC 8489 §5: the two bits of the class are 0.
func isRequest(data []byte) bool {
	return len(data) >= stunHeader && binary.BigEndian.Uint16(data)&0x0110 == 0
}

// FuzzSigned: any attributes behind good credentials, before and after an allocation.
func FuzzSigned(f *testing.F) {
	add := func(method stun.Method, setters ...stun.Setter) {
		m, err := stun.Build(setters...)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint16(method), len(m.Raw) > 30, m.Raw[stunHeader:])
	}
	add(stun.MethodAllocate, overUDP(), lifetime(600))
	add(stun.MethodAllocate, overUDP(), attribute{stun.AttrEvenPort, []byte{0x80}})
	add(stun.MethodAllocate, overUDP(), attribute{stun.AttrReservationToken, make([]byte, 8)})
	add(stun.MethodRefresh, lifetime(0))
	add(stun.MethodCreatePermission, peer("127.0.0.1:12000"), peer("10.0.0.1:1"))
	add(stun.MethodChannelBind, channel(0x4000), peer("127.0.0.1:12000"))
	f.Fuzz(func(t *testing.T, method uint16, allocated bool, attributes []byte) {
		if len(attributes) > 1200 {
			return
		}
		c := newTable(t)
		username, password, _ := c.server.issuer.Issue("alice", time.Now().Add(time.Minute))
		challenge := c.answers(requestOf(stun.MethodAllocate, nil))
		var nonce stun.Nonce
		m := &stun.Message{Raw: challenge[0]}
		if m.Decode() != nil || nonce.GetFrom(m) != nil {
			t.Fatalf("%x", challenge)
		}
		signs := func(method stun.Method, attributes []byte) []byte {
			m := &stun.Message{Raw: requestOf(method, attributes)}
			if m.Decode() != nil {
				return m.Raw
			}
			if err := m.Build(append([]stun.Setter{keep(*m)}, stun.NewUsername(username), stun.NewRealm(realm), nonce, stun.NewLongTermIntegrity(username, realm, password))...); err != nil {
				return requestOf(method, attributes)
			}
			return m.Raw
		}
		if allocated {
			c.answers(signs(stun.MethodAllocate, []byte{0, 0x19, 0, 4, 17, 0, 0, 0}))
		}
		request := signs(stun.Method(method&0xFFF), attributes)
		if all := c.answers(request); len(all) > 1 || len(all) == 1 && !bytes.Equal(all[0][4:stunHeader], request[4:stunHeader]) {
			t.Errorf("%x is answered with %x", request, all)
		}
		if n := c.server.Stats(); n.ToPeers > 0 || n.Relays > 1 {
			t.Errorf("%+v", n)
		}
	})
}

func requestOf(method stun.Method, attributes []byte) []byte {
	raw := make([]byte, stunHeader, stunHeader+len(attributes))
	binary.BigEndian.PutUint16(raw, stun.NewType(method, stun.ClassRequest).Value())
	binary.BigEndian.PutUint16(raw[2:], uint16(len(attributes)))
	copy(raw[4:], []byte{0x21, 0x12, 0xA4, 0x42, 'r', 'e', 'q', 'u', 'e', 's', 't'})
	return append(raw, attributes...)
}

// keep puts what a message has been into it again, behind a Reset.
type keep stun.Message

func (k keep) AddTo(m *stun.Message) error {
	m.Type, m.TransactionID = k.Type, k.TransactionID
	m.WriteHeader()
	for _, a := range k.Attributes {
		m.Add(a.Type, bytes.Clone(a.Value))
	}
	return nil
}

// FuzzStream: the messages on a connection are those that a reader finds who has it all before him, in whatever pieces it comes.
func FuzzStream(f *testing.F) {
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.Fingerprint)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(bytes.Clone(m.Raw), 0x40, 1, 0, 3, 1, 2, 3, 0, 0x40, 1, 0, 0), uint8(3))
	f.Add(append(bytes.Clone(m.Raw), 0xFF), uint8(1))
	f.Add([]byte{0x4F, 0xFF, 0xFF, 0xFF, 0}, uint8(200))
	server, err := New(Config{Realm: realm, Secret: secret, Address: loopback, Ports: [2]uint16{1024, 1024}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, piece uint8) {
		s := newStream(server, &pieces{data: data, size: int(piece) + 1})
		buffer := make([]byte, inboundMTU)
		for _, want := range messagesOf(data) {
			n, _, err := s.receive(buffer)
			if err != nil || !bytes.Equal(buffer[:n], want) {
				t.Fatalf("got %x %v, want %x", buffer[:n], err, want)
			}
		}
		if n, _, err := s.receive(buffer); err == nil {
			t.Fatalf("got %x, want the end", buffer[:n])
		}
	})
}

// messagesOf is the slow model of stream.next.
func messagesOf(data []byte) (all [][]byte) {
	for len(data) >= 4 {
		size := int(data[2])<<8 | int(data[3])
		padded := 0
		switch {
		case data[0] < 0x40:
			size += 20
			padded = size
		case data[0] < 0x80:
			size += 4
			padded = (size + 3) / 4 * 4
		default:
			return all
		}
		if size >= inboundMTU || padded > len(data) || data[0] < 4 && !bytes.Equal(data[4:8], []byte{0x21, 0x12, 0xA4, 0x42}) {
			return all
		}
		all = append(all, data[:size])
		data = data[padded:]
	}
	return all
}

// pieces is a connection on which data comes in small pieces.
type pieces struct {
	net.Conn
	data []byte
	size int
}

func (p *pieces) Read(buffer []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(buffer, p.data[:min(p.size, len(p.data))])
	p.data = p.data[n:]
	return n, nil
}

func (p *pieces) RemoteAddr() net.Addr            { return net.TCPAddrFromAddrPort(client) }
func (p *pieces) SetReadDeadline(time.Time) error { return nil }
func (p *pieces) Close() error                    { return nil }

// FuzzFirst: whatever a connection begins with, it is STUN, TLS or neither, and no octet is lost.
func FuzzFirst(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0})
	f.Add([]byte{22, 3, 1, 0, 1, 0})
	f.Add([]byte("GET /"))
	f.Fuzz(func(t *testing.T, data []byte) {
		opened, err := (&Server{}).open(&pieces{data: data, size: 2}, false)
		if good := len(data) > 0 && data[0] < 4; (err == nil) != good {
			t.Fatalf("%x: %v", data, err)
		}
		if err != nil {
			return
		}
		if all, err := io.ReadAll(opened); err != nil || !bytes.Equal(all, data) {
			t.Errorf("%x %v, want %x", all, err, data)
		}
	})
}
