package focus

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verb is what a caller can say with the keys of a telephone.
type Verb string

// The verbs, in the order in which they are read out.
const (
	VerbMute    Verb = "mute"     // himself, or not any more
	VerbCount   Verb = "count"    // hears how many are in
	VerbHand    Verb = "hand"     // raises his hand, or lowers it
	VerbLock    Verb = "lock"     // locks the conference, or opens it
	VerbMuteAll Verb = "mute-all" // mutes all attendees, or ends that
	VerbAdmit   Verb = "admit"    // lets everybody in who waits in the lobby
	VerbRecord  Verb = "record"   // starts the recording, or ends it
	VerbHelp    Verb = "help"     // hears which keys there are for him
)

// verbs is the order of the help.
var verbs = [...]Verb{VerbMute, VerbCount, VerbHand, VerbLock, VerbMuteAll, VerbAdmit, VerbRecord, VerbHelp}

// Keypad says which keys mean which verb; nil: none does. No keys begin with others of the table.
type Keypad map[string]Verb

// DefaultKeypad is the usual table, in the form that ParseKeypad reads.
const DefaultKeypad = "*0=help,*1=hand,*5=record,*6=mute,*7=lock,*8=mute-all,*9=admit,*#=count"

// maxKeys is the longest sequence: more could not be read out in one command to an MCU.
const maxKeys = 3

// ParseKeypad reads KEYS=VERB with commas between them. Keys are * or # and one or two more of 0-9, * and #.
func ParseKeypad(text string) (Keypad, error) {
	pad := Keypad{}
	for _, entry := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		keys, name, _ := strings.Cut(entry, "=")
		if err := pad.add(keys, Verb(name)); err != nil {
			return nil, fmt.Errorf("%.40q: %w", entry, err)
		}
	}
	return pad, nil
}

func (pad Keypad) add(keys string, verb Verb) error {
	if !slices.Contains(verbs[:], verb) {
		return fmt.Errorf("write KEYS=VERB; the verbs are %s", strings.Trim(fmt.Sprint(verbs), "[]"))
	}
	if len(keys) < 2 || len(keys) > maxKeys || strings.Trim(keys, "0123456789*#") != "" || !strings.ContainsAny(keys[:1], "*#") {
		return fmt.Errorf("keys are * or #, and one or two of 0-9, * and # after it")
	}
	for others, other := range pad {
		if strings.HasPrefix(others, keys) || strings.HasPrefix(keys, others) {
			return fmt.Errorf("%s means %s already", others, other)
		}
		if other == verb {
			return fmt.Errorf("%s is %s already", verb, others)
		}
	}
	pad[keys] = verb
	return nil
}

// begins says whether some keys of the table begin so.
func (pad Keypad) begins(typed string) bool {
	for keys := range pad {
		if strings.HasPrefix(keys, typed) {
			return true
		}
	}
	return false
}

// keysOf finds the keys of a verb; "" when there are none.
func (pad Keypad) keysOf(verb Verb) string {
	for keys, v := range pad {
		if v == verb {
			return keys
		}
	}
	return ""
}

// keyPause is how long the next key of a sequence may take.
const keyPause = 3 * time.Second

// typing is the beginning of a sequence. It is never logged: a caller may take the line for something that wants his PIN.
type typing struct {
	keys string
	last time.Time
}

// press takes one more key and says what the sequence means: "" as long as it means nothing. What cannot become a sequence is forgotten, and the key
// may begin another one.
func (t *typing) press(now time.Time, key string, pad Keypad) Verb {
	if now.Sub(t.last) > keyPause {
		t.keys = ""
	}
	t.last = now
	for _, typed := range []string{t.keys + key, key} {
		if verb, found := pad[typed]; found {
			t.keys = ""
			return verb
		}
		if t.keys = typed; pad.begins(typed) {
			return ""
		}
	}
	t.keys = ""
	return ""
}
