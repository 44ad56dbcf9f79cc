package peer_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringback/internal/audio"
)

// TestLinphone: the agent's desk telephone is a linphone, the visitor's a baresip.
func TestLinphone(t *testing.T) {
	needBaresip(t)
	if _, err := exec.LookPath("linphonec"); err != nil {
		t.Skip("NOT RUN: linphonec is not installed (apt-get install linphone-cli)")
	}
	t.Parallel()
	for _, codec := range []string{"PCMU", "PCMA"} {
		t.Run(codec, func(t *testing.T) {
			t.Parallel()
			ann := linphone(t, codec, 700)
			joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
			s := serve(t, config{}, seed()+annAt(ann.addr))
			cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe@" + joe.addr, "limits": "skip"})
			talkThrough(t, s, cb, ann, joe)
		})
	}
}

// linphone starts a headless linphone that takes every call, says a tone and records what it hears. Of a softphone's
// methods only those that read the recording fit it.
func linphone(t testing.TB, codec string, hz float64) *softphone {
	t.Helper()
	p := &softphone{t: t, user: "ann", hz: hz, dir: t.TempDir(), at: here, done: make(chan error, 1)}
	port, rtp := freePort(t), freePort(t)
	p.addr, p.rtp = fmt.Sprintf("127.0.0.1:%d", port), rtp
	for _, dir := range []string{".local/share/linphone", ".config/linphone", ".linphone-usr-crt"} {
		if err := os.MkdirAll(filepath.Join(p.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p.write("tone.wav", string(audio.WAV(audio.Render(audio.Tone{Hz: []float64{hz}, Level: 0.3, Ms: 60000}), 1)))
	codecs := ""
	for i, name := range []string{"PCMU", "PCMA"} {
		codecs += fmt.Sprintf("[audio_codec_%d]\nmime=%s\nrate=8000\nchannels=1\nenabled=%d\n", i, name, map[bool]int{true: 1}[name == codec])
	}
	p.write("rc", fmt.Sprintf("[sip]\nsip_port=%d\nsip_tcp_port=0\nsip_tls_port=0\nuse_ipv6=0\nbind_address=127.0.0.1\n[rtp]\naudio_rtp_port=%d\nbind_address=127.0.0.1\n[net]\nstun_server=\n[sound]\nechocancellation=0\n%s", port, rtp, codecs))
	out, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p.cmd = exec.Command("linphonec", "-c", filepath.Join(p.dir, "rc"), "-a", "-d", "5", "-l", filepath.Join(p.dir, "wire"))
	p.cmd.Env = append(os.Environ(), "HOME="+p.dir)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	keys, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() {
		_ = keys.Close()
		p.stop()
	})
	for _, c := range []string{"soundcard use files", "play " + p.dir + "/tone.wav", "record " + p.dir + "/dump-1-dec.wav", "autoanswer enable"} {
		if _, err := io.WriteString(keys, c+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	if wait(t, 15*time.Second, func() (*softphone, bool) {
		return p, listens(port) && strings.Contains(p.log(), "Auto answer enabled")
	}) == nil {
		t.Fatalf("linphone is not ready:\n%s\n%s", p.log(), tail(filepath.Join(p.dir, "wire"), 3000))
	}
	return p
}
