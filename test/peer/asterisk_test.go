package peer_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asteriskRoot is where scripts/asterisk has put a Debian with Asterisk in it.
const asteriskRoot = "/var/cache/ringback/asterisk"

// asterisk is a running Asterisk with a configuration of its own: a provider, or the switchboard of a business.
type asterisk struct {
	t    testing.TB
	etc  string // of this one, inside of asteriskRoot
	port int    // of SIP over UDP and TCP; TLS is behind it
	cmd  *exec.Cmd
	done chan error
}

func needAsterisk(t testing.TB) {
	if _, err := os.Stat(asteriskRoot + "/usr/sbin/asterisk"); err != nil {
		t.Skip("long: there is no Asterisk in " + asteriskRoot + "; make peers puts it there")
	}
	if _, err := os.Stat(asteriskRoot + "/proc/self"); err != nil {
		t.Skip("long: the Asterisk in " + asteriskRoot + " has no /proc; scripts/asterisk ready " + asteriskRoot)
	}
}

// modules are what the calls of these tests need, in the order of loading.
const modules = `res_sorcery_astdb res_sorcery_config res_sorcery_memory res_pjproject res_pjsip res_pjsip_session res_pjsip_sdp_rtp
res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user res_pjsip_authenticator_digest res_pjsip_outbound_authenticator_digest
res_pjsip_outbound_registration res_pjsip_registrar res_pjsip_caller_id res_pjsip_dtmf_info res_pjsip_nat res_pjsip_rfc3326 res_pjsip_refer
res_pjsip_t38 res_pjsip_path res_pjsip_diversion res_pjsip_pubsub res_rtp_asterisk res_srtp res_crypto res_timing_timerfd bridge_simple
bridge_builtin_features bridge_native_rtp bridge_softmix chan_pjsip pbx_config codec_ulaw codec_alaw codec_g722 codec_resample format_wav format_pcm
res_format_attr_h264 app_dial app_playback app_playtones app_echo app_milliwatt app_transfer app_stack func_channel app_read app_senddtmf 
res_fax res_fax_spandsp res_musiconhold func_callerid func_strings func_pjsip_endpoint app_verbose app_exec res_pjsip_logger`

// switchboard starts an Asterisk on a free port of the loopback. In pjsip, PORT stands for that port, TLSP for the one
// behind it, which is free for TLS, and ETC for the folder of its configuration; in extensions too.
func switchboard(t testing.TB, pjsip, extensions string) *asterisk {
	t.Helper()
	return switchboardWith(t, pjsip, extensions, nil)
}

// switchboardWith is switchboard with files of its own in ETC.
func switchboardWith(t testing.TB, pjsip, extensions string, files map[string][]byte) *asterisk {
	t.Helper()
	needAsterisk(t)
	dir, err := os.MkdirTemp(asteriskRoot+"/tmp", "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	etc := strings.TrimPrefix(dir, asteriskRoot)
	a := &asterisk{t: t, etc: etc, port: freePort(t), done: make(chan error, 1)}
	for _, sub := range []string{"db", "run", "log", "spool", "keys"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	rtp := 40000 + 200*(a.port%100)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fill := strings.NewReplacer("PORT", fmt.Sprint(a.port), "TLSP", fmt.Sprint(a.port+1), "ETC", etc).Replace
	var load strings.Builder
	for m := range strings.FieldsSeq(modules) {
		fmt.Fprintf(&load, "load = %s.so\n", m)
	}
	for name, text := range map[string]string{
		"asterisk.conf": fmt.Sprintf(`[directories]
astetcdir => %[1]s
astdbdir => %[1]s/db
astkeydir => %[1]s/keys
astrundir => %[1]s/run
astlogdir => %[1]s/log
astspooldir => %[1]s/spool
astvarlibdir => /var/lib/asterisk
astdatadir => /usr/share/asterisk
astmoddir => /usr/lib/x86_64-linux-gnu/asterisk/modules
[options]
verbose = 4
`, etc),
		"modules.conf":     "[modules]\nautoload = no\n" + load.String(),
		"logger.conf":      "[general]\n[logfiles]\nconsole => notice,warning,error,verbose\n",
		"rtp.conf":         fmt.Sprintf("[general]\nrtpstart = %d\nrtpend = %d\nstrictrtp = no\n", rtp, rtp+99),
		"udptl.conf":       fmt.Sprintf("[general]\nudptlstart = %d\nudptlend = %d\n", rtp+100, rtp+199),
		"musiconhold.conf": "[default]\nmode = files\ndirectory = /var/lib/asterisk/moh\n",
		"cdr.conf":         "[general]\nenable = no\n",
		"res_fax.conf":     "[general]\n",
		"pjsip.conf":       fmt.Sprintf("[global]\ntype = global\nendpoint_identifier_order = username,ip\nuser_agent = Asterisk\n[udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:%[1]d\n[tcp]\ntype = transport\nprotocol = tcp\nbind = 127.0.0.1:%[1]d\n", a.port) + fill(pjsip),
		"extensions.conf":  "[general]\nstatic = yes\n" + fill(extensions),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	defer starting()()
	a.cmd = exec.Command("chroot", asteriskRoot, "/usr/sbin/asterisk", "-f", "-n", "-C", etc+"/asterisk.conf")
	a.cmd.Stdout, a.cmd.Stderr = log, log
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { a.done <- a.cmd.Wait() }()
	t.Cleanup(a.stop)
	if wait(t, 20*time.Second, func() (*asterisk, bool) { return a, strings.Contains(a.tell("core waitfullybooted"), "fully booted") }) == nil {
		t.Fatalf("Asterisk is not ready:\n%s", a.said())
	}
	a.tell("pjsip set logger on")
	return a
}

func (a *asterisk) stop() {
	a.tell("core stop now")
	hard := time.AfterFunc(5*time.Second, func() { _ = a.cmd.Process.Kill() })
	<-a.done
	hard.Stop()
	if a.t.Failed() {
		a.t.Logf("Asterisk:\n%s", a.said())
	}
}

// tell gives a command to the console and returns what it answers.
func (a *asterisk) tell(command string) string {
	out, err := exec.Command("chroot", asteriskRoot, "/usr/sbin/asterisk", "-C", a.etc+"/asterisk.conf", "-rx", command).CombinedOutput()
	if err != nil {
		return err.Error() + string(out)
	}
	return string(out)
}

func (a *asterisk) said() string { return tail(asteriskRoot+a.etc+"/said", 40000) }

// says waits until something is in Asterisk's log: what its dialplan tells, and every message of SIP.
func (a *asterisk) says(text string) bool {
	return wait(a.t, soon, func() (*asterisk, bool) {
		b, err := os.ReadFile(asteriskRoot + a.etc + "/said")
		return a, err == nil && strings.Contains(string(b), text)
	}) != nil
}
