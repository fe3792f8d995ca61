// Package testdata finds the published test vectors, which are not part of this repository.
//
// They are read from $FOCUS_TESTDATA; without it from shared/testdata in the first folder above the repository that has one.
package testdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Absent begins the message of every test that was skipped because its vectors are not there; `make test` counts it.
const Absent = "no test data"

// Dir returns the folder of that name among the test vectors ("g722-itu"). A test whose vectors are not there is skipped,
// except when FOCUS_TESTDATA is set: whoever sets it wants the vectors run, so what is missing then is a failure.
func Dir(t testing.TB, folder string) string {
	t.Helper()
	root := os.Getenv("FOCUS_TESTDATA")
	dir := filepath.Join(root, folder)
	switch {
	case root != "" && !isDir(dir):
		t.Fatalf("FOCUS_TESTDATA=%s has no folder %s", root, folder)
	case root == "":
		if dir = above(folder); dir == "" {
			t.Skipf("%s: no folder shared/testdata/%s above the repository; set FOCUS_TESTDATA", Absent, folder)
		}
	}
	return dir
}

// above looks for shared/testdata/folder beside the working directory and beside each of its parents.
func above(folder string) string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if found := filepath.Join(dir, "shared", "testdata", folder); isDir(found) {
			return found
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
