package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// trunkFile writes a file of trunks beside a password.
func trunkFile(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"trunks.yaml": text, "secret": "open sesame\n", "empty": "\n", "open": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "open"), 0o644); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "trunks.yaml")
}

func TestTrunks(t *testing.T) {
	trunks, err := readTrunks(trunkFile(t, `
trunks:
  - name: carrier
    uri: sips:trunk.example.net:5061
    numbers: ["+1", "+44"]
    caller-id: sip:+15550000@example.net
    username: focus
    password-file: secret
    realm: example.net
  - {name: office, uri: sip:192.0.2.7, domains: example.org}
`))
	if err != nil || len(trunks) != 2 {
		t.Fatalf("%v, %v", trunks, err)
	}
	carrier, office := trunks[0], trunks[1]
	if carrier.URI.String() != "sips:trunk.example.net:5061" || strings.Join(carrier.Numbers, " ") != "+1 +44" || carrier.CallerID.User != "+15550000" {
		t.Errorf("%+v", carrier)
	}
	if name, password, ok := carrier.Credentials("example.net"); name != "focus" || password != "open sesame" || !ok {
		t.Errorf("%s, %v", name, ok)
	}
	if _, _, ok := carrier.Credentials("elsewhere.example"); ok {
		t.Error("another realm gets the password")
	}
	if text := fmt.Sprintf("%+v %#v", carrier, carrier); strings.Contains(text, "sesame") {
		t.Error("the password can be printed")
	}
	if office.Credentials != nil || len(office.Domains) != 1 || len(office.Numbers) != 0 {
		t.Errorf("%+v", office)
	}
}

func TestTrunksThatWillNotDo(t *testing.T) {
	const good = "name: a, uri: sip:a.example, numbers: ['+']"
	for text, want := range map[string]string{
		"[]":                                     "cannot be read",
		"trunk: []":                              "it holds trunks:",
		"trunks: []\nothers: []":                 "it holds trunks:",
		"trunks: [a]":                            "write name, uri",
		"trunks: [{" + good + ", number: '+1'}]": `did you mean "numbers"?`,
		"trunks: [{" + good + "}, {" + good + "}]":                      "two trunks called a",
		"trunks: [{uri: sip:a.example, numbers: ['+']}]":                "without a name",
		"trunks: [{name: a, uri: sip:a.example}]":                       "takes no calls",
		"trunks: [{name: a, uri: sip:b@a.example, numbers: ['+']}]":     "its URI is sip:HOST",
		"trunks: [{name: a, uri: 'tel:+1', numbers: ['+']}]":            "its URI is sip:HOST",
		"trunks: [{name: a, uri: sip:a.example, numbers: [1]}]":         "write text, in quotes",
		"trunks: [{name: a, uri: sip:a.example, numbers: ['+1x']}]":     "not the beginning of a number",
		"trunks: [{name: a, uri: sip:a.example, domains: ['']}]":        "a domain without a name",
		"trunks: [{" + good + ", caller-id: 'tel:+1'}]":                 "caller-id",
		"trunks: [{" + good + ", username: u}]":                         "belong together",
		"trunks: [{" + good + ", username: u, password-file: nowhere}]": "no such file",
		"trunks: [{" + good + ", username: u, password-file: empty}]":   "one line with a password",
		"trunks: [{" + good + ", username: u, password-file: open}]":    "chmod 600",
	} {
		if trunks, err := readTrunks(trunkFile(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", text, trunks, err, want)
		}
	}
}
