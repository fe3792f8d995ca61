//go:build interop

package interop

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// webSocketURL is the server's on the loopback address: a page of 127.0.0.1 is of the same host, and may use the microphone without TLS.
const webSocketURL = "wss://127.0.0.1:8443/ws"

// registers is how REGISTER is answered.
const registers = 200

// event is what a page reports.
type event struct {
	Event  string `json:"event"`
	Status int    `json:"status"`
	Text   string `json:"text"`
}

func (e event) String() string {
	if e.Status != 0 {
		return strings.TrimSpace(fmt.Sprintf("%s %d %s", e.Event, e.Status, e.Text))
	}
	return strings.TrimSpace(e.Event + " " + e.Text)
}

// TestBrowsersOverWebSocket has JsSIP and SIP.js register, call and hang up from Chromium, twice. The socket stays.
func TestBrowsersOverWebSocket(t *testing.T) {
	bundles := bundled(t)
	s := serves(t)
	s.hasUser("alice", "correct horse battery")
	room := s.makes(`{"admissionPolicy": "anonymous"}`)
	settings := map[string]any{
		"ws": webSocketURL, "uri": "sip:alice@" + host, "password": "correct horse battery", "dial": "sip:" + room.ID + "@" + host,
	}
	for _, library := range []string{"jssip", "sipjs"} {
		t.Run(library, func(t *testing.T) {
			events := opens(t, "127.0.0.1", filepath.Join(bundles, library+".js"), settings)
			counted := map[string]int{}
			for _, e := range events {
				t.Log(e)
				counted[e.Event]++
				switch e.Event {
				case "open":
					if e.Text != "sip" {
						t.Errorf("sub-protocol %q", e.Text)
					}
				case "register":
					if e.Status != registers {
						t.Errorf("REGISTER was answered %d, want %d", e.Status, registers)
					}
				case "call":
					if e.Status != 200 {
						t.Errorf("INVITE was answered %d, Warning %q; want 200", e.Status, e.Text)
					}
				case "error":
					t.Errorf("the page failed: %s", e.Text)
				}
			}
			if counted["open"] != 1 || counted["close"] != 0 || counted["register"] != 1 || counted["call"] != 2 {
				t.Errorf("events %v; want one socket that stays, one REGISTER and two calls", counted)
			}
			s.wantsParticipants(room.ID, 0, 5*time.Second)
		})
	}
}

// TestPagesOfForeignOrigins: localhost is not the host to which the page connects.
func TestPagesOfForeignOrigins(t *testing.T) {
	bundles := bundled(t)
	for origins, want := range map[string]bool{"": false, "localhost": true} {
		t.Run("--ws-origins "+origins, func(t *testing.T) {
			serves(t, "--ws-origins", origins)
			opened := false
			for _, e := range opens(t, "localhost", filepath.Join(bundles, "foreign.js"), map[string]any{"ws": webSocketURL}) {
				t.Log(e)
				opened = opened || e.Event == "open"
			}
			if opened != want {
				t.Errorf("connected %v, want %v", opened, want)
			}
		})
	}
}

// opens shows a page from that host in Chromium and returns what it reports until it is done.
func opens(t *testing.T, from, script string, settings map[string]any) []event {
	t.Helper()
	return shows(t, from, script, settings).all(t)
}

// visit is a page in a Chromium of its own.
type visit struct {
	browser *process
	reports chan event
}

// shows opens a page. flags are more of Chromium's.
func shows(t *testing.T, from, script string, settings map[string]any, flags ...string) *visit {
	t.Helper()
	return showsIn(t, nil, from, script, settings, flags...)
}

// showsIn opens a page in a Chromium that is elsewhere.
func showsIn(t *testing.T, where *nook, from, script string, settings map[string]any, flags ...string) *visit {
	t.Helper()
	reports := make(chan event, 1000)
	var l net.Listener
	where.inside(t, func() (err error) {
		l, err = net.Listen("tcp", "127.0.0.1:0")
		return err
	})
	server := &http.Server{Handler: page(t, script, settings, reports)}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())

	dir := t.TempDir()
	browser := startsWith(t, "chromium", dir, where.moves, "chromium", append(flags, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+filepath.Join(dir, "profile"), "--use-fake-device-for-media-stream",
		"--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required", "--ignore-certificate-errors-spki-list="+publicKey(t), "http://"+from+":"+port+"/")...)
	return &visit{browser, reports}
}

// all are the reports until the page is done.
func (v *visit) all(t *testing.T) (events []event) {
	t.Helper()
	timeout := time.After(90 * time.Second)
	for {
		select {
		case e := <-v.reports:
			if e.Event == "done" {
				v.browser.ends()
				return events
			}
			events = append(events, e)
		case <-v.browser.done:
			t.Fatal("Chromium has ended")
		case <-timeout:
			t.Fatalf("the page is not done; so far: %v", events)
		}
	}
}

func page(t *testing.T, script string, settings map[string]any, reports chan<- event) http.Handler {
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!doctype html><script type="application/json" id="settings">%s</script><script src="/story.js"></script>`, text)
	})
	mux.HandleFunc("GET /story.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, script) })
	mux.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		var e event
		if err := json.NewDecoder(r.Body).Decode(&e); err == nil {
			reports <- e
		}
	})
	return mux
}

// publicKey is the fingerprint by which Chromium trusts the server's certificate, and no other.
func publicKey(t *testing.T) string {
	t.Helper()
	conn, err := tls.Dial("tcp", "127.0.0.1:8443", &tls.Config{InsecureSkipVerify: true}) // it is the server that this test has started
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	key, err := x509.MarshalPKIXPublicKey(conn.ConnectionState().PeerCertificates[0].PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(key)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// bundled makes one script of each story and what it imports.
func bundled(t *testing.T) (dir string) {
	t.Helper()
	packages := os.Getenv(packagesVariable)
	if why := os.Getenv(noPackagesVariable); packages == "" {
		t.Skip("no browser: " + why)
	}
	dir = t.TempDir()
	stories, err := filepath.Glob(filepath.Join(packages, "*.js"))
	if err != nil || len(stories) == 0 {
		t.Fatalf("stories %v, %v", stories, err)
	}
	run(t, filepath.Join(packages, "node_modules/.bin/esbuild"), append([]string{"--bundle", "--define:global=window", "--log-level=warning", "--outdir=" + dir}, stories...)...)
	return dir
}
