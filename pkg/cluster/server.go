package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sys/unix"
)

// startTime is how long the server may need to be ready; it needs some milliseconds.
const startTime = 10 * time.Second

// The store's bounds. Beyond a bucket's, writes fail and nothing is lost.
const (
	maxMemory = 32 << 20
	maxStore  = 1 << 30
	maxBucket = 200 << 20

	maxSmallBucket = 16 << 20 // of webhooks, of which there are few
)

// natsStore is the NATS server inside the process and our connection to it. It listens on nothing.
type natsStore struct {
	lock *os.File
	srv  *server.Server
	conn *nats.Conn
	js   jetstream.JetStream

	closing sync.Once
}

func startNATS(ctx context.Context, dir string, logger *slog.Logger) (_ *natsStore, err error) {
	s := &natsStore{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.lock, err = lockDir(dir); err != nil {
		return nil, err
	}
	if s.srv, err = newServer(filepath.Join(dir, natsDir), logger); err != nil {
		return nil, fmt.Errorf("making the NATS server: %w", err)
	}
	s.srv.Start()
	if !s.srv.ReadyForConnections(startTime) {
		return nil, errors.New("the NATS server is not ready")
	}
	if s.conn, err = nats.Connect("", nats.InProcessServer(s.srv), nats.NoReconnect()); err != nil {
		return nil, fmt.Errorf("connecting to the NATS server: %w", err)
	}
	if s.js, err = jetstream.New(s.conn); err != nil {
		return nil, err
	}
	if _, err = s.js.AccountInfo(ctx); err != nil {
		return nil, fmt.Errorf("asking for JetStream: %w", err)
	}
	return s, nil
}

func newServer(dir string, logger *slog.Logger) (*server.Server, error) {
	srv, err := server.NewServer(&server.Options{
		ServerName: "focus", DontListen: true, NoSigs: true,
		JetStream: true, StoreDir: dir, SyncAlways: true,
		JetStreamMaxMemory: maxMemory, JetStreamMaxStore: maxStore, DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, err
	}
	srv.SetLoggerV2(natsLogger{logger}, false, false, false)
	return srv, nil
}

// close waits until the server has written everything and its goroutines are gone.
func (s *natsStore) close() { s.closing.Do(s.stop) }

func (s *natsStore) stop() {
	if s.conn != nil {
		closed := make(chan struct{})
		s.conn.SetClosedHandler(func(*nats.Conn) { close(closed) })
		s.conn.Close()
		<-closed
	}
	if s.srv != nil {
		s.srv.Shutdown()
		s.srv.WaitForShutdown()
	}
	if s.lock != nil {
		s.lock.Close()
	}
}

// lockDir keeps a second process out of the data folder. The kernel drops the lock when the process ends, however it ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w: %s (%w)", ErrDirInUse, dir, err)
	}
	return f, nil
}

// natsLogger passes warnings and errors of the NATS server on.
type natsLogger struct{ log *slog.Logger }

func (natsLogger) Noticef(string, ...any) {}
func (natsLogger) Debugf(string, ...any)  {}
func (natsLogger) Tracef(string, ...any)  {}

func (l natsLogger) Warnf(format string, v ...any) {
	l.log.Warn("NATS", "message", fmt.Sprintf(format, v...))
}

func (l natsLogger) Errorf(format string, v ...any) {
	l.log.Error("NATS", "message", fmt.Sprintf(format, v...))
}

func (l natsLogger) Fatalf(format string, v ...any) { l.Errorf(format, v...) }
