#!/bin/bash
# voices.sh: speaks internal/demo/voices/script.txt into NAME.opus beside it, 16 kHz mono at 24 kbit/s.
set -euo pipefail
cd "$(dirname "$0")/../internal/demo/voices"

spoken=$(mktemp -d)
trap 'rm -r "$spoken"' EXIT

serial=1 # of the Ogg stream: it would be random
while read -r name voice text; do
	[[ $name != "" && $name != "#"* ]] || continue
	espeak-ng -v "$voice" -s 165 -w "$spoken/raw.wav" "$text"
	# silence off both ends, the loudest sample at -6 dBFS
	sox -D -R "$spoken/raw.wav" -r 16000 -c 1 -b 16 "$spoken/clean.wav" \
		silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse pad 0.05 0.05 gain -n -6
	opusenc --quiet --bitrate 24 --serial $((serial++)) --discard-comments "$spoken/clean.wav" "$name.opus"
done <script.txt
echo "spoke $(ls ./*.opus | wc -l) voices, $(du -ch ./*.opus | tail -n 1 | cut -f 1)"
