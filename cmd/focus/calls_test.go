package main

import (
	"bytes"
	"encoding/json"
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
