//go:build interop

package interop

import (
	"path/filepath"
	"testing"

	"github.com/seed-f3cefc8c/focus/test/interop/ear"
)

// voice is somebody's way of speaking and what there is to say: about 20 seconds. The voice called tone says a frequency in Hz.
type voice struct{ name, voice, text string }

var (
	aliceSays = voice{"alice", "en+f3", `Hello, this is Alice. I would like to begin with the numbers of last week, because they surprised me.
		We sold forty two boats in the north, and only seven in the south, where the harbour was closed by ice until Thursday.
		Nobody had expected that, and I think we should talk to the people at the lighthouse before we order more paint.`}
	bobSays = voice{"bob", "en+m3", `Bob speaking now. The quick brown fox jumps over the lazy dog near the bank of the river on a sunny day,
		while the old miller counts his sacks of flour and wonders who has eaten the bread. Every evening he walks home through the forest,
		past the broken bridge, and sings a song about a king who lost his crown in a game of cards.`}
	carolSays = voice{"carol", "en+f5", `Good morning everybody, Carol here. Please put away your telephones, the orchestra will start in a few minutes.
		We shall first hear a quartet for two violins, viola and cello, then a short piece for trumpet, and after the pause something
		entirely new, which was written in the winter by a young woman from Valencia. Thank you very much for coming.`}
	daveSays = voice{"dave", "en+m7", `My name is Dave, and I am calling from the top of a mountain. It is snowing, the cable car has stopped,
		and there is nothing left to eat but cheese and chocolate. A helicopter cannot land in such weather, they told us.
		So we play chess, drink tea, look out of the window, and wait until somebody remembers that we are here.`}
)

// speaks makes a WAV of the voice with so many samples a second and channels.
func (v voice) speaks(t testing.TB, dir string, rate, channels string) string {
	t.Helper()
	if v.voice == "tone" {
		return toneFile(t, dir, v.text, rate, channels)
	}
	raw, out := filepath.Join(dir, v.name+"-raw.wav"), filepath.Join(dir, v.name+"-"+rate+".wav")
	run(t, "espeak-ng", "-v", v.voice, "-s", "150", "-w", raw, v.text)
	layout := map[string]string{"1": "mono|c0=c0", "2": "stereo|c0=c0|c1=c0"}[channels] // not 3 dB less in each ear
	run(t, "ffmpeg", "-nostdin", "-v", "error", "-y", "-i", raw, "-af", "loudnorm=I=-23:TP=-3,pan="+layout, "-ar", rate, "-c:a", "pcm_s16le", out)
	return out
}

// sound is what the voice says, to compare with.
func (v voice) sound(t testing.TB, dir string) ear.Sound {
	t.Helper()
	return listens(t, v.speaks(t, dir, "8000", "1"))
}

func listens(t testing.TB, path string) ear.Sound {
	t.Helper()
	s, err := ear.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
