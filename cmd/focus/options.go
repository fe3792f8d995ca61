package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	"github.com/seed-f3cefc8c/focus/pkg/prompt"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/pkg/sip/locate"
)

// off, as an address, is nowhere.
const off = "off"

// options are settings that have been read and found good.
type options struct {
	data             string
	domain           string
	sip, sips, https string // HOST:PORT, or "" for nowhere
	ws               string // the same
	sipPublic        string // as in a URI; "": the address of the socket
	sipRate          [2]int // a second: of one source, and in all; negative for no bound
	origins          []string
	dns              *locate.Client // nil for those of the system
	mediaIP          netip.Addr
	mediaPorts       [2]uint16
	mediaTimeout     time.Duration
	mediaRing        bool // io_uring, where the kernel has it
	ice              mcu.ICE
	encryption       string        // of media, as the MCU says it
	sdesAnywhere     bool          // keys of media over any signalling
	sessionExpires   time.Duration // negative: none
	minSE            time.Duration
	digest           []sip.Algorithm
	dialOut          focus.DialOutPolicy
	trunks           []focus.Trunk
	keypad           focus.Keypad
	webhooks         []cluster.Webhook
	webhookNetworks  []netip.Prefix
	accessNumbers    []c3p.Region
	prompts          *prompt.Library
	language         string
	collector        string // SIP URI, or ""
	logLevel         slog.Level
	logFormat        string

	turn turnOptions

	trust              focus.Trust
	connectionIdentity focus.ConnectionIdentity
	tlsCert, tlsKey    string // files; "": none
	tlsClientCA, tlsCA string
	tlsMin             uint16
	acmeNames          []string
	acmeEmail          string
	acmeDirectory      string
	acmeHTTP           string // HOST:PORT, or "" for nowhere
}

// options reads the settings. An error names the flag, and what to write there.
func (s *settings) options() (*options, error) {
	o := &options{data: s.Data, language: s.Language, mediaTimeout: s.MediaTimeout, mediaRing: s.MediaIO == "auto", encryption: s.encryption(), sdesAnywhere: s.SDES == "anywhere", logFormat: s.LogFormat, dialOut: focus.DialOutPolicy(s.DialOut)}
	for _, step := range []func(*options) error{s.readAddresses, s.readOrigins, s.readRates, s.readMedia, s.readICE, s.readSIPPublic, s.readDomain, s.readTURN, s.readDNS, s.readTLS, s.readTrusted, s.readDigest, s.readTrunks, s.readKeypad, s.readWebhook, s.readPrompts, s.readSession, s.readAccessNumbers, s.readCollector, s.readRest} {
		if err := step(o); err != nil {
			return nil, &usageError{err}
		}
	}
	return o, nil
}

// encryption is the MCU's word for the rule; auto is none.
func (s *settings) encryption() string {
	if s.Encryption == "auto" {
		return ""
	}
	return s.Encryption
}

func (s *settings) readAddresses(o *options) error {
	for _, row := range []struct {
		flag, text string
		to         *string
	}{{"--sip", s.SIP, &o.sip}, {"--sips", s.SIPS, &o.sips}, {"--https", s.HTTPS, &o.https}, {"--ws", s.WS, &o.ws}} {
		if row.text == off && row.to != &o.https {
			continue
		}
		if err := checkHostPort(row.text); err != nil {
			return fmt.Errorf("%s %q: %w", row.flag, row.text, err)
		}
		*row.to = row.text
	}
	if o.sip == "" && o.sips == "" {
		return fmt.Errorf("--sip and --sips are both off: no telephone could call")
	}
	return nil
}

// readSIPPublic is after the addresses of media: what is before those is before SIP too.
func (s *settings) readSIPPublic(o *options) error {
	if s.SIPPublic == "" && len(o.ice.Public) > 0 {
		o.sipPublic = uriHost(o.ice.Public[0])
		return nil
	}
	o.sipPublic = s.SIPPublic
	if ip, err := netip.ParseAddr(s.SIPPublic); err == nil && !ip.IsUnspecified() && ip.Zone() == "" {
		o.sipPublic = uriHost(ip)
		return nil
	}
	if strings.ContainsAny(s.SIPPublic, ":/@;,<>[]%? ") || s.SIPPublic == "0.0.0.0" {
		return fmt.Errorf("--sip-public-host %q: write an IP address or a name, without a port", s.SIPPublic)
	}
	return nil
}

func (s *settings) readOrigins(o *options) error {
	for _, name := range strings.FieldsFunc(s.WSOrigins, func(r rune) bool { return r == ',' || r == ' ' }) {
		page, err := url.Parse(name)
		if err != nil || strings.Contains(name, "://") && (page.Host == "" || page.Path != "") || !strings.Contains(name, "://") && strings.ContainsAny(name, "/:") {
			return fmt.Errorf("--ws-origins %q: write https://HOST or https://HOST:PORT without a path, HOST, *.HOST, or * for all", name)
		}
		o.origins = append(o.origins, name)
	}
	return nil
}

func (s *settings) readRates(o *options) error {
	for i, row := range []struct {
		flag string
		rate int
	}{{"--sip-rate-per-source", s.SIPPerSource}, {"--sip-rate", s.SIPRate}} {
		switch {
		case row.rate < 0:
			return fmt.Errorf("%s %d: write a number of requests, or 0 for no bound", row.flag, row.rate)
		case row.rate == 0:
			row.rate = -1
		}
		o.sipRate[i] = row.rate
	}
	return nil
}

func checkHostPort(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return fmt.Errorf("write HOST:PORT, or :PORT for all addresses")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("a port is a number from 1 to 65535")
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && host != "localhost" {
		return fmt.Errorf("HOST is an IP address of this machine, or nothing")
	}
	return nil
}

func (s *settings) readMedia(o *options) (err error) {
	if s.MediaIP == "" {
		o.mediaIP = defaultRoute()
	} else if o.mediaIP, err = netip.ParseAddr(s.MediaIP); err != nil || o.mediaIP.IsUnspecified() {
		return fmt.Errorf("--media-ip %q: write the IP address that callers send media to", s.MediaIP)
	}
	if o.mediaPorts, err = portRange(s.MediaPorts); err != nil {
		return fmt.Errorf("--media-ports %q: %w", s.MediaPorts, err)
	}
	if s.MediaTimeout < time.Second {
		return fmt.Errorf("--media-timeout %v: a second is the least", s.MediaTimeout)
	}
	return nil
}

func (s *settings) readDomain(o *options) error {
	o.domain = strings.ToLower(s.Domain)
	if o.domain == "" {
		o.domain = uriHost(o.mediaIP)
	}
	address, err := conference.ParseURI(string(conference.DialURI("12345678", o.domain)))
	if err != nil || address.Domain != o.domain || strings.ContainsAny(o.domain, " /") {
		return fmt.Errorf("--domain %q: write a host name or an IP address", s.Domain)
	}
	return nil
}

func (s *settings) readDigest(o *options) error {
	for _, name := range strings.Split(s.Digest, ",") {
		algorithm := sip.Algorithm(strings.ToUpper(strings.TrimSpace(name)))
		if algorithm != sip.SHA512256 && algorithm != sip.SHA256 && algorithm != sip.MD5 || slices.Contains(o.digest, algorithm) {
			return fmt.Errorf("--digest %q: write sha-512-256, sha-256 and md5, or some of them, with commas between them", s.Digest)
		}
		o.digest = append(o.digest, algorithm)
	}
	return nil
}

// readSession: "The absolute minimum for the Min-SE header field is 90 seconds" (RFC 4028 section 5).
func (s *settings) readSession(o *options) error {
	const least = 90 * time.Second
	switch {
	case s.MinSE < least:
		return fmt.Errorf("--min-se %v: 90s is the least", s.MinSE)
	case s.SessionTime != 0 && s.SessionTime < s.MinSE:
		return fmt.Errorf("--session-expires %v: not less than --min-se, which is %v, or 0", s.SessionTime, s.MinSE)
	}
	o.minSE, o.sessionExpires = s.MinSE, s.SessionTime
	if s.SessionTime == 0 {
		o.sessionExpires = -1
	}
	return nil
}

func (s *settings) readKeypad(o *options) (err error) {
	if s.DTMF == off {
		return nil
	}
	if o.keypad, err = focus.ParseKeypad(s.DTMF); err != nil {
		return fmt.Errorf("--dtmf: %w", err)
	}
	return nil
}

func (s *settings) readPrompts(o *options) (err error) {
	if o.prompts, err = prompt.Load(s.Prompts); err != nil {
		return fmt.Errorf("--prompts %s: %w", s.Prompts, err)
	}
	return nil
}

func (s *settings) readRest(o *options) error {
	if o.data == "" {
		return fmt.Errorf("--data is empty: name a folder")
	}
	if info, err := os.Stat(o.data); err == nil && !info.IsDir() {
		return fmt.Errorf("--data %s is not a folder", o.data)
	}
	return o.logLevel.UnmarshalText([]byte(s.LogLevel))
}

// in is the path of a file in the data folder.
func (o *options) in(name string) string { return filepath.Join(o.data, name) }

// uriHost is an address as the host of a URI.
func uriHost(ip netip.Addr) string {
	if ip.Is6() && !ip.Is4In6() {
		return "[" + ip.WithZone("").String() + "]"
	}
	return ip.Unmap().String()
}
