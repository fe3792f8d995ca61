package focus

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// updateRefusals writes the table of the document anew: go test ./pkg/focus -run TestTheTableOfRefusals -update-refusals.
var updateRefusals = flag.Bool("update-refusals", false, "write docs/protocol/refusals.md")

const refusalsFile, refusalsBegin, refusalsEnd = "../../docs/protocol/refusals.md", "<!-- table -->\n", "<!-- end of table -->"

func refusalsTable() string {
	var b strings.Builder
	b.WriteString("| refused because | SIP | ms-diagnostics | reason |\n|---|---|---|---|\n")
	for _, row := range outcomes {
		fmt.Fprintf(&b, "| %s | %d | %s | `%s` |\n", cmp.Or(row.text, row.err.Error()), row.status, number(row.diagnostics), row.reason)
	}
	b.WriteString("\n| reason of the MCU | SIP | ms-diagnostics |\n|---|---|---|\n")
	for _, reason := range mcuReasons() {
		fmt.Fprintf(&b, "| `%s` | %d | %s |\n", reason, ofMCU[reason].status, number(ofMCU[reason].diagnostics))
	}
	return b.String()
}

func mcuReasons() (reasons []c3p.Reason) {
	for reason := range ofMCU {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	return reasons
}

func number(n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprint(n)
}

// TestTheTableOfRefusals: the document has what the code does.
func TestTheTableOfRefusals(t *testing.T) {
	text, err := os.ReadFile(refusalsFile)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(text), refusalsBegin)
	_, tail, found := strings.Cut(rest, refusalsEnd)
	if !found {
		t.Fatalf("%s has no table", refusalsFile)
	}
	want := head + refusalsBegin + refusalsTable() + refusalsEnd + tail
	if *updateRefusals {
		if err := os.WriteFile(refusalsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(text) {
		t.Errorf("%s differs from the code; with -update-refusals it is written", refusalsFile)
	}
}

// diagnosed are the numbers of ms-diagnostics that were read of: 3000 to 3016 and 7008.
func diagnosed(n int) bool { return n == 0 || n >= 3000 && n <= 3016 || n == 7008 }

// TestEachRefusal: every row of the table, as a client gets it: by SIP the status, ms-diagnostics and Warning; by C3P the reason and the detail.
// What wraps it is the same refusal and tells nobody what was attempted, unless the row says that the error may speak.
func TestEachRefusal(t *testing.T) {
	s := &Server{config: Config{Domain: "example.com"}, log: slog.New(slog.DiscardHandler)}
	for i, row := range outcomes {
		err := fmt.Errorf("asking for tea: %w", row.err)
		text := cmp.Or(row.text, err.Error())
		if code, _ := registrationRefusal(err); code != 0 {
			continue // REGISTER has a table of its own
		}
		checkRefusal(t, s, err, outcome{status: row.status, diagnostics: row.diagnostics, reason: row.reason, text: text})
		if !diagnosed(row.diagnostics) || row.status < 400 || row.status > 699 {
			t.Errorf("%v: %d, %d", row.err, row.status, row.diagnostics)
		}
		for _, earlier := range outcomes[:i] {
			if errors.Is(row.err, earlier.err) {
				t.Errorf("%v never gets its turn: %v is before it", row.err, earlier.err)
			}
		}
	}
}

// TestEachRefusalOfAnMCU: every reason of an MCU that is not a failure of its own.
func TestEachRefusalOfAnMCU(t *testing.T) {
	s := &Server{config: Config{Domain: "example.com"}, log: slog.New(slog.DiscardHandler)}
	for reason, row := range ofMCU {
		err := fmt.Errorf("modifyConference: %w", &c3p.Error{Reason: reason, Detail: "why", Err: errors.New("secret")})
		checkRefusal(t, s, err, outcome{status: row.status, diagnostics: row.diagnostics, reason: reason, text: "why"})
		if !diagnosed(row.diagnostics) || row.status < 400 || row.status > 699 {
			t.Errorf("%s: %d, %d", reason, row.status, row.diagnostics)
		}
	}
}

func checkRefusal(t *testing.T, s *Server, err error, want outcome) {
	t.Helper()
	status, headers := s.refusal(err)
	diagnostics, warning, detail := "", "", want.text
	if want.diagnostics != 0 {
		diagnostics = fmt.Sprintf("%d;reason=%s;source=\"example.com\"", want.diagnostics, quote(want.text))
	}
	if want.text != "" {
		warning = s.warning(want.text).Value()
	}
	if got := valueOf(headers, "ms-diagnostics"); status != want.status || got != diagnostics {
		t.Errorf("%v: %d with %q, want %d with %q", err, status, got, want.status, diagnostics)
	}
	if got := valueOf(headers, "Warning"); got != warning {
		t.Errorf("%v: Warning %q, want %q", err, got, warning)
	}
	if retry := valueOf(headers, "Retry-After"); (status == 503) != (retry != "") {
		t.Errorf("%v: %d with Retry-After %q", err, status, retry)
	}
	if reason, got := c3p.Explain(s.wireError(err)); reason != want.reason || got != detail {
		t.Errorf("%v: %s, %q; want %s, %q", err, reason, got, want.reason, detail)
	}
}

func valueOf(headers []sip.Header, name string) string {
	for _, h := range headers {
		if strings.EqualFold(h.Name(), name) {
			return h.Value()
		}
	}
	return ""
}
