package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// ModifyEndpointMedia mutes and unmutes a stream, in either direction, and sets its gain. What Media does not say stays.
//
// Keys.Endpoint may name nobody's endpoint ("(null)" is what the real client sends when it does not know its own): for one's
// own stream that means the only audio-video endpoint one has.
type ModifyEndpointMedia struct {
	Keys  MediaKeys
	Media *confinfo.Media
}

// Name implements Command.
func (c *ModifyEndpointMedia) Name() string { return "modifyEndpointMedia" }

func readModifyEndpointMedia(e *strictxml.Element) (Command, error) {
	c := &ModifyEndpointMedia{Keys: readMediaKeys(e)}
	child := e.Child(confinfo.Namespace, "media")
	if child == nil {
		return c, nil
	}
	media, err := confinfo.ParseMedia(child)
	c.Media = media
	return c, err
}

func (c *ModifyEndpointMedia) check() error {
	if c.Media == nil {
		return invalid(ReasonInvalidContent, "no media")
	}
	if gain := c.Media.Gain; gain != nil && (*gain < conference.MinGain || *gain > conference.MaxGain) {
		return invalid(ReasonInvalidContent, "gain is not between -60 and 20 dB")
	}
	return c.Keys.check()
}

func (c *ModifyEndpointMedia) append(w *strictxml.Writer) {
	c.Keys.append(w)
	if c.Media != nil {
		c.Media.AppendFragment(w)
	}
}
