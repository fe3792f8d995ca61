#!/bin/bash
# prompts.sh: speaks pkg/prompt/script.txt into pkg/prompt/LANGUAGE/NAME.wav, 16 kHz mono. The same script, espeak-ng and sox
# give the same bytes: nothing is dithered, and no file says when it was made.
set -euo pipefail
cd "$(dirname "$0")/../pkg/prompt"

declare -A voices=([en]=en-us [es]=es)
spoken=$(mktemp --suffix .wav)
trap 'rm -f "$spoken"' EXIT

while read -r name language text; do
	[[ $name != "" && $name != "#"* ]] || continue
	mkdir -p "$language"
	espeak-ng -v "${voices[$language]:-$language}" -s 160 -w "$spoken" "$text"
	# silence off both ends but for 50 ms, the loudest sample at -6 dBFS
	sox -D -R "$spoken" -r 16000 -c 1 -b 16 "$language/$name.wav" \
		silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse pad 0.05 0.05 gain -n -6
done <script.txt
echo "spoke $(ls ./*/*.wav | wc -l) prompts, $(du -ch ./*/*.wav | tail -n 1 | cut -f 1)"
