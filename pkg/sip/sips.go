package sip

// wantsSIPS: "If the request that initiated the dialog contained a SIPS URI in the Request-URI or in the top Record-Route header field value, if
// there was any, or the Contact header field if there was no Record-Route header field, the Contact header field in the response MUST be a SIPS
// URI" (RFC 3261 §12.1.1).
func wantsSIPS(req *Request) bool {
	if req.Recipient.Scheme == "sips" {
		return true
	}
	if top := req.RecordRoute(); top != nil {
		return top.Address.Scheme == "sips"
	}
	contact := req.Contact()
	return contact != nil && contact.Address.Scheme == "sips"
}

// callsSIPS: "If the Request-URI or top Route header field value contains a SIPS URI, the Contact header field MUST contain a SIPS URI as well"
// (RFC 3261 §8.1.1.8).
func callsSIPS(req *Request) bool {
	route := req.Route()
	return req.Recipient.Scheme == "sips" || route != nil && route.Address.Scheme == "sips"
}

// secured makes a Contact a SIPS URI, on a way that deserves the name. Its transport is then said by the scheme: "The use of
// "transport=tls" has consequently been deprecated" (RFC 3261 §26.2.2).
func secured(contact URI, way flow, wanted bool) URI {
	transport := way.link.transport()
	if !wanted || transport != "TLS" && transport != "WSS" {
		return contact
	}
	contact.Scheme = "sips"
	if transport == "TLS" {
		contact.UriParams = nil
	}
	return contact
}
