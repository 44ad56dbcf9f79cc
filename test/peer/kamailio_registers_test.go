package peer_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A real registrar: kamailio takes our registration by digest, asks for credentials with every INVITE and BYE, carries the
// call, and is told when we leave.
func TestKamailioRegisters(t *testing.T) {
	needBaresip(t)
	needKamailio(t)
	t.Parallel()
	for _, row := range []struct{ proto, algorithm string }{{"udp", ""}, {"tcp", ""}, {"udp", "SHA-256"}} {
		t.Run(row.proto+" "+row.algorithm, func(t *testing.T) {
			t.Parallel()
			ann := phone(t, "ann", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 700, here)
			joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
			k := exchange(t, joe.addr, row.algorithm)
			s := serve(t, config{http: "127.0.0.1:0", sip: `udp://127.0.0.1:0", "tcp://127.0.0.1:0`, rtp: "127.0.0.1:0", files: map[string]string{"pw": "secret"}},
				seed(fmt.Sprintf(`{id: pstn, address: "sip:127.0.0.1:%d;transport=%s", domain: carrier.test, username: acct, password_file: pw, register: true, expires: 2m, from_user: account, caller_id: pai}`, k.port, row.proto))+annAt(ann.addr))
			k.says("bound acct expires 120")
			if _, b := s.ask(t, "GET", "/api/v1/trunks/pstn", nil); !bytes.Contains(b, []byte(`"condition":"up"`)) || !bytes.Contains(b, []byte(`"registered":true`)) {
				t.Errorf("the trunk: %s", b)
			}
			cb := s.request(t, map[string]any{"button": "once", "number": "+12025550100"})
			talkThrough(t, s, cb, ann, joe)
			k.says("paid BYE of acct")
			if _, b := s.ask(t, "DELETE", "/api/v1/trunks/pstn", nil); len(b) > 0 {
				t.Errorf("deleted: %s", b)
			}
			k.says("bound acct expires 0")
		})
	}
}

// says waits until kamailio has logged a line.
func (k *kamailio) says(line string) {
	k.t.Helper()
	if wait(k.t, 10*time.Second, func() (*kamailio, bool) {
		b, err := os.ReadFile(filepath.Join(k.dir, "log"))
		return k, err == nil && bytes.Contains(b, []byte(line+"\n"))
	}) == nil {
		k.t.Errorf("kamailio never said %q", line)
	}
}

// exchange is a registrar and proxy that lets only its account acct call, and sends every call to one telephone.
func exchange(t testing.TB, to, algorithm string) *kamailio {
	t.Helper()
	k := &kamailio{port: freePort(t), dir: t.TempDir(), t: t}
	more := ""
	if algorithm != "" {
		more = fmt.Sprintf("modparam(\"auth\", \"algorithm\", %q)\n", algorithm)
	}
	k.start(fmt.Sprintf(`#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
alias="carrier.test"
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
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("rr", "enable_double_rr", 1)
%[3]s
request_route {
	if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
	if (is_method("OPTIONS") && !has_totag()) { sl_send_reply("200", "OK"); exit; }
	if (is_method("REGISTER")) {
		if (!pv_www_authenticate("carrier.test", "secret", "0")) { www_challenge("carrier.test", "1"); exit; }
		save("location");
		xlog("L_ALERT", "bound $tU expires $hdr(Expires)\n");
		exit;
	}
	if ($fU == "acct" && is_method("INVITE|BYE|UPDATE")) {
		if (!pv_proxy_authenticate("carrier.test", "secret", "0")) { proxy_challenge("carrier.test", "1"); exit; }
		consume_credentials();
		xlog("L_ALERT", "paid $rm of $fU\n");
	}
	if (has_totag()) {
		if (loose_route()) { t_relay(); exit; }
		if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
		sl_send_reply("404", "Not here"); exit;
	}
	if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
	t_check_trans();
	if ($fU != "acct") { sl_send_reply("403", "Who are you"); exit; }
	if (is_method("INVITE")) record_route();
	$ru = "sip:joe@%[2]s";
	$du = "sip:%[2]s;transport=udp";
	t_relay();
}
`, k.port, to, more))
	return k
}
