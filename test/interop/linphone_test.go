//go:build interop

package interop

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/test/interop/ear"
)

// linphone is a linphonec: it plays the speech of its owner and records what it hears.
type linphone struct {
	*process
	voice    voice
	dir      string
	keyboard io.WriteCloser
}

// linphoneOf switches one on that registers over TLS with a password, and trusts one authority. It knows no addresses in certificates, so the name is
// not checked.
func linphoneOf(t *testing.T, v voice, password, ca string) *linphone {
	t.Helper()
	return linphoneWith(t, v, password, ca, "srtp")
}

// linphoneWith is linphoneOf with another encryption of media: "dtls".
func linphoneWith(t *testing.T, v voice, password, ca, encryption string) *linphone {
	t.Helper()
	if _, err := exec.LookPath("linphonec"); err != nil {
		t.Skip("linphonec is not installed (make interop does that)")
	}
	p := &linphone{voice: v, dir: t.TempDir()}
	settings := write(t, p.dir, "rc", fmt.Sprintf(`[sip]
sip_port=26500
sip_tcp_port=26501
sip_tls_port=26502
guess_hostname=0
contact="%[1]s" <sip:%[1]s@%[2]s>
verify_server_certs=1
verify_server_cn=0
media_encryption=%[4]s
media_encryption_mandatory=1
root_ca=%[3]s
use_ipv6=0
register_only_when_network_is_up=0
auto_net_state_mon=0
[rtp]
audio_rtp_port=26600
[video]
capture=0
display=0
enabled=0
[audio_codec_0]
mime=PCMA
rate=8000
channels=1
enabled=1
`, v.name, host, ca, encryption))
	v.speaks(t, p.dir, "8000", "1")
	for _, folder := range []string{"linphone", ".local/share/linphone"} {
		if err := os.MkdirAll(filepath.Join(p.dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p.process = startsWith(t, v.name, p.dir, func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Environ(), "HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir, "XDG_DATA_HOME="+p.dir, "PULSE_SERVER=unix:/nowhere") // a name would be looked up, which can take longer than the test waits
		keyboard, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		p.keyboard = keyboard
	}, "linphonec", "-c", settings, "-d", "6", "-l", filepath.Join(p.dir, "linphone.log"))
	t.Cleanup(p.tells)
	p.types("soundcard use files")
	p.types(fmt.Sprintf("register sip:%[1]s@%[2]s sip:%[2]s:5061;transport=tls %[3]s", v.name, host, password))
	p.wantsInItsLog("to [LinphoneRegistrationOk]", 10*time.Second)
	return p
}

// wantsInItsLog waits for something of which the screen shows nothing.
func (p *linphone) wantsInItsLog(text string, within time.Duration) {
	p.t.Helper()
	seen := func() bool {
		log, err := os.ReadFile(filepath.Join(p.dir, "linphone.log"))
		return err == nil && strings.Contains(string(log), text)
	}
	if !until(within, seen) {
		p.t.Fatalf("%s: no %q within %v", p.name, text, within)
	}
}

// tells shows the end of its log when the test has failed.
func (p *linphone) tells() {
	if text, err := os.ReadFile(filepath.Join(p.dir, "linphone.log")); err == nil && p.t.Failed() {
		p.t.Logf("--- the log of %s:\n%s", p.name, tail(string(text), 6000))
	}
}

func (p *linphone) types(command string) {
	p.t.Helper()
	if _, err := io.WriteString(p.keyboard, command+"\n"); err != nil {
		p.t.Fatalf("%s types %s: %v", p.name, command, err)
	}
}

// dials, and talks when somebody answers.
func (p *linphone) dials(uri string) {
	p.t.Helper()
	p.types("call " + uri)
	p.wantsInItsLog("to LinphoneCallStreamsRunning", 10*time.Second)
	p.types("play " + filepath.Join(p.dir, p.voice.name+"-8000.wav"))
	p.types("record " + filepath.Join(p.dir, "heard.wav"))
}

// hangsUp ends the call and switches the phone off.
func (p *linphone) hangsUp() {
	p.t.Helper()
	p.types("terminate")
	passes(time.Second)
	p.types("quit")
	if !p.endsWithin(10 * time.Second) {
		p.t.Errorf("%s has not ended after 10 s", p.name)
	}
}

func (p *linphone) heard() ear.Sound { return listens(p.t, filepath.Join(p.dir, "heard.wav")) }
