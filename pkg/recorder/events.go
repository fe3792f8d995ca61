package recorder

// event notes what happened to a participant. Joining and leaving reach the manifest within a second, the rest within ten.
func (w *writer) event(l *lane, kind EventKind, at int64) {
	p := w.participant(l)
	if p == nil || l.closed {
		return
	}
	w.lazy = true
	switch kind {
	case Joined:
		if p.Joined == nil {
			p.Joined, w.urgent = &at, true
		}
	case Left:
		w.stopEvents(l, p, at)
		p.Left, w.urgent = &at, true
	case Muted:
		p.Muted, l.muted = begin(p, p.Muted, l.muted, at)
	case Unmuted:
		p.Muted, l.muted = extendTo(p.Muted, l.muted, at), false
	case SpeakingStarted:
		p.Spoke, l.speaking = begin(p, p.Spoke, l.speaking, at)
	case SpeakingStopped:
		p.Spoke, l.speaking = extendTo(p.Spoke, l.speaking, at), false
	}
}

// begin opens an interval unless one is open.
func begin(p *ManifestParticipant, list []Interval, open bool, at int64) ([]Interval, bool) {
	if open {
		return list, true
	}
	list, ok := openInterval(list, at)
	p.Truncated = p.Truncated || !ok
	return list, ok
}

// extendTo moves the end of the open interval.
func extendTo(list []Interval, open bool, at int64) []Interval {
	if open {
		last := &list[len(list)-1]
		last[1] = max(last[1], at)
	}
	return list
}

// stopEvents ends the open intervals.
func (w *writer) stopEvents(l *lane, p *ManifestParticipant, at int64) {
	p.Muted, l.muted = extendTo(p.Muted, l.muted, at), false
	p.Spoke, l.speaking = extendTo(p.Spoke, l.speaking, at), false
}

// endEvents ends the open intervals of everybody, when the recording ends. Who is still there has not left.
func (w *writer) endEvents(at int64) {
	for _, l := range w.lanes {
		if p := w.participant(l); p != nil {
			w.stopEvents(l, p, at)
		}
	}
	if w.pausedAt >= 0 {
		w.manifest.Paused = append(w.manifest.Paused, Interval{w.pausedAt, max(at, w.pausedAt)})
		w.pausedAt = -1
	}
}

// extend brings the open intervals up to the clock, so that a manifest found after a crash has them.
func (w *writer) extend(l *lane) {
	if p := w.participant(l); p != nil {
		p.Muted = extendTo(p.Muted, l.muted, w.clock)
		p.Spoke = extendTo(p.Spoke, l.speaking, w.clock)
	}
}

func (w *writer) participant(l *lane) *ManifestParticipant {
	if l.track == nil {
		return nil
	}
	return &w.manifest.Participants[l.index-1]
}
