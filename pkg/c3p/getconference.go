package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// GetConference asks for the record of one conference; Conference is of the response.
type GetConference struct {
	Keys       ConferenceKeys
	Key        []byte // X.509, DER: the PIN is to come encrypted to it (fx:encrypted-passcode); nil: as it is
	Conference *confinfo.Document
}

// Name implements Command.
func (c *GetConference) Name() string { return "getConference" }

func readGetConference(e *strictxml.Element) (Command, error) {
	conference, err := readConferenceInfo(e)
	if err != nil {
		return nil, err
	}
	key, err := readEncryptionKey(e)
	return &GetConference{Keys: readConferenceKeys(e), Key: key, Conference: conference}, err
}

func (c *GetConference) check() error { return c.Keys.check() }

func (c *GetConference) append(w *strictxml.Writer) {
	c.Keys.append(w)
	appendEncryptionKey(w, c.Key)
	if c.Conference != nil {
		c.Conference.AppendFragment(w)
	}
}
