package api

import "sync"

// finals tells a user's streams of events what became of commands that were answered with pending. Who does not take a final response in
// time fetches it from /c3p/{requestId}.
type finals struct {
	mu      sync.Mutex
	streams map[string]map[chan final]bool // by the user's URI
}

// final is the response to a command that was answered with pending.
type final struct {
	requestID string
	document  []byte
}

// maxFinals are kept for a stream that is slow; more are dropped.
const maxFinals = 16

// listen returns what is told to a user until leave is called.
func (f *finals) listen(user string) (told <-chan final, leave func()) {
	c := make(chan final, maxFinals)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.streams == nil {
		f.streams = map[string]map[chan final]bool{}
	}
	if f.streams[user] == nil {
		f.streams[user] = map[chan final]bool{}
	}
	f.streams[user][c] = true
	return c, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if delete(f.streams[user], c); len(f.streams[user]) == 0 {
			delete(f.streams, user)
		}
	}
}

func (f *finals) tell(user, requestID string, document []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.streams[user] {
		select {
		case c <- final{requestID, document}:
		default:
		}
	}
}
