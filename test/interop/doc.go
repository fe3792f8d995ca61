// Package interop tells the stories of the server with clients that nobody here wrote: baresip, SIPp, ffmpeg, opusinfo, tshark,
// and JsSIP and SIP.js in Chromium, also through the relay.
//
// The tests have the build tag interop:
//
//	make interop
//	go test -tags interop -run Baresip -v ./test/interop
//
// They build bin/focus once and run it, the phones and themselves in a network namespace of their own with the addresses 127.0.0.1 and
// 192.0.2.10, so that ports are free, nothing leaves the machine, and everything is gone with the last process. Who may not make such a
// namespace is told so in one line, and the tests are skipped. INTEROP_FOCUS names a binary to be tried in place of the one built here.
//
// Stories of NATs dig more namespaces (nook): a router, hosts behind it, a stranger. They need nftables and nsenter.
//
// The stories of browsers are in browser/, with the exact versions of the libraries in its package.json. npm fetches them into a temporary
// folder, before the namespace is entered; without npm, Chromium or a way to the registry these tests are skipped, and say why.
package interop
