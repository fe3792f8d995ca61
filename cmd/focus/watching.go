package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/api"
)

type conferenceWatch struct {
	clientSettings
	ID string `arg:"" name:"id" help:"Id of the conference."`
}

// maxEvent bounds one event: the roster of some thousands.
const maxEvent = 16 << 20

// Run prints what happens in a conference until its meeting ends, or Ctrl-C.
func (c *conferenceWatch) Run(io *streams, holder ctxHolder) error {
	err := c.watch(holder.ctx, func(e *api.Event) error {
		if c.JSON {
			return json.NewEncoder(io.out).Encode(e)
		}
		return tellEvent(io.out, time.Now(), e)
	})
	if holder.ctx.Err() != nil {
		return nil
	}
	return err
}

// watch reads events and goes on where it was cut off, as long as the server is there.
func (c *conferenceWatch) watch(ctx context.Context, take func(*api.Event) error) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	client.http.Timeout = 0
	var known uint64
	for {
		before := known
		ended, err := client.events(ctx, pathOf(c.ID)+"/events", &known, take)
		if ended || err != nil && (known == before || !errors.Is(err, errCutOff)) {
			return err
		}
	}
}

var errCutOff = fmt.Errorf("%w: the stream of events has ended", errUnreachable)

// events reads one stream until it ends.
func (c *client) events(ctx context.Context, path string, known *uint64, take func(*api.Event) error) (ended bool, err error) {
	request, err := c.request(ctx, "GET", path, nil)
	if err != nil {
		return false, err
	}
	if *known != 0 {
		request.Header.Set("Last-Event-ID", strconv.FormatUint(*known, 10))
	}
	response, err := c.http.Do(request)
	if err != nil {
		return false, c.unreachable(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerToRead))
		if err != nil {
			return false, c.unreachable(err)
		}
		return false, refusal(response, body)
	}
	return readEvents(response.Body, known, take)
}

func readEvents(body io.Reader, known *uint64, take func(*api.Event) error) (ended bool, err error) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxEvent)
	kind := ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			kind = value
		case "data":
			if kind == "problem" {
				return true, problemOf(value)
			}
			var e api.Event
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				return true, fmt.Errorf("an event cannot be read: %w", err)
			}
			if e.Revision != 0 {
				*known = e.Revision
			}
			if err := take(&e); err != nil || e.Type == api.EventEnded {
				return true, err
			}
		}
	}
	return false, errCutOff
}

func problemOf(text string) error {
	var p api.Problem
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return fmt.Errorf("a problem cannot be read: %w", err)
	}
	return &p
}

// tellEvent prints an event, a line for each thing that it says.
func tellEvent(w io.Writer, now time.Time, e *api.Event) error {
	at := now.Format("15:04:05")
	var rows [][]string
	if e.State != nil {
		words := []string{"recording " + e.State.Recording}
		if e.State.Locked {
			words = append(words, "locked")
		}
		rows = append(rows, []string{at, "conference " + e.Conference, fmt.Sprint(e.State.Participants) + " in", strings.Join(words, ", ")})
	}
	for _, p := range e.Participants {
		for _, one := range rosterRows([]api.Participant{p})[1:] {
			muted := ""
			if p.Muted {
				muted = "muted"
			}
			rows = append(rows, []string{at, one[0], one[4], p.Role, muted})
		}
	}
	for _, user := range e.Removed {
		rows = append(rows, []string{at, user, "left"})
	}
	if e.Type == api.EventEnded {
		rows = append(rows, []string{at, "the meeting has ended"})
	}
	return table(w, rows...)
}
