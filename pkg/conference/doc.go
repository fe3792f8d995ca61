// Package conference is what a conference is (RFC 4353): its record, its participants, their endpoints and media, their roles, and the
// policy that says who may join and who may command. It is a state machine without I/O: time is an argument, one goroutine owns each
// Conference, and every command returns the Changes it made or an error of errors.go and no change at all.
//
//	feature                                             done
//	URIs of the focus, its MCUs and its factory         yes   uri.go
//	admission policy, invitees, PIN, lock               yes   admission.go
//	several endpoints of a user, media of an endpoint   yes   roster.go
//	who may do what: one table                          yes   authorization.go
//	roles: attendee, presenter; lock; recording         yes   control.go
//	subject, policy, PIN, expiry, invitees              yes   modify.go
//	lobby                                               yes   lobby.go
//	mute by self, by a presenter, of all attendees      yes   mute.go
//	who hears whom                                      yes   filter.go
//	spotlight, raised hands                             yes   attention.go
//	speaking, active speaker                            yes   speaking.go
//	expiry; end ten minutes after the last              yes   lifecycle.go
//	  authenticated participant left
//	what changed since a revision                       yes   delta.go
//	sidebars                                            no
package conference
