package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// ModifyEndpoint changes a leg at the MCU: brings it an answer or a new offer (fx:sdp), lets it into the mix (fx:admitted), or
// changes its language. What the Endpoint does not say stays. The response has the endpoint as it is now, with fx:sdp when the
// MCU has something to say about that.
type ModifyEndpoint struct {
	Keys     EndpointKeys
	Endpoint *confinfo.Endpoint
}

// Name implements Command.
func (c *ModifyEndpoint) Name() string { return "modifyEndpoint" }

func readModifyEndpoint(e *strictxml.Element) (Command, error) {
	c := &ModifyEndpoint{Keys: readEndpointKeys(e)}
	child := e.Child(confinfo.Namespace, "endpoint")
	if child == nil {
		return c, nil
	}
	endpoint, err := confinfo.ParseEndpoint(child)
	c.Endpoint = endpoint
	return c, err
}

func (c *ModifyEndpoint) check() error {
	if c.Endpoint == nil {
		return invalid(ReasonInvalidContent, "no endpoint")
	}
	if err := checkEndpoint(c.Endpoint); err != nil {
		return err
	}
	return c.Keys.check()
}

func (c *ModifyEndpoint) append(w *strictxml.Writer) {
	c.Keys.append(w)
	if c.Endpoint != nil {
		c.Endpoint.AppendFragment(w)
	}
}
