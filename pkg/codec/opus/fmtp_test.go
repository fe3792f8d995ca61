package opus

import (
	"errors"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

func TestParseFmtp(t *testing.T) {
	for _, row := range []struct {
		fmtp string
		want codec.Params
		err  error
	}{
		{"", codec.Params{}, nil},
		{"minptime=10;useinbandfec=1", codec.Params{FEC: true}, nil},                                  // Chrome
		{"maxplaybackrate=48000;stereo=1;useinbandfec=1", codec.Params{Stereo: true, FEC: true}, nil}, // Firefox
		{"maxplaybackrate=16000; sprop-maxcapturerate=16000; maxaveragebitrate=20000; useinbandfec=1; usedtx=0",
			codec.Params{MaxPlaybackRate: 16000, Bitrate: 20000, FEC: true}, nil}, // RFC 7587 section 7, second example
		{"MAXPLAYBACKRATE=44100", codec.Params{}, nil},
		{"maxplaybackrate=32000", codec.Params{MaxPlaybackRate: 24000}, nil},
		{"maxplaybackrate=13000", codec.Params{MaxPlaybackRate: 12000}, nil},
		{"maxplaybackrate=8000;cbr=1;usedtx=1", codec.Params{MaxPlaybackRate: 8000, CBR: true, DTX: true}, nil},
		{"maxaveragebitrate=5999", codec.Params{}, nil},
		{"maxaveragebitrate=510001", codec.Params{}, nil},
		{"maxaveragebitrate=510000", codec.Params{Bitrate: 510000}, nil},
		{"x-unknown=1;sprop-stereo=1;ptime=3;maxptime=120", codec.Params{}, nil},

		{"maxaveragebitrate=0", codec.Params{}, codec.ErrFmtp},
		{"maxaveragebitrate=99999999999", codec.Params{}, codec.ErrFmtp},
		{"maxplaybackrate=7999", codec.Params{}, codec.ErrFmtp},
		{"maxplaybackrate=48001", codec.Params{}, codec.ErrFmtp},
		{"sprop-maxcapturerate=1", codec.Params{}, codec.ErrFmtp},
		{"maxptime=121", codec.Params{}, codec.ErrFmtp},
		{"minptime=2", codec.Params{}, codec.ErrFmtp},
		{"ptime=", codec.Params{}, codec.ErrFmtp},
		{"cbr=2", codec.Params{}, codec.ErrFmtp},
		{"sprop-stereo=yes", codec.Params{}, codec.ErrFmtp},
		{"stereo=2;useinbandfec=1", codec.Params{FEC: true}, codec.ErrFmtp}, // the rest is of use
	} {
		got, err := Opus.ParseFmtp(row.fmtp)
		if got != row.want || !errors.Is(err, row.err) {
			t.Errorf("ParseFmtp(%q) = %+v, %v, want %+v, %v", row.fmtp, got, err, row.want, row.err)
		}
	}
}

func FuzzParseFmtp(f *testing.F) {
	f.Add("maxplaybackrate=16000; maxaveragebitrate=20000; useinbandfec=1; usedtx=0")
	f.Fuzz(func(t *testing.T, fmtp string) {
		p, _ := Opus.ParseFmtp(fmtp)
		if p.Bitrate != 0 && (p.Bitrate < minBitrate || p.Bitrate > maxBitrate) || p.MaxPlaybackRate < 0 || p.MaxPlaybackRate > 48000 {
			t.Errorf("%q gives %+v", fmtp, p)
		}
	})
}
