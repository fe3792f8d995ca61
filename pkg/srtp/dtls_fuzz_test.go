package srtp

import (
	"testing"
	"testing/synctest"
	"time"
)

// FuzzClassify compares with a slow model: a datagram is what the worst of its records is.
func FuzzClassify(f *testing.F) {
	for _, seed := range handshakeSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := classify(data)
		if len(data) > maxRecords {
			if got != oversized {
				t.Fatalf("%d octets are %d", len(data), got)
			}
			return
		}
		want := other
		for rest := data; ; {
			k, n := record(rest)
			if n > len(rest) {
				t.Fatal("a record is longer than the datagram")
			}
			want = min(want, k)
			if rest = rest[n:]; n == 0 || len(rest) == 0 || k < hello {
				break
			}
		}
		if got != want {
			t.Fatalf("%d, want %d", got, want)
		}
	})
}

// FuzzHandshake gives both roles what a stranger sends. Whatever that is: it ends in time, and leaves nothing behind.
func FuzzHandshake(f *testing.F) {
	for _, seed := range handshakeSeeds() {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	d, err := NewDTLS(time.Now())
	if err != nil {
		f.Fatal(err)
	}
	certificate, _ := d.Certificate(time.Now())
	f.Fuzz(func(t *testing.T, data []byte, client bool) {
		synctest.Test(t, func(t *testing.T) {
			d := &DTLS{slots: make(chan struct{}, 1), certificate: certificate}
			a := d.Start(AssociationConfig{Certificate: certificate, Client: client, Validated: true, Send: func([]byte) error { return nil },
				Done: func(_ AssociationKeys, err error) {
					if err == nil {
						t.Error("keys for a stranger")
					}
				}})
			synctest.Wait()
			for len(data) > 0 { // of the first octet's length, each
				n := min(len(data), 1+8*int(data[0]))
				a.Receive(data[:n], time.Now())
				synctest.Wait()
				data = data[n:]
			}
			time.Sleep(handshakeTimeout + time.Second)
			a.Close()
			d.Wait()
		})
	})
}

// handshakeSeeds are small: a ClientHello without extensions, an alert, data, and a fragment of what never comes.
func handshakeSeeds() [][]byte {
	random := make([]byte, 32)
	body := append([]byte{0xfe, 0xfd}, random...)
	body = append(body, 0, 0, 0, 2, 0xc0, 0x2b, 1, 0)
	n := byte(len(body))
	hello := append([]byte{clientHello, 0, 0, n, 0, 0, 0, 0, 0, 0, 0, n}, body...)
	whole := append([]byte{handshakeRecord, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, byte(len(hello))}, hello...)
	return [][]byte{
		whole,
		append(append([]byte{}, whole...), whole...),
		{alertRecord, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40},
		{applicationData, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 1, 1},
		{handshakeRecord, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 12, 11, 0, 9, 0, 0, 1, 0, 0, 0, 0, 0, 0},
	}
}
