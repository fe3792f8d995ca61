package c3p_test

import (
	"net/netip"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
)

const (
	alice   = "sip:alice@example.com"
	bob     = "sip:bob@example.com"
	factory = "sip:alice@example.com;gruu;opaque=app:conf:focusfactory"
	meeting = "sip:alice@example.com;gruu;opaque=app:conf:focus:id:7H3K92QD"
	av      = "sip:alice@example.com;gruu;opaque=app:conf:audio-video:id:7H3K92QD"
	leg     = "{5B0C7A52-0000-4000-8000-000000000001}"
	offer   = "v=0\r\no=- 0 0 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"
	answer  = "v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0\r\n"
)

var (
	atConference = c3p.ConferenceKeys{Entity: meeting}
	theBob       = c3p.UserKeys{Conference: meeting, User: bob}
	bobsLeg      = c3p.EndpointKeys{Conference: meeting, User: bob, Endpoint: leg}
	bobsAudio    = c3p.MediaKeys{Conference: meeting, User: bob, Endpoint: leg, Media: "1"}
	expiry       = time.Date(2030, 1, 1, 15, 0, 0, 0, time.UTC)
)

// record is a conference as the factory knows it.
func record() *confinfo.Document {
	return &confinfo.Document{
		Entity: meeting, State: confinfo.Full, Version: 1,
		Description: &confinfo.Description{
			Subject: "Team", ConferenceID: "7H3K92QD", ExpiryTime: expiry, AdmissionPolicy: confinfo.Anonymous,
			Organizer: alice, Passcode: "4711", AutoRecord: new(true), Invitees: []string{bob, "sip:carol@example.com"},
		},
	}
}

// requests has a value for each testdata/<folder>/request.xml.
var requests = map[string]*c3p.Request{
	"getConferencingCapabilities": {
		RequestID: "0", From: alice, To: factory, Command: &c3p.GetConferencingCapabilities{},
	},
	"addConference": {
		RequestID: "1", From: alice, To: factory,
		Command: &c3p.AddConference{Conference: &confinfo.Document{
			Description: record().Description,
			View:        &confinfo.View{Entities: []confinfo.EntityView{{Entity: "chat"}, {Entity: "audio-video"}}},
		}},
	},
	"addConference-mcu": {
		RequestID: "1", From: meeting, To: av,
		Command: &c3p.AddConference{Conference: &confinfo.Document{
			Entity:      meeting,
			Description: &confinfo.Description{AutoRecord: new(true), Language: "en"},
		}},
	},
	"getConference": {
		RequestID: "2", From: alice, To: factory,
		Command: &c3p.GetConference{Keys: c3p.ConferenceKeys{ID: "7H3K92QD"}},
	},
	"getConferences": {
		RequestID: "3", From: alice, To: factory, Command: &c3p.GetConferences{},
	},
	"deleteConference": {
		RequestID: "4", From: alice, To: factory,
		Command: &c3p.DeleteConference{Keys: c3p.ConferenceKeys{ID: "7H3K92QD"}},
	},
	"deleteConference-focus": {
		RequestID: "5", From: alice, To: meeting, Command: &c3p.DeleteConference{Keys: atConference},
	},
	"addUser": {
		RequestID: "6", From: bob, To: meeting,
		Command: &c3p.AddUser{Keys: atConference, User: &confinfo.User{
			Entity: bob, Roles: []string{confinfo.Attendee}, Endpoints: []confinfo.Endpoint{{Entity: leg}},
		}},
	},
	"addUser-offer": {
		RequestID: "7", From: meeting, To: av, MCU: av,
		Command: &c3p.AddUser{Keys: atConference, User: &confinfo.User{
			Entity: bob, DisplayText: "Bob",
			Endpoints: []confinfo.Endpoint{{
				Entity: leg, SessionType: confinfo.SessionAudioVideo, JoiningMethod: confinfo.DialedIn,
				SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: offer}, Admitted: new(false), Language: "es",
			}},
		}},
	},
	"addUser-no-offer": {
		RequestID: "8", From: meeting, To: av, MCU: av,
		Command: &c3p.AddUser{Keys: atConference, User: &confinfo.User{
			Entity: bob,
			Endpoints: []confinfo.Endpoint{{
				Entity: leg, SessionType: confinfo.SessionAudioVideo, JoiningMethod: confinfo.DialedOut,
			}},
		}},
	},
	"deleteUser": {
		RequestID: "9", From: alice, To: meeting, Command: &c3p.DeleteUser{Keys: theBob},
	},
	"modifyUserRoles": {
		RequestID: "10", From: alice, To: meeting,
		Command: &c3p.ModifyUserRoles{Keys: theBob, Roles: []string{confinfo.Presenter}},
	},
	"modifyConferenceLock": {
		RequestID: "11", From: alice, To: meeting, Command: &c3p.ModifyConferenceLock{Keys: atConference, Locked: true},
	},
	"modifyEndpoint": {
		RequestID: "12", From: meeting, To: av,
		Command: &c3p.ModifyEndpoint{Keys: bobsLeg, Endpoint: &confinfo.Endpoint{
			Entity: leg, SDP: &confinfo.SDP{Type: confinfo.SDPAnswer, Text: answer},
		}},
	},
	"modifyEndpoint-admit": {
		RequestID: "13", From: meeting, To: av,
		Command: &c3p.ModifyEndpoint{Keys: bobsLeg, Endpoint: &confinfo.Endpoint{Entity: leg, Admitted: new(true)}},
	},
	"modifyEndpointMedia": {
		RequestID: "14", From: alice, To: meeting, MCU: av,
		Command: &c3p.ModifyEndpointMedia{Keys: bobsAudio, Media: &confinfo.Media{
			ID: "1", Type: "audio", Status: confinfo.RecvOnly,
			IngressFilter: confinfo.Block, EgressFilter: confinfo.Unblock, Gain: new(-6.5),
		}},
	},
	"modifyConferenceAnnouncements": {
		RequestID: "15", From: alice, To: meeting, MCU: av,
		Command: &c3p.ModifyConferenceAnnouncements{Keys: atConference, Enabled: true},
	},
	"startRecording": {
		RequestID: "16", From: alice, To: meeting,
		Command: &c3p.StartRecording{Keys: atConference, Format: c3p.FormatOgg},
	},
	"pauseRecording": {
		RequestID: "17", From: alice, To: meeting, Command: &c3p.PauseRecording{Keys: atConference},
	},
	"resumeRecording": {
		RequestID: "18", From: alice, To: meeting, Command: &c3p.ResumeRecording{Keys: atConference},
	},
	"stopRecording": {
		RequestID: "19", From: alice, To: meeting, Command: &c3p.StopRecording{Keys: atConference},
	},
	"playPrompt": {
		RequestID: "20", From: meeting, To: av,
		Command: &c3p.PlayPrompt{
			Keys: bobsLeg, ID: "pin-1", Language: "en", Prompts: []string{"pin-wrong", "pin-enter"},
			Repeat: 3, Interval: 5 * time.Second, StopOnDigit: true,
		},
	},
	"playPrompt-conference": {
		RequestID: "21", From: meeting, To: av,
		Command: &c3p.PlayPrompt{Keys: c3p.EndpointKeys{Conference: meeting}, ID: "rec", Prompts: []string{"recording-started"}},
	},
	"playPrompt-stop": {
		RequestID: "22", From: meeting, To: av,
		Command: &c3p.PlayPrompt{Keys: c3p.EndpointKeys{Conference: meeting, User: bob}},
	},
	"getAvailableMcuTypes": {RequestID: "23", From: alice, To: factory, Command: &c3p.GetAvailableMCUTypes{}},
	"getEncryptionKey":     {RequestID: "24", From: alice, To: factory, Command: &c3p.GetEncryptionKey{}},
	"getConference-key": {
		RequestID: "25", From: alice, To: factory,
		Command: &c3p.GetConference{Keys: c3p.ConferenceKeys{ID: "7H3K92QD"}, Key: certificate},
	},
	"modifyConference": {
		RequestID: "26", From: alice, To: factory,
		Command: &c3p.ModifyConference{Conference: &confinfo.Document{
			Entity: meeting, State: confinfo.Partial, Version: 3,
			Description: &confinfo.Description{
				Subject: "Team, weekly", AdmissionPolicy: confinfo.OpenAuthenticated, PSTNLobbyBypass: new(true), Lobby: new(true),
				Cleared: confinfo.Cleared{Passcode: true, Invitees: true},
			},
		}},
	},
	"modifyConference-mute": {
		RequestID: "27", From: alice, To: meeting, MCU: av,
		Command: &c3p.ModifyConference{Conference: &confinfo.Document{
			Entity: meeting, State: confinfo.Partial,
			View: &confinfo.View{State: confinfo.Partial, Entities: []confinfo.EntityView{{
				Entity: av, State: confinfo.Partial,
				EntityState: &confinfo.EntityState{Filters: &confinfo.FilterRules{Initial: []confinfo.InitialFilter{
					{Role: confinfo.Attendee, Ingress: confinfo.Block, Later: new(true), Hard: true},
				}}},
			}}},
		}},
	},
	"modifyConference-mcu": {
		RequestID: "28", From: meeting, To: av,
		Command: &c3p.ModifyConference{Conference: news(confinfo.Endpoint{
			Entity: leg, State: confinfo.Partial,
			Media: []confinfo.Media{{ID: "1", IngressFilter: confinfo.Block, EgressFilter: confinfo.Unblock}},
		})},
	},
	"modifyUser": {
		RequestID: "29", From: alice, To: meeting,
		Command: &c3p.ModifyUser{Keys: theBob, User: &confinfo.User{Entity: bob, DisplayText: "Bob in Berlin"}},
	},
	"setLobbyAccess": {
		RequestID: "30", From: alice, To: meeting,
		Command: &c3p.SetLobbyAccess{Keys: atConference, User: "sip:guest@example.net", Access: c3p.AccessGranted},
	},
	"setLobbyAccess-all": {
		RequestID: "31", From: alice, To: meeting, Command: &c3p.SetLobbyAccess{Keys: atConference, Access: c3p.AccessGranted},
	},
	"setUserAccess": {
		RequestID: "32", From: alice, To: meeting,
		Command: &c3p.SetLobbyAccess{
			Keys: atConference, User: "sip:guest@example.net", Access: c3p.AccessDenied, Called: "setUserAccess",
		},
	},
	"setMediaFilter": {
		RequestID: "33", From: alice, To: meeting,
		Command: &c3p.SetMediaFilter{Keys: theBob, Only: true, Users: []string{"sip:carol@example.com", "sip:dave@example.com"}},
	},
	"setMediaFilter-everybody": {RequestID: "34", From: alice, To: meeting, Command: &c3p.SetMediaFilter{Keys: theBob}},
	"spotlight":                {RequestID: "35", From: alice, To: meeting, Command: &c3p.Spotlight{Keys: theBob, On: true}},
	"raiseHand": {
		RequestID: "36", From: bob, To: meeting, Command: &c3p.RaiseHand{Keys: c3p.EndpointKeys{Conference: meeting, User: bob}, Up: true},
	},
	"raiseHand-lower": {
		RequestID: "37", From: alice, To: meeting, Command: &c3p.RaiseHand{Keys: c3p.EndpointKeys{Conference: meeting}},
	},
	"modifyEndpoint-hangup": {
		RequestID: "38", From: alice, To: meeting,
		Command: &c3p.ModifyEndpoint{Keys: bobsLeg, Endpoint: &confinfo.Endpoint{Entity: leg, Status: confinfo.StatusDisconnected}},
	},
	"addUser-dialout": {
		RequestID: "39", From: alice, To: meeting, MCU: av,
		Command: &c3p.AddUser{Keys: atConference, User: &confinfo.User{
			Entity: "sip:carol@example.com", DisplayText: "Carol", Roles: []string{confinfo.Attendee},
			Endpoints: []confinfo.Endpoint{{
				Entity: "{5B0C7A52-0000-4000-8000-000000000002}", SessionType: confinfo.SessionAudioVideo, URI: "tel:+15550123",
				JoiningMethod: confinfo.DialedOut,
			}},
		}},
	},
}

// certificate stands for one; nothing here looks into it.
var certificate = []byte("0\x82\x01\n\x02\x82\x01\x01\x00")

// responses has a value for each testdata/<folder>/response.xml.
var responses = map[string]*c3p.Response{
	"getConferencingCapabilities": requests["getConferencingCapabilities"].Success(&c3p.GetConferencingCapabilities{
		Version: "1", MCUTypes: []string{"chat", "audio-video"}, DefaultRegion: "North",
		Regions: []c3p.Region{{Name: "North", Numbers: []string{"+15550100"}}},
	}),
	"addConference":     requests["addConference"].Success(&c3p.AddConference{Conference: record()}),
	"addConference-mcu": requests["addConference-mcu"].Success(&c3p.AddConference{Conference: &confinfo.Document{Entity: meeting}}),
	"addConference-exists": requests["addConference"].Failure(&c3p.Error{
		Reason: c3p.ReasonConferenceExists, Detail: `"7H3K92QD" is taken`,
	}),
	"getConference":    requests["getConference"].Success(&c3p.GetConference{Conference: record()}),
	"getConferences":   requests["getConferences"].Success(&c3p.GetConferences{Conferences: []*confinfo.Document{record()}}),
	"deleteConference": requests["deleteConference"].Success(&c3p.DeleteConference{}),
	"addUser": requests["addUser"].Success(&c3p.AddUser{Keys: atConference, User: &confinfo.User{
		Entity: bob, Roles: []string{confinfo.Attendee},
	}}),
	"addUser-offer": requests["addUser-offer"].Success(&c3p.AddUser{Keys: atConference, User: &confinfo.User{
		Entity: bob,
		Endpoints: []confinfo.Endpoint{{
			Entity: leg, SessionType: confinfo.SessionAudioVideo, Status: confinfo.StatusConnected,
			Media: []confinfo.Media{{ID: "1", Type: "audio", Label: "main-audio", SrcID: "1001", Status: confinfo.SendRecv}},
			SDP:   &confinfo.SDP{Type: confinfo.SDPAnswer, Text: answer},
		}},
	}}),
	"addUser-no-offer": requests["addUser-no-offer"].Success(&c3p.AddUser{Keys: atConference, User: &confinfo.User{
		Entity:    bob,
		Endpoints: []confinfo.Endpoint{{Entity: leg, SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: offer}}},
	}}),
	"addUser-pending": requests["addUser-no-offer"].Pending(),
	"deleteUser":      requests["deleteUser"].Success(&c3p.DeleteUser{}),
	"modifyUserRoles": requests["modifyUserRoles"].Success(&c3p.ModifyUserRoles{}),
	"modifyConferenceLock": requests["modifyConferenceLock"].Success(
		&c3p.ModifyConferenceLock{}),
	"modifyEndpoint": requests["modifyEndpoint"].Success(&c3p.ModifyEndpoint{
		Keys: bobsLeg, Endpoint: &confinfo.Endpoint{Entity: leg, Status: confinfo.StatusConnected},
	}),
	"modifyEndpoint-refused": requests["modifyEndpoint"].Failure(&c3p.Error{
		Reason: c3p.ReasonMediaNotAcceptable, Detail: "no codec in common",
	}),
	"modifyEndpointMedia":           requests["modifyEndpointMedia"].Success(&c3p.ModifyEndpointMedia{}),
	"modifyConferenceAnnouncements": requests["modifyConferenceAnnouncements"].Success(&c3p.ModifyConferenceAnnouncements{}),
	"startRecording":                requests["startRecording"].Success(&c3p.StartRecording{}),
	"startRecording-running": requests["startRecording"].Failure(&c3p.Error{
		Reason: c3p.ReasonAnotherRecordingInProgress,
	}),
	"pauseRecording":  requests["pauseRecording"].Success(&c3p.PauseRecording{}),
	"resumeRecording": requests["resumeRecording"].Success(&c3p.ResumeRecording{}),
	"stopRecording":   requests["stopRecording"].Success(&c3p.StopRecording{}),
	"playPrompt":      requests["playPrompt"].Success(&c3p.PlayPrompt{}),
	"getAvailableMcuTypes": requests["getAvailableMcuTypes"].Success(
		&c3p.GetAvailableMCUTypes{MCUTypes: []string{"audio-video"}}),
	"getEncryptionKey": requests["getEncryptionKey"].Success(&c3p.GetEncryptionKey{Certificate: certificate}),
	"modifyConference": requests["modifyConference"].Success(&c3p.ModifyConference{Conference: &confinfo.Document{
		Entity: meeting, State: confinfo.Full, Version: 4,
		Description: &confinfo.Description{
			Subject: "Team, weekly", ConferenceID: "7H3K92QD", ExpiryTime: expiry, AdmissionPolicy: confinfo.OpenAuthenticated,
			PSTNLobbyBypass: new(true), Organizer: alice, AutoRecord: new(true), Lobby: new(true),
		},
	}}),
	"modifyConference-old": requests["modifyConference"].Failure(&c3p.Error{
		Reason: c3p.ReasonInvalidVersion, Detail: "somebody else has changed the conference: read it again",
	}),
	"modifyUser":     requests["modifyUser"].Success(&c3p.ModifyUser{}),
	"setLobbyAccess": requests["setLobbyAccess"].Success(&c3p.SetLobbyAccess{}),
	"setUserAccess":  requests["setUserAccess"].Success(&c3p.SetLobbyAccess{Called: "setUserAccess"}),
	"setMediaFilter": requests["setMediaFilter"].Success(&c3p.SetMediaFilter{}),
	"spotlight":      requests["spotlight"].Success(&c3p.Spotlight{}),
	"raiseHand":      requests["raiseHand"].Success(&c3p.RaiseHand{}),
}

// notifications has a value for each testdata/notification/<name>.xml.
var notifications = map[string]*c3p.Notification{
	"connected": {From: av, To: meeting, Conference: news(confinfo.Endpoint{
		Entity: leg, State: confinfo.Partial, Status: confinfo.StatusConnected,
		Media: []confinfo.Media{{ID: "1", Type: "audio", Status: confinfo.RecvOnly, IngressFilter: confinfo.Block}},
	})},
	"disconnected": {From: av, To: meeting, Conference: news(confinfo.Endpoint{
		Entity: leg, State: confinfo.Partial, Status: confinfo.StatusDisconnected, DisconnectionMethod: confinfo.Failed,
		DisconnectionInfo: confinfo.Execution{When: expiry, Reason: confinfo.ReasonMediaTimeout},
	})},
	"offer": {From: av, To: meeting, Conference: news(confinfo.Endpoint{
		Entity: leg, State: confinfo.Partial, SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: offer},
	})},
	"digit": {From: av, To: meeting, Events: []c3p.Event{
		&c3p.Digit{Keys: bobsLeg, Digit: "5", Duration: 120 * time.Millisecond},
	}},
	"prompt-finished": {From: av, To: meeting, Events: []c3p.Event{
		&c3p.PromptFinished{Keys: bobsLeg, ID: "pin-1", Outcome: c3p.OutcomeInterrupted},
	}},
	"speaking": {From: av, To: meeting, Events: []c3p.Event{
		&c3p.Speaking{Keys: theBob, Speaking: true},
		&c3p.Speaking{Keys: c3p.UserKeys{Conference: meeting, User: alice}},
	}},
	"recording": {From: av, To: meeting, Events: []c3p.Event{
		&c3p.Recording{Conference: meeting, State: confinfo.RecordingStarted, Directory: "7H3K92QD/20300101T150000Z"},
		&c3p.Recording{Conference: meeting, State: confinfo.RecordingFailed, Reason: "no space left", Directory: "7H3K92QD/20300101T150000Z"},
	}},
	"quality": {From: av, To: meeting, Events: []c3p.Event{
		&c3p.Quality{Keys: bobsLeg, Final: true, Report: quality.Report{
			Interval: false, LocalAddr: netip.MustParseAddrPort("198.51.100.1:20000"), RemoteAddr: netip.MustParseAddrPort("[2001:db8::7]:4000"),
			Start: time.Date(2030, 1, 1, 15, 0, 0, 0, time.UTC), Stop: time.Date(2030, 1, 1, 16, 0, 0, 0, time.UTC),
			Codec: quality.Codec{PayloadType: 111, Name: "opus", Rate: 48000, FrameDuration: 20, FramesPerPacket: 1, PacketsPerSecond: 50},
			Local: &quality.Metrics{SSRC: 7, Packets: 1000, Lost: 15, LossRate: 0.015, BurstRatio: 1, Gmin: 16, Jitter: 12.5, RoundTrip: 48, BufferAdaptive: true, Signal: -21,
				R: 84.5, MOSCQ: 4.17},
			Remote: &quality.Metrics{Packets: 1010, Jitter: 3},
		}},
		&c3p.Quality{Keys: bobsLeg, Report: quality.Report{Interval: true, Start: time.Date(2030, 1, 1, 15, 0, 0, 0, time.UTC), Stop: time.Date(2030, 1, 1, 15, 0, 5, 0, time.UTC)}},
	}},
	"response": {From: av, To: meeting, Response: responses["modifyEndpoint"]},
}

func news(e confinfo.Endpoint) *confinfo.Document {
	return &confinfo.Document{
		Entity: meeting, State: confinfo.Partial, UsersState: confinfo.Partial,
		Users: []confinfo.User{{Entity: bob, State: confinfo.Partial, Endpoints: []confinfo.Endpoint{e}}},
	}
}
