package focus

import (
	"fmt"
	"runtime/debug"
)

// panicError is what a command that panicked is answered with.
type panicError struct{ what string }

func (e *panicError) Error() string { return "panic while " + e.what }

// guard turns a panic into an error and logs where it was: "A panic takes down one leg, not the process".
func (s *Server) guard(what string, work func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			s.log.Error("panic", "while", what, "value", fmt.Sprint(value), "stack", string(debug.Stack()))
			err = &panicError{what}
		}
	}()
	return work()
}
