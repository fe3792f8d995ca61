package api

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"
)

// What a connection may cost. Who sends a byte a second is let go by ReadHeaderTimeout and ReadTimeout; who opens connections and
// sends nothing, by the bounds of LimitListener and ReadHeaderTimeout.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 20 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10 // 10,000 header fields are refused at this many bytes
	maxStreams        = 64       // of one HTTP/2 connection at once

	// MaxConnections and MaxConnectionsPerAddress are for LimitListener.
	MaxConnections           = 4096
	MaxConnectionsPerAddress = 256
)

// NewServer is an http.Server for h with bounds on everything a stranger could use up. Give it a LimitListener.
func NewServer(h http.Handler, config *tls.Config, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		TLSConfig:         config,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug), // handshakes that fail, mostly
	}
}
