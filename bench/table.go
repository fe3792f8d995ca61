package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"
	"time"
)

// results is what is written to bench/results/latest.json.
type results struct {
	Measured time.Time `json:"measured"`
	System   string    `json:"system"`
	Cores    int       `json:"cores"`
	Window   string    `json:"window"`
	Figures  []figure  `json:"figures"`
}

// print writes the table for people.
func (r *results) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\treached\ttarget\t\t\tpeers\tsound")
	last := ""
	for _, f := range r.Figures {
		title := f.Row
		if title == last {
			title = ""
		}
		last = f.Row
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", title, number(f.Value), f.goal(), f.mark(), f.What+", "+f.Unit, cmp.Or(f.Peers, "-"), cmp.Or(f.Sound, "ok"))
	}
	return w.Flush()
}

func (f figure) goal() string {
	if f.Target == nil {
		return "-"
	}
	return "≤ " + number(*f.Target)
}

func (f figure) mark() string {
	switch {
	case f.Target == nil:
		return ""
	case f.met():
		return "met"
	}
	return "MISSED"
}

// round keeps two decimals: more is noise.
func round(v float64) float64 { return math.Round(v*100) / 100 }

func number(v float64) string { return strconv.FormatFloat(round(v), 'f', -1, 64) }

// save writes the results as JSON.
func (r *results) save(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
