//go:build interop

package interop

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a program that a test started. What it says goes to a file that is shown when the test fails.
type process struct {
	t    testing.TB
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when it has ended
}

// starts runs a program in a folder until it ends by itself or the test does.
func starts(t testing.TB, name, dir, program string, args ...string) *process {
	t.Helper()
	return startsWith(t, name, dir, func(*exec.Cmd) {}, program, args...)
}

// startsWith starts a program that needs more than a folder.
func startsWith(t testing.TB, name, dir string, prepare func(*exec.Cmd), program string, args ...string) *process {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed (make interop does that)", program)
	}
	log, err := os.CreateTemp(dir, name+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p := &process{t: t, name: name, log: log.Name(), done: make(chan struct{})}
	p.cmd = exec.Command(program, args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	prepare(p.cmd)
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	go func() { defer close(p.done); _ = p.cmd.Wait() }()
	t.Cleanup(p.cleanup)
	return p
}

func (p *process) cleanup() {
	if p.running() {
		p.ends()
	}
	if p.t.Failed() {
		p.t.Logf("--- %s said (%s):\n%s", p.name, p.log, tail(p.says(), 6000))
	}
}

// ends ends a program that the test needs no more.
func (p *process) ends() {
	p.signals(syscall.SIGTERM)
	if !p.endsWithin(6 * time.Second) {
		p.signals(syscall.SIGKILL)
		<-p.done
	}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (p *process) signals(s os.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("sending %v to %s: %v", s, p.name, err)
	}
}

func (p *process) endsWithin(d time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(d):
		return false
	}
}

// exitCode is valid once the process has ended; -1 when a signal ended it.
func (p *process) exitCode() int { return p.cmd.ProcessState.ExitCode() }

var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// says is everything the process has written so far.
func (p *process) says() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Errorf("reading what %s said: %v", p.name, err)
	}
	return colour.ReplaceAllString(string(text), "")
}

// wantsToSay waits until the process has written something that matches.
func (p *process) wantsToSay(pattern string, within time.Duration) {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	if !until(within, func() bool { return re.MatchString(p.says()) || !p.running() }) || !re.MatchString(p.says()) {
		p.t.Fatalf("%s has not said %q within %v", p.name, pattern, within)
	}
}

// until asks every 20 ms; false when it was never so.
func until(within time.Duration, so func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(within); time.Now().Before(deadline); <-tick.C {
		if so() {
			return true
		}
	}
	return so()
}

// passes lets time pass: phones talk in real time.
func passes(d time.Duration) { <-time.After(d) }

// run runs a tool to its end and returns what it said.
func run(t testing.TB, program string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed (make interop does that)", program)
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, tail(string(out), 4000))
	}
	return string(out)
}

func tail(s string, most int) string {
	if len(s) > most {
		return fmt.Sprintf("… (%d more)\n%s", len(s)-most, s[len(s)-most:])
	}
	return s
}

// write makes a file in a folder and returns its path.
func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
