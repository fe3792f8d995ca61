//go:build interop

package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/test/interop/ear"
)

const modules = "/usr/lib/baresip/modules"

// phone is a baresip: it plays the speech of its owner into the call and records what it hears.
type phone struct {
	*process
	voice   voice
	dir     string
	console net.Conn
}

// phoneConfig says what kind of phone.
type phoneConfig struct {
	codec     string // "PCMU/8000/1", "PCMA/8000/1", "G722/16000/1", "opus/48000/2"
	transport string // "udp", "tcp", "tls"
	ca        string // file of the authority that must have signed the server's certificate
	account   string // more parameters of the account, each after a semicolon
	registers int    // for so many seconds; 0: it does not
	mediaenc  string // "srtp", "srtp-mand", "srtp-mandf", "dtls_srtp"; "": srtp-mand over TLS, none otherwise
	number    int    // distinguishes the ports of phones that run at once
	where     *nook  // nil: on the server's side
}

// phoneOf switches a baresip on.
func phoneOf(t *testing.T, v voice, c phoneConfig) *phone {
	t.Helper()
	if _, err := os.Stat(modules + "/g722.so"); err != nil {
		t.Skip("baresip is not installed (make interop does that)")
	}
	p := &phone{voice: v, dir: t.TempDir()}
	console := fmt.Sprintf("127.0.0.1:%d", 26000+c.number)
	p.configures(t, c, console)
	p.process = startsWith(t, v.name, p.dir, c.where.moves, "baresip", "-s", "-v", "-f", p.dir)
	p.wantsToSay("baresip is ready", 10*time.Second)
	c.where.inside(t, func() (err error) {
		p.console, err = net.Dial("udp", console)
		return err
	})
	t.Cleanup(func() { p.console.Close() })
	return p
}

// configures writes the three files of a baresip. It plays a file at the rate of the codec, whatever the file says.
func (p *phone) configures(t *testing.T, c phoneConfig, console string) {
	rate, channels := rateOf(c.codec)
	write(t, p.dir, "config", fmt.Sprintf(`poll_method epoll
sip_listen %[1]s:%[2]d
sip_certificate %[3]s
sip_cafile %[4]s
cons_listen %[5]s
call_local_timeout 60
call_max_calls 1
audio_player aubridge,nil
audio_source aufile,%[6]s
audio_alert aubridge,alert
ausrc_srate %[7]s
auplay_srate %[7]s
ausrc_channels %[8]s
auplay_channels %[8]s
audio_buffer 20-160
rtp_ports %[9]d-%[10]d
jitter_buffer_delay 2-10
rtp_stats yes
snd_path %[11]s
module_path %[12]s
module cons.so
module g711.so
module g722.so
module opus.so
module aufile.so
module aubridge.so
module sndfile.so
module uuid.so
module rtcpsummary.so
module srtp.so
module dtls_srtp.so
module ice.so
module_app account.so
module_app menu.so
`, c.where.address(), 25060+10*c.number, certificate(t, p.dir), c.ca, console, p.voice.speaks(t, p.dir, rate, channels), rate, channels,
		40000+100*c.number, 40098+100*c.number, p.dir, modules))
	write(t, p.dir, "accounts", fmt.Sprintf("<sip:%s@%s;transport=%s>;regint=%d;audio_codecs=%s;video_codecs=none%s%s\n",
		p.voice.name, host, c.transport, c.registers, c.codec, c.account, c.encryption()))
	write(t, p.dir, "contacts", "")
}

// encryption is what the account says of SRTP. Who calls by TLS must have it.
func (c phoneConfig) encryption() string {
	switch {
	case c.mediaenc != "":
		return ";mediaenc=" + c.mediaenc
	case c.transport == "tls":
		return ";mediaenc=srtp-mand"
	}
	return ""
}

func rateOf(codec string) (rate, channels string) {
	switch codec {
	case "G722/16000/1":
		return "16000", "1"
	case "opus/48000/2":
		return "48000", "2"
	}
	return "8000", "1"
}

// certificate makes one for the phone's own TLS port, without which baresip opens none.
func certificate(t *testing.T, dir string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, dir, "phone.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))+
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}

// types a command into the console.
func (p *phone) types(command string) {
	p.t.Helper()
	if _, err := p.console.Write([]byte(command + "\n")); err != nil {
		p.t.Fatalf("%s types %s: %v", p.name, command, err)
	}
}

// dials and waits until somebody answers.
func (p *phone) dials(uri string) {
	p.t.Helper()
	p.types("/dial " + uri)
	p.wantsToSay("Call established", 10*time.Second)
}

// presses keys, half a second each (RFC 4733).
func (p *phone) presses(keys string) {
	for _, key := range keys {
		p.types("/sndcode " + string(key))
		passes(500 * time.Millisecond)
	}
}

// hangsUp ends the call and switches the phone off.
func (p *phone) hangsUp() {
	p.t.Helper()
	p.types("/quit")
	if !p.endsWithin(10 * time.Second) {
		p.t.Errorf("%s has not hung up after 10 s", p.name)
	}
}

// heard is what came out of the phone. It begins a file whenever the media of a call change: the longest counts.
func (p *phone) heard() ear.Sound {
	p.t.Helper()
	files, _ := filepath.Glob(filepath.Join(p.dir, "*-dec.wav"))
	longest, size := "", int64(-1)
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.Size() > size {
			longest, size = file, info.Size()
		}
	}
	if longest == "" {
		p.t.Fatalf("%s has recorded nothing", p.name)
	}
	return listens(p.t, longest)
}
