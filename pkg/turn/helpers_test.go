package turn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

var loopback = netip.MustParseAddr("127.0.0.1")

const realm = "example.org"

var secret = []byte("0123456789abcdef0123456789abcdef")

// bench is a server on loopback, and a media socket of its own that sends everything back.
type bench struct {
	*Server
	t             testing.TB
	udp, tcp, tls string // where it is served
	media         *net.UDPConn
	errors        chan error
}

// served starts a server; change may alter its configuration.
func served(t testing.TB, change func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t, errors: make(chan error, 3)}
	b.media = echoes(t)
	at := b.media.LocalAddr().(*net.UDPAddr).AddrPort()
	config := Config{
		Realm: realm, Secret: secret, Address: loopback, Ports: [2]uint16{12000, 15999},
		Peers: Peers{Own: []Range{{loopback, at.Port(), at.Port()}}}, TLS: selfSigned(t),
	}
	if change != nil {
		change(&config)
	}
	var err error
	if b.Server, err = New(config); err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	tcp, secure := listens(t), listens(t)
	b.udp, b.tcp, b.tls = udp.LocalAddr().String(), tcp.Addr().String(), secure.Addr().String()
	for _, serve := range []func() error{
		func() error { return b.ServeUDP(udp) }, func() error { return b.ServeTCP(tcp) }, func() error { return b.ServeTLS(secure) },
	} {
		go func() { b.errors <- serve() }()
	}
	t.Cleanup(b.ends)
	return b
}

// ends closes the server, after which nothing of it may be left.
func (b *bench) ends() {
	b.Close()
	for range 3 {
		if err := <-b.errors; !errors.Is(err, net.ErrClosed) {
			b.t.Errorf("serving ended with %v", err)
		}
	}
	if n := b.Stats(); n.Relays != 0 || n.Open != 0 {
		b.t.Errorf("%d relays and %d connections are left", n.Relays, n.Open)
	}
}

func listens(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// echoes is a socket that sends everything back.
func echoes(t testing.TB) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buffer := make([]byte, inboundMTU)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			conn.WriteToUDPAddrPort(buffer[:n], from)
		}
	}()
	return conn
}

func selfSigned(t testing.TB) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// credentials of alice, good for a minute.
func (b *bench) credentials(user string) (username, password string) {
	username, password, err := b.issuer.Issue(user, time.Now().Add(time.Minute))
	if err != nil {
		b.t.Fatal(err)
	}
	return username, password
}

// speaker sends requests and reads the answers, octet by octet as a client does that is not pion's.
type speaker struct {
	net.Conn
	t         testing.TB
	integrity stun.MessageIntegrity // nil: without credentials
	username  string
	realm     string
	nonce     stun.Nonce
}

// speaks connects to the server; network is udp, tcp or tls.
func (b *bench) speaks(network string) *speaker {
	b.t.Helper()
	var conn net.Conn
	var err error
	switch network {
	case "udp":
		conn, err = net.Dial("udp", b.udp)
	case "tcp":
		conn, err = net.Dial("tcp", b.tcp)
	default:
		conn, err = tls.Dial("tcp", b.tls, &tls.Config{InsecureSkipVerify: true})
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { conn.Close() })
	return &speaker{Conn: conn, t: b.t, realm: realm}
}

// knows gives the speaker credentials.
func (s *speaker) knows(username, password string) *speaker {
	s.username, s.integrity = username, stun.NewLongTermIntegrity(username, s.realm, password)
	return s
}

// asks sends a request and returns the answer, nil when there is none. A first 401 or 438 is answered with its nonce.
func (s *speaker) asks(method stun.Method, setters ...stun.Setter) *stun.Message {
	s.t.Helper()
	answer := s.asksOnce(method, setters...)
	if code := codeOf(answer.Raw); s.integrity != nil && (code == stun.CodeStaleNonce || code == stun.CodeUnauthorized && s.nonce == nil) {
		if err := s.nonce.GetFrom(answer); err != nil {
			s.t.Fatalf("a %v without a nonce", code)
		}
		answer = s.asksOnce(method, setters...)
	}
	return answer
}

func (s *speaker) asksOnce(method stun.Method, setters ...stun.Setter) *stun.Message {
	s.t.Helper()
	all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, setters...)
	if s.nonce != nil && s.integrity != nil {
		all = append(all, stun.NewUsername(s.username), stun.NewRealm(s.realm), s.nonce, s.integrity)
	}
	request, err := stun.Build(append(all, stun.Fingerprint)...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.says(request.Raw)
	answer := s.hears()
	if answer == nil || answer.TransactionID != request.TransactionID {
		s.t.Fatalf("%v: no answer: %v", method, answer)
	}
	return answer
}

func (s *speaker) says(data []byte) {
	s.t.Helper()
	if _, err := s.Write(data); err != nil {
		s.t.Fatal(err)
	}
}

// hears reads a STUN message that comes within a second; nil if none does.
func (s *speaker) hears() *stun.Message {
	s.t.Helper()
	buffer := make([]byte, inboundMTU)
	s.SetReadDeadline(time.Now().Add(time.Second))
	n, err := s.Read(buffer)
	if err != nil {
		return nil
	}
	message := &stun.Message{Raw: buffer[:n]}
	if err := message.Decode(); err != nil {
		s.t.Fatalf("not STUN: %x", buffer[:n])
	}
	return message
}

// wants fails unless an answer has that code; 0 is success.
func (s *speaker) wants(what string, answer *stun.Message, code stun.ErrorCode) {
	s.t.Helper()
	if got := codeOf(answer.Raw); got != code {
		s.t.Errorf("%s: %v, want %v", what, int(got), int(code))
	}
}

// attribute is one with that value.
type attribute struct {
	kind  stun.AttrType
	value []byte
}

func (a attribute) AddTo(m *stun.Message) error {
	m.Add(a.kind, a.value)
	return nil
}

func overUDP() stun.Setter { return attribute{stun.AttrRequestedTransport, []byte{17, 0, 0, 0}} }

type toPeer netip.AddrPort

func (p toPeer) AddTo(m *stun.Message) error {
	a := netip.AddrPort(p)
	return (&stun.XORMappedAddress{IP: a.Addr().AsSlice(), Port: int(a.Port())}).AddToAs(m, stun.AttrXORPeerAddress)
}

func peer(text string) stun.Setter { return toPeer(netip.MustParseAddrPort(text)) }

func (b *bench) mediaPeer() stun.Setter {
	return toPeer(b.media.LocalAddr().(*net.UDPAddr).AddrPort())
}

func channel(number uint16) stun.Setter {
	return attribute{stun.AttrChannelNumber, []byte{byte(number >> 8), byte(number), 0, 0}}
}

func lifetime(seconds uint32) stun.Setter {
	return attribute{stun.AttrLifetime, []byte{byte(seconds >> 24), byte(seconds >> 16), byte(seconds >> 8), byte(seconds)}}
}
