package sip

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	sipgo "github.com/emiago/sipgo/sip"

	"github.com/seed-f3cefc8c/focus/pkg/sip/locate"
)

// Handler serves the requests that belong to no dialog. It may answer later and from any goroutine.
type Handler interface{ ServeSIP(tx *ServerTransaction) }

// HandlerFunc is a Handler in one function.
type HandlerFunc func(tx *ServerTransaction)

func (f HandlerFunc) ServeSIP(tx *ServerTransaction) { f(tx) }

// Config is what a [UserAgent] needs. All fields may be left zero.
type Config struct {
	Handler Handler      // nil answers 501
	Logger  *slog.Logger // nil is silent
	Name    string       // for Server and User-Agent headers
	Host    string       // what Via and Contact call us; empty, or an address of the other family, is the local address of the socket
	Timers  Timers

	// Supported are the option tags that the handlers understand. A request that requires another gets 420 (RFC 3261 §8.2.2.3).
	// With "timer" sessions are timed (RFC 4028), with "100rel" provisional responses are sent reliably where that matters (RFC 3262).
	Supported      []string
	SessionExpires time.Duration // what we propose and the longest we agree to, 30 min; negative: nothing is proposed
	MinSE          time.Duration // the shortest session timer that we agree to, 90 s, which is the least there is

	// TLS is asked for the settings of each connection that is opened over TLS; the name to be checked is filled in. Nil: the system's roots.
	TLS func() *tls.Config
	// Dial opens connections instead of us: network is "tcp" or "tls", addr for "tls" is the name that the certificate must be for. Nil uses the
	// net package, and for tls what TLS says.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Locate finds the servers of a URI, best first (RFC 3263). Nil asks the servers of
	// /etc/resolv.conf: see [LocateBy]. A target that is one of our own sockets is left out, and [ErrOwnDomain] when there is no other.
	Locate func(ctx context.Context, uri URI) ([]Target, error)

	MaxDatagram int // a request of more octets goes over a connection where it can (RFC 3261 §18.1.1), 1300

	MaxTransactions          int // open server transactions, 20000; beyond it 503
	MaxDialogs               int // 10000
	MaxDialogsPerSource      int // that peers of one source made, half of MaxDialogs. A source is an IPv4 address, or an IPv6 /64
	MaxSetupsPerSource       int // calls of one source that are not yet acknowledged, 200; beyond it 503
	MaxRate                  int // requests a second that belong to no dialog of ours, 10000; beyond it 503. Negative: no bound
	MaxRatePerSource         int // of one source, 5000
	MaxConnections           int // 10000
	MaxConnectionsPerAddress int // 200
	MaxQueue                 int // requests of one Call-ID that wait for their turn, 256; beyond it 503

	MaxHead int // octets of start line and headers of a message on a connection, 64 KB; beyond it 513 and the connection is closed
	MaxBody int // octets of its body, 256 KB; beyond it 413, and closed

	// Exempt says whom the bounds per source and on rates are not for.
	Exempt func(Peer) bool

	HandshakeTimeout time.Duration // until the first message of a connection is complete, and any later one that has begun, 10 s
	IdleTimeout      time.Duration // of a connection on which nothing comes, 15 min

	// Origins are pages whose scripts may connect by WebSocket, beside those of the host itself: https://app.example.org:8080, a host, all hosts
	// below one (*.example.org), or * for all.
	Origins      []string
	PingInterval time.Duration // of our WebSocket pings, 30 s
}

func (c Config) withDefaults() Config {
	c.Logger = or(c.Logger, slog.New(slog.DiscardHandler))
	c.Timers = c.Timers.withDefaults()
	c.SessionExpires = or(c.SessionExpires, 30*time.Minute)
	c.MinSE = max(c.MinSE, leastMinSE)
	if c.SessionExpires > 0 {
		c.SessionExpires = max(c.SessionExpires, c.MinSE)
	}
	c.MaxDatagram = or(c.MaxDatagram, 1300)
	c.MaxTransactions = or(c.MaxTransactions, 20000)
	c.MaxDialogs = or(c.MaxDialogs, 10000)
	c.MaxDialogsPerSource = or(c.MaxDialogsPerSource, (c.MaxDialogs+1)/2)
	c.MaxSetupsPerSource = or(c.MaxSetupsPerSource, 200)
	c.MaxRate = or(c.MaxRate, 10000)
	c.MaxRatePerSource = or(c.MaxRatePerSource, 5000)
	c.MaxConnections = or(c.MaxConnections, 10000)
	c.MaxConnectionsPerAddress = or(c.MaxConnectionsPerAddress, 200)
	c.MaxQueue = or(c.MaxQueue, 256)
	c.MaxHead = or(c.MaxHead, 64<<10)
	c.MaxBody = or(c.MaxBody, 256<<10)
	c.HandshakeTimeout = or(c.HandshakeTimeout, 10*time.Second)
	c.IdleTimeout = or(c.IdleTimeout, 15*time.Minute)
	c.PingInterval = or(c.PingInterval, 30*time.Second)
	if c.Handler == nil {
		c.Handler = HandlerFunc(func(tx *ServerTransaction) { tx.Reply(501) })
	}
	if c.Locate == nil {
		c.Locate = LocateBy(locate.New(locate.Config{}))
	}
	return c
}

// UserAgent is one SIP element: client and server, on any number of sockets.
type UserAgent struct {
	cfg    Config
	log    *slog.Logger
	parser *sipgo.Parser
	links  *links
	names  atomic.Uint64 // for links
	stats  counters
	seed   maphash.Seed // of stateless To tags

	flowKey [32]byte // of flow tokens
	shunned shunned  // servers that failed

	mail     *mailboxes
	out      *outbox // of notifications
	servers  *table[serverKey, *serverMachine]
	finished *remembered
	clients  *table[clientKey, *ClientTransaction]
	dialogs  *table[DialogID, *Dialog]
	ended    ended
	overload *overload
	setups   *holdings // calls that are not yet acknowledged
	callers  *holdings // dialogs that a peer made
	// subscribers wait for the NOTIFY that makes their dialog; without remote tag.
	subscribers *table[DialogID, *Subscriber]

	ctx    context.Context // of everything that runs here
	cancel context.CancelCauseFunc

	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]string // transport
	running   sync.WaitGroup          // joined under mu, and not after closed
}

// New starts a user agent without sockets. It must be closed.
func New(cfg Config) *UserAgent {
	cfg = cfg.withDefaults()
	ua := &UserAgent{
		cfg: cfg, log: cfg.Logger, parser: sipgo.NewParser(), links: newLinks(), seed: maphash.MakeSeed(), flowKey: newFlowKey(),
		servers: newTable[serverKey, *serverMachine](cfg.MaxTransactions), clients: newTable[clientKey, *ClientTransaction](cfg.MaxTransactions),
		dialogs: newTable[DialogID, *Dialog](cfg.MaxDialogs), listeners: map[net.Listener]string{},
		finished: newRemembered(cfg.Timers.giveUp(), maxRemembered), overload: newOverload(cfg.MaxRatePerSource, cfg.MaxRate),
		setups: newHoldings(cfg.MaxSetupsPerSource), callers: newHoldings(cfg.MaxDialogsPerSource),
		subscribers: newTable[DialogID, *Subscriber](cfg.MaxDialogs),
	}
	ua.mail, ua.out = newMailboxes(cfg.MaxQueue, ua.spawn), &outbox{spawn: ua.spawn}
	ua.ctx, ua.cancel = context.WithCancelCause(context.Background())
	ua.parser.MaxMessageLength = max(cfg.MaxHead+cfg.MaxBody, maxDatagram)
	return ua
}

// Close ends all transactions, closes all sockets and waits for what runs, handlers included: their contexts end with [ErrClosed].
func (ua *UserAgent) Close() error {
	ua.mu.Lock()
	already := ua.closed
	ua.closed = true
	ua.mu.Unlock()
	if !already {
		ua.cancel(ErrClosed)
		ua.closeAll()
	}
	ua.running.Wait()
	return nil
}

func (ua *UserAgent) closeAll() {
	for _, d := range ua.dialogs.values() {
		d.abandon(ErrClosed)
	}
	for _, m := range ua.servers.values() {
		m.abort(ErrClosed)
	}
	for _, t := range ua.clients.values() {
		t.fail(ErrClosed)
	}
	ua.finished.close()
	for l := range ua.listeners { // nobody adds or removes: closed
		l.Close()
	}
	for _, l := range ua.links.all() {
		l.shut()
	}
}

// serveStreams takes connections from a listener that the user agent knows.
func (ua *UserAgent) serveStreams(l net.Listener, transport string) error {
	defer ua.removeListener(l)
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			ua.adopt(conn, transport)
		case errors.Is(err, net.ErrClosed) || ua.isClosed():
			return net.ErrClosed
		default: // no file descriptors, an aborted handshake: wait a little, then go on
			ua.stats.readErrors.Add(1)
			ua.log.Warn("cannot accept", "transport", transport, "err", err)
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// adopt reads from a connection, whoever opened it.
func (ua *UserAgent) adopt(conn net.Conn, transport string) (*stream, error) {
	s := newStream(ua, conn, transport)
	if err := ua.links.addStream(s, ua.cfg.MaxConnections, ua.cfg.MaxConnectionsPerAddress); err != nil {
		ua.stats.overloaded.Add(1)
		conn.Close()
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(ua.cfg.HandshakeTimeout))
	if !ua.spawn(s.serve) {
		s.Close()
		return nil, ErrClosed
	}
	if ua.isClosed() { // Close may have looked before it could see s
		s.shut()
		return nil, ErrClosed
	}
	return s, nil
}

func (ua *UserAgent) newName(kind string) string { return fmt.Sprintf("%s#%d", kind, ua.names.Add(1)) }

// enter counts one more thing that Close waits for; false after Close.
func (ua *UserAgent) enter() bool {
	ua.mu.Lock()
	defer ua.mu.Unlock()
	if !ua.closed {
		ua.running.Add(1)
	}
	return !ua.closed
}

func (ua *UserAgent) leave() { ua.running.Done() }

func (ua *UserAgent) spawn(f func()) bool {
	if !ua.enter() {
		return false
	}
	go func() {
		defer ua.leave()
		f()
	}()
	return true
}

func (ua *UserAgent) isClosed() bool {
	ua.mu.Lock()
	defer ua.mu.Unlock()
	return ua.closed
}

func (ua *UserAgent) addListener(l net.Listener, transport string) bool {
	ua.mu.Lock()
	defer ua.mu.Unlock()
	if !ua.closed {
		ua.listeners[l] = transport
		ua.running.Add(1)
	}
	return !ua.closed
}

func (ua *UserAgent) removeListener(l net.Listener) {
	ua.mu.Lock()
	defer ua.mu.Unlock()
	if !ua.closed {
		delete(ua.listeners, l)
	}
	ua.running.Done()
}
