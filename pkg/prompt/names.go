package prompt

import "strconv"

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

	ConferenceUnlocked = "conference-unlocked"
	Participants       = "participants"
	HandRaised         = "hand-raised"
	HandLowered        = "hand-lowered"
	AllMuted           = "all-muted"
	AllUnmuted         = "all-unmuted"
	AllAdmitted        = "all-admitted"
	NotPermitted       = "not-permitted"
	Failed             = "failed"
	HelpMute           = "help-mute"
	HelpCount          = "help-count"
	HelpHand           = "help-hand"
	HelpLock           = "help-lock"
	HelpMuteAll        = "help-mute-all"
	HelpAdmit          = "help-admit"
	HelpRecord         = "help-record"
	KeyStar            = "key-star"
	KeyPound           = "key-pound"
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

// Number returns the names of the prompts that say how many: one up to twenty, digit by digit beyond.
func Number(n int) []string {
	if n >= 10 && n <= 20 {
		return []string{"number-" + strconv.Itoa(n)}
	}
	return Digits(strconv.Itoa(n))
}

// Keys returns the names of the prompts that say which keys to press: 0-9, * and #. What is none of them is left out.
func Keys(keys string) (names []string) {
	for _, key := range keys {
		switch key {
		case '*':
			names = append(names, KeyStar)
		case '#':
			names = append(names, KeyPound)
		default:
			names = append(names, Digits(string(key))...)
		}
	}
	return names
}
