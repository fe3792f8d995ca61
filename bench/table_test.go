package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sample() *results {
	target, zero := 0.7, 0.0
	return &results{System: "the MCU alone", Cores: 2, Window: "20s", Figures: []figure{
		{Row: "a room", What: "CPU", Value: 0.7049, Unit: "ms", Target: &target, Peers: "Janus 1.6"},
		{Row: "a room", What: "loss", Value: 1.5, Unit: "%", Target: &target, Sound: "3 clicks; "},
		{Row: "packets", What: "allocations", Value: 0.002, Unit: "each", Target: &zero},
		{Row: "muted", What: "CPU", Value: 40, Unit: "%"},
	}}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	if err := sample().print(&b); err != nil {
		t.Fatal(err)
	}
	want := `
         reached  target                             peers      sound
a room   0.7      ≤ 0.7   met     CPU, ms            Janus 1.6  ok
         1.5      ≤ 0.7   MISSED  loss, %            -          3 clicks; 
packets  0        ≤ 0     met     allocations, each  -          ok
muted    40       -               CPU, %             -          ok
`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestResultsAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results", "latest.json")
	if err := sample().save(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var again results
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), &again); diff != "" {
		t.Error(diff)
	}
}

func TestChoosingRows(t *testing.T) {
	chosen, err := choose(rows(), []string{"opus-100", "pcmu-100"})
	if err != nil || len(chosen) != 2 || chosen[0].key != "pcmu-100" {
		t.Errorf("%v, %v", chosen, err)
	}
	if _, err := choose(rows(), []string{"pcmu-101"}); err == nil {
		t.Error("a row that there is not is measured")
	}
	keys := map[string]bool{}
	for _, r := range rows() {
		if keys[r.key] || r.title == "" {
			t.Errorf("row %q twice, or without a title", r.key)
		}
		keys[r.key] = true
	}
}
