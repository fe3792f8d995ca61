package conference

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Record is what is stored of a conference. It outlives the meetings held in it: a conference starts when the first participant joins,
// ends, and may start again until it expires. What a command was answered about the record is in it; who is in a meeting, hands, spotlights
// and filters are not: they end with the calls.
type Record struct {
	ID              ID
	Organizer       UserID
	Subject         string
	AdmissionPolicy AdmissionPolicy
	Lobby           bool      // whom the policy or the lock keeps out may wait
	PSTNLobbyBypass bool      // with a lobby: telephones of the public network are let in where the policy keeps them out
	PIN             PIN       // "" for none
	Expires         time.Time // zero for never
	AutoRecord      bool
	Encryption      Encryption // of the media
	Silent          bool       // joining and leaving is not announced
	Invitees        []UserID
	Created         time.Time
	Ended           time.Time // when it was ended for good; zero when it was not
	Version         uint64    // of the stored record, for Update; 0 before it is stored

	// Of the meeting; its end resets them, but for Roles.
	Locked    bool
	MuteAll   MuteAll
	Recording RecordingState  // "" is NotRecording
	Roles     map[UserID]Role // given to users; without, Conference.role
}

// Encryption says whether the media of a conference must be encrypted.
type Encryption string

// The values of Encryption; "" is as the server has it.
const (
	EncryptionRequired  Encryption = "required"
	EncryptionPreferred Encryption = "preferred"
	EncryptionNone      Encryption = "none"
)

// Valid reports whether e is one of the values.
func (e Encryption) Valid() bool {
	return e == "" || e == EncryptionRequired || e == EncryptionPreferred || e == EncryptionNone
}

// PIN is 4 to 16 digits. It hides itself from the log and from %v; string(p) is the digits.
type PIN string

func (p PIN) String() string {
	if p == "" {
		return ""
	}
	return "(hidden)"
}

// GoString hides the digits from %#v.
func (p PIN) GoString() string { return fmt.Sprintf("%q", p.String()) }

// LogValue hides the digits from slog.
func (p PIN) LogValue() slog.Value { return slog.StringValue(p.String()) }

// What a record may hold.
const (
	maxSubject  = 256 // characters
	maxInvitees = 1000
	maxRoles    = 1000
	maxLifetime = 10 * 366 * 24 * time.Hour
	minPIN      = 4
	maxPIN      = 16
)

// Validate says whether the caller may store r at now: the first rule it breaks, or nil. Only an administrator may hand out an id of
// fewer than 8 characters or make a conference for somebody else.
func (r *Record) Validate(now time.Time, by Caller) error {
	if err := r.validateID(by); err != nil {
		return err
	}
	if r.Organizer == "" || URI(r.Organizer).UserID() != r.Organizer {
		return fmt.Errorf("%w: %.80q is not a canonical URI", ErrInvalidOrganizer, r.Organizer)
	}
	if err := MayOutside(by.Actor(), AddConference, r.Organizer); err != nil {
		return fmt.Errorf("%w: %.80s is not the organizer", err, by.URI)
	}
	return r.validateContent(now)
}

func (r *Record) validateID(by Caller) error {
	id, err := ParseID(string(r.ID))
	if err != nil {
		return err
	}
	if id != r.ID {
		return fmt.Errorf("%w: not in lower case", ErrInvalidID)
	}
	if len(id) < minID && !by.Administrator {
		return fmt.Errorf("%w: fewer than %d characters are for administrators", ErrInvalidID, minID)
	}
	return nil
}

func (r *Record) validateContent(now time.Time) error {
	if !r.AdmissionPolicy.Valid() {
		return fmt.Errorf("%w: %.40q", ErrInvalidPolicy, r.AdmissionPolicy)
	}
	if !printable(r.Subject, maxSubject) {
		return fmt.Errorf("%w: want up to %d printable characters", ErrInvalidSubject, maxSubject)
	}
	if !r.Encryption.Valid() {
		return fmt.Errorf("%w: encryption %.40q", ErrInvalid, r.Encryption)
	}
	if !r.PIN.valid() {
		return fmt.Errorf("%w: want %d to %d digits", ErrInvalidPIN, minPIN, maxPIN)
	}
	if !r.Expires.IsZero() && (!r.Expires.After(now) || r.Expires.Sub(now) > maxLifetime) {
		return fmt.Errorf("%w: %s", ErrInvalidExpiry, r.Expires.Format(time.RFC3339))
	}
	return r.validateInvitees()
}

func (r *Record) validateInvitees() error {
	if len(r.Invitees) > maxInvitees {
		return fmt.Errorf("%w: more than %d", ErrInvalidInvitee, maxInvitees)
	}
	for _, user := range r.Invitees {
		if user == "" || URI(user).UserID() != user {
			return fmt.Errorf("%w: %.80q is not a canonical URI", ErrInvalidInvitee, user)
		}
	}
	return nil
}

// ExpiredAt reports whether the record's time is over.
func (r *Record) ExpiredAt(now time.Time) bool {
	return !r.Expires.IsZero() && !now.Before(r.Expires)
}

// Clone is a deep copy.
func (r Record) Clone() Record {
	r.Invitees = slices.Clone(r.Invitees)
	r.Roles = maps.Clone(r.Roles)
	return r
}

// Equal reports whether two records are the same, whatever their versions.
func (r *Record) Equal(s *Record) bool {
	return r.ID == s.ID && r.Organizer == s.Organizer && r.Created.Equal(s.Created) && r.Ended.Equal(s.Ended) && r.SameContent(s) &&
		r.Locked == s.Locked && r.MuteAll == s.MuteAll && r.Recording == s.Recording && r.Silent == s.Silent &&
		maps.Equal(r.Roles, s.Roles)
}

// SameContent reports whether two records are the same in what Modify can change.
func (r *Record) SameContent(s *Record) bool {
	return r.Subject == s.Subject && r.AdmissionPolicy == s.AdmissionPolicy && r.Encryption == s.Encryption && r.Lobby == s.Lobby && r.PSTNLobbyBypass == s.PSTNLobbyBypass &&
		r.PIN == s.PIN && r.Expires.Equal(s.Expires) && r.AutoRecord == s.AutoRecord && slices.Equal(r.Invitees, s.Invitees)
}

func (p PIN) valid() bool {
	if p == "" {
		return true
	}
	return len(p) >= minPIN && len(p) <= maxPIN && strings.Trim(string(p), "0123456789") == ""
}

func printable(text string, most int) bool {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) })
}
