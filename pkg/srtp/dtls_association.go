package srtp

// One handshake, in the order of the functions below:
//
//	1  Start      a goroutine; as server it waits for the first ClientHello
//	2  Receive    what comes is looked at, and queued for it (called by who owns the socket)
//	3  handshake  a turn among all others, then pion's handshake; the peer's certificate is compared before it ends
//	4  keys       out of the exporter, for both directions
//	5  retire     pion's association is given up: what it said last, in case that was lost, and its farewell are all that stays

import (
	"context"
	"crypto/x509"
	"errors"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
)

// maxRepeats is how often the last flight is sent again to a peer that did not get it, and repeatEvery how long lies between at least.
const (
	maxRepeats  = 10
	repeatEvery = 50 * time.Millisecond
)

// exporterLabel is that of RFC 5764 §4.2.
const exporterLabel = "EXTRACTOR-dtls_srtp"

// AssociationConfig says what signalling has agreed on.
type AssociationConfig struct {
	Certificate  *Certificate  // ours
	Fingerprints []Fingerprint // of the peer's certificate, announced
	Client       bool          // we send the ClientHello (a=setup:active)
	// Validated says that all that is received comes from an address that has proved itself, as by ICE. Else a client must do so (RFC 6347
	// §4.2.1), and alerts in the clear are dropped.
	Validated bool
	Suites    []Suite // best first; nil: AES-GCM, then AES-CM-128 with 80 bits

	// Send sends a datagram, which is lent, and does not block. It is called from any goroutine.
	Send func(data []byte) error
	// Done is called once, on a goroutine of the association, with the keys or why there are none. After Close it may not be.
	Done func(AssociationKeys, error)
}

// AssociationKeys are what came of a handshake.
type AssociationKeys struct{ Send, Receive Key }

// Association is one DTLS association of one port of a leg. It holds no data, but makes keys.
type Association struct {
	dtls   *DTLS
	config AssociationConfig
	conn   *datagrams
	first  chan struct{} // closed when the first datagram has come
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	begun    bool // first is closed
	taken    int  // octets that came so far
	over     bool // the handshake, for better or worse
	closed   bool
	finale   []byte // our last flight; nil: the peer has it for sure
	farewell []byte // close_notify
	repeats  int
	repeated time.Time
}

// defaultSuites are offered in use_srtp. AES_CM_128_HMAC_SHA1_32 is not: the tag that all others have costs 6 octets more.
var defaultSuites = [...]Suite{AEADAES128GCM, AEADAES256GCM, AESCM128HMACSHA180}

// Start begins an association. A client sends its ClientHello at once. A server waits for one, for as long as it takes.
func (d *DTLS) Start(config AssociationConfig) *Association {
	ctx, cancel := context.WithCancelCause(context.Background())
	a := &Association{dtls: d, config: config, conn: newDatagrams(config.Send), first: make(chan struct{}), cancel: cancel}
	d.running.Go(func() { a.run(ctx) })
	return a
}

// Receive takes a datagram of the peer: one whose first octet is between 20 and 63 (RFC 7983), and whose address signalling or ICE justifies. It
// does not keep data, and never blocks.
func (a *Association) Receive(data []byte, at time.Time) {
	k, c := classify(data), &a.dtls.stats
	switch {
	case k == malformed:
		c.malformed.Add(1)
	case k == oversized:
		c.oversized.Add(1)
	case k == unproven && !a.config.Validated:
		c.unproven.Add(1)
	case k == hello && a.config.Client:
		c.second.Add(1)
	default:
		a.take(data, k, at)
	}
}

func (a *Association) take(data []byte, k kind, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := &a.dtls.stats
	switch {
	case a.over && k == hello:
		c.second.Add(1)
	case a.over && k == flight:
		a.repeat(at)
	case a.over:
		c.late.Add(1)
	case a.taken+len(data) > maxAssociation || !a.conn.put(data):
		c.overflow.Add(1)
	default:
		a.taken += len(data)
		if !a.begun {
			a.begun = true
			close(a.first)
		}
	}
}

// repeat sends our last flight again, to a peer that repeats its own: "the peer must … respond with a retransmit of its last flight"
// in the words of RFC 6347 §4.2.4 about FINISHED. The same octets will do: a record that arrived before is dropped as a replay.
func (a *Association) repeat(at time.Time) {
	if a.finale == nil || a.repeats >= maxRepeats || at.Sub(a.repeated) < repeatEvery {
		a.dtls.stats.late.Add(1)
		return
	}
	a.repeats, a.repeated = a.repeats+1, at
	_ = a.config.Send(a.finale)
}

// Close says farewell and ends the association. It does not wait.
func (a *Association) Close() {
	a.mu.Lock()
	farewell := a.farewell
	a.farewell = nil
	a.mu.Unlock()
	if farewell != nil {
		_ = a.config.Send(farewell)
	}
	a.Abandon()
}

// Abandon ends the association without a farewell: another one has taken its place.
func (a *Association) Abandon() {
	a.mu.Lock()
	a.closed, a.over, a.finale, a.farewell = true, true, nil, nil
	a.mu.Unlock()
	a.cancel(ErrEnded)
}

func (a *Association) run(ctx context.Context) {
	defer a.cancel(nil)
	keys, err := a.handshake(ctx)
	if !a.finish(err) {
		return
	}
	a.config.Done(keys, err)
}

// finish notes that the handshake is over, and reports whether anybody still wants to know.
func (a *Association) finish(err error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over = true; a.closed {
		return false
	}
	last, farewell := a.conn.kept()
	if err == nil {
		if a.farewell = farewell; !a.config.Client {
			a.finale = last
		}
	}
	return true
}

func (a *Association) handshake(parent context.Context) (keys AssociationKeys, err error) {
	if !a.config.Client {
		select {
		case <-a.first:
		case <-parent.Done():
			return keys, ErrEnded
		}
	}
	ctx, cancel := context.WithTimeout(parent, handshakeTimeout)
	defer cancel()
	a.dtls.stats.begun.Add(1)
	if err = a.dtls.enter(ctx); err != nil {
		return keys, a.dtls.ended(ctx, err)
	}
	defer a.dtls.leave()
	conn, err := a.connect()
	if err == nil {
		if err = conn.HandshakeContext(ctx); err == nil {
			keys, err = a.keys(conn)
		}
		a.retire(conn)
	}
	return keys, a.dtls.ended(ctx, err)
}

// connect makes pion's association, which has not begun.
func (a *Association) connect() (*dtls.Conn, error) {
	options := []dtls.Option{
		dtls.WithCertificates(a.config.Certificate.tls), dtls.WithSRTPProtectionProfiles(a.profiles()...),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret), dtls.WithFlightInterval(flightInterval), dtls.WithMTU(mtu),
		dtls.WithInsecureSkipVerify(true), // the fingerprint decides, nobody's signature
		dtls.WithVerifyPeerCertificate(func(chain [][]byte, _ [][]*x509.Certificate) error { return verify(chain, a.config.Fingerprints) }),
		dtls.WithCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, dtls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
		dtls.WithLoggerFactory(silent()),
	}
	if a.config.Client {
		return dtls.ClientWithOptions(a.conn, peer{}, as[dtls.ClientOption](options)...)
	}
	server := append(as[dtls.ServerOption](options), dtls.WithClientAuth(dtls.RequireAnyClientCert), dtls.WithInsecureSkipVerifyHello(a.config.Validated))
	return dtls.ServerWithOptions(a.conn, peer{}, server...)
}

// as makes options of one side of options of both.
func as[T any](options []dtls.Option) []T {
	list := make([]T, len(options))
	for i, o := range options {
		list[i] = o.(T)
	}
	return list
}

func (a *Association) profiles() (list []dtls.SRTPProtectionProfile) {
	suites := a.config.Suites
	if len(suites) == 0 {
		suites = defaultSuites[:]
	}
	for _, s := range suites {
		if profile, ok := s.DTLSProfile(); ok {
			list = append(list, dtls.SRTPProtectionProfile(profile))
		}
	}
	return list
}

// keys are exported. RFC 5764 §4.2: client_write_SRTP_master_key, server_write_SRTP_master_key, then the salts in the same order.
func (a *Association) keys(conn *dtls.Conn) (AssociationKeys, error) {
	profile, _ := conn.SelectedSRTPProtectionProfile()
	suite, ok := SuiteOfDTLS(uint16(profile))
	if !ok {
		return AssociationKeys{}, ErrProfile
	}
	state, ok := conn.ConnectionState()
	if !ok {
		return AssociationKeys{}, errors.New("the association has no state")
	}
	key, salt := suite.KeyLen(), suite.SaltLen()
	material, err := state.ExportKeyingMaterial(exporterLabel, nil, 2*(key+salt))
	if err != nil {
		return AssociationKeys{}, err
	}
	salts := material[2*key:]
	client, err := NewKey(suite, append(material[:key:key], salts[:salt]...))
	if err != nil {
		return AssociationKeys{}, err
	}
	server, err := NewKey(suite, append(material[key:2*key:2*key], salts[salt:]...))
	if a.config.Client {
		return AssociationKeys{Send: client, Receive: server}, err
	}
	return AssociationKeys{Send: server, Receive: client}, err
}

// retire ends pion's association, its goroutines and all. The close_notify that this makes is for the end of the leg.
func (a *Association) retire(conn *dtls.Conn) {
	a.conn.seize()
	_ = conn.Close()
}
