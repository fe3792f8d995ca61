#!/bin/bash
# test.sh [packages]: the tests, with the race detector for all but the kernels (pkg/codec/..., pkg/pcm, and test/badnet, which is codecs for minutes
# of speech): they are arithmetic, ten times slower under it; `make race` has them too. FOCUS_TESTDATA, or ../shared/testdata where there is one, has the published vectors.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${FOCUS_TESTDATA:-}" ] && [ -d ../shared/testdata ]; then
	FOCUS_TESTDATA=$(cd ../shared/testdata && pwd)
	export FOCUS_TESTDATA
fi

# A program with the race detector sleeps a second when it ends, and the stories of cmd/focus run a hundred.
export GORACE="atexit_sleep_ms=50 ${GORACE:-}"

[ $# -gt 0 ] || set -- ./... ./internal/testdata # a folder of that name is not in ./...
packages=$(go list "$@")
kernel='/(pkg/(codec/|pcm$)|test/badnet)'
kernels=$(grep -E "$kernel" <<<"$packages" || true)
stories='/(cmd/focus|test/hostile|test/testenv)$' # begun first: they take longest, and mostly wait
others=$(grep -E "$stories" <<<"$packages" || true; grep -Ev "$stories|$kernel" <<<"$packages" || true)

mkdir -p bin
go build -o bin/testreport ./internal/testreport

# shellcheck disable=SC2086 # lists of packages
run() {
	local failed=0
	[ -z "$others" ] || go test -json -race $others || failed=1
	[ -z "$kernels" ] || go test -json $kernels || failed=1
	return $failed
}

run | bin/testreport
