package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/quality"
)

func TestRecordsOfCallsAreBounded(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "calls")
	records := newCallRecords(folder, "calls", slog.New(slog.DiscardHandler))
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	records.full, records.now = 500, func() time.Time { now = now.Add(time.Second); return now }
	for i := range 200 {
		records.write(&quality.Report{CallID: fmt.Sprint(i), Start: now, Stop: now})
	}
	records.Close()
	t.Log("# after a restart the file goes on")
	records = newCallRecords(folder, "calls", slog.New(slog.DiscardHandler))
	records.write(&quality.Report{CallID: "last"})
	records.Close()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) != keptCalls+1 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	written, err := os.ReadFile(filepath.Join(folder, "calls.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(written), []byte("\n"))
	var report quality.Report
	if err := json.Unmarshal(lines[len(lines)-1], &report); err != nil || report.CallID != "last" || len(lines) < 2 {
		t.Errorf("%d lines, the last is %+v: %v", len(lines), report, err)
	}
	if info, err := os.Stat(filepath.Join(folder, "calls.jsonl")); err != nil || info.Mode().Perm() != 0o600 || info.Size() > 700 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestRecordsOfCallsWithoutADisk(t *testing.T) {
	file := filepath.Join(t.TempDir(), "calls")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	records := newCallRecords(file, "calls", slog.New(slog.NewTextHandler(&log, nil)))
	records.write(&quality.Report{CallID: "a"})
	if !bytes.Contains(log.Bytes(), []byte("a record of a call is lost")) {
		t.Errorf("log %q", log.String())
	}
}

func TestRecordsOfCallsAreReadBack(t *testing.T) {
	records := newCallRecords(filepath.Join(t.TempDir(), "calls"), "calls", slog.New(slog.DiscardHandler))
	ids := func(ctx context.Context, callID string, most int) (ids []string, failed error) {
		for call, err := range records.Newest(ctx, callID) {
			if err != nil {
				return ids, err
			}
			if ids = append(ids, call.CallID+call.LocalTag); len(ids) == most {
				break
			}
		}
		return ids, nil
	}
	if got, err := ids(t.Context(), "", 10); err != nil || len(got) != 0 {
		t.Errorf("before any call: %v, %v", got, err)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	records.full, records.now = 300, func() time.Time { now = now.Add(time.Second); return now }
	for i := range 10 {
		records.write(&quality.Report{CallID: fmt.Sprintf("%d<\"@h", i%5), LocalTag: fmt.Sprint(i / 5)})
	}
	if _, err := records.file.WriteString(`{"callID":"torn`); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		callID string
		most   int
		want   string
	}{
		{"", 3, `[4<"@h1 3<"@h1 2<"@h1]`},
		{"", 100, `[4<"@h1 3<"@h1 2<"@h1 1<"@h1 0<"@h1 4<"@h0 3<"@h0 2<"@h0 1<"@h0 0<"@h0]`},
		{`3<"@h`, 100, `[3<"@h1 3<"@h0]`},
		{`3<`, 100, `[]`},
		{"torn", 100, `[]`},
	} {
		if got, err := ids(t.Context(), row.callID, row.most); err != nil || fmt.Sprint(got) != row.want {
			t.Errorf("%q, at most %d: %v, %v; want %s", row.callID, row.most, got, err, row.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ids(ended, "", 100); !errors.Is(err, context.Canceled) {
		t.Errorf("for a client that has gone: %v", err)
	}
	records.Close()
	if err := os.Remove(records.path()); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(records.path(), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := ids(t.Context(), "", 100); err == nil {
		t.Error("a folder was read as a file")
	}
}
