// Bench is the load generator of the project and the table it prints (make bench).
//
// It starts a server as a process of its own, has conferences made, places calls, speaks and listens, and asks the operating
// system what that cost the server. README.md says how each figure is measured and what it is worth.
//
//	content.go      what callers say: tones and room noise, encoded once
//	script.go       who talks when
//	caller.go       one caller: a socket, what it sends, what it counts
//	load.go         all callers, on one goroutine a core
//	ear.go          what a listener heard, decoded after the measurement
//	analysis.go     is each talker's tone there, is there a click, how late is the mark
//	system.go       what is measured: a server that takes calls
//	focusprocess.go the whole server: HTTPS and SIP
//	mcuprocess.go   the MCU alone, commanded by C3P
//	rows.go         the table's rows
package main
