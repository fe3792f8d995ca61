package demo

import (
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// Report says what came out, for a person.
func (t *Terminal) Report(r *Result) {
	fmt.Fprintln(t.Out)
	for _, h := range r.Hearings {
		fmt.Fprintf(t.Out, "%s %s\n", t.mark(h.Heard), h)
	}
	for _, c := range r.Callers {
		fmt.Fprintf(t.Out, "  %s's line: %s, %d packets sent, %d received, %d lost, round trip %d ms\n", c.Name, c.Codec, c.Sent, c.Received, c.Lost, c.RoundTripMS)
	}
	t.files(r)
}

func (t *Terminal) mark(ok bool) string {
	if ok {
		return t.colour(green, "✓")
	}
	return t.colour(red, "✗")
}

// String is the finding as a sentence.
func (h Hearing) String() string {
	when := ""
	if h.Together {
		when = " while speaking too"
	}
	switch {
	case h.Echo:
		return fmt.Sprintf("%s heard an echo of the own voice", h.Talker)
	case !h.Heard:
		return fmt.Sprintf("%s did not hear %s%s (what was heard is %.0f %% alike)", h.Listener, h.Talker, when, 100*h.Alike)
	}
	return fmt.Sprintf("%s heard %s%s: %.0f %% alike, %d ms from mouth to ear", h.Listener, h.Talker, when, 100*h.Alike, h.DelayMS)
}

func (t *Terminal) files(r *Result) {
	fmt.Fprintln(t.Out)
	if r.Recording == nil {
		fmt.Fprintf(t.Out, "The recording is on the server's host, in its data folder: recordings/%s\n", r.Conference.ID)
		return
	}
	fmt.Fprintf(t.Out, "Recorded %s in %s\n", clock(r.Recording.Seconds), t.colour(bold, r.Recording.Folder))
	table := tabwriter.NewWriter(t.Out, 0, 0, 3, ' ', 0)
	for _, f := range r.Recording.Files {
		fmt.Fprintf(table, "  %s\t%s\tfrom %s\t%s long\t%d KB\n", filepath.Base(f.Path), f.Track, clock(f.Start), clock(f.Seconds), (f.Bytes+1023)/1024)
	}
	table.Flush()
	fmt.Fprintf(t.Out, "  %s\n\n", filepath.Base(r.Recording.Manifest))
	fmt.Fprintf(t.Out, "Play it:     ffplay %s\nLook at it:  %s\n", r.mixed(), r.Recording.Picture)
}

// mixed is the file to play first.
func (r *Result) mixed() string {
	for _, f := range r.Recording.Files {
		if f.Track == "mixed" {
			return f.Path
		}
	}
	return r.Recording.Folder
}

func clock(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(10 * time.Millisecond)
	return fmt.Sprintf("%d:%05.2f", int(d.Minutes()), (d % time.Minute).Seconds())
}
