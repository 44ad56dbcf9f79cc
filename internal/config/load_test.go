package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// write puts text in a file named ringback.yaml and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ringback.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsAreWhole(t *testing.T) {
	c, err := Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	if got := c.Listen; !reflect.DeepEqual(got, want.Listen) {
		t.Errorf("listen = %+v", got)
	}
	if c.Policy.Proof != "required" || c.Database != "sqlite" || c.Switch.Process != "inline" {
		t.Errorf("defaults = %+v", c)
	}
}

func TestEverythingOfTheManualIsRead(t *testing.T) {
	path := write(t, `
url: https://call.example.com
listen: {http: ":80", https: "", sip: ["udp://0.0.0.0:5060", "tcp://[::1]:0"], rtp: ":20000-20999", rtc: ""}
public: {ip4: 192.0.2.7, ip6: auto}
data: /var/lib/ringback
database: postgres://ringback:${DB_PASSWORD}@db.example.com/ringback
cluster: {nats: ""}
switch: {driver: embedded, process: inline}
policy:
  numbers: default
  proof: "off"
  allow_proof_off: true
  allow_sip: ["*.example.com", 192.0.2.9]
  limits: {per_number: [{n: 2, per: 1d12h}], per_visitor: []}
speech: {command: [espeak-ng, -v, "{lang}", -w, "{out}", "{text}"]}
mail: {url: "smtp://u:p@mail.example.com:587", from: "Callback <cb@example.com>"}
storage: file
auth: {passwords: false, passkeys: true, oidc: {issuer: "", client_id: "", client_secret_file: ""}}
log: {format: json, level: debug}
`)
	c, err := Load(path, []string{"DB_PASSWORD=s3cret", "RINGBACK_LISTEN_HTTP=127.0.0.1:0", "RINGBACK_AUTH_PASSKEYS=false",
		"RINGBACK_LISTEN_SIP=udp://127.0.0.1:0, tcp://127.0.0.1:0", "RINGBACK_POLICY_LIMITS_PER_VISITOR=[{n: 9, per: 10m}]"})
	if err != nil {
		t.Fatal(err)
	}
	checks := []struct{ name, got, want string }{
		{"env wins", c.Listen.HTTP, "127.0.0.1:0"},
		{"env list", c.Listen.SIP[1].String(), "tcp://127.0.0.1:0"},
		{"rtp", c.Listen.RTP.String(), ":20000-20999"},
		{"${}", c.Database, "postgres://ringback:s3cret@db.example.com/ringback"},
		{"allow_sip", strings.Join(c.Policy.AllowSIP, " "), "*.example.com 192.0.2.9"},
		{"days", c.Policy.Limits.PerNumber[0].Per.String(), "36h0m0s"},
		{"env yaml", c.Policy.Limits.PerVisitor[0].Per.String(), "10m0s"},
	}
	for _, k := range checks {
		if k.got != k.want {
			t.Errorf("%s: got %q, want %q", k.name, k.got, k.want)
		}
	}
	if c.Auth.Passkeys || c.Auth.Passwords || c.Policy.Limits.PerVisitor[0].N != 9 {
		t.Errorf("auth %+v, per_visitor %+v", c.Auth, c.Policy.Limits.PerVisitor)
	}
	if w := strings.Join(c.Warnings(), "\n"); !strings.Contains(w, "policy.proof: off: public forms ask for no proof of work") {
		t.Errorf("warnings:\n%s", w)
	}
}

// Each row is a file and what a person must read about it.
func TestWhatIsWrongIsNamed(t *testing.T) {
	rows := []struct{ name, text, want string }{
		{"unknown key", "url: http://a\nlisten: {htpp: ':80'}", "2: listen.htpp: unknown key, did you mean http?"},
		{"unknown key at the top", "\n\nlissten: {}", "3: lissten: unknown key, did you mean listen?"},
		{"nothing near", "mail: {quux: 1}", "1: mail.quux: unknown key; known here: from, per_day, url"},
		{"deep in a list", "policy:\n  limits:\n    per_number:\n      - {n: 1, per: 5m}\n      - {m: 1, per: 5m}", "5: policy.limits.per_number[1].m: unknown key, did you mean n?"},
		{"calls that come in", "policy: {limits: {inbound: {per_callers: [{n: 1, per: 5m}]}}}", "1: policy.limits.inbound.per_callers: unknown key, did you mean per_caller?"},
		{"repeated", "data: a\ndata: b", "2: data: repeated key, first written in line 1"},
		{"text wanted", "data: 7", "1: data: want a text, got the number 7: put it in quotes"},
		{"truth wanted", "auth: {passwords: 'yes'}", `1: auth.passwords: want true or false, got the text "yes"`},
		{"number wanted", "policy: {limits: {per_number: [{n: many, per: 5m}]}}", `1: policy.limits.per_number[0].n: want a whole number, got the text "many"`},
		{"list wanted", "policy:\n  allow_sip: example.com", `2: policy.allow_sip: want a list, got the text "example.com"`},
		{"mapping wanted", "listen: ':80'", `1: listen: want a mapping of keys, got the text ":80"`},
		{"text, not mapping", "url:\n  a: b", "2: url: want a text, got a mapping of keys"},
		{"unit", "policy: {limits: {per_number: [{n: 1, per: 300}]}}", "1: policy.limits.per_number[0].per: want a duration with its unit such as 90s, 5m or 24h, got 300"},
		{"no duration", "policy: {limits: {per_number: [{n: 1, per: soon}]}}", `1: policy.limits.per_number[0].per: want a duration such as 90s, 5m, 24h or 30d, got "soon"`},
		{"alias", "policy: {allow_sip: [*.example.com]}", "anchors and aliases are not read here"},
		{"two documents", "data: a\n---\ndata: b", "one document per file"},
		{"not YAML", "url: [", "ringback.yaml:1: not YAML: "},
		{"no such variable", "data: /var/${RING_NO}", "1: data: ${RING_NO}: no such variable in the environment"},
		{"relative url", "url: call.example.com", `1: url: want an absolute address such as https://call.example.com, got "call.example.com"`},
		{"url with a path", "url: https://example.com/call", "want scheme, host and port only"},
		{"http", "listen: {http: '80'}", `1: listen.http: want host:port, got "80"`},
		{"port", "listen: {http: ':99999'}", `1: listen.http: "99999" is no port (0 to 65535)`},
		{"tls", "listen: {https: ':443'}", "ringback.yaml: tls.cert: listen.https is set: name the file with its certificate"},
		{"tls for nothing", "tls: {cert: a.pem}", "1: tls.cert: nothing shows it: set listen.https"},
		{"sip", "listen: {sip: ['sip:1.2.3.4']}", `1: listen.sip[0]: want udp://host:port, tcp://host:port or tls://host:port, got "sip:1.2.3.4"`},
		{"dial out without a trunk", "phones: {dial_out: emergency, location: '1 Main Street'}", "1: phones.emergency_trunk: telephones that dial out must reach emergency services"},
		{"dial out without a location", "phones: {dial_out: emergency, emergency_trunk: pstn}", "1: phones.location: telephones that dial out call for help from somewhere"},
		{"dial out to all", "phones: {dial_out: all}", `1: phones.dial_out: "all" is not known to this build`},
		{"registrations", "listen: {registrations: privat}", `1: listen.registrations: "privat" is not known to this build, did you mean private?`},
		{"sip domain", "listen: {sip_domains: ['sip:x']}", "1: listen.sip_domains[0]: want a host"},
		{"no sip", "listen: {sip: []}", "1: listen.sip: want at least one"},
		{"rtp order", "listen: {rtp: '127.0.0.1:30000-20000'}", "1: listen.rtp: the range 30000-20000 is too small"},
		{"rtp one port", "listen: {rtp: '127.0.0.1:30000'}", "1: listen.rtp: one port is not enough"},
		{"ip4", "public: {ip4: '2001:db8::1'}", `1: public.ip4: want an IPv4 address such as 192.0.2.7, auto or "", got "2001:db8::1"`},
		{"database", "database: mysql://db/x", "1: database: want sqlite or postgres://"},
		{"driver", "switch: {driver: asterisk}", `1: switch.driver: "asterisk" is not known to this build (allowed: embedded)`},
		{"process", "switch: {process: child}", `1: switch.process: "child" is not known to this build (allowed: inline)`},
		{"near value", "log: {level: wran}", `1: log.level: "wran" is not known to this build, did you mean warn? (allowed: debug, info, warn, error)`},
		{"ladder", "log: {ladder: -1h}", "1: log.ladder: a time from 0 on"},
		{"storage", "storage: s3://bucket", "1: storage: this build has no other storage yet"},
		{"cluster", "cluster: {nats: 'nats://a'}", "1: cluster.nats: this build has no cluster yet"},
		{"allow_sip", "policy: {allow_sip: ['sip:a@b']}", "1: policy.allow_sip[0]: want a host such as"},
		{"limit", "policy: {limits: {per_number: [{n: 0, per: 5m}]}}", "1: policy.limits.per_number[0].n: want 1 or more"},
		{"calls per trunk", "policy: {limits: {inbound: {per_trunk: [{n: 0, per: 1m}]}}}", "1: policy.limits.inbound.per_trunk[0].n: want 1 or more"},
		{"speech", "speech: {command: [say]}", "1: speech.command: no argument is {out}"},
		{"mail", "mail: {url: 'http://x', from: nobody}", "1: mail.url: want smtp://"},
		{"mail, no sender", "mail: {url: 'smtp://x', from: nobody}", "1: mail.from: want a sender"},
		{"mail, per day", "mail: {per_day: -1}", "1: mail.per_day: want a number of messages"},
		{"sms in the clear", "sms: {url: 'http://x.example/', body: 'to={to}&text={text}'}", "1: sms.url: messages and keys would travel in the clear"},
		{"sms to whoever", "sms: {url: 'https://{to}.example/', body: '{text}'}", "1: sms.url: want the address of the gateway"},
		{"sms without a text", "sms: {url: 'https://x.example/', body: 'to={to}'}", "1: sms.body: want {to} or {digits}, and {text}"},
		{"sms with a body too many", "sms: {url: 'https://x.example/?to={to}&t={text}', method: GET, body: x}", "1: sms.body: a GET has no body"},
		{"sms method", "sms: {method: SEND}", `1: sms.method: "SEND" is not known`},
		{"sms nowhere", "sms: {body: '{to}{text}'}", "sms.url: want the address of the gateway"},
		{"sms header", "sms: {url: 'https://x.example/?to={to}&t={text}', headers: {'a b': c}}", `1: sms.headers: "a b" is no header`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := Load(write(t, row.text), nil)
			if err == nil || !IsProblem(err) {
				t.Fatalf("read as if nothing was wrong: %v", err)
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("got  %s\nwant %s", err, row.want)
			}
			if first, _, _ := strings.Cut(err.Error(), "\n"); !strings.Contains(first, "ringback.yaml:") {
				t.Errorf("no file and line: %s", first)
			}
		})
	}
}

func TestAllProblemsAtOnceInOrder(t *testing.T) {
	_, err := Load(write(t, "log: {level: loud}\nurl: nowhere\ndatta: x\n"), []string{"RINGBACK_LISTEN_HTTP=nowhere"})
	lines := strings.Split(err.Error(), "\n")
	want := []string{"RINGBACK_LISTEN_HTTP: listen.http: ", "ringback.yaml:1: log.level", "ringback.yaml:2: url", "ringback.yaml:3: datta"}
	if len(lines) != len(want) {
		t.Fatalf("got %d problems:\n%s", len(lines), err)
	}
	for i := range want {
		if !strings.Contains(lines[i], want[i]) {
			t.Errorf("line %d: got %s, want %s", i, lines[i], want[i])
		}
	}
}

func TestMissingFileSaysWhatToDo(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.yaml"), nil)
	if err == nil || !IsProblem(err) || !strings.Contains(err.Error(), "no such file; give --config") {
		t.Errorf("got %v", err)
	}
}

func TestMistypedVariableIsNamed(t *testing.T) {
	c, err := Load("", []string{"RINGBACK_LISTEN_HTPP=:80", "RINGBACK_TEST_POSTGRES=x", "HOME=/"})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(c.Warnings(), "\n")
	if !strings.Contains(got, "RINGBACK_LISTEN_HTPP: sets no key, did you mean RINGBACK_LISTEN_HTTP?") {
		t.Errorf("warnings:\n%s", got)
	}
	if strings.Contains(got, "RINGBACK_TEST") {
		t.Errorf("the tests' own variables are no mistakes:\n%s", got)
	}
}

func TestPrintTellsValueAndSource(t *testing.T) {
	path := write(t, "data: /srv\ndatabase: postgres://u:s3cret@db/x?sslpassword=s3cret\nmail: {url: 'smtp://u:s3cret@m:25'}\nsms: {url: 'https://m/?key=s3cret', headers: {Authorization: Bearer s3cret}, body: '{to} {text} s3cret'}\n")
	c, err := Load(path, []string{"RINGBACK_LOG_LEVEL=warn"})
	if err != nil {
		t.Fatal(err)
	}
	var text, js bytes.Buffer
	if err := c.Print(&text); err != nil {
		t.Fatal(err)
	}
	if err := c.PrintJSON(&js); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String()+js.String(), "s3cret") {
		t.Errorf("a password is shown:\n%s", text.String())
	}
	squeezed := strings.Join(strings.Fields(text.String()), " ")
	for _, want := range []string{
		"data /srv " + path + ":1",
		"log.level warn env RINGBACK_LOG_LEVEL",
		"policy.limits.per_number [{n: 1, per: 5m}, {n: 3, per: 24h}] default",
		"listen.sip [udp://127.0.0.1:5060, tcp://127.0.0.1:5060] default",
		`listen.https "" default`,
	} {
		if !strings.Contains(squeezed, want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	var rows []struct{ Key, Source string }
	if err := json.Unmarshal(js.Bytes(), &rows); err != nil || len(rows) != len(c.settings()) {
		t.Errorf("%d rows, %v:\n%s", len(rows), err, js.String())
	}
}

func TestDurations(t *testing.T) {
	rows := []struct {
		text string
		want time.Duration
	}{
		{"5m", 5 * time.Minute}, {"30d", 720 * time.Hour}, {"1d12h", 36 * time.Hour}, {"0d", 0}, {"250ms", 250 * time.Millisecond},
	}
	for _, row := range rows {
		if got, err := ParseDuration(row.text); err != nil || got != row.want {
			t.Errorf("%s: %v, %v", row.text, got, err)
		}
	}
	for _, bad := range []string{"", "d", "-1d", "1d-2h", "5", "5 m", "1h2d"} {
		if got, err := ParseDuration(bad); err == nil {
			t.Errorf("%q read as %v", bad, got)
		}
	}
	for _, d := range []time.Duration{0, time.Second, time.Minute, time.Hour, 90 * time.Minute, 24 * time.Hour, 61 * time.Second} {
		if got, err := ParseDuration(formatDuration(d)); err != nil || got != d {
			t.Errorf("%v is written %q and read as %v, %v", d, formatDuration(d), got, err)
		}
	}
}
