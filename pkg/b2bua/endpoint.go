package b2bua

import "context"

// Endpoint is what a leg needs of its endpoint at the MCU. Its errors go to Config.Refusal.
type Endpoint interface {
	// Add makes the endpoint. With an offer it returns the answer; with nil it returns an offer, and Modify brings the answer.
	Add(ctx context.Context, offer *Description) (Description, error)
	// Modify takes one step of offer/answer: an Offer gives the Answer, a Request gives an Offer, an Answer gives nothing; and so do
	// Candidates, which are no such step.
	Modify(ctx context.Context, in Description) (out Description, err error)
}

// Description is a session description, byte for byte, and what it is in the offer/answer model.
type Description struct {
	Type Type
	Text string
}

// Type says what a Description is.
type Type string

// The types. They are the values of fx:sdp in C3P.
const (
	Offer   Type = "offer"
	Answer  Type = "answer"
	Request Type = "request" // no text: please make an offer

	Candidates Type = "candidates" // a fragment that trickled in (RFC 8840)
)
