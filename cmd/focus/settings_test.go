package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

var update = flag.Bool("update", false, "write the table of settings into docs/operating.md")

const (
	operating  = "../../docs/operating.md"
	tableStart = "<!-- settings: made from the code by `go test ./cmd/focus -run TestTheTableOfSettings -update` -->\n"
	tableEnd   = "<!-- end of settings -->"
)

func TestTheTableOfSettings(t *testing.T) {
	text, err := os.ReadFile(operating)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), tableStart)
	got, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok1 || !ok2 {
		t.Fatal("the marks around the table are gone")
	}
	want := settingsTable(t)
	if *update {
		if err := os.WriteFile(operating, []byte(before+tableStart+want+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the struct (-) and docs/operating.md (+):\n%s", diff)
	}
}

func settingsTable(t *testing.T) string {
	all, err := allSettings()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("\n| flag | key | variable | default | what it is |\n|---|---|---|---|---|\n")
	for _, s := range all {
		key, byDefault := "`"+s.name+"`", ""
		if s.name == "config" {
			key = ""
		}
		if s.byDefault != "" {
			byDefault = "`" + s.byDefault + "`"
		}
		fmt.Fprintf(&b, "| `--%s %s` | %s | `%s` | %s | %s |\n", s.name, s.value, key, s.variable, byDefault, s.help)
	}
	return b.String() + "\n"
}

// parsed is what a file and the variables of the test make of the settings.
func parsed(t *testing.T, file string) (settings, string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "focus.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	var got struct{ settings }
	err := parseSettings(&got, path, &streams{err: &out})
	return got.settings, out.String(), err
}

func TestAVariableBeatsTheFileAndTheFileTheDefault(t *testing.T) {
	t.Setenv("FOCUS_MEDIA_PORTS", "30000-30099")
	got, _, err := parsed(t, "media-ports: 20000-20099\nmedia-ip: 127.0.0.1\nmedia-timeout: 30s\nlog-level: debug\n")
	if err != nil {
		t.Fatal(err)
	}
	if got.MediaPorts != "30000-30099" || got.MediaIP != "127.0.0.1" || got.MediaTimeout.Seconds() != 30 || got.SIP != ":5060" {
		t.Errorf("got %+v", got)
	}
}

func TestKeysOfTelephones(t *testing.T) {
	for file, want := range map[string]int{"": 8, "dtmf: 'off'": 0, "dtmf: '#12=lock, *6=mute'": 2} {
		got, _, err := parsed(t, file)
		if err != nil {
			t.Fatal(err)
		}
		if file == "" && got.DTMF != focus.DefaultKeypad {
			t.Errorf("the default is %s, want %s", got.DTMF, focus.DefaultKeypad)
		}
		if o, err := got.options(); err != nil || len(o.keypad) != want {
			t.Errorf("%q: %v, %v; want %d commands", file, o, err, want)
		}
	}
}

func TestWhatAFileMayNotSay(t *testing.T) {
	for file, want := range map[string]string{
		"medai-ip: 127.0.0.1":      `there is no key "medai-ip" (did you mean "media-ip"?)`,
		"media: {ip: 127.0.0.1}":   `did you mean "media-ip"?`,
		"config: other.yaml":       `there is no key "config"`,
		"sip: [a, b]":              "one value",
		"sip: ':5060":              "cannot be read",
		"media-timeout: soon":      "media-timeout",
		"log-level: loud":          "log-level",
		"tls-min: '1.1'":           "tls-min",
		"trusted-identity: to":     "trusted-identity",
		"sip: :5060\nsip: :5061\n": "cannot be read",
	} {
		if _, _, err := parsed(t, file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", file, err, want)
		}
	}
}

func TestAVariableThatMeansNothing(t *testing.T) {
	t.Setenv("FOCUS_MEDIA_PORT", "1")
	t.Setenv("FOCUS_SERVICE_ACCOUNT", "nothing like ours")
	_, warned, err := parsed(t, "")
	if err != nil || !strings.Contains(warned, `FOCUS_MEDIA_PORT means nothing (did you mean "FOCUS_MEDIA_PORTS"?)`) || strings.Contains(warned, "ACCOUNT") {
		t.Errorf("got %q, %v", warned, err)
	}
}

func TestSettingsThatWillNotDo(t *testing.T) {
	for file, want := range map[string]string{
		"sip: '5060'":                "--sip",
		"sip: ':70000'":              "1 to 65535",
		"sip: 'example.com:5060'":    "IP address",
		"dtmf: '*6=explode'":         "the verbs are mute",
		"sip-rate: -1":               "--sip-rate -1",
		"https: 'off'":               "--https",
		"sip: 'off'\nsips: 'off'":    "no telephone could call",
		"media-ip: 0.0.0.0":          "--media-ip",
		"media-ports: 20000":         "LO-HI",
		"media-ports: 500-600":       "1024",
		"media-ports: 30000-30000":   "two ports",
		"media-timeout: 10ms":        "a second",
		"domain: 'a b'":              "--domain",
		"domain: 'a@b'":              "--domain",
		"digest: sha-1":              "--digest",
		"digest: 'md5, md5'":         "--digest",
		"digest: ''":                 "--digest",
		"prompts: /nowhere":          "--prompts",
		"data: /dev/null":            "not a folder",
		"dns: 192.0.2.53":            "--dns",
		"ws: '5066'":                 "--ws",
		"ws-origins: 'x://a/b'":      "--ws-origins",
		"ws-origins: 'a, b:80'":      "--ws-origins",
		"tls-cert: c.pem":            "name both",
		"tls-key: k.pem":             "name both",
		"trusted: 'a b c'":           "--trusted",
		"trusted: proxy.example.net": "--tls-client-ca",
		"trusted-identity: from":     "whose From",
		"acme: localhost":            "--acme",
		"acme: 192.0.2.1":            "--acme",
		"acme: 'a.example.com'\ntls-cert: c.pem\ntls-key: k.pem":             "choose one",
		"acme: 'a.example.com'\nacme-directory: 'http://ca.example.com/dir'": "--acme-directory",
		"acme: 'a.example.com'\nacme-http: '80'":                             "--acme-http",
		"acme-http: ':80'":                                                   "without --acme",
	} {
		s, _, err := parsed(t, file)
		if err != nil {
			t.Errorf("%q: %v", file, err)
			continue
		}
		if _, err := s.options(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", file, err, want)
		}
	}
}

func TestDigestAlgorithmsAreInTheirOrder(t *testing.T) {
	for file, want := range map[string][]sip.Algorithm{
		"":                     {sip.SHA512256, sip.SHA256, sip.MD5},
		"digest: md5":          {sip.MD5},
		"digest: SHA-256, md5": {sip.SHA256, sip.MD5},
	} {
		s, _, err := parsed(t, file)
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.options()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, o.digest); diff != "" {
			t.Errorf("%q (-want +got):\n%s", file, diff)
		}
	}
}

func TestOriginsOfPages(t *testing.T) {
	s, _, err := parsed(t, "ws-origins: 'https://app.example.org:8080, *.example.com,intranet, *'")
	if err != nil {
		t.Fatal(err)
	}
	o, err := s.options()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"https://app.example.org:8080", "*.example.com", "intranet", "*"}, o.origins); diff != "" {
		t.Error(diff)
	}
}

func TestNamesOfTheServer(t *testing.T) {
	s, _, err := parsed(t, "media-ip: '2001:db8::1'\nsip: '127.0.0.1:5070'\nsips: 'off'\nhttps: '127.0.0.2:8443'\n")
	if err != nil {
		t.Fatal(err)
	}
	o, err := s.options()
	if err != nil {
		t.Fatal(err)
	}
	if o.domain != "[2001:db8::1]" {
		t.Errorf("domain %s", o.domain)
	}
	if diff := cmp.Diff([]string{"127.0.0.1", "127.0.0.2", "[2001:db8::1]"}, o.ownNames()); diff != "" {
		t.Error(diff)
	}
	if got, want := o.dialURI("meeting"), "sip:meeting@[2001:db8::1]:5070"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestHowSIPIsReachedFromOutside(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"media-public-ip: 203.0.113.5\n": "203.0.113.5",
		"media-public-ip: 203.0.113.5\nsip-public-host: 203.0.113.6\n": "203.0.113.6",
		"sip-public-host: sip.example.com\n":                           "sip.example.com",
		"sip-public-host: 2001:db8::5\n":                               "[2001:db8::5]",
	} {
		s, _, err := parsed(t, "media-ip: 192.0.2.10\n"+text)
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.options()
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if o.sipPublic != want || want != "" && (!slices.Contains(o.ownNames(), want) || !slices.Contains(o.listenHosts(), want)) {
			t.Errorf("%q: %q, want %q, which is one of %q and %q", text, o.sipPublic, want, o.ownNames(), o.listenHosts())
		}
	}
	for _, text := range []string{"sip.example.com:5060", "'0.0.0.0'", "'::'", "sip:a@b", "a b", "fe80::1%eth0", "'[2001:db8::5]'"} {
		s, _, err := parsed(t, "media-ip: 192.0.2.10\nsip-public-host: "+text+"\n")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.options(); err == nil || !strings.Contains(err.Error(), "--sip-public-host") {
			t.Errorf("%q: %v, want an error that names the flag", text, err)
		}
	}
}
