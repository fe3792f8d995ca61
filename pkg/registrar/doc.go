// Package registrar is the registrar and the location service: it binds an address-of-record (sip:alice@example.com) to the contacts where
// its user can be reached now, and finds them again.
//
// # The way of a REGISTER
//
//  1. The focus has checked the domain, authenticated the sender and found the user (pkg/focus/register.go).
//  2. [Read] takes the contacts, lifetimes, Path and outbound parameters out of the request; everything has a bound.
//  3. [Registrar.Register] has the address-of-record for itself, and computes the bindings after the request from those before it: all of the
//     request or nothing of it.
//  4. What changed is in the [Store] before there is an answer; [Answer.Headers] are the answer.
//
// # What is durable
//
// A contact that was acknowledged with 200 exists after kill -9, with everything that is needed to reach it, for as long as the 200 says.
// It is written with twice its lifetime, so that a refresh that changes nothing else need not be written: about every second one is. After a
// crash, and only then, a contact that its device does not renew may be remembered for up to one lifetime longer than was said, and the CSeq
// of a refresh that was not written is forgotten.
//
// # What is done
//
//	RFC 3261 §10.3 REGISTER                 yes; contacts, q, expires, *, fetch, order by Call-ID and CSeq, 423
//	RFC 3327 Path                           yes; stored, returned, and the route of requests to the contact
//	RFC 5626 outbound                       yes; one binding for each instance and reg-id, 439, Flow-Timer; flows that are gone are skipped
//	RFC 5627 GRUU                           yes; public, and temporary ones that end with the Call-ID
//	RFC 3840 feature parameters             kept and returned; nobody chooses by them (RFC 3841)
//	RFC 3680 the reg event package          no
//	RFC 3608 Service-Route                  no: this server wants no route
package registrar
