package peer_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti/ctitest"
)

// baresipModules is where Debian puts what baresip loads.
const baresipModules = "/usr/lib/baresip/modules"

// softphone is a headless baresip that picks up at once, says a tone and records what it hears.
type softphone struct {
	t    testing.TB
	user string
	hz   float64
	dir  string
	addr string // host:port
	ctrl string
	rtp  int // first of its media ports
	at   place
	cmd  *exec.Cmd
	keys io.Writer // of a linphone
	done chan error
}

func needBaresip(t testing.TB) {
	if _, err := exec.LookPath("baresip"); err != nil {
		t.Skip("baresip is not installed (apt-get install baresip-core)")
	}
	if _, err := os.Stat(filepath.Join(baresipModules, "sndfile.so")); err != nil {
		t.Skipf("%v (apt-get install baresip-core)", err)
	}
}

// phone starts a softphone at an address, in a place.
func phone(t testing.TB, user, addr string, hz float64, at place) *softphone {
	t.Helper()
	return phoneAs(t, user, addr, hz, at, fmt.Sprintf("<sip:%s@%s;transport=udp>;regint=0", user, addr))
}

// registered starts a softphone that registers with a service, with the user's password of accounts.
func registered(t testing.TB, user, addr, server, transport string, hz float64, at place) *softphone {
	t.Helper()
	p := phoneAs(t, user, addr, hz, at, fmt.Sprintf("<sip:%s@%s;transport=%s>;auth_user=%s;auth_pass=%s;regint=300", user, server, transport, user, passwordOf(user)))
	if wait(t, soon, func() (*softphone, bool) { return p, p.said("200 OK") && p.said("binding") }) == nil {
		t.Fatalf("%s has not registered:\n%s", user, p.log())
	}
	return p
}

func passwordOf(user string) string { return "secret-of-" + user }

// phoneAs starts a softphone with an account: the address and its parameters.
func phoneAs(t testing.TB, user, addr string, hz float64, at place, account string) *softphone {
	t.Helper()
	return securePhone(t, user, addr, hz, at, account, nil)
}

// securePhone is phoneAs with a certificate for its address by an authority, nil = without TLS and SRTP.
func securePhone(t testing.TB, user, addr string, hz float64, at place, account string, by *ctitest.Authority) *softphone {
	t.Helper()
	return phoneWith(t, user, addr, hz, at, account, by, 0)
}

// twoLines is phone for one who talks in two calls at a time: it has media ports for both.
func twoLines(t testing.TB, user, addr string, hz float64) *softphone {
	t.Helper()
	return phoneWith(t, user, addr, hz, here, fmt.Sprintf("<sip:%s@%s;transport=udp>;regint=0", user, addr), nil, 20000+freePort(t)%5000/2*4)
}

// phoneWith is securePhone with media ports from rtp to rtp+3, 0 = two that are free.
func phoneWith(t testing.TB, user, addr string, hz float64, at place, account string, by *ctitest.Authority, rtp int) *softphone {
	t.Helper()
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	ctrl := freePort(t)
	p := &softphone{t: t, user: user, hz: hz, rtp: freePort(t), dir: t.TempDir(), addr: addr, at: at, done: make(chan error, 1)}
	last := p.rtp + 1
	if rtp > 0 {
		p.rtp, last = rtp, rtp+3
	}
	p.ctrl = net.JoinHostPort(host, fmt.Sprint(ctrl))
	rate, codecs := 8000, ""
	if strings.Contains(account, "g722") { // the account says its codecs
		rate, codecs = audio.WideRate, "module g722.so\n"
	} else {
		account += ";audio_codecs=pcmu/8000/1"
	}
	p.write("tone.wav", toneFile(hz, rate))
	p.write("accounts", account+";answermode=auto\n")
	p.write("contacts", "")
	secret := ""
	if by != nil {
		cert, key := by.Issue(time.Hour, host)
		p.write("cert.pem", string(cert)+string(key))
		p.write("ca.pem", string(by.PEM))
		secret = fmt.Sprintf("module srtp.so\nsip_certificate %[1]s/cert.pem\nsip_cafile %[1]s/ca.pem\n", p.dir)
	}
	p.write("config", fmt.Sprintf(`poll_method epoll
sip_listen %[1]s
net_interface %[2]s
audio_player aubridge,sink
audio_source aufile,%[3]s/tone.wav
audio_alert aubridge,sink
ausrc_srate %[9]d
auplay_srate %[9]d
ausrc_channels 1
auplay_channels 1
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
rtp_ports %[4]d-%[5]d
snd_path %[3]s
ctrl_tcp_listen %[6]s
module_path %[7]s
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
%[8]s`, p.addr, host, p.dir, p.rtp, last, p.ctrl, baresipModules, codecs+secret, rate))
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	family := "-4"
	if strings.Contains(host, ":") {
		family = "-6"
	}
	defer starting()()
	p.cmd = at.command(exec.Command("baresip", family, "-v", "-f", p.dir))
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(p.stop)
	if wait(t, 10*time.Second, func() (*softphone, bool) { return p, p.said("baresip is ready") }) == nil {
		t.Fatalf("baresip %s is not ready:\n%s", user, p.log())
	}
	return p
}

// toneFile is a minute of a tone as WAV at so many samples a second.
func toneFile(hz float64, rate int) string {
	b := audio.WAV(audio.Render(audio.Tone{Hz: []float64{hz * audio.Rate / float64(rate)}, Level: 0.3, Ms: 60000}), 1)
	binary.LittleEndian.PutUint32(b[24:], uint32(rate))
	binary.LittleEndian.PutUint32(b[28:], uint32(2*rate))
	return string(b)
}

func (p *softphone) stop() {
	select {
	case <-p.done:
	default:
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	if p.t.Failed() {
		p.t.Logf("baresip %s:\n%s", p.user, p.log())
	}
}

func (p *softphone) write(name, text string) {
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *softphone) log() string           { return tail(filepath.Join(p.dir, "log"), 8000) }
func (p *softphone) said(text string) bool { return strings.Contains(p.log(), text) }

// calls is how many of its calls are up, by what it says.
func (p *softphone) calls() int {
	b, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil {
		p.t.Fatal(err)
	}
	count := func(baresip, linphone string) int {
		return strings.Count(string(b), baresip) + strings.Count(string(b), linphone)
	}
	return count("Call established", "> connected.") - count("terminated (duration", "> ended (")
}

// do presses a button of the softphone: a command of baresip's menu, and what it needs, over its control connection.
func (p *softphone) do(command string) {
	p.t.Helper()
	c, err := p.at.dial(p.t.Context(), "tcp", p.ctrl)
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	name, params, _ := strings.Cut(command, " ")
	b, err := json.Marshal(map[string]string{"command": name, "params": params, "token": "t"})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "%d:%s,", len(b), b); err != nil {
		p.t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1000)); err != nil {
		p.t.Fatalf("%s: %s does not answer: %v", p.user, command, err)
	}
}

// heard is the recording of the newest call, as samples at 8000 a second. Its length is written when the file is closed, a
// moment after the telephone says that the call is over.
func (p *softphone) heard() []int16 {
	p.t.Helper()
	var wrong error
	whole := wait(p.t, 5*time.Second, func() (*[]int16, bool) {
		var s []int16
		s, wrong = p.recorded()
		return &s, len(s) > 0
	})
	switch {
	case whole != nil:
		return *whole
	case wrong != nil:
		p.t.Fatal(wrong)
	}
	return nil // it is whole, and empty
}

func (p *softphone) recorded() ([]int16, error) {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav"))
	if err != nil || len(files) == 0 {
		p.t.Fatalf("%s has recorded nothing: %v\n%s", p.user, err, p.log())
	}
	newest := files[len(files)-1]
	b, err := os.ReadFile(newest)
	if err != nil {
		p.t.Fatal(err)
	}
	s, err := audio.ReadWAV(b)
	if err != nil {
		return nil, fmt.Errorf("%s: the recording %s stays unfinished: %w", p.user, newest, err)
	}
	return s, nil
}

// hears counts the time in which a tone stood 20 dB above the telephone's own tone, above everything else, and above
// the hiss of a silent line.
func (p *softphone) hears(hz float64) (clear, own time.Duration) {
	s := p.heard()
	const window = audio.Rate / 10
	for ; len(s) >= window; s = s[window:] {
		w := s[:window]
		theirs, mine := audio.Goertzel(w, hz), audio.Goertzel(w, p.hz)
		rms := audio.RMS(w)
		rest := max(rms*rms-theirs*theirs/2, 0)
		silence := 32768 * 0.001 // -60 dBFS
		if theirs > 10*mine && theirs*theirs/2 > 100*rest && theirs > 10*silence {
			clear += 100 * time.Millisecond
		}
		if mine > 10*silence && mine*mine/2 > rms*rms/2 {
			own += 100 * time.Millisecond
		}
	}
	return clear, own
}

// hearsAny says whether there was anything of a tone in the recording: more than what other sounds have there when they
// begin and end.
func (p *softphone) hearsAny(hz float64) bool {
	const window = audio.Rate / 10
	for s := p.heard(); len(s) >= window; s = s[window:] {
		if audio.Goertzel(s[:window], hz) > 32768*0.02 {
			return true
		}
	}
	return false
}
