#!/bin/bash
# fuzz.sh TIME [packages]: runs every fuzz target there is for that long, and says at the end which of them found something.
set -euo pipefail
cd "$(dirname "$0")/.."
time=$1
shift
found=()
for package in $(go list "${@:-./...}"); do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		echo "== $package $target"
		# Where goroutines run, coverage flutters, and making an input smaller would take all the time there is.
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 100x "$package" || found+=("$package $target")
	done
done
if [ ${#found[@]} -gt 0 ]; then
	printf 'found something: %s\n' "${found[@]}"
	exit 1
fi
