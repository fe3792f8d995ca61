package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func loopback() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

// receiver is a server that somebody has named: it answers with each status in turn, the last one for ever.
type receiver struct {
	t        *testing.T
	secret   string
	statuses []int

	mu  sync.Mutex
	ids []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := Verify(req.Header, r.secret, time.Now(), body); err != nil {
		r.t.Errorf("attempt %d: %v", len(r.ids), err)
	}
	status := r.statuses[min(len(r.ids), len(r.statuses)-1)]
	r.ids = append(r.ids, req.Header.Get("Webhook-Id"))
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(status)
}

func receiving(t *testing.T, statuses ...int) (*receiver, Target) {
	t.Helper()
	r := &receiver{t: t, secret: NewSecret(), statuses: statuses}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return r, Target{server.URL + "/hook", r.secret}
}

func TestAMessageIsSentUntilItIsTaken(t *testing.T) {
	r, to := receiving(t, 302, 204)
	s := New(Config{Networks: loopback()})
	defer s.Close()
	if err := s.Send(t.Context(), to, "msg_1", []byte(`{"type":"full"}`)); err != nil {
		t.Error(err)
	}
	if want := []string{"msg_1", "msg_1"}; !slices.Equal(r.ids, want) { // the redirect was not followed
		t.Errorf("received %q, want %q", r.ids, want)
	}
}

func TestGone(t *testing.T) {
	_, to := receiving(t, 410)
	s := New(Config{Networks: loopback()})
	defer s.Close()
	if err := s.Send(t.Context(), to, "msg_1", nil); !errors.Is(err, ErrGone) {
		t.Errorf("got %v, want %v", err, ErrGone)
	}
}

func TestWhereWebhooksDoNotGo(t *testing.T) {
	_, to := receiving(t, 204)
	strict, open := New(Config{}), New(Config{Networks: loopback()})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := strict.Send(ctx, to, "msg_1", nil); err == nil {
		t.Error("a message went to loopback")
	}
	for _, url := range []string{
		"", "https://", "ftp://example.com/", "https:example.com", "https://alice:secret@example.com/", "https://example.com/#x", "http://example.com/",
		"https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://10.0.0.1/", "https://192.168.1.1:8443/x", "https://169.254.169.254/latest",
		"https://[::ffff:10.0.0.1]/", "https://[fe80::1]/", "https://[fd00::1]/", "https://100.64.0.1/", "https://0.0.0.0/", "https://[64:ff9b::a00:1]/",
		"https://[2002:a00:1::]/", "https://224.0.0.1/", "https://example.com/" + strings.Repeat("x", maxURL),
	} {
		if err := strict.Check(url); !errors.Is(err, ErrTarget) {
			t.Errorf("%.60s: %v, want %v", url, err, ErrTarget)
		}
	}
	for _, url := range []string{"https://example.com/hook?a=b", "https://93.184.216.34:8443/", "https://[2606:2800:220:1::1]/"} {
		if err := strict.Check(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{"http://127.0.0.1:8080/", "https://localhost/", "http://example.com/"} {
		if err := open.Check(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	t.Log("# a name that leads to us is looked at when it has been looked up")
	for _, address := range []string{"127.0.0.1:443", "[::1]:443", "10.1.2.3:80", "nonsense"} {
		if err := strict.control("tcp", address, nil); !errors.Is(err, ErrTarget) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestSignature has the example of the Standard Webhooks specification's libraries.
func TestSignature(t *testing.T) {
	key, err := keyOf("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"test": 2432232314}`)
	got := signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	now, h := time.Unix(1614265330, 0), http.Header{}
	sign(h, key, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, body)
	check := func(why string, h http.Header, secret string, now time.Time, body string, want error) {
		t.Helper()
		if err := Verify(h, secret, now, []byte(body)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", why, err, want)
		}
	}
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	check("as it is", h, secret, now, string(body), nil)
	check("another body", h, secret, now, "{}", ErrSignature)
	check("another secret", h, NewSecret(), now, string(body), ErrSignature)
	check("a replay", h, secret, now.Add(tolerance+time.Second), string(body), ErrSignature)
	check("no secret", h, "secret", now, string(body), ErrSecret)
	late := h.Clone()
	late.Set("Webhook-Timestamp", "1614265331")
	check("another time", late, secret, now, string(body), ErrSignature)
	other := h.Clone()
	other.Set("Webhook-Id", "msg_2")
	check("another id", other, secret, now, string(body), ErrSignature)
}

func TestSecrets(t *testing.T) {
	if err := CheckSecret(NewSecret()); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + strings.Repeat("A", 100)} {
		if err := CheckSecret(bad); !errors.Is(err, ErrSecret) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
