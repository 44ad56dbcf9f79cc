package peer_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti/ctitest"
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

// TestLinphoneRegistered: a linphone registers by digest, over UDP and over TLS with keys in its SDP, and is rung.
func TestLinphoneRegistered(t *testing.T) {
	needBaresip(t)
	if _, err := exec.LookPath("linphonec"); err != nil {
		t.Skip("NOT RUN: linphonec is not installed (apt-get install linphone-cli)")
	}
	t.Parallel()
	for _, transport := range []string{"udp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			by := ctitest.NewAuthority(t)
			s := secureService(t, by, port, seed()+twoDesks)
			joe := registered(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), fmt.Sprintf("127.0.0.1:%d", port), "udp", 1000, here)
			ann := linphoneAs(t, "PCMU", 700, account("ann", port, transport), by)
			if wait(t, soon, func() (*service, bool) {
				_, b := s.ask(t, "GET", "/api/v1/agents/ann", nil)
				return s, bytes.Contains(b, []byte(`"address":"127.0.0.1:`))
			}) == nil {
				t.Fatalf("linphone has not registered:\n%s\n%s", ann.log(), tail(filepath.Join(ann.dir, "wire"), 6000))
			}
			tap := listen(t)
			cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe", "limits": "skip"})
			talkThrough(t, s, cb, ann, joe)
			heard := tap.overhears(ann.rtp, ann.rtp+1, joe.hz)
			if secret := transport == "tls"; secret && heard > 40*time.Millisecond || !secret && tap != nil && heard < 2*time.Second {
				t.Errorf("who taps the line hears %v of the other", heard)
			}
		})
	}
}

// TestLinphoneTransfers: ann holds the visitor, asks bob at another telephone, and joins the two (REFER with Replaces).
func TestLinphoneTransfers(t *testing.T) {
	needBaresip(t)
	if _, err := exec.LookPath("linphonec"); err != nil {
		t.Skip("NOT RUN: linphonec is not installed (apt-get install linphone-cli)")
	}
	t.Parallel()
	ann := linphone(t, "PCMU", 700)
	bob := twoLines(t, "bob", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1400)
	joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
	s := serve(t, config{}, seed()+fmt.Sprintf(`
agents:
  - {id: ann, name: Ann, devices: ["sip:ann@%s"], ready: true, represents: [{subscriber: acme, display_name: Ann at Acme, priority: 1}]}
  - {id: bob, name: Bob, devices: ["sip:bob@%s"], ready: true, represents: [{subscriber: acme, display_name: Bob at Acme, priority: 2}]}
`, ann.addr, bob.addr))
	cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe@" + joe.addr, "limits": "skip"})
	s.connected(t, cb, soon)
	told := func(event string) {
		t.Helper()
		if r := s.await(t, cb, soon, event, func(r *record) bool { return said(r, event) || r.State == "ended" }); !said(r, event) {
			t.Fatalf("%s was not told: %+v\n%s", event, r.Journal, tail(filepath.Join(ann.dir, "wire"), 9000))
		}
	}
	s.talk(t, cb, 3*time.Second)
	ann.key("pause")
	told("leg_held")
	ann.key("call sip:bob@" + bob.addr)
	if wait(t, soon, func() (*softphone, bool) { return bob, bob.calls() == 1 }) == nil {
		t.Fatalf("bob was not asked:\n%s", ann.log())
	}
	s.talk(t, cb, time.Second)
	ann.key("transfer 1 --to-call 2")
	told("transfer_taken")
	ann.key("terminate 2") // this baresip does not know Replaces: to it ours is a second call
	s.talk(t, cb, 4*time.Second)
	s.cancel(t, cb)
	if r := s.ended(t, cb, soon); r.Outcome != "completed" {
		t.Errorf("outcome %s", r.Outcome)
	}
	hearEachOther(t, bob, joe, 2*time.Second)
	if clear, _ := joe.hears(ann.hz); clear < 2*time.Second {
		t.Errorf("joe heard ann for %v before", clear)
	}
}

// key types a command to linphone.
func (p *softphone) key(command string) {
	p.t.Helper()
	if _, err := io.WriteString(p.keys, command+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// account is what a linphone's settings say of an account of ours. Its TLS takes names alone for identities.
func account(user string, port int, transport string) string {
	return fmt.Sprintf("[proxy_0]\nreg_proxy=<sip:localhost:%[1]d;transport=%[2]s>\nreg_identity=sip:%[3]s@127.0.0.1:%[1]d\nreg_expires=300\nreg_sendregister=1\n[auth_info_0]\nusername=%[3]s\npasswd=%[4]s\n",
		port, transport, user, passwordOf(user))
}

// linphone starts a headless linphone that takes every call, says a tone and records what it hears. Of a softphone's
// methods only those that read the recording fit it.
func linphone(t testing.TB, codec string, hz float64) *softphone {
	t.Helper()
	return linphoneAs(t, codec, hz, "", nil)
}

// linphoneAs is linphone with an account, and speaks TLS and SRTP where it is told whom to believe.
func linphoneAs(t testing.TB, codec string, hz float64, account string, by *ctitest.Authority) *softphone {
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
	tls := "sip_tls_port=0\n"
	if by != nil && strings.Contains(account, "transport=tls") {
		p.write("ca.pem", string(by.PEM))
		tls = fmt.Sprintf("sip_tls_port=-1\nroot_ca=%s/ca.pem\nverify_server_certs=1\nmedia_encryption=srtp\nmedia_encryption_mandatory=1\n", p.dir)
	}
	p.write("rc", fmt.Sprintf("[sip]\nsip_port=%d\nsip_tcp_port=0\n%suse_ipv6=0\nbind_address=127.0.0.1\n[rtp]\naudio_rtp_port=%d\nbind_address=127.0.0.1\n[net]\nstun_server=\n[sound]\nechocancellation=0\n%s%s", port, tls, rtp, codecs, account))
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
	p.keys = keys
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
