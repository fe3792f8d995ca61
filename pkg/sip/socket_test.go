package sip_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// TestRealSockets makes a call over each transport of the loopback interface.
func TestRealSockets(t *testing.T) {
	cert, pool := certificate(t)
	made := make(chan *sip.Dialog, 1)
	server := sip.New(sip.Config{Name: "Focus", Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		var dialogs []*sip.Dialog
		accepts(t, &leg{}, &dialogs).ServeSIP(tx)
		made <- dialogs[0]
	})})
	defer server.Close()
	phone := sip.New(sip.Config{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if network == "tls" {
			return (&tls.Dialer{Config: &tls.Config{RootCAs: pool}}).DialContext(ctx, "tcp", addr)
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}})
	defer phone.Close()

	udp, _ := net.ListenPacket("udp", ":0") // any address: Via and Contact must still name one
	tcp, _ := net.Listen("tcp", "127.0.0.1:0")
	secure, _ := net.Listen("tcp", "127.0.0.1:0")
	own, _ := net.ListenPacket("udp", "127.0.0.1:0")
	go server.ServeUDP(udp)
	go server.ServeTCP(tcp)
	go server.ServeTLS(tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{cert}}))
	go phone.ServeUDP(own)
	for !served(phone, own) || !served(server, udp) {
		runtime.Gosched()
	}

	for _, target := range []string{
		"sip:conf@127.0.0.1:" + port(udp.LocalAddr()),
		"sip:conf@" + tcp.Addr().String() + ";transport=tcp",
		"sip:conf@" + secure.Addr().String() + ";transport=tls",
	} {
		d, res, err := phone.Invite(t.Context(), sip.Invitation{
			Target: mustURI(t, target), From: mustURI(t, "sip:alice@example.com"), Handler: &leg{},
		})
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		if contact := res.Contact().Address; contact.Host != "127.0.0.1" || !strings.HasSuffix(target, contactSuffix(contact)) {
			t.Errorf("%s: Contact %s", target, contact.String())
		}
		if res, err := d.Request(t.Context(), sip.INFO, "", nil); err != nil || res.StatusCode != 200 {
			t.Errorf("%s: INFO %v, %v", target, res, err)
		}
		if err := (<-made).Bye(t.Context()); err != nil {
			t.Errorf("%s: BYE back: %v", target, err)
		}
	}
}

func port(addr net.Addr) string {
	_, port, _ := net.SplitHostPort(addr.String())
	return port
}

func contactSuffix(uri sip.URI) string {
	_, rest, _ := strings.Cut(uri.String(), "@")
	return rest
}

func served(ua *sip.UserAgent, conn net.PacketConn) bool { return ua.Serves(conn.LocalAddr()) }
