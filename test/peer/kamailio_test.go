package peer_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestKamailioBetween: an outbound proxy that stays in the path (Record-Route) stands between us and the provider's
// telephone. Everything inside the dialog goes through it, the far end's requests too.
func TestKamailioBetween(t *testing.T) {
	needBaresip(t)
	needKamailio(t)
	t.Parallel()
	for _, proto := range []string{"udp", "tcp"} {
		for _, hangsUp := range []string{"us", "visitor"} {
			t.Run(proto+"/"+hangsUp+" hangs up", func(t *testing.T) {
				t.Parallel()
				ann := phone(t, "ann", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 700, here)
				joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
				k := proxy(t, joe.addr)
				s := serve(t, config{http: "127.0.0.1:0", sip: `udp://127.0.0.1:0", "tcp://127.0.0.1:0`, rtp: "127.0.0.1:0"}, seed(fmt.Sprintf(`{id: pstn, address: "sip:127.0.0.1:%d;transport=%s"}`, k.port, proto))+annAt(ann.addr))
				cb := s.request(t, map[string]any{"button": "once", "number": "+12025550100"})
				if hangsUp == "us" {
					talkThrough(t, s, cb, ann, joe)
				} else {
					s.talked(t, cb)
					joe.do("hangup")
					if r := s.ended(t, cb, soon); r.Outcome != "completed" || r.last("visitor").By != "visitor" {
						t.Errorf("outcome %s, the visitor's leg ended by %s", r.Outcome, r.last("visitor").By)
					}
					hearEachOther(t, ann, joe, 2*time.Second)
				}
				for _, method := range []string{"INVITE", "ACK", "BYE"} {
					if !k.saw(method) {
						t.Errorf("no %s went through the proxy, which is in the route of the dialog", method)
					}
				}
			})
		}
	}
}

func needKamailio(t testing.TB) {
	if _, err := exec.LookPath("kamailio"); err != nil {
		t.Skip("NOT RUN: kamailio is not installed (apt-get install kamailio)")
	}
}

// kamailio is a proxy that sends every call to one telephone and stays in its path.
type kamailio struct {
	port int
	dir  string
	t    testing.TB
}

// saw says whether a request with the method went through.
func (k *kamailio) saw(method string) bool {
	b, err := os.ReadFile(filepath.Join(k.dir, "log"))
	if err != nil {
		k.t.Fatal(err)
	}
	return bytes.Contains(b, []byte("through "+method))
}

func proxy(t testing.TB, to string) *kamailio {
	t.Helper()
	k := &kamailio{port: freePort(t), dir: t.TempDir(), t: t}
	cfg := fmt.Sprintf(`#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
listen=udp:127.0.0.1:%[1]d
listen=tcp:127.0.0.1:%[1]d
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "pv.so"
loadmodule "xlog.so"
modparam("rr", "enable_double_rr", 1)
request_route {
	if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
	if (is_method("OPTIONS") && !has_totag()) { sl_send_reply("200", "OK"); exit; }
	xlog("L_ALERT", "through $rm\n");
	if (has_totag()) {
		if (loose_route()) { t_relay(); exit; }
		if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
		sl_send_reply("404", "Not here"); exit;
	}
	if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
	t_check_trans();
	if (is_method("INVITE")) record_route();
	$ru = "sip:joe@%[2]s";
	$du = "sip:%[2]s;transport=udp";
	t_relay();
}
`, k.port, to)
	k.start(cfg)
	return k
}

// start runs kamailio until the test ends.
func (k *kamailio) start(cfg string) {
	t := k.t
	t.Helper()
	if err := os.WriteFile(filepath.Join(k.dir, "kamailio.cfg"), []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(k.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	defer starting()()
	cmd := exec.Command("kamailio", "-f", filepath.Join(k.dir, "kamailio.cfg"), "-DD", "-E", "-m", "64", "-M", "8", "-Y", k.dir)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		hard := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		<-done
		hard.Stop()
		if t.Failed() {
			t.Logf("kamailio:\n%s", tail(filepath.Join(k.dir, "log"), 6000))
		}
	})
	if wait(t, 10*time.Second, func() (*kamailio, bool) {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", k.port), time.Second)
		if err == nil {
			c.Close()
		}
		return k, err == nil && listens(k.port)
	}) == nil {
		t.Fatalf("kamailio is not ready:\n%s", tail(filepath.Join(k.dir, "log"), 6000))
	}
}
