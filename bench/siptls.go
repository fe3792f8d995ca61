package main

import (
	"crypto/tls"
	"net"
	"net/http"
)

// overTLS opens a connection to the port of SIP over TLS.
func overTLS(f *focusProcess, host string) (*sipClient, error) {
	l := &sipLoad{network: "tls", server: f.sips, target: "nobody"}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}
	config := &tls.Config{RootCAs: f.http.Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "localhost"}
	conn, err := tls.DialWithDialer(dialer, "tcp", f.sips, config)
	if err != nil {
		return nil, err
	}
	return l.over(conn, 0), nil
}
