//go:build interop

package interop

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// host is the address of the server and of the phones inside the namespace. Phones offer no loopback address for media, so it is on a
// pair of interfaces that leads nowhere (RFC 5737, TEST-NET-1).
const host = "192.0.2.10"

// Variables that tell the inner run what the outer one prepared.
const (
	insideVariable = "INTEROP_INSIDE"
	binaryVariable = "INTEROP_FOCUS"
)

// focusBinary is the server under test.
func focusBinary() string { return os.Getenv(binaryVariable) }

// TestMain builds the server, then runs the tests once more in a network namespace of their own.
func TestMain(m *testing.M) {
	if os.Getenv(insideVariable) != "" {
		os.Exit(m.Run())
	}
	code, err := outside()
	if err != nil {
		fmt.Println("interop:", err)
		code = 1
	}
	os.Exit(code)
}

// outside prepares what the tests need and runs them; it returns their exit code.
func outside() (int, error) {
	if focusBinary() == "" {
		dir, err := os.MkdirTemp("", "focus-interop-")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(dir)
		binary := filepath.Join(dir, "focus")
		if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/focus").CombinedOutput(); err != nil {
			return 0, fmt.Errorf("building cmd/focus: %w\n%s", err, out)
		}
		os.Setenv(binaryVariable, binary)
	}
	if out, err := inNamespace("true").CombinedOutput(); err != nil {
		fmt.Printf("SKIP: no network namespace can be made here (%v%s): run as root, or allow unprivileged user namespaces\n",
			err, strings.TrimRight(" "+string(out), "\n "))
		return 0, nil
	}
	packages, err := os.MkdirTemp("", "focus-interop-js-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(packages)
	fetchPackages(packages)
	return runInside()
}

func runInside() (int, error) {
	runtime.LockOSThread() // the inner run dies with the thread that started it
	defer runtime.UnlockOSThread()
	cmd := inNamespace(os.Args[0], os.Args[1:]...)
	cmd.Env = append(os.Environ(), insideVariable+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	signal.Ignore(syscall.SIGINT, syscall.SIGQUIT) // they reach the inner run too, which says what it was doing
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}

// inNamespace is a command with a loopback interface and host, and without a way out. Root makes the network namespace alone; others
// make a user namespace around it in which they are root. Telephones talk in real time: where that is allowed they come before whatever
// else a busy machine does (without, a compiler beside the tests holds a process back for 400 ms, and every speech is in shreds).
func inNamespace(name string, args ...string) *exec.Cmd {
	const network = `PATH=$PATH:/usr/sbin:/sbin && ip link set lo up && ip link add h0 type veth peer name h1 && ip addr add ` + host + `/24 dev h0 &&
		ip link set h0 up && ip link set h1 up && ip route add default dev h0 && { chrt -r -p 1 $$ >/dev/null 2>&1 || true; } && exec "$@"`
	cmd := exec.Command("sh", append([]string{"-c", network, "sh", name}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	return cmd
}
