package main

import (
	"strings"
	"testing"
)

const run = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"pass","Package":"p","Test":"TestGood"}
{"Action":"run","Package":"p","Test":"TestVectors"}
{"Action":"output","Package":"p","Test":"TestVectors","Output":"    x_test.go:3: no test data: nothing there\n"}
{"Action":"skip","Package":"p","Test":"TestVectors"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.01s\n"}
{"Action":"pass","Package":"p"}
`

const broken = `{"Action":"output","Package":"q","Test":"TestBad","Output":"    y_test.go:9: got 1, want 2\n"}
{"Action":"fail","Package":"q","Test":"TestBad"}
{"Action":"output","Package":"q","Output":"FAIL\tq\t0.02s\n"}
{"Action":"fail","Package":"q"}
{"ImportPath":"r","Action":"build-output","Output":"r.go:1: undefined: x\n"}
`

func TestReport(t *testing.T) {
	for _, row := range []struct {
		name, in, want string
		failed         bool
	}{
		{"all is well", run, "ok  \tp\t0.01s\n" +
			"tests: 1 passed, 0 failed, 1 skipped; 1 of those are vector tests without their test data (FOCUS_TESTDATA)\n", false},
		{"a failure shows its output", broken, "    y_test.go:9: got 1, want 2\nFAIL\tq\t0.02s\nr.go:1: undefined: x\n" +
			"tests: 0 passed, 1 failed, 0 skipped; 0 of those are vector tests without their test data (FOCUS_TESTDATA)\n", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out strings.Builder
			r := report{out: &out, tests: map[string]*strings.Builder{}}
			if err := r.read(strings.NewReader(row.in)); err != nil {
				t.Fatal(err)
			}
			if failed := r.close(); failed != row.failed || out.String() != row.want {
				t.Errorf("failed = %v, printed\n%s\nwant %v,\n%s", failed, out.String(), row.failed, row.want)
			}
		})
	}
}
