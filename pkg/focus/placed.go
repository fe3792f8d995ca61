package focus

import (
	"errors"
	"sync"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// placed are the Call-IDs of calls that we are making. One that comes in again has found its way back to us, by a proxy or a name of ours that we do
// not know.
type placed struct {
	mu  sync.Mutex
	ids map[string]bool
}

// errLoop: "482 Loop Detected" (RFC 3261 §21.4.20).
var errLoop = errors.New("a call of this server has come back")

func (p *placed) add() string {
	id := sip.NewCallID()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ids == nil {
		p.ids = map[string]bool{}
	}
	p.ids[id] = true
	return id
}

func (p *placed) remove(devices [][]sip.Invitation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, device := range devices {
		for _, inv := range device {
			for _, h := range inv.Headers {
				if id, ok := h.(*sip.CallIDHeader); ok {
					delete(p.ids, id.Value())
				}
			}
		}
	}
}

func (p *placed) has(req *sip.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return req.CallID() != nil && p.ids[req.CallID().Value()]
}
