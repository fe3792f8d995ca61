#!/bin/bash
# deps.sh build|prompts|interop: makes sure that what a target needs is installed.
# What is missing is installed with apt-get where that is allowed (root, or sudo without a password); elsewhere one line says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

have() { command -v "$1" >/dev/null 2>&1; }

# missing prints the Debian packages a target lacks.
missing() {
	case $1 in
	build)
		have gcc || echo gcc libc6-dev
		have pkg-config || echo pkg-config
		{ have pkg-config && pkg-config --exists opus; } || echo libopus-dev
		;;
	prompts)
		have espeak-ng || echo espeak-ng
		have sox || echo sox
		have opusenc || echo opus-tools
		;;
	interop)
		missing prompts
		have ip || [ -x /usr/sbin/ip ] || echo iproute2
		have nft || [ -x /usr/sbin/nft ] || echo nftables
		have nsenter || echo util-linux
		have baresip || echo baresip-core
		have sipp || echo sip-tester
		have turnutils_uclient || echo coturn
		have linphonec || echo linphone-cli
		have openssl || echo openssl
		have ffprobe || echo ffmpeg
		have xmllint || echo libxml2-utils
		have opusinfo || echo opus-tools
		have chromium || echo chromium
		have npm || echo npm
		;;
	*) echo "usage: deps.sh build|prompts|interop" >&2 && exit 2 ;;
	esac
}

check_go() {
	local want got
	want=$(awk '$1 == "go" {print $2}' go.mod)
	have go || fail "Go is not installed: install Go $want or later (https://go.dev/dl)"
	got=$(go env GOVERSION 2>/dev/null) || got=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null || true)
	got=${got#go}
	[ "$(printf '%s\n' "$want" "${got%%[- ]*}" | sort -V | head -n 1)" = "$want" ] ||
		fail "Go ${got:-of unknown version} is too old: install Go $want or later (https://go.dev/dl)"
}

fail() {
	echo "$*" >&2
	exit 1
}

# as_root runs a command as root, or fails without asking for a password.
as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_install() {
	have apt-get && { [ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null; }; }
}

# apt runs apt-get quietly; what it said is shown when it fails.
apt() {
	local log
	log=$(mktemp)
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1 || {
		cat "$log" >&2
		rm -f "$log"
		fail "apt-get $* failed; please install: $packages"
	}
	rm -f "$log"
}

[ "${1:-}" != build ] || check_go
packages=$(missing "${1:-}" | xargs)
[ -n "$packages" ] || exit 0
can_install || fail "please install: $packages   (on Debian, as root: apt-get install $packages)"
echo "installing $packages"
apt update
# shellcheck disable=SC2086 # a list of names
apt install --no-install-recommends $packages
still=$(missing "$1" | xargs)
[ -z "$still" ] || fail "please install: $still"
