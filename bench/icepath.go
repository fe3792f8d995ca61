package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pion/stun/v4"

	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
)

const (
	// checkEvery is how many frames lie between two checks of a path that carries: 5 s (RFC 7675 §5.1).
	checkEvery = 250
	// checkAgain is how long an answer to the first check is waited for, and checks how often.
	checkAgain = 50 * time.Millisecond
	checks     = 40
	// hostPriority is that of a host candidate's only component (RFC 8445 §5.1.2.1); that of a check from it has the type preference
	// of a peer reflexive one.
	hostPriority  = 126<<24 | 65535<<8 | 255
	checkPriority = 110<<24 | 65535<<8 | 255
)

// icePath is a caller's ICE with a lite server: it controls, and nominates the one pair there is with each check.
type icePath struct {
	ufrag, password string
	remote          sdp.ICE
	tieBreaker      [8]byte
}

func newICEPath() *icePath {
	p := &icePath{ufrag: rand.Text()[:8], password: rand.Text()}
	_, _ = rand.Read(p.tieBreaker[:]) // never fails
	return p
}

// offer puts a path on an offer that has a port for RTCP, and takes that away.
func (p *icePath) offer(text string, c *caller) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "a=rtcp:") {
			b.WriteString(line)
		}
	}
	a := c.conn.LocalAddr()
	fmt.Fprintf(&b, "a=rtcp-mux\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=candidate:1 1 udp %d %s %d typ host\r\n", p.ufrag, p.password, hostPriority, a.Addr(), a.Port())
	return b.String()
}

// attribute is one of STUN with a value of our own.
func attribute(kind stun.AttrType, value ...byte) stun.RawAttribute {
	return stun.RawAttribute{Type: kind, Length: uint16(len(value)), Value: value}
}

// check sends one (RFC 8445 §7.2.2).
func (p *icePath) check(c *caller) error {
	priority := uint32(checkPriority)
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest,
		stun.NewUsername(p.remote.Ufrag+":"+p.ufrag),
		attribute(stun.AttrPriority, byte(priority>>24), byte(priority>>16), byte(priority>>8), byte(priority)),
		attribute(stun.AttrICEControlling, p.tieBreaker[:]...),
		attribute(stun.AttrUseCandidate),
		stun.NewShortTermIntegrity(p.remote.Pwd), stun.Fingerprint)
	if err != nil {
		return err
	}
	return c.conn.WriteTo(m.Raw, c.to)
}

// connect checks until it is answered.
func (p *icePath) connect(c *caller, remote *sdp.ICE) error {
	if remote == nil || !remote.Lite {
		return errors.New("the answer has no ICE, or one that is not lite")
	}
	p.remote = *remote
	b := media.NewBatch()
	for range checks {
		if err := p.check(c); err != nil {
			return err
		}
		for deadline := time.Now().Add(checkAgain); time.Now().Before(deadline); c.conn.(media.Waiter).Wait(time.Until(deadline)) {
			for _, d := range b.Datagrams[:c.conn.ReadBatch(b, time.Now())] {
				if len(d.Data) > 1 && d.Data[0] == 1 && d.Data[1] == 1 { // success
					return nil
				}
			}
		}
	}
	return errors.New("checks are not answered")
}
