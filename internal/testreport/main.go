// Command testreport reads `go test -json` and prints what go test itself would have printed: one closing line per package,
// and the output of the tests that failed. At the end it says how many tests were skipped for want of test vectors, which go
// test tells only with -v. It exits with 1 when anything failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
)

func main() {
	r := report{out: os.Stdout, tests: map[string]*strings.Builder{}}
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
	if r.close() {
		os.Exit(1)
	}
}

// event is one line of `go test -json` (go doc test2json).
type event struct {
	Action, Package, ImportPath, Test, Output string
}

type report struct {
	out            io.Writer
	tests          map[string]*strings.Builder // output of each running test
	passed, failed int                         // tests and subtests
	skipped        int
	absent         int // of the skipped: no vectors
	broken         int // packages that failed, or did not build
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			r.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil {
		fmt.Fprint(r.out, line) // go test speaks plainly when it cannot even start
		return
	}
	switch {
	case e.Action == "build-output":
		fmt.Fprint(r.out, e.Output)
	case e.Test == "":
		r.pkg(e)
	default:
		r.test(e)
	}
}

func (r *report) pkg(e event) {
	switch e.Action {
	case "output":
		if e.Output != "PASS\n" && !strings.HasPrefix(e.Output, "coverage:") && !strings.Contains(e.Output, "[no test files]") {
			fmt.Fprint(r.out, e.Output)
		}
	case "fail":
		r.broken++
		r.orphans(e.Package)
	}
}

// orphans prints tests that never came to an end: those running when the package panicked or ran out of time.
func (r *report) orphans(pkg string) {
	for key, output := range r.tests {
		if strings.HasPrefix(key, pkg+" ") {
			fmt.Fprint(r.out, output.String())
			delete(r.tests, key)
		}
	}
}

func (r *report) test(e event) {
	key := e.Package + " " + e.Test
	output := r.tests[key]
	if output == nil {
		output = new(strings.Builder)
		r.tests[key] = output
	}
	switch e.Action {
	case "output":
		output.WriteString(e.Output)
		return
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		fmt.Fprint(r.out, output.String())
	case "skip":
		r.skipped++
		if strings.Contains(output.String(), testdata.Absent) {
			r.absent++
		}
	default:
		return
	}
	delete(r.tests, key)
}

// close prints the last line and says whether anything failed.
func (r *report) close() (failed bool) {
	fmt.Fprintf(r.out, "tests: %d passed, %d failed, %d skipped; %d of those are vector tests without their test data (FOCUS_TESTDATA)\n",
		r.passed, r.failed, r.skipped, r.absent)
	return r.failed > 0 || r.broken > 0
}
