package sip

import (
	"context"
	"errors"
	"sync"
	"time"
)

type serverState int

const (
	serverProceeding serverState = iota // for requests other than INVITE also Trying, when wire is nil
	serverAccepted                      // RFC 6026: 2xx sent, INVITE only
	serverCompleted                     // another final response sent
	serverConfirmed                     // ACK received, INVITE only
	serverTerminated
)

// serverMachine is the state of a server transaction (RFC 3261 §17.2 and RFC 6026 §7.1) until nothing can happen any more but that the request
// comes again. The seconds in which that is absorbed cost little: all that is kept of it then is an echo.
type serverMachine struct {
	ua     *UserAgent
	key    serverKey
	back   flow // where responses go
	invite bool
	tag    string

	mu       sync.Mutex
	state    serverState
	wire     []byte             // the latest response
	tx       *ServerTransaction // nil after the final response
	final    func(code int)     // the dialog's interest in how it ends; called once, without mu
	cause    error              // why a response now comes too late
	resend   *time.Timer        // Timer G; before a final response the wait for our own 100
	limit    *time.Timer        // Timer H; before a final response the end of our patience
	interval time.Duration      // of Timer G
	setup    func()             // lets go of the source's share of calls that are being set up; nil once that is the dialog's to do
}

// start: "The server transaction MUST generate a 100 (Trying) response unless it knows that the TU will generate a provisional or final response
// within 200 ms" (§17.2.1). Other requests are forgotten when the client has given up on them (Timer F).
func (m *serverMachine) start() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.invite {
		m.resend = time.AfterFunc(200*time.Millisecond, m.trying)
	} else {
		m.limit = time.AfterFunc(m.ua.cfg.Timers.giveUp(), func() { m.abort(ErrTimeout) })
	}
}

func (m *serverMachine) trying() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state == serverProceeding && m.wire == nil {
		res := NewResponse(m.tx.req, 100, "")
		m.ua.finishResponse(res)
		m.wire, _ = m.back.send(res)
	}
}

// watch tells the machine whom a final response concerns. It fails when there was one already.
func (m *serverMachine) watch(final func(code int)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state != serverProceeding {
		return or(m.cause, ErrTransactionDone)
	}
	m.final = final
	return nil
}

func (m *serverMachine) respond(res *Response) error {
	m.mu.Lock()
	if m.state != serverProceeding {
		defer m.mu.Unlock()
		return or(m.cause, ErrTransactionDone)
	}
	wire, err := m.back.send(res)
	if errors.Is(err, ErrLineBreak) { // and the next try may be better
		m.mu.Unlock()
		return err
	}
	m.wire = wire
	if res.IsProvisional() {
		m.mu.Unlock()
		return err
	}
	done := m.answered(res.StatusCode, ErrTransactionDone)
	m.mu.Unlock()
	done()
	return err
}

// answered moves on from Proceeding and returns what is left to do without the lock.
func (m *serverMachine) answered(code int, cause error) (afterwards func()) {
	tx, final := m.tx, m.final
	m.tx, m.final, m.cause = nil, nil, cause
	stop(m.resend)
	stop(m.limit)
	switch {
	case m.invite && code < 300:
		m.accepted()
	case m.invite:
		m.refused()
	default:
		m.completed()
	}
	return func() {
		if cause == ErrTransactionDone {
			cause = context.Canceled
		}
		tx.cancel(cause)
		if final != nil {
			final(code)
		}
	}
}

// accepted: "If the TU passes a 2xx response ... the server transaction MUST transition to the "Accepted" state" and "the purpose of the
// "Accepted" state is to absorb retransmissions of an accepted INVITE request" (RFC 6026 §7.1, §8.5). The dialog retransmits the 2xx.
func (m *serverMachine) accepted() {
	m.state, m.wire = serverAccepted, nil
	m.retire(m.ua.cfg.Timers.giveUp()) // Timer L
}

// refused: "When the "Completed" state is entered, timer H MUST be set to fire in 64*T1 seconds for all transports" and "If an unreliable
// transport is in use, timer G is set to fire in T1 seconds" (§17.2.1). Who leaves many refusals without their ACK gets none of them repeated: an
// INVITE that comes again is still answered.
func (m *serverMachine) refused() {
	m.state = serverCompleted
	if m.ua.crowded(m.back) {
		m.retire(m.ua.cfg.Timers.giveUp())
		return
	}
	m.limit = time.AfterFunc(m.ua.cfg.Timers.giveUp(), m.timerH)
	if !m.back.reliable() {
		m.interval = m.ua.cfg.Timers.T1
		m.resend = time.AfterFunc(m.interval, m.timerG)
	}
}

// completed: "it MUST set Timer J to fire in 64*T1 seconds for unreliable transports, and zero seconds for reliable transports" (§17.2.2).
func (m *serverMachine) completed() {
	m.state = serverCompleted
	m.retire(m.unreliable(m.ua.cfg.Timers.giveUp()))
}

func (m *serverMachine) unreliable(d time.Duration) time.Duration {
	if m.back.reliable() {
		return 0
	}
	return d
}

// retire leaves an echo behind for as long as the request may come again.
func (m *serverMachine) retire(d time.Duration) {
	stop(m.resend)
	stop(m.limit)
	m.letGo()
	if d > 0 {
		e := &echo{back: m.back, wire: m.wire}
		if m.invite {
			e.tag = m.tag
		}
		m.ua.finished.add(m.key, e, d)
	}
	m.ua.servers.remove(m.key, m)
}

func (m *serverMachine) letGo() {
	letGo(m.setup)
	m.setup = nil
}

// takeSetup makes it the caller's to let go.
func (m *serverMachine) takeSetup() (setup func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	setup, m.setup = m.setup, nil
	return setup
}

// onRetransmission: "If a request retransmission is received while in the "Proceeding" state, the most recent provisional response that was
// received from the TU MUST be passed to the transport layer for retransmission"; in Completed the final one; in Accepted it is absorbed, and in
// Trying and Confirmed too.
func (m *serverMachine) onRetransmission(from flow) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if from.reliable() {
		m.back = from
	}
	if m.wire != nil && (m.state == serverProceeding || m.state == serverCompleted) {
		m.back.write(m.wire)
	}
}

// timerG: "the response is passed to the transport layer once more for retransmission, and timer G is set to fire in MIN(2*T1, T2) seconds."
func (m *serverMachine) timerG() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state != serverCompleted {
		return
	}
	m.back.write(m.wire)
	m.interval = m.ua.cfg.Timers.slower(m.interval)
	m.resend.Reset(m.interval)
}

// timerH: "If timer H fires while in the "Completed" state, it implies that the ACK was never received."
func (m *serverMachine) timerH() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state == serverCompleted {
		m.ua.stats.noAck.Add(1)
		m.terminate()
	}
}

// onAck: "If an ACK is received while the server transaction is in the "Completed" state, the server transaction MUST transition to the
// "Confirmed" state ... it MUST set Timer I to fire in T4 seconds for unreliable transports, and zero seconds for reliable transports." In
// Accepted "it MUST be passed directly to the TU" (RFC 6026 §7.1): false.
func (m *serverMachine) onAck() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch m.state {
	case serverCompleted:
		m.state, m.wire = serverConfirmed, nil
		m.retire(m.unreliable(m.ua.cfg.Timers.T4)) // Timer I
		return true
	case serverConfirmed:
		return true
	}
	return false
}

// onCancel: "If the original request has not been finally answered, ... the UAS SHOULD immediately respond to the INVITE with a 487 (Request
// Terminated)" (§9.2). In all other states the CANCEL "has no effect".
func (m *serverMachine) onCancel() {
	m.mu.Lock()
	if m.state != serverProceeding {
		m.mu.Unlock()
		return
	}
	tx := m.tx
	res := NewResponse(tx.req, 487, "")
	setTag(res, m.tag)
	m.ua.finishResponse(res)
	m.wire, _ = m.back.send(res)
	done := m.answered(487, ErrCancelled)
	m.mu.Unlock()
	close(tx.cancelled)
	done()
	tx.Detach()
}

func (m *serverMachine) isProceeding() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state == serverProceeding
}

// abort ends the transaction without a word.
func (m *serverMachine) abort(cause error) {
	m.mu.Lock()
	done := func() {}
	if m.state == serverProceeding {
		tx, final := m.tx, m.final
		m.tx, m.final = nil, nil
		done = func() {
			tx.cancel(cause)
			if final != nil {
				final(0)
			}
		}
	}
	m.cause = or(m.cause, cause)
	m.letGo()
	m.terminate()
	m.mu.Unlock()
	done()
}

func (m *serverMachine) terminate() {
	m.state, m.wire = serverTerminated, nil
	stop(m.resend)
	stop(m.limit)
	m.letGo()
	m.ua.servers.remove(m.key, m)
}

func stop(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}
