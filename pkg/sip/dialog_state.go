package sip

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// DialogState is all that must be known to go on with a dialog in another process (RFC 3261 §12). It is plain data.
type DialogState struct {
	CallID, LocalTag, RemoteTag string
	LocalURI, RemoteURI         string
	LocalName, RemoteName       string   // display names
	RemoteTarget                string   // URI of the peer's Contact
	RouteSet                    []string // URIs, first hop first
	Contact                     string   // our own, `<uri>;params`
	LocalSeq, RemoteSeq         uint32   // the last used; 0 is none
	Caller                      bool     // we sent the first INVITE, and own the Call-ID
	State                       State
	Transport                   string         // on which the peer's last request or response came
	Peer                        netip.AddrPort // from where
	Symmetric                   bool           // send to Peer, not to the RemoteTarget: see Dialog.way

	Session         bool          // made by INVITE
	TakesUpdate     bool          // the peer's Allow has UPDATE
	SessionInterval time.Duration // RFC 4028; 0 is none
	Refresher       bool          // we refresh the session
	SessionEnd      time.Time     // when it is given up unless it is refreshed
	MinSE           time.Duration // that a 422 has named; 0 is none

	Offer          Exchange
	Unacknowledged []uint32 // CSeq of INVITEs that we have accepted and whose ACK has not come
	Invite         []byte   // the INVITE of the peer that made the dialog, when it waits for our answer
	RSeq           uint32   // of our last reliable response to it (RFC 3262); 0 is none
	Unpracked      bool     // and it wants its PRACK
	Described      bool     // and it holds a session description: the 2xx must wait
}

// stateVersion is the first octet of a written DialogState.
const stateVersion = 1

var errDialogState = errors.New("no dialog state that can be read")

// MarshalBinary writes the state so that any later version of this package can read it.
func (s DialogState) MarshalBinary() ([]byte, error) {
	type plain DialogState // without this method
	data, err := json.Marshal(plain(s))
	if err != nil {
		return nil, fmt.Errorf("writing dialog state: %w", err)
	}
	return append([]byte{stateVersion}, data...), nil
}

// UnmarshalBinary reads what MarshalBinary wrote. What it reads is checked by [UserAgent.RestoreDialog].
func (s *DialogState) UnmarshalBinary(data []byte) error {
	type plain DialogState
	if len(data) == 0 || data[0] != stateVersion {
		return fmt.Errorf("reading dialog state: %w", errDialogState)
	}
	var read plain
	if err := json.Unmarshal(data[1:], &read); err != nil {
		return fmt.Errorf("reading dialog state: %w", err)
	}
	*s = DialogState(read)
	return nil
}

// Snapshot is the state now, for [UserAgent.RestoreDialog]. What is on its way at this moment is not in it: requests of ours that nobody has answered.
func (d *Dialog) Snapshot() DialogState {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.s
	s.RouteSet = append([]string(nil), s.RouteSet...)
	s.Offer = d.exchange
	for seq := range d.unacked {
		s.Unacknowledged = append(s.Unacknowledged, seq)
	}
	if d.incoming != nil && d.first && s.State == Early {
		s.Invite = encode(d.incoming.req)
	}
	if d.rel != nil {
		s.RSeq = d.rel.rseq
		if out := d.rel.out; out != nil {
			s.Unpracked, s.Described = true, out.described
		}
	}
	return s
}

// RestoreDialog goes on with a dialog from its snapshot, in this process or another: with its routes, numbers, session timer, and with an INVITE over
// UDP that has not been answered. Subscriptions are not part of it, and a dialog that is over is none.
func (ua *UserAgent) RestoreDialog(s DialogState, h DialogHandler) (*Dialog, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("restoring dialog: %w", err)
	}
	kept := s
	kept.Offer, kept.Unacknowledged, kept.Invite, kept.RSeq, kept.Unpracked, kept.Described = Exchange{}, nil, nil, 0, false, false
	d, err := ua.newDialog(kept, nil, h)
	if err != nil {
		return nil, err
	}
	if len(s.Invite) > 0 {
		if err := d.restoreInvite(s); err != nil {
			d.abandon(err)
			return nil, fmt.Errorf("restoring dialog: %w", err)
		}
	}
	d.resume(s)
	return d, nil
}

func (s *DialogState) check() error {
	for _, text := range append([]string{s.LocalURI, s.RemoteURI, s.RemoteTarget}, s.RouteSet...) {
		if _, err := ParseURI(text); err != nil {
			return err
		}
	}
	if s.CallID == "" || s.LocalTag == "" || s.State != Early && s.State != Confirmed || s.SessionInterval < 0 || len(s.Unacknowledged) > 16 {
		return errDialogState
	}
	return nil
}

// resume starts again what waits for something.
func (d *Dialog) resume(s DialogState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.exchange = s.Offer
	for _, seq := range s.Unacknowledged {
		u := &unacked{seq: seq, done: make(chan struct{})}
		u.limit = time.AfterFunc(d.ua.cfg.Timers.giveUp(), func() { d.acked(seq, nil, ErrNoAck) })
		d.unacked[seq] = u
	}
	switch {
	case s.SessionInterval == 0:
	case s.Refresher:
		start := s.SessionEnd.Add(min(32*time.Second, s.SessionInterval/3) - s.SessionInterval)
		d.setAlarm(time.Until(start.Add(s.SessionInterval / 2)))
	default:
		d.setAlarm(time.Until(s.SessionEnd))
	}
}

// restoreInvite makes the server transaction of the INVITE again.
func (d *Dialog) restoreInvite(s DialogState) error {
	m, err := d.ua.parse(s.Invite)
	if err != nil {
		return fmt.Errorf("reading the INVITE: %w", err)
	}
	req, ok := m.(*Request)
	p := d.ua.links.packetsFor(s.Peer.Addr())
	if !ok || req.Method != INVITE || s.Transport != "UDP" || p == nil {
		return fmt.Errorf("reading the INVITE: %w", errDialogState)
	}
	key := serverKeyOf(req)
	tx := newServerTransaction(d.ua, key, req, flow{p, s.Peer})
	tx.machine.tag = s.LocalTag
	if !d.ua.servers.add(key, tx.machine) {
		return ErrOverload
	}
	tx.machine.start()
	d.mu.Lock()
	d.incoming, d.first = tx, true
	if s.RSeq != 0 {
		d.rel = &reliability{rseq: s.RSeq}
	}
	if s.Unpracked {
		// It is not sent again: the peer has it, or had 64*T1 to get it.
		out := &reliable{tx: tx, rseq: s.RSeq, described: s.Described}
		out.limit = time.AfterFunc(d.ua.cfg.Timers.giveUp(), func() { d.reliableFailed(out) })
		d.rel.out = out
	}
	d.mu.Unlock()
	return tx.machine.watch(func(code int) { d.onAnswered(tx, code) })
}
