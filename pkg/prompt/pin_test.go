package prompt

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// caller is somebody at the keypad, in a time of their own.
type caller struct {
	t     *testing.T
	now   time.Time
	entry *PINEntry
	heard []Action
}

func calls(t *testing.T, config PINConfig) *caller {
	t.Helper()
	c := &caller{t: t, now: time.Unix(0, 0)}
	c.entry, c.heard = NewPINEntry(c.now, config)
	c.wants("play pin-enter", "the caller is asked")
	return c
}

func (c *caller) types(keys string) {
	for _, key := range keys {
		c.now = c.now.Add(100 * time.Millisecond)
		c.heard = append(c.heard, c.entry.Digit(c.now, key)...)
	}
}

// waits lets time pass, ticking at each deadline.
func (c *caller) waits(d time.Duration) {
	end := c.now.Add(d)
	for {
		deadline := c.entry.Deadline()
		if deadline.IsZero() || deadline.After(end) {
			break
		}
		c.now = deadline
		c.heard = append(c.heard, c.entry.Tick(c.now)...)
	}
	c.now = end
}

func (c *caller) isWrong() { c.heard = append(c.heard, c.entry.Wrong(c.now)...) }

// wants compares what was done since the last look, "; " between actions.
func (c *caller) wants(want, why string) {
	c.t.Helper()
	var done []string
	for _, a := range c.heard {
		text := a.String()
		if a.Do == Try {
			text = "try " + a.PIN
		}
		done = append(done, text)
	}
	if got := strings.Join(done, "; "); got != want {
		c.t.Errorf("%s: got %q, want %q", why, got, want)
	}
	c.heard = nil
}

func TestRightPIN(t *testing.T) {
	alice := calls(t, PINConfig{})
	alice.types("4711")
	alice.wants("stop", "the first key ends the question")
	alice.types("#")
	alice.wants("try 4711", "# ends the entry")
	alice.types("99#")
	alice.waits(time.Hour)
	alice.wants("", "nothing counts while the PIN is checked")
	alice.entry.Right()
	alice.types("1#")
	alice.waits(time.Hour)
	alice.wants("", "it is over")
	if !alice.entry.Over() {
		t.Error("not over after the right PIN")
	}
}

func TestWrongThreeTimes(t *testing.T) {
	bob := calls(t, PINConfig{Length: 4})
	for try := range 2 {
		bob.types("0000")
		bob.wants("stop; try 0000", "four digits are an entry")
		bob.isWrong()
		bob.wants("play pin-wrong", fmt.Sprintf("try %d", try+1))
	}
	bob.types("1111")
	bob.wants("stop; try 1111", "the last entry")
	bob.isWrong()
	bob.wants("play pin-last; hang up", "three are enough")
	if !bob.entry.Over() {
		t.Error("not over after three tries")
	}
	bob.isWrong()
	bob.types("1111")
	bob.wants("", "it stays over")
}

func TestNoPIN(t *testing.T) {
	carol := calls(t, PINConfig{})
	carol.waits(59 * time.Second)
	carol.wants("play pin-enter; play pin-enter; play pin-enter", "a reminder every 15 s")
	carol.waits(time.Second)
	carol.wants("hang up", "a minute of silence")
}

func TestPauseEndsTheEntry(t *testing.T) {
	dave := calls(t, PINConfig{Length: 6})
	dave.types("47")
	dave.waits(4 * time.Second)
	dave.wants("stop", "dave may think")
	dave.types("11")
	dave.waits(5 * time.Second)
	dave.wants("try 4711", "but not for ever")
}

func TestStarBeginsAgain(t *testing.T) {
	erin := calls(t, PINConfig{})
	erin.types("99*4711#")
	erin.wants("stop; stop; stop; try 4711", "what stood before * is forgotten")
}

func TestKeysWithoutMeaning(t *testing.T) {
	frank := calls(t, PINConfig{})
	frank.types("#ABCD\x00x٣") // an Arabic digit is no key
	frank.wants("", "nothing was typed")
	frank.types(strings.Repeat("1", 100))
	frank.wants("stop; try "+strings.Repeat("1", maxPIN), "nobody types for ever")
}

func TestPINIsNotPrinted(t *testing.T) {
	a := Action{Do: Try, PIN: "4711"}
	text, err := json.Marshal([]Action{a})
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprint(a), fmt.Sprintf("%+v %#v %s", a, a, []Action{a}), string(text)} {
		if strings.Contains(printed, "4711") {
			t.Errorf("the PIN shows: %s", printed)
		}
	}
}

// TestAlwaysEnds: whatever a caller does, as long as nothing is right, they are let go after at most three tries, and there is
// always something to wait for.
func TestAlwaysEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(0, 0)
		entry, _ := NewPINEntry(now, PINConfig{Length: rapid.IntRange(0, 8).Draw(t, "length")})
		tries := 0
		for step := 0; !entry.Over(); step++ {
			if step > 10_000 {
				t.Fatal("never ends")
			}
			var actions []Action
			if step < 200 && rapid.Bool().Draw(t, "types") {
				actions = entry.Digit(now, rapid.SampledFrom([]rune("0123456789*#A")).Draw(t, "key"))
			} else {
				if entry.Deadline().IsZero() {
					t.Fatal("nothing to wait for")
				}
				now = entry.Deadline()
				actions = entry.Tick(now)
			}
			for _, a := range actions {
				if a.Do == Try {
					tries++
					entry.Wrong(now)
				}
			}
		}
		if tries > 3 {
			t.Fatalf("%d tries", tries)
		}
	})
}
