package c3p

import (
	"errors"
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// Reason is why a command failed, as it stands in the reason attribute.
type Reason string

// The reasons that Microsoft's API names; their spelling on the wire is inferred.
const (
	ReasonOtherFailure               Reason = "otherFailure" // only when nothing else fits
	ReasonAnonymousUsersNotAllowed   Reason = "anonymousUsersNotAllowed"
	ReasonAnotherRecordingInProgress Reason = "anotherRecordingInProgress"
	ReasonConferenceDoesNotExist     Reason = "conferenceDoesNotExist"
	ReasonConferenceExists           Reason = "conferenceExists"
	ReasonEndpointDoesNotExist       Reason = "endpointDoesNotExist"
	ReasonEntitySettingsTooLarge     Reason = "entitySettingsTooLarge"
	ReasonFederatedUsersNotAllowed   Reason = "federatedUsersNotAllowed"
	ReasonForbidden                  Reason = "forbidden"
	ReasonInvalidAdmissionPolicy     Reason = "invalidAdmissionPolicy"
	ReasonInvalidConferenceID        Reason = "invalidConferenceId"
	ReasonInvalidEncryptionKey       Reason = "invalidEncryptionKey"
	ReasonInvalidEncryptionKeyUsed   Reason = "invalidEncryptionKeyUsed"
	ReasonInvalidExpiryTime          Reason = "invalidExpiryTime"
	ReasonInvalidPasscode            Reason = "invalidPasscode"
	ReasonInvalidRole                Reason = "invalidRole"
	ReasonInvalidUserEntity          Reason = "invalidUserEntity"
	ReasonInvalidVersion             Reason = "invalidVersion"
	ReasonMaximumConferencesExceeded Reason = "maximumConferencesExceeded"
)

// The reasons that we add (docs/protocol/c3p.md).
const (
	ReasonConferenceEntityInvalid Reason = "conferenceEntityInvalid" // not a URI of this server
	ReasonConferenceLocked        Reason = "conferenceLocked"        // nobody new may join
	ReasonInvalidContent          Reason = "invalidContent"          // a known command without what it needs
	ReasonInvitationOnly          Reason = "invitationOnly"          // a closed conference
	ReasonMaximumUsersExceeded    Reason = "maximumUsersExceeded"    // the conference is full
	ReasonMediaDoesNotExist       Reason = "mediaDoesNotExist"       // the keys name no stream
	ReasonMediaNotAcceptable      Reason = "mediaNotAcceptable"      // the SDP cannot be agreed on; SIP 488
	ReasonNoRecordingInProgress   Reason = "noRecordingInProgress"   // nothing to pause, resume or stop
	ReasonNotImplemented          Reason = "notImplemented"          // an unknown command
	ReasonPromptDoesNotExist      Reason = "promptDoesNotExist"      // no prompt can have that name
	ReasonRecordingDoesNotStart   Reason = "recordingDoesNotStart"   // the disk refuses
	ReasonServiceUnavailable      Reason = "serviceUnavailable"      // no room, no MCU; SIP 503
	ReasonStaleEpoch              Reason = "staleEpoch"              // another focus has taken over
	ReasonUserDoesNotExist        Reason = "userDoesNotExist"        // the keys name no participant
	ReasonUserExists              Reason = "userExists"              // the endpoint has joined already
)

// Error is a failure that the other side is told about.
type Error struct {
	Reason Reason
	Detail string // for a person; shown to the sender
	Err    error  // for our log only; may be nil
}

func (e *Error) Error() string {
	text := "c3p: " + string(e.Reason)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// EnvelopeError says why a well-formed document is not a C3P document.
type EnvelopeError struct{ Detail string }

func (e *EnvelopeError) Error() string { return "c3p: " + e.Detail }

// UnknownCommandError names a command that is not in the table.
type UnknownCommandError struct{ Name string }

func (e *UnknownCommandError) Error() string { return "c3p: unknown command " + e.Name }

// ContentError says what is wrong inside a known command.
type ContentError struct {
	Command string
	Reason  Reason
	Detail  string // shown to the sender
}

func (e *ContentError) Error() string { return fmt.Sprintf("c3p: %s: %s", e.Command, e.Detail) }

// Explain returns the reason and the detail to answer err with. What is not one of this package's errors is a secret:
// otherFailure, without detail.
func Explain(err error) (reason Reason, detail string) {
	var failure *Error
	var content *ContentError
	var unknown *UnknownCommandError
	switch {
	case errors.As(err, &failure):
		return failure.Reason, failure.Detail
	case errors.As(err, &content):
		return content.Reason, content.Detail
	case errors.As(err, &unknown):
		return ReasonNotImplemented, "unknown command " + unknown.Name
	}
	return ReasonOtherFailure, ""
}

// invalid is what check and the readers of commands return; contentError puts the command's name in.
func invalid(reason Reason, detail string) error {
	return &ContentError{Reason: reason, Detail: detail}
}

// contentError turns whatever the reader of a command returned into a ContentError of that command.
func contentError(command string, err error) *ContentError {
	var content *ContentError
	if errors.As(err, &content) {
		content.Command = command
		return content
	}
	reason := ReasonInvalidContent
	var part *confinfo.Error
	if errors.As(err, &part) && part.Element == "expiry-time" {
		reason = ReasonInvalidExpiryTime
	}
	return &ContentError{Command: command, Reason: reason, Detail: err.Error()}
}
