// Package c3p has the documents of the Centralized Conference Control Protocol (C3P, CCCP, application/cccp+xml) and the two
// interfaces in which focus and MCU meet: Handler takes commands, Listener takes news.
//
// There is one file per command, with the type that its request and its response share, how it is read, how it is written
// and what a request must hold. docs/protocol/c3p.md documents the elements of our own namespace.
//
// Namespaces are compared by URI; unknown elements and attributes are ignored. Documents are written with fixed prefixes
// (mscp, msci, fx) and without white space: clients exist that cut prefixes and do not trim text.
//
//	| command                                           | done |
//	|---------------------------------------------------|------|
//	| getConferencingCapabilities, getAvailableMcuTypes | yes  |
//	| addConference, getConference, getConferences      | yes  |
//	| modifyConference, deleteConference                | yes  |
//	| getEncryptionKey                                  | yes  |
//	| addUser, deleteUser, modifyUser, modifyUserRoles  | yes  |
//	| setLobbyAccess, setUserAccess                     | yes  |
//	| modifyConferenceLock                              | yes  |
//	| modifyEndpoint, modifyEndpointMedia               | yes  |
//	| modifyConferenceAnnouncements                     | yes  |
//	| fx:startRecording, pause, resume, stop            | yes  |
//	| fx:setMediaFilter, fx:spotlight, fx:raiseHand     | yes  |
//	| fx:playPrompt                                     | yes  |
//	| endorseUser                                       | no   |
package c3p
