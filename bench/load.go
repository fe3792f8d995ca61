package main

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-f3cefc8c/focus/pkg/media"
)

const (
	slot = time.Millisecond // callers send in one of 20 moments of a frame: fewer wake-ups
	ears = 50               // callers whose sound is looked at
)

// load is all callers. Once they are running they belong to their workers, until stop.
type load struct {
	callers []*caller
	rtcp    media.Conn
	start   time.Time
	workers []*worker
	cancel  context.CancelFunc
	wait    sync.WaitGroup
}

// listening is what a worker's callers share.
type listening struct {
	on     *atomic.Bool
	jitter *histogram
}

// worker is one goroutine that visits its callers in the order of their phases.
type worker struct {
	callers []*caller
	listening
	late *histogram // how late packets were sent
}

// newLoad makes rooms full of callers who have not called yet.
func newLoad(rooms, seats int, s script, p *program) (*load, error) {
	l := &load{}
	var err error
	if l.rtcp, err = (media.UDP{}).Listen(netip.MustParseAddrPort("127.0.0.1:0")); err != nil {
		return nil, err
	}
	for room := range rooms {
		for seat := range seats {
			c, err := newCaller(room, seat, s, p)
			if err != nil {
				l.close()
				return nil, err
			}
			l.callers = append(l.callers, c)
		}
	}
	return l, nil
}

// listen gives ears to callers chosen at random, for as long as d.
func (l *load) listen(n int, d time.Duration) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, i := range random.Perm(len(l.callers))[:min(n, len(l.callers))] {
		l.callers[i].ear = newEar(l.callers[i].program, d)
	}
}

// run lets everybody speak until stop.
func (l *load) run() {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	l.start = time.Now().Add(10 * slot)
	var on atomic.Bool
	for range runtime.NumCPU() {
		l.workers = append(l.workers, &worker{listening: listening{on: &on, jitter: new(histogram)}, late: new(histogram)})
	}
	random := rand.New(rand.NewPCG(3, 4))
	for i, c := range l.callers {
		c.phase = time.Duration(random.IntN(int(frameDuration/slot))) * slot
		w := l.workers[i%len(l.workers)]
		w.callers = append(w.callers, c)
	}
	for _, w := range l.workers {
		slices.SortStableFunc(w.callers, func(a, b *caller) int { return int(a.phase - b.phase) })
		l.wait.Go(func() { w.run(ctx, l.start) })
	}
	l.wait.Go(func() { l.drain(ctx) })
}

// measure counts for d, from now on.
func (l *load) measure(d time.Duration) {
	l.workers[0].on.Store(true)
	time.Sleep(d)
	l.workers[0].on.Store(false)
}

// stop ends what run began.
func (l *load) stop() {
	l.cancel()
	l.wait.Wait()
}

func (l *load) close() {
	for _, c := range l.callers {
		c.close()
	}
	_ = l.rtcp.Close()
}

// loadNice is the priority of a worker's thread, where that is allowed: a real caller's telephone does nothing else.
const loadNice = -11

// run keeps a thread: it sleeps in the kernel, whose clock is finer than the runtime's. The thread ends with it.
func (w *worker) run(ctx context.Context, start time.Time) {
	runtime.LockOSThread()
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, loadNice)
	b := media.NewBatch()
	for frame := int64(0); ctx.Err() == nil; frame++ {
		for i, c := range w.callers {
			due := start.Add(time.Duration(frame)*frameDuration + c.phase)
			now := time.Now()
			if i == 0 || c.phase != w.callers[i-1].phase {
				if now.Before(due) {
					sleep(due.Sub(now))
					now = time.Now()
				}
			}
			if w.on.Load() {
				w.late.add(max(0, now.Sub(due)))
			}
			c.step(b, now, &w.listening)
		}
		if len(w.callers) == 0 {
			return
		}
	}
}

func sleep(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil)
}

// drain throws reports away.
func (l *load) drain(ctx context.Context) {
	b := media.NewBatch()
	for ctx.Err() == nil {
		for l.rtcp.ReadBatch(b, time.Now()) > 0 {
		}
		time.Sleep(5 * frameDuration)
	}
}
