package main

import (
	"encoding/json"
	"fmt"
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
