package mcu

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
)

var (
	errNotFocus       = errors.New("only a focus commands an MCU")
	errUnknownCommand = &c3p.Error{Reason: c3p.ReasonNotImplemented, Detail: "not a command of an MCU"}
	errNoConference   = errors.New("no such conference on this MCU")
	errExists         = errors.New("conference exists")
	errNoEndpoint     = errors.New("no such endpoint")
	errEndpointExists = errors.New("endpoint exists")
	errRecording      = errors.New("conference is being recorded already")
	errNotRecording   = errors.New("conference is not being recorded")
	errNoRecordings   = errors.New("this MCU has no folder for recordings")
	errStale          = errors.New("another focus commands this conference")
	errClosed         = errors.New("MCU is shutting down")
	errNoPrompt       = errors.New("no such prompt")
	errTooManyFilters = errors.New("too many participants have media filters")
	errPanicked       = errors.New("the same request ended in a panic")
)

// reasons is the one place where errors of the MCU become C3P reasons; the detail is the error's own text.
var reasons = []struct {
	err    error
	reason c3p.Reason
}{
	{errNoConference, c3p.ReasonConferenceDoesNotExist},
	{errExists, c3p.ReasonConferenceExists},
	{errNoEndpoint, c3p.ReasonEndpointDoesNotExist},
	{errRecording, c3p.ReasonAnotherRecordingInProgress},
	{errEndpointExists, c3p.ReasonUserExists},
	{errNotRecording, c3p.ReasonNoRecordingInProgress},
	{errNoRecordings, c3p.ReasonRecordingDoesNotStart},
	{errStale, c3p.ReasonStaleEpoch},
	{errNoPrompt, c3p.ReasonPromptDoesNotExist},
	{errTooManyFilters, c3p.ReasonServiceUnavailable},
	{errClosed, c3p.ReasonServiceUnavailable},
	{media.ErrNoPort, c3p.ReasonServiceUnavailable},
	{context.Canceled, c3p.ReasonServiceUnavailable},
	{context.DeadlineExceeded, c3p.ReasonServiceUnavailable},
	{sdp.ErrAnswer, c3p.ReasonInvalidContent},
	{sdp.ErrNoOffer, c3p.ReasonInvalidContent},
}

func wireError(err error) error {
	var wire *c3p.Error
	if errors.As(err, &wire) {
		return wire
	}
	var syntax *sdp.SyntaxError
	if errors.As(err, &syntax) {
		return &c3p.Error{Reason: c3p.ReasonInvalidContent, Detail: syntax.Error(), Err: err}
	}
	var refused *sdp.NotAcceptableError
	if errors.As(err, &refused) {
		return &c3p.Error{Reason: c3p.ReasonMediaNotAcceptable, Detail: fmt.Sprintf("%d %s", refused.Warning, refused.Text), Err: err}
	}
	for _, row := range reasons {
		if errors.Is(err, row.err) {
			return &c3p.Error{Reason: row.reason, Detail: err.Error(), Err: err}
		}
	}
	return &c3p.Error{Reason: c3p.ReasonOtherFailure, Detail: err.Error(), Err: err}
}
