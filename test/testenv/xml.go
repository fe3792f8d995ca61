package testenv

import (
	"context"
	"fmt"

	"github.com/seed-f3cefc8c/focus/internal/xmlschema"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// throughXML is a handler that reaches another one by documents alone. What our server writes of them is kept for the schemas.
type throughXML struct {
	handler   c3p.Handler
	documents *xmlschema.Documents
}

func (x throughXML) ServeC3P(ctx context.Context, call *c3p.Call) (*c3p.Response, error) {
	document := call.Request.AppendXML(nil)
	if call.Principal.Role == c3p.RoleFocus {
		x.documents.Add(document)
	}
	request, err := c3p.ParseRequest(document)
	if err != nil {
		return nil, fmt.Errorf("request as XML: %w", err)
	}
	response, err := x.handler.ServeC3P(ctx, &c3p.Call{Principal: call.Principal, Epoch: call.Epoch, Request: request})
	if err != nil {
		return nil, err
	}
	document = response.AppendXML(nil)
	x.documents.Add(document)
	again, err := c3p.ParseResponse(document)
	if err != nil {
		return nil, fmt.Errorf("response as XML: %w", err)
	}
	return again, nil
}

// newsThroughXML is a listener that hears documents alone.
type newsThroughXML struct {
	listener  c3p.Listener
	documents *xmlschema.Documents
}

func (x newsThroughXML) NotifyC3P(ctx context.Context, n *c3p.Notification) error {
	document := n.AppendXML(nil)
	x.documents.Add(document)
	again, err := c3p.ParseNotification(document)
	if err != nil {
		return fmt.Errorf("notification as XML: %w", err)
	}
	return x.listener.NotifyC3P(ctx, again)
}
