#!/bin/bash
# fuzz.sh TIME [packages]: runs every fuzz target there is for that long.
set -euo pipefail
cd "$(dirname "$0")/.."
time=$1
shift
for package in $(go list "${@:-./...}"); do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		echo "== $package $target"
		# Where goroutines run, coverage flutters, and making an input smaller would take all the time there is.
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 100x "$package"
	done
done
