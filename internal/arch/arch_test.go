package arch

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestImportsAreOnTheMap(t *testing.T) {
	markdown, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := ReadPlan(string(markdown))
	if err != nil {
		t.Fatal(err)
	}
	files, err := ReadFiles(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range plan.Check(files) {
		t.Error(wrong)
	}
}

// small is a map with a bottom, a middle and a top.
const small = `
## Imports

| package | may import |
|---|---|
| ` + "`pkg/noun`" + ` | |
| ` + "`pkg/wire`" + ` | |
| ` + "`pkg/verb` | `pkg/noun`" + ` |

## Third parties

| module | imported by |
|---|---|
| ` + "`example.com/stack` | `pkg/wire`" + ` |
| ` + "`example.com/oracle`" + ` | tests |
| ` + "`C` | `pkg/wire`" + ` |
`

func TestCheck(t *testing.T) {
	plan, err := ReadPlan(small)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ file, imports, want string }{
		{"pkg/verb/do.go", Module + "/pkg/noun", ""},
		{"pkg/verb/do.go", "fmt", ""},
		{"pkg/verb/do.go", Module + "/pkg/wire", "pkg/verb may not import pkg/wire"},
		{"pkg/verb/do_test.go", Module + "/pkg/wire", ""},
		{"pkg/verb/do_test.go", Module + "/internal/testdata", ""},
		{"pkg/verb/do.go", Module + "/internal/testdata", "pkg/verb may not import internal/testdata"},
		{"pkg/noun/be.go", Module + "/pkg/verb", "pkg/noun may not import pkg/verb"},
		{"pkg/noun/be_test.go", Module + "/pkg/verb", "pkg/noun may not import pkg/verb"},
		{"pkg/noun/be_test.go", Module + "/pkg/noun", ""},
		{"pkg/lost/it.go", "fmt", "package pkg/lost is not on the map"},
		{"cmd/focus/main.go", Module + "/pkg/verb", ""},
		{"pkg/wire/read.go", "example.com/stack/v2", ""},
		{"pkg/verb/do.go", "example.com/stack/v2", "pkg/verb may not import example.com/stack/v2: that belongs to pkg/wire"},
		{"cmd/focus/main.go", "example.com/stack", "cmd/focus may not import example.com/stack: that belongs to pkg/wire"},
		{"bench/load.go", "example.com/stack", ""},
		{"pkg/verb/do_test.go", "example.com/oracle", ""},
		{"pkg/verb/do.go", "example.com/oracle", "pkg/verb may not import example.com/oracle: that belongs to "},
		{"pkg/verb/do.go", "C", "pkg/verb may not import C: that belongs to pkg/wire"},
	} {
		folder := row.file[:strings.LastIndex(row.file, "/")]
		got := plan.Check([]File{{Path: row.file, Package: folder, Imports: []string{row.imports}}})
		want := []string{row.file + ": " + row.want}
		if row.want == "" {
			want = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s imports %s (-want +got):\n%s", row.file, row.imports, diff)
		}
	}
}

func TestReadPlanRefusesUpwardRows(t *testing.T) {
	upward := strings.Replace(small, "| `pkg/noun` | |", "| `pkg/noun` | `pkg/verb` |", 1)
	if _, err := ReadPlan(upward); err == nil || !strings.Contains(err.Error(), "not on a row above") {
		t.Errorf("a row that imports one below it: err = %v", err)
	}
	if _, err := ReadPlan("# nothing"); err == nil {
		t.Error("a page without tables was accepted")
	}
}
