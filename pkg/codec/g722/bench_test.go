package g722

import "testing"

func BenchmarkEncode(b *testing.B) {
	speech, at := syntheticSpeech(-20, 4), 0
	e, dst := mustEncoder(b), make([]byte, 0, 160)
	for b.Loop() {
		dst, _ = e.Encode(dst[:0], speech[at:at+320])
		at = (at + 320) % len(speech)
	}
}

func BenchmarkDecode(b *testing.B) {
	payloads, i := encodeAll(b, syntheticSpeech(-20, 4)), 0
	d, dst := mustDecoder(b), make([]int16, 0, 320)
	for b.Loop() {
		dst, _ = d.Decode(dst[:0], payloads[i])
		i = (i + 1) % len(payloads)
	}
}

func BenchmarkLevel(b *testing.B) {
	payloads, i := encodeAll(b, syntheticSpeech(-20, 4)), 0
	m := G722.NewMeter()
	for b.Loop() {
		m.Level(payloads[i])
		i = (i + 1) % len(payloads)
	}
}
