package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f3cefc8c/focus/api"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/recorder"
	"github.com/seed-f3cefc8c/focus/pkg/registrar"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/pkg/sip/locate"
	"github.com/seed-f3cefc8c/focus/pkg/turn"
	"github.com/seed-f3cefc8c/focus/pkg/webhook"
)

// system is a whole server: the store, the MCU, the focus and HTTPS, and the goroutines that serve their sockets.
type system struct {
	options  *options
	log      *slog.Logger
	password string // of the administrator, at the first start

	store   *cluster.Cluster
	tls     *identity
	limiter *cluster.Limiter
	mcu     *mcu.Server
	focus   *focus.Server
	calls   *callRecords
	reports *callRecords // of telephones
	turn    *turn.Server // nil when it was not asked for
	turnAPI *api.TURN
	api     *api.Handler
	hooks   *webhook.Sender
	started atomic.Pointer[api.Handler] // is told which conferences are on, once there is one
	https   *http.Server
	ws      *http.Server // nil when it was not asked for
	http01  *http.Server // of ACME; nil: none

	failed chan error // a socket that cannot be served any more
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// start brings everything up, in the order in which the parts need each other; after an error everything is down again.
func start(ctx context.Context, o *options, log *slog.Logger) (_ *system, err error) {
	s := &system{options: o, log: log, limiter: cluster.NewLimiter(), failed: make(chan error, 1)}
	ctx, s.cancel = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			s.stop(context.WithoutCancel(ctx))
		}
	}()
	open, err := listen(o) // first: what fails most often is to leave nothing behind
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{s.openStore, s.openCertificates, s.repairRecordings, s.startFocus, s.startMCU, s.startTURN, s.startAPI, s.letIn} {
		if err := step(ctx); err != nil {
			open.close()
			return nil, err
		}
	}
	s.serve(ctx, open)
	return s, nil
}

func (s *system) openStore(ctx context.Context) (err error) {
	s.store, err = cluster.Start(ctx, cluster.Config{Dir: s.options.data, Realm: s.options.domain, Logger: s.log})
	if errors.Is(err, cluster.ErrDirInUse) {
		return fmt.Errorf("the data folder %s is used by another focus: stop that, or choose another folder with --data", s.options.data)
	}
	if err != nil {
		return fmt.Errorf("opening the store in %s: %w", s.options.data, err)
	}
	return nil
}

func (s *system) openCertificates(context.Context) (err error) {
	names := append([]string{s.options.domain, uriHost(s.options.mediaIP), "localhost", "127.0.0.1", "::1"}, s.options.listenHosts()...)
	if s.options.turn.host != "" {
		names = append(names, s.options.turn.host)
	}
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	s.tls, err = openIdentity(s.options, names, s.log, time.Now())
	return err
}

// repairRecordings closes what a crash left open, before anything is recorded.
func (s *system) repairRecordings(context.Context) error {
	folder := s.options.in("recordings")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("making the folder of recordings: %w", err)
	}
	repaired, err := recorder.Repair(folder, time.Now())
	for _, r := range repaired {
		s.log.Warn("a recording was interrupted and has been closed", "folder", r.Dir, "files", len(r.Files))
	}
	if err != nil {
		s.log.Error("repairing recordings", "err", err) // the others can still be made
	}
	return nil
}

func (s *system) startFocus(context.Context) (err error) {
	key, err := s.store.Key("temporary GRUUs")
	if err != nil {
		return fmt.Errorf("deriving a key: %w", err)
	}
	host := s.options.sipPublic
	if host == "" && (allAddresses(s.options.sip) || allAddresses(s.options.sips)) {
		host = uriHost(s.options.mediaIP)
	} // else the address of the socket
	s.calls = newCallRecords(s.options.in("calls"), "calls", s.log)
	s.reports = newCallRecords(s.options.in("calls"), "reports", s.log)
	s.focus, err = focus.New(focus.Config{
		Domain: s.options.domain, Domains: s.options.ownNames(), Realm: s.store.Realm(), Digest: s.options.digest,
		Dial:     func(id conference.ID) conference.URI { return conference.URI(s.options.dialURI(string(id))) },
		Language: s.options.language, Keypad: s.options.keypad, DialOut: s.options.dialOut, Trunks: s.options.trunks, AccessNumbers: s.options.accessNumbers, Started: s.conferenceStarted,
		SIP: sip.Config{
			Name: "Focus/" + version, Host: host, Origins: s.options.origins,
			MaxRatePerSource: s.options.sipRate[0], MaxRate: s.options.sipRate[1],
			Locate:         sip.LocateBy(locate.New(s.options.locating())),
			SessionExpires: s.options.sessionExpires, MinSE: s.options.minSE,
		},
		CallEnded: s.calls.write, CallReported: s.reports.write, Collector: s.options.collector,
		Logger: s.log, Directory: s.store.Conferences, Users: sipUsers{s.store.Users}, Limiter: s.limiter, Trust: s.options.trust, ConnectionIdentity: s.options.connectionIdentity,
		Registrar: registrar.Config{Store: s.store.Bindings, Key: key},
	})
	return err
}

func (s *system) startMCU(context.Context) (err error) {
	s.mcu, err = mcu.New(mcu.Config{
		Network: media.UDP{Ring: s.options.mediaRing}, Address: s.options.mediaIP, Ports: s.options.mediaPorts, Codecs: mcu.Codecs(), Prompts: s.options.prompts,
		Recordings: s.options.in("recordings"), Timeout: s.options.mediaTimeout, Logger: s.log, Encryption: s.options.encryption, SDESAnywhere: s.options.sdesAnywhere,
		ICE: s.options.ice,
	}, s.focus)
	if err != nil {
		return fmt.Errorf("starting the media plane on %s: %w", s.options.mediaIP, err)
	}
	s.focus.UseMCU(s.mcu)
	return nil
}

// startAPI is before the sockets: webhooks are told of the first conference too.
func (s *system) startAPI(ctx context.Context) error {
	s.hooks = webhook.New(webhook.Config{Networks: s.options.webhookNetworks, TLS: s.tls.outgoing, Name: "Focus/" + version, Logger: s.log})
	s.api = api.New(api.Config{
		C3P: s.focus, Watches: watches{s.focus}, Users: s.store.Users, Tokens: s.store.Tokens, Registrar: s.focus.Registrar(), Limiter: s.limiter, Ready: s.ready,
		Domain: s.options.domain, Realm: s.store.Realm(), Logger: s.log, WebSocket: s.focus.UserAgent().WebSocket(),
		Webhooks: s.store.Webhooks, FixedWebhooks: s.options.webhooks, HookSender: s.hooks, TURN: s.turnAPI, Calls: s.calls,
	})
	if err := s.api.LoadWebhooks(ctx); err != nil {
		return fmt.Errorf("reading the webhooks: %w", err)
	}
	s.started.Store(s.api)
	for _, id := range s.focus.Running() {
		s.api.ConferenceStarted(id)
	}
	return nil
}

// conferenceStarted is called by the focus.
func (s *system) conferenceStarted(id conference.ID) {
	if told := s.started.Load(); told != nil {
		told.ConferenceStarted(id)
	}
}

// letIn makes the credentials that somebody at this host needs, last: a password that is shown once must be shown.
func (s *system) letIn(ctx context.Context) (err error) {
	if err := openCLI(ctx, s.store.Tokens, s.options, "https://"+reachable(s.options.https, "127.0.0.1")); err != nil {
		return fmt.Errorf("letting the command line in: %w", err)
	}
	s.password, err = firstUser(ctx, s.store.Users)
	return err
}

// serve starts a goroutine for each socket, and the one that sweeps.
func (s *system) serve(ctx context.Context, open *sockets) {
	ua := s.focus.UserAgent()
	if open.udp != nil {
		s.run("SIP over UDP", func() error { return ua.ServeUDP(open.udp) })
		s.run("SIP over TCP", func() error { return ua.ServeTCP(open.tcp) })
	}
	if open.tls != nil {
		s.run("SIP over TLS", func() error { return ua.ServeTLS(tls.NewListener(open.tls, s.tls.sip())) })
	}
	s.https = api.NewServer(s.api, s.tls.https(), s.log)
	s.run("HTTPS", func() error { return s.https.ServeTLS(limited(open.https), "", "") })
	if open.ws != nil {
		s.ws = api.NewWebSocketServer(ua.WebSocket(), s.log)
		s.run("SIP over WebSocket", func() error { return s.ws.Serve(limited(open.ws)) })
	}
	s.serveTURN(open)
	s.work.Go(func() { s.sweep(ctx) })
	s.work.Go(func() { s.tidy(ctx) })
	s.work.Go(func() { s.tls.watch(ctx) })
	s.serveACME(ctx, open)
}

// serveACME gets the certificates once HTTPS is served, where the ACME server looks.
func (s *system) serveACME(ctx context.Context, open *sockets) {
	if s.tls.acme == nil {
		return
	}
	if open.http01 != nil {
		s.http01 = s.tls.acme.http01(s.log)
		s.run("HTTP for ACME", func() error { return s.http01.Serve(open.http01) })
	}
	s.tls.acme.useRoots(ctx, s.tls.outgoing())
	s.work.Go(func() { s.tls.acme.obtain(ctx) })
}

func limited(l net.Listener) net.Listener {
	return api.LimitListener(l, api.MaxConnections, api.MaxConnectionsPerAddress)
}

// run serves a socket. One that fails by itself ends the server: half a server is worse than one that is started again.
func (s *system) run(what string, serve func() error) {
	s.work.Go(func() {
		err := serve()
		if errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed) {
			return
		}
		select {
		case s.failed <- fmt.Errorf("serving %s: %w", what, err):
		default:
		}
	})
}

// ready asks the store for a record that is not there.
func (s *system) ready(ctx context.Context) error {
	if _, err := s.store.Conferences.Get(ctx, "readyz"); err != nil && !errors.Is(err, conference.ErrNotFound) {
		return err
	}
	return nil
}

const sweepEvery = 10 * time.Minute

// sweep deletes the records and tokens whose time is over.
func (s *system) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if _, err := s.store.Conferences.Sweep(ctx, now); err != nil {
				s.log.Error("sweeping conferences", "err", err)
			}
			if err := s.store.Tokens.Sweep(ctx, now); err != nil {
				s.log.Error("sweeping tokens", "err", err)
			}
			s.focus.Registrar().Sweep(now)
		}
	}
}

// stop takes everything down: nobody new gets in, calls end with BYE, recordings are closed, the store last.
func (s *system) stop(ctx context.Context) {
	s.cancel()
	if s.https != nil {
		s.work.Go(func() { s.https.Shutdown(ctx) }) // waits for those who are being answered; Close below ends the others
	}
	if s.focus != nil {
		s.note("ending calls", s.focus.Close(ctx))
		s.calls.Close()
		s.reports.Close()
		tellSIP(s.log, s.focus.UserAgent().Stats())
		tellDigest(s.log, s.focus.DigestStats())
	}
	if s.api != nil {
		s.api.Close()
		s.hooks.Close()
	}
	if s.https != nil {
		s.note("closing HTTPS", s.https.Close())
	}
	if s.ws != nil {
		s.note("closing WebSocket", s.ws.Close())
	}
	if s.http01 != nil {
		s.note("closing HTTP for ACME", s.http01.Close())
	}
	s.stopTURN()
	if s.mcu != nil {
		s.note("closing recordings", s.mcu.Close())
	}
	s.work.Wait()
	if s.store != nil {
		s.note("closing the store", s.store.Close())
	}
}

func (s *system) note(what string, err error) {
	if err != nil && !errors.Is(err, net.ErrClosed) {
		s.log.Error(what, "err", err)
	}
}

// tellSIP logs what the SIP sockets have seen. Nothing is logged of a datagram that is dropped when it comes: its sender would fill the disk.
func tellSIP(log *slog.Logger, n sip.Stats) {
	log.Info("SIP ended", "requests", n.Requests, "responses", n.Responses, "retransmissions", n.Retransmissions,
		slog.Group("dropped", "junk", n.Junk, "malformed", n.Malformed, "refused", n.Refused, "unmatched", n.Unmatched, "overloaded", n.Overloaded, "unanswered", n.Unanswered),
		"slowPeers", n.SlowPeers, "panics", n.Panics, "readErrors", n.ReadErrors)
}

func tellDigest(log *slog.Logger, n sip.DigestStats) {
	log.Info("SIP passwords", "right", n.Right, "wrong", n.Wrong, "stale", n.Stale, "nullURI", n.NullURI)
}
