package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// sipRows are about signalling: no RTP is sent in them.
func sipRows() []row {
	const peers, peersRate = "Asterisk 0.94, FreeSWITCH 3.5", "Asterisk 1,560, FreeSWITCH 223"
	return []row{
		{"calls", "SIP over UDP: INVITE, 200, ACK, BYE, 200 into a conference, 20 at once", calls("udp", new(0.4), peers, peersRate)},
		{"calls-tcp", "the same over TCP", calls("tcp", nil, "", "")},
		{"options", "OPTIONS over UDP, 20 at once", asked(askOptions)},
		{"register", "REGISTER over UDP, 20 at once", asked(askRegister)},
		{"idle-tls", "2,000 idle connections of TLS", idle(overTLS)},
		{"idle-wss", "2,000 idle connections of secure WebSocket", idle(overWSS)},
		{"notify", "500 subscribers are told of a change in a conference of 500, NOTIFY over TCP", notification{}.measure},
		{"notify-udp", "the same over UDP", notification{udp: true}.measure},
		{"benotify", "the same by BENOTIFY, over TCP", notification{quiet: true}.measure},
		{"benotify-udp", "the same by BENOTIFY, over UDP", notification{udp: true, quiet: true}.measure},
		{"parse", "an INVITE of 1,230 octets: parser and strict pass", benchmark{"./pkg/sip", "BenchmarkParseInvite", 300_000, 6, "pjsip 2, sofia-sip 7"}.measure},
		{"document", "the whole roster of 200 users for one subscriber", benchmark{"./pkg/confinfo", "BenchmarkFull200", 200_000, 20, ""}.measure},
		{"dialogs", "2,000 established dialogs, without media", dialogs},
		{"c3p-https", "C3P over HTTPS, getConference on 10 connections that stay", c3pByHTTPS},
		{"c3p-info", "C3P over SIP, getConference by INFO in 10 focus dialogs over TCP", c3pByINFO},
	}
}

var errWholeServer = errors.New("is measured on the whole server: leave --mcu out")

// sipOutcome is what a load did, and what it cost the server.
type sipOutcome struct {
	done          int64
	cpu, window   time.Duration
	before, after int64 // resident memory in octets: after the warm-up, and after the window
	idle, steal   float64
	waiting       float64
}

func (o *sipOutcome) perCall() float64 { return milliseconds(o.cpu) / float64(max(1, o.done)) }
func (o *sipOutcome) rate() float64    { return float64(o.done) / o.window.Seconds() }

func (o *sipOutcome) notes() string {
	return fmt.Sprintf("%d in %v, %.3f ms of CPU each, %.0f a second, memory %d to %d MB, machine idle %.0f %%, stolen %.1f %%, cores waited for %.0f %% of the time",
		o.done, o.window.Round(time.Millisecond), o.perCall(), o.rate(), o.before>>20, o.after>>20, o.idle, o.steal, o.waiting)
}

// load runs a load against a server of its own.
func (b *bench) load(ctx context.Context, key string, l *sipLoad, flags ...string) (*sipOutcome, error) {
	if b.program == "" {
		return nil, errWholeServer
	}
	server, err := startFocus(b.program, append(flags, "--sip-rate", "0", "--sip-rate-per-source", "0")...)
	if err != nil {
		return nil, err
	}
	defer b.close(key, server)
	if l.target, err = server.Conference(ctx); err != nil {
		return nil, err
	}
	l.server = server.sip
	o, err := l.measure(ctx, server.PID(), b.warmup, b.window)
	if err == nil {
		b.log("%s: %s", key, o.notes())
	}
	return o, err
}

func (l *sipLoad) measure(ctx context.Context, pid int, warmup, window time.Duration) (*sipOutcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- l.run(ctx) }()
	time.Sleep(warmup)
	o := &sipOutcome{}
	cpu, err1 := cpuTime(pid)
	before, err2 := residentMemory(pid)
	done, rest, waited, began := l.done.Load(), machineTime(), pressure(), time.Now()
	time.Sleep(window)
	o.done, o.window = l.done.Load()-done, time.Since(began)
	used, err3 := cpuTime(pid)
	after, err4 := residentMemory(pid)
	o.cpu, o.before, o.after = used-cpu, before, after
	o.idle, o.steal = machineTime().since(rest)
	o.waiting = 100 * (pressure() - waited).Seconds() / o.window.Seconds()
	cancel()
	return o, errors.Join(err1, err2, err3, err4, <-failed)
}

func calls(network string, target *float64, peers, peersRate string) func(context.Context, *bench, row) ([]figure, error) {
	return func(ctx context.Context, b *bench, r row) ([]figure, error) {
		o, err := b.load(ctx, r.key, &sipLoad{network: network, atOnce: 20, exchange: placeCall})
		if err != nil {
			return nil, err
		}
		return []figure{
			o.figure(r, "CPU", o.perCall(), "ms/call", target, peers),
			o.figure(r, "rate", o.rate(), "calls/s", nil, peersRate),
			o.figure(r, "memory before", float64(o.before)/1e6, "MB", nil, ""),
			o.figure(r, "memory after", float64(o.after)/1e6, "MB", nil, "Asterisk 1,400 after 10 s"),
		}, nil
	}
}

func asked(exchange func(*sipClient) error) func(context.Context, *bench, row) ([]figure, error) {
	return func(ctx context.Context, b *bench, r row) ([]figure, error) {
		o, err := b.load(ctx, r.key, &sipLoad{network: "udp", atOnce: 20, exchange: exchange})
		if err != nil {
			return nil, err
		}
		return []figure{
			o.figure(r, "rate", o.rate(), "requests/s", nil, ""),
			o.figure(r, "CPU", 1000*o.perCall(), "µs/request", nil, ""),
		}, nil
	}
}

func (o *sipOutcome) figure(r row, what string, value float64, unit string, target *float64, peers string) figure {
	return figure{Row: r.title, What: what, Value: value, Unit: unit, Target: target, Peers: peers, Notes: o.notes()}
}

// A server takes some 200 connections from one address. Before those that count others are opened: a server that has just started has
// memory to spare.
const idleConnections, idleBefore, perAddress = 2000, 1000, 100

// opener opens a connection from an address of loopback.
type opener func(f *focusProcess, host string) (*sipClient, error)

// idle is what a connection costs on which nothing is said after a first request.
func idle(open opener) func(context.Context, *bench, row) ([]figure, error) {
	return func(ctx context.Context, b *bench, r row) ([]figure, error) {
		if b.program == "" {
			return nil, errWholeServer
		}
		server, err := startFocus(b.program)
		if err != nil {
			return nil, err
		}
		defer b.close(r.key, server)
		var clients []*sipClient
		defer func() {
			for _, c := range clients {
				_ = c.conn.Close()
			}
		}()
		var memory [2]int64
		for i, n := range []int{idleBefore, idleConnections} {
			more, err := open.many(server, len(clients), n)
			if clients = append(clients, more...); err != nil {
				return nil, err
			}
			time.Sleep(b.warmup)
			if memory[i], err = residentMemory(server.PID()); err != nil {
				return nil, err
			}
		}
		target, each := 40.0, float64(memory[1]-memory[0])/1000/idleConnections
		b.log("%s: %.2f KB each", r.key, each)
		return []figure{{Row: r.title, What: "memory", Value: each, Unit: "KB/connection", Target: &target}}, nil
	}
}

func (open opener) many(server *focusProcess, first, n int) (clients []*sipClient, err error) {
	for i := first; i < first+n; i++ {
		c, err := open(server, fmt.Sprintf("127.0.1.%d", 1+i/perAddress))
		if err != nil {
			return clients, err
		}
		c.number = i
		if clients = append(clients, c); askOptions(c) != nil {
			return clients, fmt.Errorf("connection %d is not served", i)
		}
	}
	return clients, nil
}

// benchmark is a benchmark of a package.
type benchmark struct {
	folder, name string
	times        int
	target       float64 // µs
	peers        string
}

// measure runs it in a process of its own, and asks what that used: time that others have taken does not count.
func (m benchmark) measure(ctx context.Context, b *bench, r row) ([]figure, error) {
	folder, err := os.MkdirTemp("", "focus-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	program := filepath.Join(folder, "package.test")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", program, m.folder).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the tests of %s (run from the top of the repository): %w: %s", m.folder, err, out)
	}
	run := exec.CommandContext(ctx, program, "-test.run=^$", "-test.bench=^"+m.name+"$", fmt.Sprintf("-test.benchtime=%dx", m.times))
	out, err := run.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	used := run.ProcessState.UserTime() + run.ProcessState.SystemTime()
	each := 1000 * milliseconds(used) / float64(m.times)
	b.log("%s: %.2f µs of CPU each", r.key, each)
	return []figure{{Row: r.title, What: "CPU", Value: each, Unit: "µs", Target: &m.target, Peers: m.peers}}, nil
}
