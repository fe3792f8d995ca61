package main

import (
	"context"
	"net/url"

	"github.com/seed-f3cefc8c/focus/api"
)

// conferenceInvite has a conference call somebody.
type conferenceInvite struct {
	clientSettings
	ID          string `arg:"" name:"id" help:"Id of the conference."`
	URI         string `arg:"" name:"uri" help:"Whom to call: sip:bob@example.com, or the name of a user of the server."`
	DisplayName string `help:"What others see." placeholder:"TEXT"`
	Role        string `help:"presenter or attendee. Default: what it would be for who dials in." placeholder:"ROLE"`
}

// Run returns when the call is being made: show and watch say what comes of it.
func (c *conferenceInvite) Run(io *streams, holder ctxHolder) error {
	wanted := &api.NewParticipant{URI: c.URI, DisplayName: c.DisplayName, Role: c.Role}
	var called api.Participant
	if err := c.call(holder.ctx, "POST", pathOf(c.ID)+"/participants", wanted, &called); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, called)
	}
	return table(io.out, rosterRows([]api.Participant{called})...)
}

// participantSettings name somebody in a conference.
type participantSettings struct {
	clientSettings
	ID   string `arg:"" name:"id" help:"Id of the conference."`
	User string `arg:"" name:"participant" help:"URI as show has it, or the name of a user of the server."`
}

func (c *participantSettings) change(ctx context.Context, change *api.ParticipantChange) error {
	return c.call(ctx, "PATCH", c.path(), change, nil)
}

func (c *participantSettings) path() string {
	return pathOf(c.ID) + "/participants/" + url.PathEscape(c.User)
}

type conferenceMute struct{ participantSettings }

// Run mutes a participant.
func (c *conferenceMute) Run(_ *streams, holder ctxHolder) error {
	muted := true
	return c.change(holder.ctx, &api.ParticipantChange{Muted: &muted})
}

type conferenceUnmute struct{ participantSettings }

// Run lets a participant be heard again.
func (c *conferenceUnmute) Run(_ *streams, holder ctxHolder) error {
	muted := false
	return c.change(holder.ctx, &api.ParticipantChange{Muted: &muted})
}

type conferencePromote struct{ participantSettings }

// Run makes a participant a presenter.
func (c *conferencePromote) Run(_ *streams, holder ctxHolder) error {
	return c.change(holder.ctx, &api.ParticipantChange{Role: "presenter"})
}

type conferenceDemote struct{ participantSettings }

// Run makes a participant an attendee.
func (c *conferenceDemote) Run(_ *streams, holder ctxHolder) error {
	return c.change(holder.ctx, &api.ParticipantChange{Role: "attendee"})
}

type conferenceEject struct{ participantSettings }

// Run takes a participant out.
func (c *conferenceEject) Run(_ *streams, holder ctxHolder) error {
	return c.call(holder.ctx, "DELETE", c.path(), nil, nil)
}

type conferenceAdmit struct {
	clientSettings
	ID   string `arg:"" name:"id" help:"Id of the conference."`
	User string `arg:"" optional:"" name:"participant" help:"URI as show has it. Default: everybody who waits."`
}

// Run lets in who waits in the lobby.
func (c *conferenceAdmit) Run(_ *streams, holder ctxHolder) error {
	return c.call(holder.ctx, "POST", pathOf(c.ID)+"/lobby", &api.LobbyCommand{Access: "granted", User: c.User}, nil)
}

type conferenceDeny struct{ participantSettings }

// Run sends away somebody who waits in the lobby.
func (c *conferenceDeny) Run(_ *streams, holder ctxHolder) error {
	return c.call(holder.ctx, "POST", pathOf(c.ID)+"/lobby", &api.LobbyCommand{Access: "denied", User: c.User}, nil)
}

type conferenceMuteAll struct {
	clientSettings
	ID  string `arg:"" name:"id" help:"Id of the conference."`
	How string `arg:"" optional:"" help:"${enum}: those who are in; those who come too; and they cannot unmute themselves; not any more." enum:"now,soft,hard,no" default:"soft"`
}

// Run mutes all attendees.
func (c *conferenceMuteAll) Run(_ *streams, holder ctxHolder) error {
	return c.call(holder.ctx, "PATCH", pathOf(c.ID), &api.ConferenceChange{AttendeesMuted: c.How}, nil)
}

type conferenceLock struct {
	clientSettings
	ID string `arg:"" name:"id" help:"Id of the conference."`
}

// Run locks a conference.
func (c *conferenceLock) Run(_ *streams, holder ctxHolder) error {
	locked := true
	return c.call(holder.ctx, "PATCH", pathOf(c.ID), &api.ConferenceChange{Locked: &locked}, nil)
}

type conferenceUnlock struct {
	clientSettings
	ID string `arg:"" name:"id" help:"Id of the conference."`
}

// Run opens a conference again.
func (c *conferenceUnlock) Run(_ *streams, holder ctxHolder) error {
	locked := false
	return c.call(holder.ctx, "PATCH", pathOf(c.ID), &api.ConferenceChange{Locked: &locked}, nil)
}

// rosterRows has a row for each device.
func rosterRows(roster []api.Participant) [][]string {
	rows := [][]string{{"PARTICIPANT", "NAME", "ROLE", "MUTED", "STATUS", "JOINED"}}
	for _, p := range roster {
		for _, e := range p.Endpoints {
			status := e.Status
			if e.Reason != "" {
				status += " (" + e.Reason + ")"
			}
			rows = append(rows, []string{p.URI, p.DisplayName, p.Role, yesNo(p.Muted), status, formatTime(e.Joined)})
		}
	}
	return rows
}
