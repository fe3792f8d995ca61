#!/bin/bash
# lint.sh: everything that can be said about the code without running it. Tools have exact versions and live in bin/.
set -euo pipefail
cd "$(dirname "$0")/.."

staticcheck=v0.8.2 # 2026.2.2
govulncheck=v1.8.0

# tool installs a command once per version and prints where it is.
tool() {
	local dir=$PWD/bin/tools/${1##*/}-$2
	[ -x "$dir/${1##*/}" ] || GOBIN=$dir GOFLAGS= go install "$1@$2" >&2
	echo "$dir/${1##*/}"
}

# reachable HOST: the vulnerability database is a web site, and not every machine sees the web.
reachable() {
	timeout 5 bash -c "exec 3<>/dev/tcp/$1/443" 2>/dev/null
}

step() { echo "lint: $*"; }

step gofmt
unformatted=$(git ls-files -z --cached --others --exclude-standard -- '*.go' | xargs -0 gofmt -l)
[ -z "$unformatted" ] || { echo "gofmt -w $unformatted" | xargs && exit 1; }

step "go vet"
go vet ./... ./internal/testdata # a folder of that name is not in ./...
[ ! -d test/interop ] || go vet -tags interop ./test/interop/...
go vet -tags attack ./test/hostile
go vet -tags soak ./test/hostile

step "staticcheck $staticcheck"
"$(tool honnef.co/go/tools/cmd/staticcheck $staticcheck)" ./... ./internal/testdata

if [ -n "${FOCUS_VULNDB:-}" ]; then
	step "govulncheck $govulncheck, database $FOCUS_VULNDB"
	"$(tool golang.org/x/vuln/cmd/govulncheck $govulncheck)" -db "$FOCUS_VULNDB" ./...
elif reachable vuln.go.dev; then
	step "govulncheck $govulncheck"
	"$(tool golang.org/x/vuln/cmd/govulncheck $govulncheck)" ./...
else
	step "govulncheck left out: vuln.go.dev cannot be reached, and FOCUS_VULNDB names no database"
fi

step "go mod tidy"
go mod tidy -diff

step "the import map of docs/architecture.md"
go test ./internal/arch
