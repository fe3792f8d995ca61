package phone

import (
	"context"
	"errors"
	"net/netip"

	"github.com/seed-f3cefc8c/focus/pkg/ice"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
)

// errNoICE ends a call whose other side has no ICE: the phone has no ports but those.
var errNoICE = errors.New("the other side has no ICE")

// iceLine is what a line with ICE has instead of sockets of its own. It belongs to who holds the phone's mutex.
type iceLine struct {
	shared *media.Shared
	seat   *media.Seat
	local  *sdp.ICE // nil before the first session
}

// newICELine takes ports, of which nobody else has a seat.
func newICELine(config *Config) (*iceLine, error) {
	shared, err := media.NewShared(media.SharedConfig{
		Network: config.Network.Media, Addresses: []netip.AddrPort{netip.AddrPortFrom(config.Address, 0)},
	})
	if err != nil {
		return nil, err
	}
	components := 2
	if config.RTCPMux {
		components = 1
	}
	return &iceLine{shared: shared, seat: shared.NewSeat(components)}, nil
}

func (i *iceLine) close() {
	i.seat.Close()
	i.shared.Close()
}

// begin makes a session for an offer, or for an answer to one that restarts; another one than there is only if restart is set.
func (i *iceLine) begin(restart bool) error {
	if i == nil || i.local != nil && !restart {
		return nil
	}
	local, err := i.seat.Begin(false)
	if err != nil {
		return err
	}
	i.local = &sdp.ICE{Ufrag: local.Ufrag, Pwd: local.Password, Candidates: local.Candidates, Trickle: true, EndOfCandidates: true}
	return nil
}

// start begins to check what was agreed on.
func (i *iceLine) start(audio *sdp.Stream, offered bool) error {
	switch {
	case i == nil:
		return nil
	case audio.RemoteICE == nil:
		return errNoICE
	}
	remote := audio.RemoteICE
	return i.seat.Start(ice.Remote{
		Credentials: ice.Credentials{Ufrag: remote.Ufrag, Password: remote.Pwd}, Candidates: remote.Candidates, Lite: remote.Lite, Multiplexed: audio.RTCPMux,
	}, offered)
}

// describe is what our descriptions say of the line.
func (i *iceLine) describe() sdp.Local {
	addr := i.shared.Announced()
	return sdp.Local{Addr: addr, RTCPPort: addr.Port() + 1, ICE: i.local}
}

// Restart offers the session anew with ICE from the beginning (RFC 8445 §9), as a phone does that has changed networks.
func (p *Phone) Restart(ctx context.Context) error {
	p.mu.Lock()
	err := p.line.ice.begin(true)
	p.mu.Unlock()
	if err != nil {
		return err
	}
	return p.reinvite(ctx, sdp.SendRecv)
}

// SelectedPath reports whether ICE has found a path.
func (p *Phone) SelectedPath() bool {
	return p.line.ice != nil && p.line.ice.seat.Selected()
}

// Vanish makes the phone fall silent without a word, as one that has lost its network. HangUp frees it.
func (p *Phone) Vanish() {
	p.ask(func() { p.line.gone = true })
	p.line.ice.close()
}
