// Package mixer is the media-mixing mixer of RFC 7667 section 3.6.1 for the audio of one conference: everybody hears the sum of the
// loudest speakers, minus himself.
//
// One Tick is 20 ms, in this order, and the files have the order's names:
//
//	floor.go    1  Source.Advance on everybody; who is heard: voiced, not muted, loudest first, those who are heard already preferred
//	voice.go    2  Source.Frame of only those, resampled to the rate of the conference, faded in or out over the frame
//	bus.go      3  the 32-bit sum, once; limited to 16 bits it is the common mix; without a voice it is comfort noise
//	tap.go      4  the common mix at the rate of each format
//	own.go      5  sum minus own for those who are heard or are told something in private; filter.go takes out whom somebody is not to hear
//	group.go    6  packets: each Format encodes the common mix once, for all its listeners who are not heard
//	handover.go 7  a listener goes from the shared encoder to his own and back without a click
//	rate.go     8  the conference takes the best rate its members can use; for one tick both rates run and are cross-faded
//
// So a listener costs one Sink.WritePayload; a talker costs a decode, a subtraction and an encode; a member who says nothing costs an
// Advance.
//
// Called from where: everything, New and the methods of Member included, on the goroutine of the clock that owns the conference. There
// are no locks. Tick allocates nothing as long as nobody joins, leaves or changes rate. Sources, sinks and encoders are made off the
// clock and only linked in by it; the mixer closes nothing it was given. The encoder of a group is made by the first member to come
// with that Format, in Add.
//
// | feature | here |
// |---|---|
// | sum minus own, loudest N, limiter, comfort noise | yes |
// | mute, deaf, gain, announcements to all and to one | yes |
// | who hears whom | yes, for 128 listeners |
// | ptime 10, 20, 30, 40, 60 ms per listener | yes; packets of one Format have one phase |
// | DTX of the encoder (Opus) | yes: a nil payload |
// | FEC for those who miss packets (Opus) | yes: they share an encode (loss.go) |
// | stereo, positions in the room | no |
package mixer
