#!/bin/bash
# test.sh [packages]: the tests, with the race detector for all but the codec kernels: they are arithmetic without a goroutine,
# ten times slower under it. FOCUS_TESTDATA, or ../shared/testdata where there is one, has the published vectors.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${FOCUS_TESTDATA:-}" ] && [ -d ../shared/testdata ]; then
	FOCUS_TESTDATA=$(cd ../shared/testdata && pwd)
	export FOCUS_TESTDATA
fi

[ $# -gt 0 ] || set -- ./... ./internal/testdata # a folder of that name is not in ./...
packages=$(go list "$@")
kernels=$(grep '/pkg/codec/' <<<"$packages" || true)
others=$(grep -v '/pkg/codec/' <<<"$packages" || true)

mkdir -p bin
go build -o bin/testreport ./internal/testreport

# shellcheck disable=SC2086 # lists of packages
run() {
	local failed=0
	[ -z "$others" ] || go test -json -race -timeout 4m $others || failed=1
	[ -z "$kernels" ] || go test -json -timeout 4m $kernels || failed=1
	return $failed
}

run | bin/testreport
