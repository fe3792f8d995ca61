package testdata

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorder is a test that notes how Dir ended it.
type recorder struct {
	testing.TB
	ended string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.ended = "skipped: " + fmt.Sprintf(format, args...)
	panic(r)
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.ended = "failed: " + fmt.Sprintf(format, args...)
	panic(r)
}

func dir(folder string) (found, ended string) {
	r := new(recorder)
	defer func() {
		if p := recover(); p != nil && p != r {
			panic(p)
		}
		ended = r.ended
	}()
	return Dir(r, folder), ""
}

func TestDirOfTheEnvironment(t *testing.T) {
	root := t.TempDir()
	t.Setenv("FOCUS_TESTDATA", root)
	want := mkdir(t, root, "vectors")
	if got, ended := dir("vectors"); got != want || ended != "" {
		t.Errorf("Dir = %q, %q; want %q", got, ended, want)
	}
	if _, ended := dir("missing"); !strings.HasPrefix(ended, "failed: ") {
		t.Errorf("vectors missing from FOCUS_TESTDATA: %q, want a failure", ended)
	}
}

func TestDirAboveTheRepository(t *testing.T) {
	top := t.TempDir()
	t.Setenv("FOCUS_TESTDATA", "")
	want := mkdir(t, top, "shared", "testdata", "vectors")
	t.Chdir(mkdir(t, top, "repository", "pkg", "x"))
	if got, ended := dir("vectors"); got != want || ended != "" {
		t.Errorf("Dir = %q, %q; want %q", got, ended, want)
	}
	if _, ended := dir("missing"); !strings.HasPrefix(ended, "skipped: "+Absent) {
		t.Errorf("no vectors anywhere: %q, want a skip that make test can count", ended)
	}
}

func mkdir(t *testing.T, parts ...string) string {
	t.Helper()
	path := filepath.Join(parts...)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
