// Package mcu is the media plane of conferences: the mixer of RFC 4353, the MCU of RFC 7667 §3.6.1. It takes commands as
// C3P documents and speaks no SIP; SDP comes inside them and codecs are negotiated here alone.
//
// A [Server] is a c3p.Handler. Each conference lives on a [Clock], one goroutine a core, which drains the sockets of its
// legs, mixes and sends, every 20 ms. A command is read and prepared on the goroutine that brought it (SDP, sockets,
// coders) and posted to the clock only for the moment in which it takes effect. What the MCU finds out by itself (a digit,
// somebody speaking, a leg that went silent) goes to the focus as a c3p.Notification.
//
//	command                                          done
//	addConference, deleteConference                  yes
//	addUser (offer or none), deleteUser              yes
//	modifyEndpoint: answer, new offer, admitted      yes
//	ICE: on one port, restart, trickled candidates   yes, for who offers it, and browsers that are called
//	modifyEndpointMedia: mute, deaf, gain            yes
//	modifyConference: filters of many streams        yes
//	modifyConferenceAnnouncements: join, leave tone  yes
//	fx:setMediaFilter: who hears whom                yes
//	SRTP with SDES or DTLS, and who must have it     yes
//	fx:startRecording, pause, resume, stop           yes
//	fx:playPrompt                                    yes
//	news: digits, who speaks, a prompt's end,        yes
//	  recording, a leg that is gone
//	news: fx:quality                                 every 5 s, and when a leg ends
//	video, dial-out                                  no
package mcu
