package main

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/ice"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

const (
	// joinsInAll is how many callers join, one every joinEvery, ten to a conference.
	joinsInAll = 300
	joinEvery  = 20 * time.Millisecond
	// joinPatience is how long one waits for its keys.
	joinPatience = 5 * time.Second
)

// joiner is a caller with ICE and DTLS. It says nothing: what it costs to join is measured.
type joiner struct {
	shared    *media.Shared // its port: an address is one caller's
	seat      *media.Seat
	transport *media.Transport
	stream    *media.AudioStream
	session   *sdp.Session
	local     sdp.Local
}

var joinerCaps = sdp.Capabilities{Codecs: []*codec.Codec{g711.PCMU}, RTCPMux: true, DTLS: true, WebRTC: true}

func newJoiner(number int, certificate *srtp.Certificate) (*joiner, error) {
	shared, err := media.NewShared(media.SharedConfig{Network: media.UDP{}, Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}})
	if err != nil {
		return nil, err
	}
	j := &joiner{shared: shared, seat: shared.NewSeat(1), session: sdp.NewSession(uint64(number) + 1)}
	sender := media.NewAudioSender(nil, uint32(number)+1)
	j.stream = media.NewAudioStream(media.AudioStreamConfig{LocalSSRC: sender.SSRC()})
	j.transport = media.NewTransport(media.TransportConfig{Seat: j.seat, Pool: rtp.NewPool(4), Stream: j.stream, Sender: sender, CNAME: "joiner"}, time.Now())
	local, err := j.seat.Begin(false)
	j.local = sdp.Local{
		Addr: shared.Announced(), Direction: sdp.Inactive, Fingerprint: sdp.Fingerprint(certificate.Fingerprint()),
		ICE: &sdp.ICE{Ufrag: local.Ufrag, Pwd: local.Password, Candidates: local.Candidates},
	}
	return j, err
}

// join calls, and returns when there are keys.
func (j *joiner) join(ctx context.Context, sys system, room, name string, maker *srtp.DTLS, certificate *srtp.Certificate) error {
	text, err := sys.Call(ctx, room, name, j.session.Offer(j.local, joinerCaps).String())
	if err != nil {
		return err
	}
	answer, err := sdp.Parse(text)
	if err != nil {
		return err
	}
	agreed, err := j.session.Complete(answer, joinerCaps)
	if err != nil {
		return err
	}
	audio := agreed.Audio
	config := media.DTLS{Maker: maker, Certificate: certificate, Client: audio.Setup == sdp.Active}
	for _, f := range audio.RemoteFingerprints {
		config.Fingerprints = append(config.Fingerprints, srtp.Fingerprint(f))
	}
	j.transport.Expect(netip.AddrPort{}, netip.AddrPort{}, nil)
	j.transport.Handshake(config, time.Now())
	remote := audio.RemoteICE
	err = j.seat.Start(ice.Remote{
		Credentials: ice.Credentials{Ufrag: remote.Ufrag, Password: remote.Pwd}, Candidates: remote.Candidates, Lite: remote.Lite, Multiplexed: true,
	}, true)
	if err != nil {
		return err
	}
	return j.shakes()
}

func (j *joiner) shakes() error {
	b := media.NewBatch()
	for end := time.Now().Add(joinPatience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		j.transport.Poll(b, time.Now())
		if err := j.transport.HandshakeFailed(); err != nil {
			return err
		}
		if j.transport.Suite() != 0 {
			return nil
		}
	}
	return fmt.Errorf("no keys after %v", joinPatience)
}

func (j *joiner) close() {
	j.transport.Close()
	j.seat.Close()
	j.stream.Close()
	j.shared.Close()
}

// joins is what a caller with ICE and DTLS costs until it has its keys, all of them on one port, in the MCU alone.
func joins(ctx context.Context, b *bench, r row) ([]figure, error) {
	sys, err := startMCU()
	if err != nil {
		return nil, err
	}
	defer b.close(r.key, sys)
	maker, err := srtp.NewDTLS(time.Now())
	if err != nil {
		return nil, err
	}
	defer maker.Wait()
	all, err := newJoiners(maker)
	defer closeAll(all)
	if err != nil {
		return nil, err
	}
	return joinAll(ctx, b, r, sys, maker, all)
}

func closeAll(all []*joiner) {
	var done sync.WaitGroup
	for _, j := range all {
		done.Go(j.close)
	}
	done.Wait()
}

func newJoiners(maker *srtp.DTLS) (all []*joiner, err error) {
	certificate, err := maker.Certificate(time.Now())
	if err != nil {
		return nil, err
	}
	for n := range joinsInAll {
		j, err := newJoiner(n, certificate)
		if err != nil {
			return all, err
		}
		all = append(all, j)
	}
	return all, nil
}

func joinAll(ctx context.Context, b *bench, r row, sys system, maker *srtp.DTLS, all []*joiner) ([]figure, error) {
	rooms := make([]string, len(all)/10)
	for i := range rooms {
		var err error
		if rooms[i], err = sys.Conference(ctx); err != nil {
			return nil, err
		}
	}
	certificate, err := maker.Certificate(time.Now())
	if err != nil {
		return nil, err
	}
	stop := func() error { return nil }
	if b.profiles != "" {
		if stop, err = sys.Profile(filepath.Join(b.profiles, r.key+".prof")); err != nil {
			return nil, err
		}
	}
	before, err := cpuTime(sys.PID())
	if err != nil {
		return nil, err
	}
	machine, waited, began := machineTime(), pressure(), time.Now()
	took, failed := runJoins(func(n int) error {
		return all[n].join(ctx, sys, rooms[n/10], fmt.Sprintf("joiner-%d", n), maker, certificate)
	}, len(all))
	after, err := cpuTime(sys.PID())
	if err == nil {
		err = stop()
	}
	if err != nil || len(took) == 0 {
		return nil, fmt.Errorf("nobody has joined: %w", err)
	}
	slices.Sort(took)
	window := time.Since(began)
	idle, steal := machineTime().since(machine)
	notes := fmt.Sprintf("%d joined in %v, one every %v, median %.0f ms, slowest %.0f ms, machine idle %.0f %%, stolen %.1f %%, cores waited for %.0f %% of the time",
		len(took), window.Round(time.Millisecond), joinEvery, milliseconds(quantile(took, 0.5)), milliseconds(took[len(took)-1]), idle, steal,
		100*(pressure()-waited).Seconds()/window.Seconds())
	b.log("%s: %s", r.key, notes)
	there, err := standing(sys)
	if err != nil {
		return nil, err
	}
	cost := after - before - time.Duration(there*float64(window)/2)
	cpuTarget, p99Target := 2.5, 300.0
	return []figure{
		{Row: r.title, What: "CPU", Value: milliseconds(cost) / float64(len(took)), Unit: "ms/join", Target: &cpuTarget, Notes: notes},
		{Row: r.title, What: "p99", Value: milliseconds(quantile(took, 0.99)), Unit: "ms", Target: &p99Target, Notes: notes},
		{Row: r.title, What: "failed", Value: float64(failed), Unit: "joins", Target: new(float64), Notes: notes},
	}, nil
}

// standing is how many cores the callers take that are there, once they are: half of that is in the window of the joins, as they come evenly.
func standing(sys system) (float64, error) {
	const window = 4 * time.Second
	before, err := cpuTime(sys.PID())
	if err != nil {
		return 0, err
	}
	time.Sleep(window)
	after, err := cpuTime(sys.PID())
	return (after - before).Seconds() / window.Seconds(), err
}

// runJoins begins one after the other at their pace, and waits for all.
func runJoins(join func(n int) error, count int) (took []time.Duration, failed int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	began := time.Now()
	for n := range count {
		time.Sleep(time.Until(began.Add(time.Duration(n) * joinEvery)))
		all.Go(func() {
			at := time.Now()
			err := join(n)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed++
				return
			}
			took = append(took, time.Since(at))
		})
	}
	all.Wait()
	return took, failed
}
