package srtp

// window remembers which of the newest indices have been received (RFC 3711 §3.3.2): a ring of bits, one for each index.
type window struct {
	highest uint64
	begun   bool
	seen    []uint64
}

const (
	// replayPackets and replayControl are the sizes of the windows: "SRTP-WINDOW-SIZE is a receiver-side, implementation-dependent parameter and
	// MUST be at least 64".
	replayPackets = 1024
	replayControl = 64
)

func (w *window) size() uint64 { return uint64(len(w.seen)) * 64 }

// fresh reports whether the index is neither in the window already nor too old for it.
func (w *window) fresh(index uint64) bool {
	if !w.begun || index > w.highest {
		return true
	}
	if w.highest-index >= w.size() {
		return false
	}
	return w.seen[index/64%uint64(len(w.seen))]&(1<<(index%64)) == 0
}

// add notes an index that was fresh and has proved to be genuine.
func (w *window) add(index uint64) {
	switch {
	case !w.begun || index >= w.highest+w.size():
		clear(w.seen)
		w.highest, w.begun = index, true
	case index > w.highest:
		for i := w.highest + 1; i <= index; i++ {
			w.seen[i/64%uint64(len(w.seen))] &^= 1 << (i % 64)
		}
		w.highest = index
	}
	w.seen[index/64%uint64(len(w.seen))] |= 1 << (index % 64)
}
