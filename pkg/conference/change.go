package conference

import "time"

// Change is one thing that happened. Notifications are made of it.
type Change struct {
	Revision uint64 // of the conference once it had happened; each Change has its own
	At       time.Time
	Kind     ChangeKind
	User     UserID     // whom it happened to; "" when to the conference
	Endpoint EndpointID // "" when to all of the user's or none
	Media    MediaID
	By       UserID // who did it; "" for the server and for the user itself
}

// ChangeKind says what happened.
type ChangeKind int

const (
	RecordChanged        ChangeKind = iota + 1 // subject, policy, PIN, expiry, invitees
	LockChanged                                // Record.Locked
	RecordingChanged                           // Conference.Recording
	MuteAllChanged                             // Conference.MuteAll
	AnnouncementsChanged                       // Conference.Announcements
	ActiveSpeakerChanged                       // Conference.ActiveSpeaker
	UserJoined                                 // a Participant is new, with its first endpoint; it may be Waiting
	UserChanged                                // its role or display text
	UserAdmitted                               // who waited in the lobby is let in
	UserLeft                                   // its last endpoint is gone
	EndpointAdded                              // a further endpoint of a user
	EndpointChanged                            // its status
	EndpointRemoved                            // one of several endpoints of a user
	MediaChanged                               // the streams of an endpoint
	MuteChanged                                // one stream: MediaStream.Muted
	DeafChanged                                // one stream: MediaStream.Deaf
	GainChanged                                // one stream: MediaStream.Gain
	FilterChanged                              // Participant.Hears
	HandChanged                                // Participant.Hand
	SpotlightChanged                           // Participant.Spotlight
	SpeakingChanged                            // an endpoint began or stopped to speak
	ConferenceEnded                            // everybody was removed; nothing follows
)

var changeNames = [...]string{
	RecordChanged: "record", LockChanged: "lock", RecordingChanged: "recording", MuteAllChanged: "mute-all",
	AnnouncementsChanged: "announcements", ActiveSpeakerChanged: "active-speaker",
	UserJoined: "user-joined", UserChanged: "user", UserAdmitted: "user-admitted", UserLeft: "user-left",
	EndpointAdded: "endpoint-added", EndpointChanged: "endpoint", EndpointRemoved: "endpoint-removed",
	MediaChanged: "media", MuteChanged: "mute", DeafChanged: "deaf", GainChanged: "gain",
	FilterChanged: "filter", HandChanged: "hand", SpotlightChanged: "spotlight", SpeakingChanged: "speaking", ConferenceEnded: "ended",
}

// String is the name used in events and in the log.
func (k ChangeKind) String() string {
	if k < RecordChanged || int(k) >= len(changeNames) {
		return "unknown"
	}
	return changeNames[k]
}
