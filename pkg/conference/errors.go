package conference

import (
	"errors"
	"fmt"
)

// What a command can be refused with. Callers branch with errors.Is; the text is for the log.
var (
	ErrNotFound            = errors.New("no such conference")
	ErrExists              = errors.New("conference exists")
	ErrVersion             = errors.New("conference was changed by somebody else")
	ErrLocked              = errors.New("conference is locked")
	ErrEnded               = errors.New("conference has ended")
	ErrExpired             = errors.New("conference has expired")
	ErrFull                = errors.New("conference is full")
	ErrNotPermitted        = errors.New("not permitted")
	ErrNoThirdParty        = fmt.Errorf("%w: attendees do not call others in", ErrNotPermitted)
	ErrAnonymousNotAllowed = errors.New("conference is for authenticated users")
	ErrNotInvited          = errors.New("not invited")
	ErrPINRequired         = errors.New("PIN required")
	ErrPINWrong            = errors.New("PIN wrong")
	ErrPINTries            = fmt.Errorf("%w too often", ErrPINWrong) // is also an ErrPINWrong

	ErrNoSuchUser     = errors.New("no such participant")
	ErrNoSuchEndpoint = errors.New("no such endpoint")
	ErrNoSuchMedia    = errors.New("no such media stream")
	ErrEndpointExists = errors.New("endpoint exists")
	ErrWaiting        = errors.New("participant waits in the lobby")
	ErrNotWaiting     = errors.New("participant does not wait in the lobby")

	ErrInvalid          = errors.New("invalid value") // all below are also an ErrInvalid
	ErrInvalidURI       = fmt.Errorf("%w: URI", ErrInvalid)
	ErrInvalidID        = fmt.Errorf("%w: conference id", ErrInvalid)
	ErrInvalidExpiry    = fmt.Errorf("%w: expiry", ErrInvalid)
	ErrInvalidPIN       = fmt.Errorf("%w: PIN", ErrInvalid)
	ErrInvalidPolicy    = fmt.Errorf("%w: admission policy", ErrInvalid)
	ErrInvalidSubject   = fmt.Errorf("%w: subject", ErrInvalid)
	ErrInvalidOrganizer = fmt.Errorf("%w: organizer", ErrInvalid)
	ErrInvalidInvitee   = fmt.Errorf("%w: invitee", ErrInvalid)
	ErrInvalidAccess    = fmt.Errorf("%w: lobby access", ErrInvalid)
	ErrInvalidFilter    = fmt.Errorf("%w: media filter", ErrInvalid)
	ErrInvalidRole      = fmt.Errorf("%w: role", ErrInvalid)
)
