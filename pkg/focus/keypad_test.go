package focus

import (
	"strings"
	"testing"
	"time"
)

func TestParseKeypad(t *testing.T) {
	pad, err := ParseKeypad(DefaultKeypad)
	if err != nil || len(pad) != len(verbs) {
		t.Fatalf("%v, %v; want each verb to have its keys", pad, err)
	}
	if pad, err := ParseKeypad("#12=lock *6=mute,"); err != nil || pad["#12"] != VerbLock || pad.keysOf(VerbMute) != "*6" || pad.keysOf(VerbHelp) != "" {
		t.Errorf("%v, %v", pad, err)
	}
	for text, want := range map[string]string{
		"*6":                "write KEYS=VERB",
		"*6=explode":        "the verbs are mute count hand lock mute-all admit record help",
		"6=mute":            "keys are * or #",
		"66=mute":           "keys are * or #",
		"*=mute":            "keys are * or #",
		"*123=mute":         "keys are * or #",
		"*A=mute":           "keys are * or #",
		"*6=mute,*6=lock":   "*6 means mute already",
		"*6=mute,*61=lock":  "*6 means mute already",
		"*61=mute,*6=lock":  "*61 means mute already",
		"*6=mute,*7=mute":   "mute is *6 already",
		"*6=mute=lock":      "write KEYS=VERB",
		"=mute":             "keys are * or #",
		"\x00\xff=\xffmute": "write KEYS=VERB",
	} {
		if pad, err := ParseKeypad(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v, want %q", text, pad, err, want)
		}
	}
}

// TestTyping: keys with the seconds since the one before, and what is understood.
func TestTyping(t *testing.T) {
	pad, err := ParseKeypad("*6=mute,*#=count,#12=lock")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		keys  string
		after map[int]time.Duration // before the key of that index
		want  string
	}{
		{keys: "*6", want: "mute"},
		{keys: "*6*6*#", want: "mute mute count"},
		{keys: "**6", want: "mute"},
		{keys: "*4*6", want: "mute"},
		{keys: "123456", want: ""},
		{keys: "#12", want: "lock"},
		{keys: "#1*6", want: "mute"},
		{keys: "#1#12", want: "lock"},
		{keys: "*D6", want: ""},
		{keys: "*6", after: map[int]time.Duration{1: keyPause}, want: "mute"},
		{keys: "*6", after: map[int]time.Duration{1: keyPause + 1}, want: ""},
		{keys: "#12", after: map[int]time.Duration{1: keyPause, 2: keyPause}, want: "lock"},
	} {
		now, typed, got := time.Unix(1e9, 0), typing{}, []string(nil)
		for i, key := range row.keys {
			now = now.Add(row.after[i])
			if verb := typed.press(now, string(key), pad); verb != "" {
				got = append(got, string(verb))
			}
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: %q, want %q", row.keys, got, row.want)
		}
	}
}

// FuzzParseKeypad: what is taken is a table in which each sequence is found by typing it.
func FuzzParseKeypad(f *testing.F) {
	f.Add(DefaultKeypad)
	f.Add("#12=lock *6=mute")
	f.Add("*6=mute,*61=lock")
	f.Fuzz(func(t *testing.T, text string) {
		pad, err := ParseKeypad(text)
		if err != nil {
			return
		}
		for keys, want := range pad {
			var typed typing
			var got Verb
			for _, key := range keys {
				got = typed.press(time.Unix(1e9, 0), string(key), pad)
			}
			if got != want {
				t.Errorf("%q: %q is %q, want %q", text, keys, got, want)
			}
		}
	})
}
