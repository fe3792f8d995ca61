package prompt

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// wav makes a file of one fmt and one data chunk.
func wav(tag, channels, rate, bits int, data []byte) []byte {
	body := []byte("WAVE")
	var format []byte
	format = binary.LittleEndian.AppendUint16(format, uint16(tag))
	format = binary.LittleEndian.AppendUint16(format, uint16(channels))
	format = binary.LittleEndian.AppendUint32(format, uint32(rate))
	format = binary.LittleEndian.AppendUint32(format, uint32(rate*channels*bits/8))
	format = binary.LittleEndian.AppendUint16(format, uint16(channels*bits/8))
	format = binary.LittleEndian.AppendUint16(format, uint16(bits))
	if tag == tagExtensible {
		format = append(format, 22, 0, 16, 0, 0, 0, 0, 0, tagPCM, 0)
		format = append(format, make([]byte, 14)...)
	}
	body = chunk(body, "fmt ", format)
	body = chunk(body, "LIST", []byte("odd")) // of odd length: a byte of padding follows
	body = chunk(body, "data", data)
	return chunk(nil, "RIFF", body)
}

func chunk(to []byte, id string, body []byte) []byte {
	to = binary.LittleEndian.AppendUint32(append(to, id...), uint32(len(body)))
	to = append(to, body...)
	if len(body)%2 == 1 {
		to = append(to, 0)
	}
	return to
}

func TestReadWAV(t *testing.T) {
	streamed := wav(1, 1, 8000, 16, []byte{1, 0, 2, 0})
	copy(streamed[len(streamed)-8:], []byte{0xff, 0xff, 0xff, 0xff}) // a recorder that cannot go back to write the length
	for _, row := range []struct {
		name string
		file []byte
		rate int
		want []int16
	}{
		{"mono", wav(1, 1, 8000, 16, []byte{1, 0, 0xff, 0xff}), 8000, []int16{1, -1}},
		{"stereo", wav(1, 2, 48000, 16, []byte{10, 0, 20, 0, 0xff, 0x7f, 0xff, 0x7f}), 48000, []int16{15, 32767}},
		{"extensible", wav(tagExtensible, 1, 16000, 16, []byte{7, 0}), 16000, []int16{7}},
		{"half a sample", wav(1, 1, 8000, 16, []byte{1, 0, 2}), 8000, []int16{1}},
		{"length not written", streamed, 8000, []int16{1, 2}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := readWAV(row.file)
			if err != nil || got.rate != row.rate || !slices.Equal(got.samples, row.want) {
				t.Errorf("%d Hz, %v, %v; want %d Hz, %v", got.rate, got.samples, err, row.rate, row.want)
			}
		})
	}
}

func TestReadWAVRefuses(t *testing.T) {
	for _, row := range []struct {
		name string
		file []byte
		want error
	}{
		{"nothing", nil, errNotWAV},
		{"another RIFF", []byte("RIFF\x04\x00\x00\x00AVI "), errNotWAV},
		{"no data", wav(1, 1, 8000, 16, nil)[:36], errNotWAV},
		{"data first", chunk(nil, "RIFF", chunk([]byte("WAVE"), "data", []byte{1, 0})), errNotWAV},
		{"empty", wav(1, 1, 8000, 16, nil), errLength},
		{"a minute and a sample", wav(1, 1, 8000, 16, make([]byte, 2*(60*8000+1))), errLength},
		{"μ-law", wav(7, 1, 8000, 8, []byte{1}), errEncoding},
		{"24 bits", wav(1, 1, 8000, 24, []byte{1, 0, 0}), errEncoding},
		{"six channels", wav(1, 6, 8000, 16, make([]byte, 12)), errEncoding},
		{"no channel", wav(1, 0, 8000, 16, make([]byte, 12)), errEncoding},
		{"no rate", wav(1, 1, 0, 16, make([]byte, 12)), errEncoding},
		{"a rate beyond all hearing", wav(1, 1, 1<<31, 16, make([]byte, 12)), errEncoding},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := readWAV(row.file); !errors.Is(err, row.want) {
				t.Errorf("err = %v, want %v", err, row.want)
			}
		})
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wav(1, 1, 8000, 16, []byte{1, 0}))
	f.Add(wav(tagExtensible, 2, 48000, 16, make([]byte, 64)))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := readWAV(file)
		if err != nil {
			return
		}
		if len(c.samples) == 0 || len(c.samples) > maxSeconds*c.rate || 2*len(c.samples) > len(file) || c.rate < minRate || c.rate > maxRate {
			t.Fatalf("%d samples of %d Hz out of %d bytes", len(c.samples), c.rate, len(file))
		}
	})
}
