//go:build interop

package interop

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Variables that tell the inner run where the packages of the browser stories are, or why they are not there.
const (
	packagesVariable   = "INTEROP_PACKAGES"
	noPackagesVariable = "INTEROP_NO_PACKAGES"
)

// fetchPackages installs the JavaScript packages of browser/package.json beside a copy of the stories, outside of the namespace, which has no
// way to the registry. What cannot be done is told to the tests, which are skipped then.
func fetchPackages(dir string) {
	if why := tryPackages(dir); why != "" {
		os.Setenv(noPackagesVariable, why)
		return
	}
	os.Setenv(packagesVariable, dir)
}

func tryPackages(dir string) (why string) {
	if !asksForBrowsers() {
		return "not asked for"
	}
	for _, program := range []string{"chromium", "node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return program + " is not installed (apt-get install chromium npm)"
		}
	}
	if err := os.CopyFS(dir, os.DirFS("browser")); err != nil {
		return err.Error()
	}
	npm := exec.Command("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		return "npm install: " + err.Error() + "\n" + tail(string(out), 500)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules/.bin/esbuild")); err != nil {
		return err.Error()
	}
	return ""
}

// asksForBrowsers reads -test.run: a run of other tests need not wait for the registry.
func asksForBrowsers() bool {
	flag.Parse()
	pattern, _, _ := strings.Cut(flag.Lookup("test.run").Value.String(), "/")
	for _, name := range []string{"TestBrowsersOverWebSocket", "TestBrowsersInOneConference", "TestBrowserThatMayOnlyRelayOverTLS", "TestPagesOfForeignOrigins", "TestBrowserBehindNAT", "TestAllModesInOneRoom"} {
		if ok, err := regexp.MatchString(pattern, name); ok && err == nil {
			return true
		}
	}
	return false
}
