// Package focus is the conference focus of RFC 4353 and the conference factory of RFC 4579: SIP in, policy, C3P to the MCU, news out.
//
// A [Server] owns the SIP user agent and is the c3p.Handler for clients and the c3p.Listener of the MCU. Each conference in which something
// happens has a [Focus]: one goroutine that owns its conference.Conference and its legs. Everybody else posts a func to it. Nothing in it
// blocks: round trips to the MCU run on the goroutine of the request that needs them, or on one of their own that posts the result.
//
//	INVITE of sip:ID@DOM, of the focus URI, of the A/V MCU URI    yes   invite.go
//	INVITE of the ad-hoc factory (RFC 4579 §5.4)                  yes   conferencefactory.go
//	REGISTER, and where users are                                 yes   register.go, location.go
//	MESSAGE and OPTIONS to users                                  yes   relay.go; for users
//	INVITE to users                                               no: 404; 415 for ms-conf-invite
//	digest authentication, limits on guessing                     yes   authenticate.go
//	identity of a connection, after REGISTER over TLS             yes   connection.go
//	PIN by RFC 4733 and INFO digits                               yes   pin.go
//	what the MCU reports                                          yes   notify.go
//	automatic recording, announcements of it                      yes   recording.go
//	C3P at the factory: all commands, encrypted PINs              yes   one file per command; passcode.go
//	C3P at the focus: all commands but endorseUser and addUser    yes   one file per command
//	  dial-in, which is for MCUs that SIP does not reach
//	who is muted and who hears whom, told to the MCU in order     yes   filters.go
//	RFC 6035: reports of calls made and taken (PUBLISH)           yes   calls.go, publishquality.go, collect.go; no SUBSCRIBE to them
//	[MS-QoE]: reports of OCS clients (SERVICE)                    yes   collect.go; made for nobody
//	C3P over SERVICE and INFO, INVITE with addUser                yes   service.go, info.go, invitemember.go
//	dial-out: one user's telephones at once, CANCEL, no answer    yes   dialout.go; whom: dialpolicy.go; a redirect (3xx) is a refusal
//	REFER to invite and to remove (RFC 3515, 4579), outside of    yes   refer.go
//	  and inside of a call; norefersub (RFC 4488)
//	C3P addUser with dialed-out                                   yes   adduser.go
//	SUBSCRIBE (RFC 6665)                                          yes   refer.go; packages: refer
//	lobby                                                         yes   lobby.go
//	conference event package (RFC 4575)                           yes   conferenceevent.go
package focus
