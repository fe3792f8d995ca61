package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/seed-f3cefc8c/focus/pkg/cluster"
)

// isDown says that nothing listens where the server of this host did. What was said about another server stays as it is.
func (c *clientSettings) isDown(err error) bool {
	return c.URL == "" && errors.Is(err, errNoServer)
}

// openStore opens the store of the server on this host, which is down; the lock of the folder sees to it that it is. A folder that
// no server has used gets no store: only serve knows the domain, which is fixed with it.
func (c *clientSettings) openStore(ctx context.Context, unreachable error) (*cluster.Cluster, error) {
	if _, err := os.Stat(filepath.Join(c.Data, "nats")); err != nil {
		return nil, unreachable
	}
	store, err := cluster.Start(ctx, cluster.Config{Dir: c.Data, Logger: slog.New(slog.DiscardHandler)})
	if errors.Is(err, cluster.ErrDirInUse) {
		return nil, fmt.Errorf("%w, but %s is in use: wait until it has started or stopped, and try again", errUnreachable, c.Data)
	}
	return store, err
}
