package focus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/b2bua"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

func TestOutcomes(t *testing.T) {
	s := &Server{config: Config{Domain: "example.com"}, log: slog.New(slog.DiscardHandler)}
	for _, row := range []struct {
		err    error
		status int
		header string // one of the refusal
		reason c3p.Reason
		detail string
	}{
		{conference.ErrNotFound, 404, `Warning: 399 example.com "no such conference"`, c3p.ReasonConferenceDoesNotExist, "no such conference"},
		{conference.ErrLocked, 403, `ms-diagnostics: 3014;reason="the conference is locked";source="example.com"`, c3p.ReasonConferenceLocked, "the conference is locked"},
		{conference.ErrPINTries, 403, "", c3p.ReasonInvalidPasscode, "wrong PIN"},
		{fmt.Errorf("storing: %w", conference.ErrExists), 403, "", c3p.ReasonConferenceExists, "the conference id is taken"},
		{fmt.Errorf("%w: want 4 to 16 digits", conference.ErrInvalidPIN), 400, "", c3p.ReasonInvalidPasscode, "invalid value: PIN: want 4 to 16 digits"},
		{conference.ErrInvalidSubject, 400, "", c3p.ReasonInvalidContent, "invalid value: subject"},
		{b2bua.ErrMediaType, 415, "Accept: application/sdp", c3p.ReasonInvalidContent, "the body is not a session description"},
		{fmt.Errorf("addUser: %w: %w", errNoMCU, context.DeadlineExceeded), 503, "Retry-After: 10", c3p.ReasonServiceUnavailable, "no media server answers"},
		{&c3p.Error{Reason: c3p.ReasonMediaNotAcceptable, Detail: "305 Incompatible media format"}, 488, `Warning: 305 example.com "Incompatible media format"`, c3p.ReasonMediaNotAcceptable, "305 Incompatible media format"},
		{&c3p.Error{Reason: c3p.ReasonInvalidContent, Detail: `bad "line"`}, 400, `ms-diagnostics: 7008;reason="bad \"line\"";source="example.com"`, c3p.ReasonInvalidContent, `bad "line"`},
		{&c3p.Error{Reason: c3p.ReasonOtherFailure}, 500, "", c3p.ReasonOtherFailure, ""},
		{&waitError{1500e6}, 480, "Retry-After: 2", c3p.ReasonServiceUnavailable, "too many failures: wait 1.5s"},
		{errors.New("database password is hunter2"), 500, "", c3p.ReasonOtherFailure, ""},
		{&panicError{"serving"}, 500, "", c3p.ReasonOtherFailure, ""},
	} {
		status, headers := s.refusal(row.err)
		var lines []string
		for _, h := range headers {
			lines = append(lines, h.String())
		}
		if all := strings.Join(lines, "\n"); status != row.status || !strings.Contains(all, row.header) || strings.Contains(all, "hunter2") {
			t.Errorf("%v: %d with %q, want %d with %q", row.err, status, all, row.status, row.header)
		}
		if reason, detail := c3p.Explain(s.wireError(row.err)); reason != row.reason || detail != row.detail {
			t.Errorf("%v: %s, %q; want %s, %q", row.err, reason, detail, row.reason, row.detail)
		}
	}
}

// TestEverySentinelHasAnOutcome: what a command can be refused with must not come out as "internal error".
func TestEverySentinelHasAnOutcome(t *testing.T) {
	for _, err := range []error{
		conference.ErrNotFound, conference.ErrExists, conference.ErrVersion, conference.ErrLocked, conference.ErrEnded, conference.ErrExpired,
		conference.ErrFull, conference.ErrNotPermitted, conference.ErrAnonymousNotAllowed, conference.ErrNotInvited, conference.ErrPINRequired,
		conference.ErrPINWrong, conference.ErrPINTries, conference.ErrNoSuchUser, conference.ErrNoSuchEndpoint, conference.ErrNoSuchMedia,
		conference.ErrEndpointExists, conference.ErrInvalid, conference.ErrInvalidURI, conference.ErrInvalidID, conference.ErrInvalidExpiry,
		conference.ErrInvalidPIN, conference.ErrInvalidPolicy, conference.ErrInvalidSubject, conference.ErrInvalidOrganizer,
		conference.ErrInvalidInvitee, conference.ErrInvalidRole,
	} {
		if o, known := outcomeOf(err); !known || o.status >= 500 && !errors.Is(err, conference.ErrVersion) {
			t.Errorf("%v: %+v", err, o)
		}
	}
}
