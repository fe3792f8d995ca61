package main

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/api"
)

type conferenceCommands struct {
	New     conferenceNew     `cmd:"" help:"Make a conference."`
	List    conferenceList    `cmd:"" help:"List conferences."`
	Show    conferenceShow    `cmd:"" help:"Show a conference and who is in it."`
	Watch   conferenceWatch   `cmd:"" help:"Print what happens in a conference, as it happens."`
	Invite  conferenceInvite  `cmd:"" help:"Have the conference call somebody."`
	Mute    conferenceMute    `cmd:"" help:"Mute a participant."`
	Unmute  conferenceUnmute  `cmd:"" help:"Let a participant be heard again."`
	MuteAll conferenceMuteAll `cmd:"" help:"Mute all attendees."`
	Admit   conferenceAdmit   `cmd:"" help:"Let in who waits in the lobby."`
	Deny    conferenceDeny    `cmd:"" help:"Send away somebody who waits in the lobby."`
	Promote conferencePromote `cmd:"" help:"Make a participant a presenter."`
	Demote  conferenceDemote  `cmd:"" help:"Make a participant an attendee."`
	Eject   conferenceEject   `cmd:"" help:"Take a participant out."`
	Lock    conferenceLock    `cmd:"" help:"Let nobody new in."`
	Unlock  conferenceUnlock  `cmd:"" help:"Open a conference again."`
	Record  conferenceRecord  `cmd:"" help:"Start, pause, resume or stop its recording."`
	End     conferenceEnd     `cmd:"" help:"End a conference for good."`
}

type conferenceNew struct {
	clientSettings
	ID         string   `name:"id" help:"8 to 32 letters and digits, 3 to 32 from administrators. Default: ten digits." placeholder:"ID"`
	Subject    string   `help:"What it is about." placeholder:"TEXT"`
	Policy     string   `help:"Who may join: closedAuthenticated, openAuthenticated or anonymous." placeholder:"POLICY"`
	PIN        string   `name:"pin" help:"4 to 16 digits to ask callers for." placeholder:"DIGITS"`
	Expires    string   `help:"When it is over: a time like 2030-01-01T15:00:00Z, or how long from now, like 2h." placeholder:"TIME"`
	AutoRecord bool     `help:"Record from the first participant on."`
	Lobby      bool     `help:"Whom the policy or the lock keeps out may wait until somebody lets them in."`
	Invite     []string `help:"URI of somebody who may join; may be repeated." placeholder:"URI"`
	Organizer  string   `help:"URI of whose conference it is; for administrators." placeholder:"URI"`
}

// Run makes a conference.
func (c *conferenceNew) Run(io *streams, holder ctxHolder) error {
	wanted := &api.NewConference{
		ID: c.ID, Subject: c.Subject, AdmissionPolicy: c.Policy, PIN: c.PIN, Invitees: c.Invite, Organizer: c.Organizer,
	}
	if c.AutoRecord {
		wanted.AutoRecord = &c.AutoRecord
	}
	if c.Lobby {
		wanted.Lobby = &c.Lobby
	}
	if c.Expires != "" {
		at, err := parseExpiry(c.Expires, time.Now())
		if err != nil {
			return err
		}
		wanted.Expires = &at
	}
	var made api.Conference
	if err := c.call(holder.ctx, "POST", "/v1/conferences", wanted, &made); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, made)
	}
	return table(io.out, describe(made)...)
}

// parseExpiry reads a point in time or a length of it.
func parseExpiry(text string, now time.Time) (time.Time, error) {
	if length, err := time.ParseDuration(text); err == nil {
		return now.Add(length).UTC().Truncate(time.Second), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, usagef("--expires %s: write a time like 2030-01-01T15:00:00Z, or how long from now, like 2h", text)
	}
	return at, nil
}

// describe is a conference as rows.
func describe(c api.Conference) [][]string {
	rows := [][]string{{"conference", c.ID}, {"dial", c.URI}}
	for _, row := range [][]string{
		{"subject", c.Subject}, {"policy", c.AdmissionPolicy}, {"pin", c.PIN}, {"organizer", c.Organizer},
		{"invitees", strings.Join(c.Invitees, " ")}, {"expires", formatTime(c.Expires)}, {"recording", c.Recording},
	} {
		if row[1] != "" {
			rows = append(rows, row)
		}
	}
	return append(rows, []string{"locked", yesNo(c.Locked)}, []string{"participants", strconv.Itoa(c.Participants)})
}

func formatTime(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Local().Format("2006-01-02 15:04:05")
}

type conferenceList struct{ clientSettings }

// Run lists one's conferences, all of an administrator.
func (c *conferenceList) Run(io *streams, holder ctxHolder) error {
	var list api.Conferences
	if err := c.call(holder.ctx, "GET", "/v1/conferences", nil, &list); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, list)
	}
	rows := [][]string{{"CONFERENCE", "DIAL", "ACTIVE", "POLICY", "EXPIRES", "SUBJECT"}}
	for _, one := range list.Conferences {
		rows = append(rows, []string{one.ID, one.URI, yesNo(one.Active), one.AdmissionPolicy, formatTime(one.Expires), one.Subject})
	}
	return table(io.out, rows...)
}

type conferenceShow struct {
	clientSettings
	ID string `arg:"" name:"id" help:"Id of the conference."`
}

// shown is what --json prints.
type shown struct {
	api.Conference
	Roster []api.Participant `json:"roster"`
}

// Run shows a conference and its roster.
func (c *conferenceShow) Run(io *streams, holder ctxHolder) error {
	var got shown
	var roster api.Participants
	if err := c.call(holder.ctx, "GET", pathOf(c.ID), nil, &got.Conference); err != nil {
		return err
	}
	if err := c.call(holder.ctx, "GET", pathOf(c.ID)+"/participants", nil, &roster); err != nil {
		return err
	}
	got.Roster = roster.Participants
	if c.JSON {
		return printJSON(io.out, got)
	}
	if err := table(io.out, describe(got.Conference)...); err != nil || len(got.Roster) == 0 {
		return err
	}
	return table(io.out, append([][]string{{""}}, rosterRows(got.Roster)...)...)
}

type conferenceEnd struct {
	clientSettings
	ID string `arg:"" name:"id" help:"Id of the conference."`
}

// Run ends a conference.
func (c *conferenceEnd) Run(_ *streams, holder ctxHolder) error {
	return c.call(holder.ctx, "DELETE", pathOf(c.ID), nil, nil)
}

type conferenceRecord struct {
	clientSettings
	ID     string `arg:"" name:"id" help:"Id of the conference."`
	Action string `arg:"" help:"${enum}." enum:"start,pause,resume,stop"`
	Format string `help:"Of start: opus or wav." placeholder:"FORMAT"`
}

// Run commands the recording.
func (c *conferenceRecord) Run(io *streams, holder ctxHolder) error {
	var state api.RecordingState
	err := c.call(holder.ctx, "POST", pathOf(c.ID)+"/recording", &api.RecordingCommand{Action: c.Action, Format: c.Format}, &state)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, state)
	}
	return table(io.out, []string{"conference", state.ID}, []string{"recording", state.Recording})
}

func pathOf(id string) string { return "/v1/conferences/" + url.PathEscape(id) }

// call is one request to the server of the settings.
func (c *clientSettings) call(ctx context.Context, method, path string, body, out any) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.do(ctx, method, path, body, out)
}
