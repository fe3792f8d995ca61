package srtp

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/dtls/v3"
	"go.uber.org/goleak"
)

// outcome is what an association ended with.
type outcome struct {
	keys AssociationKeys
	err  error
}

// end is one of two associations that talk to each other.
type end struct {
	*Association
	dtls *DTLS
	done chan outcome
	sent [][]byte
}

// wire is where datagrams pass. It hands them on one after the other; pass may change or drop them.
type wire struct {
	*testing.T
	client, server *end
	pass           func(toServer bool, data []byte) [][]byte
	queue          chan passing
	open           chan struct{} // closed once pass is set: then datagrams pass
	opened         sync.Once
}

type passing struct {
	toServer bool
	data     []byte
}

func newDTLS(t *testing.T) *DTLS {
	t.Helper()
	d, err := NewDTLS(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func certificateOf(t *testing.T, d *DTLS) *Certificate {
	t.Helper()
	c, err := d.Certificate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wires two ends. Each knows the fingerprint of the other, unless change says otherwise.
func wires(t *testing.T, change func(client, server *AssociationConfig)) *wire {
	t.Helper()
	w := &wire{T: t, client: &end{dtls: newDTLS(t), done: make(chan outcome, 1)}, server: &end{dtls: newDTLS(t), done: make(chan outcome, 1)},
		queue: make(chan passing, 1000), open: make(chan struct{})}
	client, server := w.config(w.client, w.server, true), w.config(w.server, w.client, false)
	if change != nil {
		change(&client, &server)
	}
	go w.carry()
	w.server.Association = w.server.dtls.Start(server)
	w.client.Association = w.client.dtls.Start(client)
	t.Cleanup(func() { close(w.queue) })
	return w
}

func (w *wire) config(of, other *end, client bool) AssociationConfig {
	return AssociationConfig{
		Certificate: certificateOf(w.T, of.dtls), Fingerprints: []Fingerprint{certificateOf(w.T, other.dtls).Fingerprint()}, Client: client,
		Send: func(data []byte) error {
			w.queue <- passing{client, slices.Clone(data)}
			return nil
		},
		Done: func(keys AssociationKeys, err error) { of.done <- outcome{keys, err} },
	}
}

func (w *wire) flows() { w.opened.Do(func() { close(w.open) }) }

func (w *wire) carry() {
	<-w.open
	for p := range w.queue {
		to, from := w.client, w.server
		if p.toServer {
			to, from = w.server, w.client
		}
		from.sent = append(from.sent, p.data)
		all := [][]byte{p.data}
		if w.pass != nil {
			all = w.pass(p.toServer, p.data)
		}
		for _, data := range all {
			to.Receive(data, time.Now())
		}
	}
}

func (w *wire) close() {
	w.flows()
	synctest.Wait()
	for _, e := range []*end{w.client, w.server} {
		e.Close()
		e.dtls.Wait()
	}
	synctest.Wait()
}

// wantsKeys waits for both, whose keys must be those of the other.
func (w *wire) wantsKeys(suite Suite) {
	w.Helper()
	w.flows()
	c, s := <-w.client.done, <-w.server.done
	if c.err != nil || s.err != nil {
		w.Fatalf("client: %v, server: %v", c.err, s.err)
	}
	if !c.keys.Send.Equal(s.keys.Receive) || !c.keys.Receive.Equal(s.keys.Send) || c.keys.Send.Equal(c.keys.Receive) {
		w.Error("the keys of the two do not fit")
	}
	if got := c.keys.Send.Suite(); got != suite {
		w.Errorf("suite %v, want %v", got, suite)
	}
}

func (w *wire) wantsNoKeys(at *end, want error) {
	w.Helper()
	w.flows()
	if got := <-at.done; !errors.Is(got.err, want) || !got.keys.Send.IsZero() || !got.keys.Receive.IsZero() {
		w.Errorf("%v, keys %v; want %v and no keys", got.err, got.keys, want)
	}
}

func TestHandshake(t *testing.T) {
	defer goleak.VerifyNone(t)
	for name, c := range map[string]struct {
		change func(client, server *AssociationConfig)
		want   Suite
	}{
		"as it comes":     {nil, AEADAES128GCM},
		"server's choice": {func(_, s *AssociationConfig) { s.Suites = []Suite{AEADAES256GCM, AEADAES128GCM} }, AEADAES256GCM},
		"old client":      {func(c, _ *AssociationConfig) { c.Suites = []Suite{AESCM128HMACSHA180} }, AESCM128HMACSHA180},
		"behind ICE":      {func(c, s *AssociationConfig) { c.Validated, s.Validated = true, true }, AEADAES128GCM},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := wires(t, c.change)
				w.wantsKeys(c.want)
				w.close()
				if got := w.server.dtls.Stats(); got != (DTLSStats{Begun: 1, Completed: 1, Late: got.Late}) {
					t.Errorf("counters %+v", got)
				}
			})
		})
	}
}

// TestNothingStays: an association whose handshake is over has no goroutine, and yet says farewell.
func TestNothingStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := wires(t, nil)
		w.wantsKeys(AEADAES128GCM)
		synctest.Wait()
		w.client.dtls.Wait()
		w.server.dtls.Wait()
		before := len(w.client.sent)
		w.client.Close()
		synctest.Wait()
		if len(w.client.sent) != before+1 || w.client.sent[before][0] != alertRecord {
			t.Errorf("%d datagrams at the end, want a close_notify", len(w.client.sent)-before)
		}
		w.client.Close()
		w.close()
		if len(w.client.sent) != before+1 {
			t.Error("another farewell")
		}
	})
}

// TestLostFlights: each of the first datagrams is lost once, also the server's last, after which nothing of it runs any more.
func TestLostFlights(t *testing.T) {
	for lost := range 12 {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			w := wires(t, func(c, s *AssociationConfig) { c.Validated, s.Validated = true, true })
			w.pass = func(_ bool, data []byte) [][]byte {
				if n++; n == lost+1 {
					return nil
				}
				return [][]byte{data}
			}
			w.wantsKeys(AEADAES128GCM)
			w.close()
		})
	}
}

func TestCertificateIsCompared(t *testing.T) {
	stranger := Fingerprint{"sha-256", certificateOf(t, newDTLS(t)).Fingerprint().Value}
	for name, c := range map[string]struct {
		announced func(right *Certificate) []Fingerprint
		ok        bool
	}{
		"another":                   {func(*Certificate) []Fingerprint { return []Fingerprint{stranger} }, false},
		"none":                      {func(*Certificate) []Fingerprint { return nil }, false},
		"one of two":                {func(r *Certificate) []Fingerprint { return []Fingerprint{stranger, r.Fingerprint()} }, true},
		"in small letters":          {func(r *Certificate) []Fingerprint { return []Fingerprint{{"SHA-256", lower(r.Fingerprint().Value)}} }, true},
		"SHA-1 alone":               {func(r *Certificate) []Fingerprint { return []Fingerprint{{"sha-1", r.Fingerprint().Value}} }, false},
		"SHA-512":                   {func(r *Certificate) []Fingerprint { return []Fingerprint{long(r)} }, true},
		"the better hash is wrong":  {func(r *Certificate) []Fingerprint { return []Fingerprint{r.Fingerprint(), {"sha-512", "00"}} }, false},
		"the better hash is enough": {func(r *Certificate) []Fingerprint { return []Fingerprint{stranger, long(r)} }, true},
	} {
		for _, atClient := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var who *end
					w := wires(t, func(client, server *AssociationConfig) {
						if atClient {
							client.Fingerprints = c.announced(server.Certificate)
						} else {
							server.Fingerprints = c.announced(client.Certificate)
						}
					})
					if who = w.server; atClient {
						who = w.client
					}
					if c.ok {
						w.wantsKeys(AEADAES128GCM)
					} else {
						w.wantsNoKeys(who, ErrFingerprint)
						if got := who.dtls.Stats().WrongFingerprint; got != 1 {
							t.Errorf("%d counted", got)
						}
					}
					w.close()
				})
			})
		}
	}
}

func lower(value string) string {
	b := []byte(value)
	for i, c := range b {
		if c >= 'A' && c <= 'F' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func long(c *Certificate) Fingerprint {
	return fingerprintOf(c.tls.Certificate[0], hashes[0].hash, "sha-512")
}

func TestNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := wires(t, nil)
		w.pass = func(bool, []byte) [][]byte { return nil }
		began := time.Now()
		w.wantsNoKeys(w.client, ErrTimeout)
		if took := time.Since(began); took != handshakeTimeout {
			t.Errorf("given up after %v", took)
		}
		synctest.Wait()
		if n := len(w.client.sent); n < 4 || n > 8 {
			t.Errorf("%d ClientHellos", n)
		}
		w.close()
		if got := w.server.dtls.Stats().Begun; got != 0 {
			t.Error("a server that was not called has begun")
		}
	})
}

// TestClosedAtOnce: a leg may end at any moment of the handshake; nothing is told then.
func TestClosedAtOnce(t *testing.T) {
	for n := range 8 {
		synctest.Test(t, func(t *testing.T) {
			w := wires(t, nil)
			seen := 0
			w.pass = func(_ bool, data []byte) [][]byte {
				if seen++; seen == n {
					go w.server.Abandon()
				}
				if seen >= n {
					return nil
				}
				return [][]byte{data}
			}
			w.flows()
			synctest.Wait()
			w.server.Abandon()
			w.server.dtls.Wait()
			select {
			case got := <-w.server.done:
				if got.err == nil && n < 6 {
					t.Errorf("closed at %d: %v", n, got)
				}
			default:
			}
			w.close()
		})
	}
}

// TestWhatStrangersSend: none of it ends a handshake, whenever it comes.
func TestWhatStrangersSend(t *testing.T) {
	big := make([]byte, recordHeader+handshakeHeader)
	copy(big, []byte{handshakeRecord, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, handshakeHeader, clientHello, 0xff, 0xff, 0xff})
	for name, c := range map[string]struct {
		data    []byte
		counter func(DTLSStats) uint64
	}{
		"noise":              {[]byte{22, 1, 2, 3}, func(s DTLSStats) uint64 { return s.Malformed }},
		"another version":    {append([]byte{22, 3, 3}, make([]byte, 20)...), func(s DTLSStats) uint64 { return s.Malformed }},
		"unknown type":       {[]byte{24, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1}, func(s DTLSStats) uint64 { return s.Malformed }},
		"a fatal alert":      {[]byte{21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40}, func(s DTLSStats) uint64 { return s.Unproven }},
		"data":               {[]byte{23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 1}, func(s DTLSStats) uint64 { return s.Unproven }},
		"oversized fragment": {big, func(s DTLSStats) uint64 { return s.Oversized }},
		"oversized datagram": {append([]byte{22, 0xfe, 0xfd}, make([]byte, 2000)...), func(s DTLSStats) uint64 { return s.Oversized }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := wires(t, nil)
				sent := uint64(0)
				w.pass = func(toServer bool, data []byte) [][]byte {
					if toServer {
						sent++
						return [][]byte{c.data, data}
					}
					return [][]byte{data, c.data}
				}
				w.wantsKeys(AEADAES128GCM)
				synctest.Wait()
				if got := c.counter(w.server.dtls.Stats()); got != sent {
					t.Errorf("%d counted, want %d", got, sent)
				}
				w.close()
			})
		})
	}
}

// TestSecondAssociation: on a live leg nobody begins another one, whether the ClientHello is an old one or new.
func TestSecondAssociation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := wires(t, nil)
		w.wantsKeys(AEADAES128GCM)
		synctest.Wait()
		before := len(w.server.sent)
		for range 3 {
			w.server.Receive(w.client.sent[0], time.Now())
		}
		w.client.Receive(w.client.sent[0], time.Now())
		synctest.Wait()
		if got := w.server.dtls.Stats(); got.Second != 3 || got.Begun != 1 || len(w.server.sent) != before {
			t.Errorf("counters %+v, %d answers", got, len(w.server.sent)-before)
		}
		if got := w.client.dtls.Stats().Second; got != 1 {
			t.Errorf("%d counted at the client", got)
		}
		w.close()
	})
}

// TestReplayedClientHello: before the handshake is over a ClientHello that comes again begins nothing either.
func TestReplayedClientHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := wires(t, nil)
		w.pass = func(toServer bool, data []byte) [][]byte {
			if toServer {
				return [][]byte{data, w.client.sent[0]}
			}
			return [][]byte{data}
		}
		w.wantsKeys(AEADAES128GCM)
		w.close()
		if got := w.server.dtls.Stats(); got.Begun != 1 || got.Completed != 1 {
			t.Errorf("counters %+v", got)
		}
	})
}

// TestFlood: an association takes in so much and no more.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := wires(t, nil)
		w.pass = func(bool, []byte) [][]byte { return nil }
		junk := append([]byte{handshakeRecord, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 4, 0}, make([]byte, 1024)...)
		for range 1000 {
			w.server.Receive(junk, time.Now())
			synctest.Wait()
		}
		if got := w.server.dtls.Stats().Overflow; got < 1000-maxAssociation/1024 {
			t.Errorf("%d dropped", got)
		}
		w.close()
	})
}

// TestPeersThatLackSomething: a client of another make, which lacks what DTLS-SRTP needs.
func TestPeersThatLackSomething(t *testing.T) {
	for name, c := range map[string]struct {
		options []dtls.ClientOption
		want    error
	}{
		"use_srtp":               {[]dtls.ClientOption{dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret)}, ErrProfile},
		"a profile that we know": {[]dtls.ClientOption{dtls.WithSRTPProtectionProfiles(dtls.SRTP_NULL_HMAC_SHA1_80)}, ErrHandshake},
		"extended master secret": {[]dtls.ClientOption{dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM),
			dtls.WithExtendedMasterSecret(dtls.DisableExtendedMasterSecret)}, ErrHandshake},
		"a certificate": {[]dtls.ClientOption{dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM)}, ErrHandshake},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := newDTLS(t), certificateOf(t, newDTLS(t))
				done := make(chan outcome, 1)
				var server *Association
				conn := newDatagrams(func(data []byte) error { server.Receive(data, time.Now()); return nil })
				server = ours.Start(AssociationConfig{
					Certificate: certificateOf(t, ours), Fingerprints: []Fingerprint{theirs.Fingerprint()}, Validated: true,
					Send: func(data []byte) error { conn.put(data); return nil },
					Done: func(keys AssociationKeys, err error) { done <- outcome{keys, err} },
				})
				options := append([]dtls.ClientOption{dtls.WithInsecureSkipVerify(true), dtls.WithLoggerFactory(silent())}, c.options...)
				if name != "a certificate" {
					options = append(options, dtls.WithCertificates(theirs.tls))
				}
				client, err := dtls.ClientWithOptions(conn, net.Addr(peer{}), options...)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				_ = client.HandshakeContext(ctx)
				if got := <-done; !errors.Is(got.err, c.want) || !got.keys.Send.IsZero() {
					t.Errorf("%v, want %v", got.err, c.want)
				}
				client.Close()
				server.Close()
				ours.Wait()
			})
		})
	}
}

func TestCertificateRotates(t *testing.T) {
	d := newDTLS(t)
	now := time.Now()
	first, _ := d.Certificate(now)
	for after, same := range map[time.Duration]bool{time.Hour: true, rotateAfter - time.Minute: true} {
		if c, _ := d.Certificate(now.Add(after)); (c == first) != same {
			t.Errorf("after %v the same: %v, want %v", after, !same, same)
		}
	}
	second, _ := d.Certificate(now.Add(rotateAfter))
	if second == first || second.Fingerprint() == first.Fingerprint() {
		t.Error("the certificate has not changed")
	}
}

// TestTurns: no more handshakes at once than there are slots; the others come when one is over, and have their time for that.
func TestTurns(t *testing.T) {
	for free, want := range map[time.Duration]error{time.Second: nil, handshakeTimeout + time.Second: ErrTimeout} {
		synctest.Test(t, func(t *testing.T) {
			w := wires(t, nil)
			w.wantsKeys(AEADAES128GCM)
			d := w.client.dtls
			slots := d.slots
			for range cap(slots) {
				slots <- struct{}{}
			}
			began := time.Now()
			w.server.Association = w.server.dtls.Start(w.config(w.server, w.client, false))
			w.client.Association = d.Start(w.config(w.client, w.server, true))
			time.Sleep(free)
			for range cap(slots) {
				<-slots
			}
			if got := <-w.client.done; !errors.Is(got.err, want) || want == nil && time.Since(began) < free {
				t.Errorf("%v after %v, want %v", got.err, time.Since(began), want)
			}
			w.close()
		})
	}
}
