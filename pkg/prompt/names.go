package prompt

// The names of the prompts; script.txt has what they say.
const (
	PINEnter         = "pin-enter"
	PINWrong         = "pin-wrong"
	PINLast          = "pin-last"
	Joining          = "joining"
	Alone            = "alone"
	RecordingStarted = "recording-started"
	RecordingPaused  = "recording-paused"
	RecordingStopped = "recording-stopped"
	ConferenceLocked = "conference-locked"
	ConferenceEnded  = "conference-ended"
	Lobby            = "lobby"
	NotFound         = "not-found"
	Muted            = "muted"
	Unmuted          = "unmuted"
)

// Digits returns the names of the prompts that read a number out, digit by digit. What is not a digit is left out.
func Digits(number string) (names []string) {
	for _, r := range number {
		if r >= '0' && r <= '9' {
			names = append(names, "digit-"+string(r))
		}
	}
	return names
}
