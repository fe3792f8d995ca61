// Package confinfo reads and writes conference-info documents: RFC 4575, the Microsoft additions that C3P clients know
// (prefix msci) and the elements of docs/protocol/c3p.md (prefix fx).
//
// The types here are documents, not a conference: what a list means when it is partial is said by the State of each part, and
// who may know a pass code is decided by whoever fills in the Description.
//
// Namespaces are compared by URI, unknown elements and attributes are ignored. Written documents have the RFC's namespace as
// default and fixed prefixes for the others; there is no white space in them.
//
//	| element                                                       | done |
//	|---------------------------------------------------------------|------|
//	| conference-description, conf-uris, service-uris, available-media | yes |
//	| keywords, host-info, sidebars-by-ref, sidebars-by-val         | ignored |
//	| conference-state                                              | yes  |
//	| users, user, roles, endpoint, media                           | yes  |
//	| associated-aors, languages, cascaded-focus, referred, call-info | ignored |
//	| msci: conference-id, expiry-time, admission-policy, organizer, join-url | yes |
//	| msci: session-type, endpoint-uri, epid                        | yes  |
//	| msci: clientInfo, of it msci2: lobby-capable                  | yes  |
//	| msci: media-ingress-filter, media-egress-filter               | yes  |
//	| msci: conference-view, entity-view, entity-state (locked, media) | yes |
//	| msci: pstn-lobby-bypass, mediaFiltersRules                    | yes  |
//	| msci: entity-capabilities, entity-policy, entity-settings     | ignored |
//	| fx: organizer, passcode, encrypted-passcode, auto-record, lobby, invitees, language, encryption | yes |
//	| fx: sdp, admitted, signalling, speaking, gain, codec, protection | yes |
//	| fx: hand, spotlit, hears                                      | yes  |
//	| fx: recording, active-speaker, announcements                  | yes  |
package confinfo
