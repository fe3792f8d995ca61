// Package testenv is a whole system in one process, declared in a few lines: the focus with its store in memory, a network in memory, an
// MCU behind XML documents, and people with telephones. Stories on it run in virtual time:
//
//	testenv.Run(t, func(w *testenv.World) {
//		w.Conference("1234567890")
//		alice := w.Phone("alice")
//		alice.Dials("sip:1234567890@example.com")
//		alice.WantsAnswer()
//		alice.HangsUp()
//	})
//
// Whatever focus and MCU say to each other goes through XML and back, so that nothing but the documents can carry meaning. When a story is over,
// all XML that the server has written in it is validated against api/c3p: to the MCU, in bodies of SIP, and in answers over HTTPS.
package testenv
