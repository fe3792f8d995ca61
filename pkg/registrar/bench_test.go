package registrar_test

import (
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

// BenchmarkRefresh is one telephone that renews its registration: the request has been parsed and its sender authenticated, the store is memory.
// What a write costs is BenchmarkBindingsSave of pkg/cluster; saves says how many refreshes need one.
func BenchmarkRefresh(b *testing.B) {
	o := open(b)
	req := register(b, 1, `Contact: <sip:alice@192.0.2.7:5062;transport=udp>;+sip.instance="<urn:uuid:1>"`, "Supported: gruu", "Expires: 3600")
	n := 0
	for b.Loop() {
		n++
		req.CSeq().SeqNo++
		o.later(30 * time.Minute)
		reg, err := registrar.Read(req, fromDesk)
		if err != nil {
			b.Fatal(err)
		}
		answer, err := o.Register(b.Context(), o.now, alice, reg)
		if err != nil || len(answer.Headers()) != 2 {
			b.Fatal(answer, err)
		}
	}
	b.ReportMetric(float64(o.saves)/float64(n), "saves/op")
}
