package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

func TestAccessNumbers(t *testing.T) {
	for text, want := range map[string][]c3p.Region{
		"":                   nil,
		"North=+15550100":    {{Name: "North", Numbers: []string{"+15550100"}}},
		"N=+12 +13, S = +14": {{Name: "N", Numbers: []string{"+12", "+13"}}, {Name: "S", Numbers: []string{"+14"}}},
		"North":              nil, "=+12": nil, "N=0555": nil, "N=+12,N=+13": nil, "N=+12,": nil, "N=+1234567890123456": nil,
	} {
		o := &options{}
		err := (&settings{AccessNumber: text}).readAccessNumbers(o)
		if bad := want == nil && text != ""; (err != nil) != bad || bad && !strings.Contains(err.Error(), "--access-numbers") {
			t.Errorf("%q: %v", text, err)
		} else if diff := cmp.Diff(want, o.accessNumbers); diff != "" && !bad {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
