package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/quality"
)

const (
	maxCalls  = 16 << 20 // bytes of a file: about ten thousand calls
	keptCalls = 15       // full files that are kept beside the one that is written
)

// callRecords writes a line of JSON for each call that is over. The files have a bound, and so has their number: the oldest go.
type callRecords struct {
	folder string
	name   string // of the file, without .jsonl
	log    *slog.Logger
	now    func() time.Time

	mu   sync.Mutex
	file *os.File // nil: not open yet, or it failed
	size int64
	full int64 // bytes of a file
}

func newCallRecords(folder, name string, log *slog.Logger) *callRecords {
	return &callRecords{folder: folder, name: name, log: log, now: time.Now, full: maxCalls}
}

// write adds a call. A disk that takes nothing costs the record, and is logged; no call depends on it.
func (c *callRecords) write(report *quality.Report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.append(report); err != nil {
		c.log.Error("a record of a call is lost", "err", err)
		c.shut()
	}
}

func (c *callRecords) append(report *quality.Report) error {
	line, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	line = append(line, '\n')
	if c.file != nil && c.size+int64(len(line)) > c.full {
		if err := c.rotate(); err != nil {
			return err
		}
	}
	if c.file == nil {
		if err := c.open(); err != nil {
			return err
		}
	}
	n, err := c.file.Write(line)
	c.size += int64(n)
	return err
}

func (c *callRecords) open() error {
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(c.path(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return err
	}
	c.file, c.size = file, info.Size()
	return nil
}

// rotate puts the file aside under the time, and removes the oldest of those.
func (c *callRecords) rotate() error {
	c.shut()
	name := c.name + "-" + c.now().UTC().Format("20060102T150405.000000000Z") + ".jsonl"
	if err := os.Rename(c.path(), filepath.Join(c.folder, name)); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(c.folder, c.name+"-*.jsonl"))
	if err != nil {
		return err
	}
	slices.Sort(old)
	for _, name := range old[:max(0, len(old)-keptCalls)] {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// Newest reads the records back, a file at a time.
func (c *callRecords) Newest(ctx context.Context, callID string) iter.Seq2[*quality.Report, error] {
	return func(yield func(*quality.Report, error) bool) {
		lines, full, err := c.current()
		for err == nil {
			if !newestOf(ctx, lines, callID, yield) {
				return
			}
			if len(full) == 0 {
				return
			}
			lines, err = os.ReadFile(full[len(full)-1])
			full = full[:len(full)-1]
		}
		yield(nil, err)
	}
}

// current is what is in the file that is written, and the names of the full ones, the newest last.
func (c *callRecords) current() (lines []byte, full []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if lines, err = os.ReadFile(c.path()); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	full, err2 := filepath.Glob(filepath.Join(c.folder, c.name+"-*.jsonl"))
	slices.Sort(full)
	return lines, full, errors.Join(err, err2)
}

// newestOf yields the reports of a file, from its end; false when that is enough. A line that was cut off by a full disk is none.
func newestOf(ctx context.Context, lines []byte, callID string, yield func(*quality.Report, error) bool) bool {
	quoted, _ := json.Marshal(callID) // a string never fails
	for len(lines) > 0 {
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return false
		}
		start := bytes.LastIndexByte(lines[:len(lines)-1], '\n') + 1
		line := lines[start:]
		lines = lines[:start]
		if callID != "" && !bytes.Contains(line, quoted) {
			continue
		}
		var report quality.Report
		if json.Unmarshal(line, &report) != nil || callID != "" && report.CallID != callID {
			continue
		}
		if !yield(&report, nil) {
			return false
		}
	}
	return true
}

func (c *callRecords) path() string { return filepath.Join(c.folder, c.name+".jsonl") }

func (c *callRecords) shut() {
	if c.file != nil {
		_ = c.file.Close() // what was written is with the kernel
		c.file = nil
	}
}

// Close ends the file.
func (c *callRecords) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut()
}
