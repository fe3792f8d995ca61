package api

import (
	"context"
	"runtime/debug"
	"sync"
)

// running is the work that requests leave behind. Its context ends with the server.
type running struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool // nothing is started any more
	work   sync.WaitGroup
}

func (r *running) open() { r.ctx, r.cancel = context.WithCancel(context.Background()) }

func (r *running) close() {
	r.cancel()
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.work.Wait()
}

// hold keeps close from returning until release is called; false once the server is closed.
func (r *running) hold() (release func(), ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, false
	}
	r.work.Add(1)
	return r.work.Done, true
}

// run starts a goroutine that Close waits for. A panic ends that piece of work, never the process.
func (s *server) run(work func(ctx context.Context)) bool {
	release, ok := s.running.hold()
	if !ok {
		return false
	}
	go func() {
		defer release()
		defer func() {
			if p := recover(); p != nil {
				s.Logger.Error("panic behind a request", "panic", p, "stack", string(debug.Stack()))
			}
		}()
		work(s.running.ctx)
	}()
	return true
}
