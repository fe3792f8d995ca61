// Package api is the HTTPS face of Focus: C3P documents as they are, the same commands as JSON, and users and tokens for
// administrators. A JSON request becomes the C3P command that it stands for; both end in the same c3p.Handler.
//
//	| feature                                                     | done |
//	|-------------------------------------------------------------|------|
//	| POST /c3p, application/cccp+xml                             | yes  |
//	| retries: same sender, requestId and body within 60 s        | yes, of commands that act |
//	| pending after 2 s, GET /c3p/{requestId}                     | yes  |
//	| Idempotency-Key                                             | of POST /v1/conferences |
//	| /v1/conferences, participants, recording                    | yes  |
//	| every C3P command of clients but addUser of oneself         | yes  |
//	| /v1/users, their bindings, /v1/tokens                       | yes, for administrators |
//	| /openapi.yaml, /healthz, /readyz                            | yes  |
//	| HTTP Basic (RFC 7617), bearer tokens (RFC 6750)             | yes  |
//	| problem details (RFC 9457)                                  | yes  |
//	| HTTP/1.1, HTTP/2                                            | yes  |
//	| events of a conference: server-sent, WebSocket (RFC 6455)   | yes  |
//	| webhooks of events (Standard Webhooks 1.0.0)                | yes  |
//	| one stream for all conferences of a user                    | yes  |
//	| metrics, pages of long lists                                | no   |
//
// openapi.yaml is the specification; a test compares it with the routes and the types.
package api
