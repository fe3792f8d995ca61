package opus

import "github.com/seed-f3cefc8c/focus/pkg/codec"

// parseFmtp reads the parameters of RFC 7587 section 6.1. Parameters that only
// describe what the peer sends are checked and otherwise left alone, unknown ones
// are ignored. With an error come the parameters that could be read.
func parseFmtp(fmtp string) (codec.Params, error) {
	var p codec.Params
	var first error
	for name, value := range codec.Parameters(fmtp) {
		if err := setParameter(&p, name, value); err != nil && first == nil {
			first = err
		}
	}
	return p, first
}

func setParameter(p *codec.Params, name, value string) (err error) {
	switch name {
	case "maxplaybackrate":
		// "This parameter can take any value between 8000 and 48000".
		var hz int
		if hz, err = codec.IntParameter(name, value, 8000, 48000); err == nil {
			p.MaxPlaybackRate = playbackRate(hz)
		}
	case "maxaveragebitrate":
		// "Any positive integer is allowed, but values outside the range 6000
		// to 510000 SHOULD be ignored."
		var rate int
		rate, err = codec.IntParameter(name, value, 1, 1<<31-1)
		if rate >= minBitrate && rate <= maxBitrate {
			p.Bitrate = rate
		}
	case "stereo":
		p.Stereo, err = flag(name, value)
	case "cbr":
		p.CBR, err = flag(name, value)
	case "useinbandfec":
		p.FEC, err = flag(name, value)
	case "usedtx":
		p.DTX, err = flag(name, value)
	case "sprop-stereo":
		_, err = flag(name, value)
	case "sprop-maxcapturerate":
		_, err = codec.IntParameter(name, value, 8000, 48000)
	case "ptime", "maxptime", "minptime":
		// "up to a maximum value of 120"; 2.5 ms is written as 3.
		_, err = codec.IntParameter(name, value, 3, 120)
	}
	return err
}

func flag(name, value string) (bool, error) {
	n, err := codec.IntParameter(name, value, 0, 1)
	return n == 1, err
}

// playbackRate is the highest sampling rate of RFC 7587 table 1 whose audio the
// receiver can play, so that 44100 shares its encoding with 48000 (0: unlimited;
// full band ends at 20 kHz, which 40000 Hz can render).
func playbackRate(hz int) int {
	switch {
	case hz >= 40000:
		return 0
	case hz >= 24000:
		return 24000
	case hz >= 16000:
		return 16000
	case hz >= 12000:
		return 12000
	}
	return 8000
}
