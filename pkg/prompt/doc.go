// Package prompt holds what the server says: spoken prompts, and the dialogue that asks a caller for the PIN.
//
// The prompts are WAV files made from script.txt by `make prompts`. An operator replaces any of them, or adds a language, with
// files of the same names in a folder: DIR/en/pin-enter.wav, DIR/de/pin-enter.wav.
//
//	English, Spanish                        yes
//	other languages                         from the folder; what is missing there is said in English
//	WAV: 16 bit PCM, mono or stereo         yes  8 to 48 kHz, up to a minute
//	WAV: other encodings                    no
//	PIN by #, by length, by pause           yes  three tries
//	said by the focus                       pin-*, recording-*; the others are for a menu
//	DTMF menu beyond the PIN                no
package prompt
