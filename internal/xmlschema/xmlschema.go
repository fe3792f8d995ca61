// Package xmlschema validates what tests have written against the schemas of api/c3p. It asks xmllint (libxml2), as no Go package does it.
package xmlschema

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// Absent begins the message of a test that was skipped, or of a story whose documents were not looked at, because there is no xmllint.
const Absent = "no xmllint: install libxml2-utils to validate documents"

// Documents are what is to be validated, each once. The zero value is ready. Safe for concurrent use.
type Documents struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte][]byte
}

// Add remembers a document.
func (d *Documents) Add(document []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen == nil {
		d.seen = make(map[[sha256.Size]byte][]byte)
	}
	if sum := sha256.Sum256(document); d.seen[sum] == nil {
		d.seen[sum] = append([]byte(nil), document...)
	}
}

// Require skips a test that is about nothing but schemas where there is no xmllint.
func Require(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip(Absent)
	}
}

// Validate fails the test for each document that is not as the schema says. Without xmllint it says that nobody looked. It must not be called in
// virtual time.
func (d *Documents) Validate(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Log(Absent)
	}
	for _, complaint := range d.Complaints(t) {
		t.Error(complaint)
	}
}

// Complaints are what xmllint says of the documents, each with its document; nil without xmllint.
func (d *Documents) Complaints(t testing.TB) (complaints []string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := exec.LookPath("xmllint"); err != nil || len(d.seen) == 0 {
		return nil
	}
	folder := t.TempDir()
	arguments := []string{"--noout", "--nonet", "--schema", schema(t)}
	for sum, document := range d.seen {
		name := filepath.Join(folder, fmt.Sprintf("%x.xml", sum[:8]))
		if err := os.WriteFile(name, document, 0o600); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, name)
	}
	out, err := exec.Command("xmllint", arguments...).CombinedOutput()
	if err == nil {
		return nil
	}
	for line := range strings.Lines(string(out)) {
		if found := complaint.FindStringSubmatch(line); found != nil {
			document, _ := os.ReadFile(found[1])
			complaints = append(complaints, strings.TrimSpace(found[2])+"\n"+string(document))
		}
	}
	if complaints == nil {
		complaints = []string{fmt.Sprintf("xmllint: %v: %s", err, out)}
	}
	return complaints
}

var complaint = regexp.MustCompile(`^(\S+\.xml):\d+: (.*error.*)`)

// schema finds api/c3p/cccp.xsd above the folder of the test.
func schema(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		name := filepath.Join(folder, "api", "c3p", "cccp.xsd")
		if _, err := os.Stat(name); err == nil {
			return name
		}
		if filepath.Dir(folder) == folder {
			t.Fatal("no api/c3p/cccp.xsd above the test")
		}
		folder = filepath.Dir(folder)
	}
}
