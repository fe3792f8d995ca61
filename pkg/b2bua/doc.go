// Package b2bua is the back-to-back user agent (RFC 7092) between a SIP dialog and media that somebody else terminates. A [Leg] is one
// dialog and its endpoint at an MCU: the straight-line code that carries offers and answers (RFC 3264) between the two. It reads no SDP.
//
// There is one file per method; [Leg.ServeDialog] finds it in the table of methods.go.
//
//	INVITE with offer, without (offer in 200, answer in ACK)   yes   invite.go, ack.go
//	re-INVITE: hold, resume, new address, new codec; no offer  yes   reinvite.go
//	re-INVITE of ours, when the MCU wants a new agreement      yes   offer.go
//	UPDATE (RFC 3311)                                          yes   update.go
//	PRACK (RFC 3262), 183 for who requires it                  yes   prack.go
//	session timers (RFC 4028)                                  yes   refresh.go; the clock is pkg/sip's
//	INVITE of ours: several devices at once, CANCEL            yes   call.go
//	SUBSCRIBE, REFER in the dialog                             yes   event.go; the owner serves them
//	BYE either way, with Reason (RFC 3326)                     yes   bye.go
//	INFO: application/dtmf-relay, application/dtmf             yes   info.go
//	INFO: trickle-ice (RFC 8840)                               yes   trickle.go
//	OPTIONS in the dialog                                      yes   options.go
//	early media before the 200 for who does not require it     no
//	multipart bodies: the best description in them             yes   body.go
//	two legs joined into a call                                no
package b2bua
