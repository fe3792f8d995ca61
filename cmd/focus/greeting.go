package main

import (
	"fmt"
	"io"
	"net"
	"strings"
)

// greet says, for a person, where the server is and how to make the first conference.
func (s *system) greet(w io.Writer) {
	o := s.options
	fmt.Fprintf(w, "Focus %s serves the domain %s\n\n", version, o.domain)
	row := func(name, value string) { fmt.Fprintf(w, "  %-8s%s\n", name, value) }
	host := uriHost(o.mediaIP)
	if o.sip != "" {
		row("SIP", reachableText(o.sip, host)+" over UDP and TCP")
	}
	if o.sips != "" {
		row("SIPS", reachableText(o.sips, host)+" over TLS")
	}
	row("HTTPS", "https://"+reachableText(o.https, host))
	row("WSS", "wss://"+reachableText(o.https, host)+"/ws")
	if o.ws != "" {
		row("WS", "ws://"+reachableText(o.ws, host))
	}
	if o.turn.on() {
		row("TURN", strings.Join(o.turnURLs(), "\n          "))
	}
	row("media", fmt.Sprintf("%s, UDP ports %d to %d", o.mediaIP, o.mediaPorts[0], o.mediaPorts[1]))
	row("data", o.data+", recordings in "+o.in("recordings"))
	if s.password != "" {
		fmt.Fprintf(w, "\nThe administrator is %s with the password %s (shown this once).\n", adminName, s.password)
	}
	fmt.Fprintf(w, "\nMake a conference:\n\n%s\n", o.curl())
	fmt.Fprintf(w, "\nThen dial %s, twice. Ctrl-C ends the server.\n", o.dialURI("meeting"))
}

// curl is a line that makes the conference "meeting" when it is pasted into a shell on this host.
func (o *options) curl() string {
	return `  curl --cacert ` + shellQuote(o.in("ca.pem")) + ` -H "Authorization: Bearer $(cat ` + shellQuote(o.in(cliToken)) + `)" \
    -H 'Content-Type: application/json' -d '{"id":"meeting","admissionPolicy":"anonymous"}' \
    https://` + reachableText(o.https, uriHost(o.mediaIP)) + `/v1/conferences`
}

// dialURI is what a telephone dials, with the port when it is not the one that telephones know.
func (o *options) dialURI(id string) string {
	_, port, _ := net.SplitHostPort(o.sip)
	_, tlsPort, _ := net.SplitHostPort(o.sips)
	switch {
	case o.sip == "" && tlsPort == "5061":
		return "sip:" + id + "@" + o.domain + ";transport=tls"
	case o.sip == "":
		return "sip:" + id + "@" + o.domain + ":" + tlsPort + ";transport=tls"
	case port == "5060":
		return "sip:" + id + "@" + o.domain
	}
	return "sip:" + id + "@" + o.domain + ":" + port
}

// sipServer is where a telephone on this host reaches the server, and by what transport.
func (o *options) sipServer() string {
	if host := o.mediaIP.String(); o.sip != "" {
		return "udp " + reachable(o.sip, host)
	} else if o.sips != "" {
		return "tls " + reachable(o.sips, host)
	}
	return ""
}

// reachableText is reachable for hosts as they stand in URIs.
func reachableText(listen, host string) string { return reachable(listen, strings.Trim(host, "[]")) }

// shellQuote leaves plain paths as they are.
func shellQuote(path string) string {
	if strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == "" && !strings.HasPrefix(path, "-") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
