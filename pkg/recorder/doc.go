// Package recorder writes a conference to disk: the mix, a track for each participant, and a manifest that says who and when.
//
// A Recorder is fed by the clock that owns the conference. Its methods copy what they are given into a bounded queue and return; all
// encoding and writing happens on the recorder's own goroutine. Every position is a sample count at 48 kHz on the conference clock; RTP
// timestamps are never looked at, so tracks line up however their senders' clocks run.
//
//	DATA/recordings/ID/20260102T150405Z/
//	    mixed.opus          what the conference heard
//	    alice-1.opus        Alice's voice alone; a second segment of hers, or a second Alice, is alice-2.opus
//	    manifest.json       api/recording.schema.json
//
// While a file is open it is called NAME.part. After a crash, Repair closes what was left open.
//
// What is and is not done:
//
//	RFC 3533   Ogg pages, one logical stream           yes
//	RFC 3533   packets across pages                    never written; skipped when read
//	RFC 3533   grouped, chained or multiplexed streams no
//	RFC 7845   mono and stereo (mapping family 0)      yes
//	RFC 7845   surround (mapping families 1, 255)      no
//	RFC 7845   end trimming, repair of gaps (4.1)      yes
//	RFC 7845   output gain, pictures                   no: gain is always 0 dB
//	WAV        16-bit mono PCM, RF64 past 4 GB         yes
//	WAV        other sample formats, bext              no
package recorder
