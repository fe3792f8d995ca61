package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// options are the command line.
type options struct {
	Only   []string      `help:"Measure these rows only: pcmu-100,opus-100,…"`
	List   bool          `help:"List the rows and measure nothing."`
	MCU    bool          `name:"mcu" help:"Measure the MCU alone, without SIP and HTTPS."`
	JSON   bool          `name:"json" help:"Print JSON instead of the table."`
	Pprof  string        `placeholder:"DIR" help:"Leave a CPU profile of each row's window in this folder."`
	Window time.Duration `default:"20s" help:"How long each row is measured."`
	Warmup time.Duration `default:"5s" help:"How long the callers talk before that."`
	Out    string        `default:"bench/results/latest.json" help:"Where the results go."`
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == mcuChild {
		exit(serveMCU(os.Stdin, os.Stdout, os.Args[2], os.Args[3] == ringIO))
		return
	}
	var o options
	kong.Parse(&o, kong.Name("bench"), kong.Description("Places calls and measures what they cost the server (bench/README.md)."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(o.run(ctx))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (o *options) run(ctx context.Context) error {
	chosen, err := choose(rows(), o.Only)
	if err != nil {
		return err
	}
	if o.List {
		for _, r := range chosen {
			fmt.Printf("%-18s %s\n", r.key, r.title)
		}
		return nil
	}
	b, done, err := o.bench()
	if err != nil {
		return err
	}
	defer done()
	measured := &results{Measured: time.Now(), System: o.system(), Cores: runtime.NumCPU(), Window: o.Window.String()}
	var failed error
	for _, r := range chosen {
		if ctx.Err() != nil {
			break
		}
		figures, err := r.measure(ctx, b, r)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", r.key, err))
			continue
		}
		measured.Figures = append(measured.Figures, figures...)
	}
	return errors.Join(o.report(measured), failed, b.problems)
}

// choose picks rows by key, in the table's order.
func choose(all []row, keys []string) (chosen []row, err error) {
	if len(keys) == 0 {
		return all, nil
	}
	wanted := map[string]bool{}
	for _, key := range keys {
		wanted[key] = true
	}
	for _, r := range all {
		if wanted[r.key] {
			chosen = append(chosen, r)
			delete(wanted, r.key)
		}
	}
	for key := range wanted {
		return nil, fmt.Errorf("no row %q: --list shows them", key)
	}
	return chosen, nil
}

// bench makes what rows are measured with, and what ends it.
func (o *options) bench() (b *bench, done func(), err error) {
	b = &bench{
		start: startMCU, startWith: startMCUWith, window: o.Window, warmup: o.Warmup, profiles: o.Pprof,
		log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) },
	}
	if o.Pprof != "" {
		if err := os.MkdirAll(o.Pprof, 0o755); err != nil {
			return nil, nil, err
		}
	}
	if o.MCU {
		return b, func() {}, nil
	}
	folder, err := os.MkdirTemp("", "focus-bench-")
	if err != nil {
		return nil, nil, err
	}
	done = func() { _ = os.RemoveAll(folder) }
	program, err := buildFocus(folder)
	if err != nil {
		done()
		return nil, nil, err
	}
	b.program = program
	b.start = func() (system, error) { return startFocus(program) }
	b.startWith = func(io string) (system, error) {
		return startFocus(program, "--media-io", io, "--media-ice-mode", "lite")
	}
	return b, done, nil
}

func (o *options) system() string {
	if o.MCU {
		return "the MCU alone"
	}
	return "focus serve"
}

func (o *options) report(r *results) error {
	if err := r.save(filepath.FromSlash(o.Out)); err != nil {
		return err
	}
	if o.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	fmt.Printf("\n%s, %d cores, windows of %s\n\n", strings.ToUpper(r.System[:1])+r.System[1:], r.Cores, r.Window)
	return r.print(os.Stdout)
}
