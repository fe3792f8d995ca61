package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// AddConference makes a conference at the factory; the focus sends it to an MCU to have one started there under the URI of
// Conference.Entity. The response has at least that URI.
type AddConference struct{ Conference *confinfo.Document }

// Name implements Command.
func (c *AddConference) Name() string { return "addConference" }

func readAddConference(e *strictxml.Element) (Command, error) {
	conference, err := readConferenceInfo(e)
	return &AddConference{Conference: conference}, err
}

func (c *AddConference) check() error {
	if c.Conference == nil {
		return invalid(ReasonInvalidContent, "no conference-info")
	}
	return checkDescription(c.Conference.Description)
}

// checkDescription looks at the words of a description only; what they mean is the conference's business.
func checkDescription(d *confinfo.Description) error {
	if d == nil {
		return nil
	}
	switch d.AdmissionPolicy {
	case "", confinfo.ClosedAuthenticated, confinfo.OpenAuthenticated, confinfo.Anonymous:
	default:
		return invalid(ReasonInvalidAdmissionPolicy, "unknown admission-policy")
	}
	if d.Passcode != "" && d.Encrypted != "" {
		return invalid(ReasonInvalidPasscode, "a passcode, and an encrypted one too")
	}
	if !allDigits(d.Passcode) {
		return invalid(ReasonInvalidPasscode, "a keypad has digits only")
	}
	if !isLanguage(d.Language) {
		return invalid(ReasonInvalidContent, "language is not a BCP 47 tag")
	}
	return nil
}

func (c *AddConference) append(w *strictxml.Writer) {
	if c.Conference != nil {
		c.Conference.AppendFragment(w)
	}
}

// readConferenceInfo reads the conference-info inside a command, nil when there is none.
func readConferenceInfo(e *strictxml.Element) (*confinfo.Document, error) {
	child := e.Child(confinfo.Namespace, "conference-info")
	if child == nil {
		return nil, nil
	}
	return confinfo.ParseElement(child)
}

func allDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// isLanguage accepts the shape of a BCP 47 tag, and no tag. It may become part of a file name.
func isLanguage(tag string) bool {
	if len(tag) > 35 { // RFC 5646 §4.4.1
		return false
	}
	for _, c := range []byte(tag) {
		if !isAlphanumeric(c) && c != '-' {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
