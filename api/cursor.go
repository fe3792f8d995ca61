package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// cursor is what a client of all conferences has been told: the revision of each of those that are on, the one last told at the front. It goes with
// each event, so that nothing must be kept for who may come back. A conference that has dropped out of it is told whole.
type cursor []seen

type seen struct {
	id       conference.ID
	revision uint64
}

// maxCursor bounds a cursor: 3 KB.
const maxCursor = 64

// with is the cursor after an event.
func (c cursor) with(e *Event) cursor {
	id := conference.ID(e.Conference)
	rest := slices.DeleteFunc(slices.Clone(c), func(s seen) bool { return s.id == id })
	if e.Type == EventEnded {
		return rest
	}
	after := slices.Insert(rest, 0, seen{id, e.Revision})
	return after[:min(len(after), maxCursor)]
}

// of is the revision that is known of a conference; 0 is none.
func (c cursor) of(id conference.ID) uint64 {
	for _, s := range c {
		if s.id == id {
			return s.revision
		}
	}
	return 0
}

// String is "2718281828:1792000000000001,3141592653:1792000000000007"; "-" when it is empty, as an id of server-sent events must not be.
func (c cursor) String() string {
	if len(c) == 0 {
		return "-"
	}
	var b strings.Builder
	for i, s := range c {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(string(s.id))
		b.WriteByte(':')
		b.WriteString(strconv.FormatUint(s.revision, 10))
	}
	return b.String()
}

func parseCursor(text string) (c cursor, ok bool) {
	if text == "" || text == "-" {
		return nil, true
	}
	for part := range strings.SplitSeq(text, ",") {
		name, number, _ := strings.Cut(part, ":")
		id, err := conference.ParseID(name)
		revision, err2 := strconv.ParseUint(number, 10, 53)
		if err != nil || err2 != nil || len(c) == maxCursor || c.of(id) != 0 || revision == 0 {
			return nil, false
		}
		c = append(c, seen{id, revision})
	}
	return c, true
}

// knownCursor is where to resume: Last-Event-ID of server-sent events, or since=CURSOR.
func knownCursor(r *http.Request) (cursor, *Problem) {
	known, ok := parseCursor(resumeBy(r))
	if !ok {
		return nil, badField("since", "since and Last-Event-ID are the cursor of an event, or are left out.")
	}
	return known, nil
}
