package testenv_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// participantsHave looks for a word in the JSON of a conference's participants.
func participantsHave(w *testenv.World, word string) bool {
	w.Helper()
	answer := w.HTTP(w.API(), "olivia", "GET", "/v1/conferences/"+room+"/participants", "", "")
	return answer.Code == http.StatusOK && strings.Contains(answer.Body.String(), word)
}

func TestAConferenceThatMustBeEncrypted(t *testing.T) {
	testenv.RunWithMedia(t, func(w *testenv.World) {
		w.User("olivia")
		change := func(method, path, body string, want int) {
			w.Helper()
			if got := w.HTTP(w.API(), "olivia", method, path, "application/json", body); got.Code != want {
				w.Errorf("%s %s: %d %s, want %d", method, body, got.Code, got.Body, want)
			}
		}
		change("POST", "/v1/conferences", `{"id":"`+room+`","admissionPolicy":"anonymous","encryption":"sometimes"}`, http.StatusBadRequest)
		change("POST", "/v1/conferences", `{"id":"`+room+`","admissionPolicy":"anonymous","encryption":"required"}`, http.StatusCreated)

		w.Log("# alice calls by UDP, and nobody may read keys there")
		alice := w.Phone("alice")
		alice.Dials(dial)
		if res := alice.WantsRefusal(488); !strings.Contains(sip.HeaderValue(res, "Warning"), "call by TLS, with SRTP") {
			w.Errorf("Warning: %s", sip.HeaderValue(res, "Warning"))
		}

		w.Log("# olivia lets everybody in who can talk at all")
		change("PATCH", "/v1/conferences/"+room, `{"encryption":"preferred"}`, http.StatusNoContent)
		alice.Dials(dial)
		alice.WantsAnswer()
		if !participantsHave(w, `"protection":"none"`) {
			w.Error("it cannot be seen that alice's media is not encrypted")
		}

		w.Log("# and then not: alice stays, bob is refused")
		change("PATCH", "/v1/conferences/"+room, `{"encryption":"required"}`, http.StatusNoContent)
		bob := w.Phone("bob")
		bob.Dials(dial)
		bob.WantsRefusal(488)
		if got := w.HTTP(w.API(), "olivia", "GET", "/v1/conferences/"+room, "", ""); !strings.Contains(got.Body.String(), `"encryption":"required"`) {
			w.Errorf("%d %s", got.Code, got.Body)
		}
		change("PATCH", "/v1/conferences/"+room, `{"encryption":"default"}`, http.StatusNoContent)
		bob.Dials(dial)
		bob.WantsAnswer()
	})
}
