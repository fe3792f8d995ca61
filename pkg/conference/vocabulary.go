package conference

import "slices"

// UserID names a participant: the address of record in canonical form (URI.UserID), or a guest's (Conference.Join). It is the entity of
// `user` in RFC 4575 §5.6.
type UserID string

// EndpointID names one device of a participant; unique within its user (`endpoint` in RFC 4575 §5.7).
type EndpointID string

// MediaID names one media stream of an endpoint (`media` in RFC 4575 §5.8); we use the index of the m-line, from 1.
type MediaID string

// Role is what a participant may do (`roles` in RFC 4575 §5.6.3, with the values of C3P).
type Role string

const (
	Attendee  Role = "attendee"
	Presenter Role = "presenter"
)

// Valid reports whether r is one of the two.
func (r Role) Valid() bool { return r == Attendee || r == Presenter }

// AdmissionPolicy says who may join.
type AdmissionPolicy string

const (
	ClosedAuthenticated AdmissionPolicy = "closedAuthenticated" // the organizer and the invitees
	OpenAuthenticated   AdmissionPolicy = "openAuthenticated"   // every authenticated user
	Anonymous           AdmissionPolicy = "anonymous"           // every caller who knows the URI, and the PIN if there is one
)

// Valid reports whether p is one of the three.
func (p AdmissionPolicy) Valid() bool {
	return p == ClosedAuthenticated || p == OpenAuthenticated || p == Anonymous
}

// LobbyAccess is what becomes of who waits in the lobby.
type LobbyAccess string

const (
	LobbyGranted LobbyAccess = "granted"
	LobbyDenied  LobbyAccess = "denied"
)

// Valid reports whether a is one of the two.
func (a LobbyAccess) Valid() bool { return a == LobbyGranted || a == LobbyDenied }

// EndpointStatus is the value of `status` in RFC 4575 §5.7.3.
type EndpointStatus string

const (
	StatusPending       EndpointStatus = "pending"
	StatusDialingOut    EndpointStatus = "dialing-out"
	StatusDialingIn     EndpointStatus = "dialing-in"
	StatusAlerting      EndpointStatus = "alerting"
	StatusOnHold        EndpointStatus = "on-hold"
	StatusConnected     EndpointStatus = "connected"
	StatusMutedViaFocus EndpointStatus = "muted-via-focus"
	StatusDisconnecting EndpointStatus = "disconnecting"
	StatusDisconnected  EndpointStatus = "disconnected"
)

// Valid reports whether s is a value of RFC 4575.
func (s EndpointStatus) Valid() bool {
	return slices.Contains([]EndpointStatus{
		StatusPending, StatusDialingOut, StatusDialingIn, StatusAlerting, StatusOnHold,
		StatusConnected, StatusMutedViaFocus, StatusDisconnecting, StatusDisconnected,
	}, s)
}

// JoiningMethod is the value of `joining-method` in RFC 4575 §5.7.4.
type JoiningMethod string

const (
	DialedIn   JoiningMethod = "dialed-in"
	DialedOut  JoiningMethod = "dialed-out"
	FocusOwner JoiningMethod = "focus-owner"
)

// Valid reports whether m is a value of RFC 4575.
func (m JoiningMethod) Valid() bool { return m == DialedIn || m == DialedOut || m == FocusOwner }

// DisconnectionMethod is the value of `disconnection-method` in RFC 4575 §5.7.6: why an endpoint is gone.
type DisconnectionMethod string

const (
	Departed DisconnectionMethod = "departed" // it hung up
	Booted   DisconnectionMethod = "booted"   // it was removed, or the conference ended
	Failed   DisconnectionMethod = "failed"   // it could not be reached, or its media died
	Busy     DisconnectionMethod = "busy"
)

// Direction is the value of `status` of a media stream (RFC 4575 §5.8.5), seen from the participant.
type Direction string

const (
	SendRecv Direction = "sendrecv"
	SendOnly Direction = "sendonly"
	RecvOnly Direction = "recvonly"
	Inactive Direction = "inactive"
)

// Valid reports whether d is a value of RFC 4575.
func (d Direction) Valid() bool {
	return d == SendRecv || d == SendOnly || d == RecvOnly || d == Inactive
}

// MediaType is the value of `type` of a media stream (RFC 4575 §5.8.2): a top-level media type of SDP.
type MediaType string

const (
	Audio MediaType = "audio"
	Video MediaType = "video"
	Text  MediaType = "text"
	Chat  MediaType = "message"
)

// RecordingState says whether the conference is being recorded.
type RecordingState string

const (
	NotRecording    RecordingState = "stopped"
	Recording       RecordingState = "recording"
	RecordingPaused RecordingState = "paused"
)

// Valid reports whether s is one of the three.
func (s RecordingState) Valid() bool {
	return s == NotRecording || s == Recording || s == RecordingPaused
}
