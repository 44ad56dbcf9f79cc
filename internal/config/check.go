package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"ringback/internal/schedule"
)

// check looks at what each value means. Keys that could not be read are left out: one problem a key is enough.
func (c *Config) check(src *Source, earlier Problems) Problems {
	k := &checker{src: src, origins: c.origins, silent: earlier}
	k.baseURL("url", c.URL)
	k.address("listen.http", c.Listen.HTTP, true)
	k.pageTLS(c)
	k.address("listen.rtc", c.Listen.RTC, false)
	if len(c.Listen.SIP) == 0 {
		k.refuse("listen.sip", "want at least one of udp://host:port, tcp://host:port: without it no telephone rings")
	}
	k.sipTLS(c)
	k.mark("listen.sip_mark", c.Listen.SIPMark)
	k.mark("listen.rtp_mark", c.Listen.RTPMark)
	k.oneOf("listen.registrations", c.Listen.Registrations, "private", "anywhere", "none")
	for i, host := range c.Listen.SIPDomains {
		k.host(fmt.Sprintf("listen.sip_domains[%d]", i), host)
	}
	k.public("public.ip4", c.Public.IP4, netip.Addr.Is4, "IPv4 address such as 192.0.2.7")
	k.public("public.ip6", c.Public.IP6, netip.Addr.Is6, "IPv6 address such as 2001:db8::7")
	if strings.TrimSpace(c.Data) == "" {
		k.refuse("data", "want the path of a folder, such as ./data")
	}
	k.database("database", c.Database)
	k.only("cluster.nats", c.Cluster.NATS, "cluster", "everything runs in one process", "")
	k.oneOf("switch.driver", c.Switch.Driver, "embedded")
	k.oneOf("switch.process", c.Switch.Process, "inline")
	k.phones(c.Phones)
	k.oneOf("policy.numbers", c.Policy.Numbers, "default")
	k.oneOf("policy.proof", c.Policy.Proof, "required", "off")
	for i, host := range c.Policy.AllowSIP {
		k.host(fmt.Sprintf("policy.allow_sip[%d]", i), host)
	}
	if _, err := schedule.ParseNight(c.Policy.QuietHours); err != nil {
		k.refuse("policy.quiet_hours", "want hours of the day such as 21:00-08:00, or \"\" for none, got %q", c.Policy.QuietHours)
	}
	k.limits("policy.limits.per_number", c.Policy.Limits.PerNumber)
	k.limits("policy.limits.per_visitor", c.Policy.Limits.PerVisitor)
	k.limits("policy.limits.per_prefix", c.Policy.Limits.PerPrefix)
	k.limits("policy.limits.per_subscriber", c.Policy.Limits.PerSubscriber)
	k.oneOf("policy.guard", c.Policy.Guard, "on", "off")
	k.limits("policy.limits.without_script.per_visitor", c.Policy.Limits.WithoutScript.PerVisitor)
	k.limits("policy.limits.without_script.per_subscriber", c.Policy.Limits.WithoutScript.PerSubscriber)
	k.limits("policy.limits.inbound.per_caller", c.Policy.Limits.Inbound.PerCaller)
	k.limits("policy.limits.inbound.per_trunk", c.Policy.Limits.Inbound.PerTrunk)
	k.speech("speech.command", c.Speech.Command)
	k.mail(c.Mail)
	k.sms(c.SMS)
	k.alarms(c.Alarms, c.Mail)
	k.only("storage", c.Storage, "other storage", "recordings and files stay in data", "file")
	k.oneOf("log.format", c.Log.Format, "auto", "text", "json")
	k.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	if c.Log.Ladder < 0 {
		k.refuse("log.ladder", "a time from 0 on, such as 7d; 0 = messages of calls are not kept")
	}
	return k.problems
}

type checker struct {
	src      *Source
	origins  map[string]Origin
	silent   Problems
	problems Problems
}

// refuse names the line of the file, or the variable that set the key.
func (k *checker) refuse(key, format string, args ...any) {
	if slices.ContainsFunc(k.silent, func(p Problem) bool { return p.Key == key || strings.HasPrefix(p.Key, key+"[") }) {
		return
	}
	p := k.src.Problem(key, format, args...)
	top, _, _ := strings.Cut(key, "[")
	if o := k.origins[top]; o.Env != "" {
		p.File, p.Line = o.Env, 0
	}
	k.problems = append(k.problems, p)
}

func (k *checker) oneOf(key, got string, allowed ...string) {
	if slices.Contains(allowed, got) {
		return
	}
	meant := ""
	if best, ok := Nearest(got, allowed); ok {
		meant = ", did you mean " + best + "?"
	}
	k.refuse(key, "%q is not known to this build%s (allowed: %s)", got, meant, strings.Join(allowed, ", "))
}

// only refuses what a later build will be able to do: half of it would be worse than none.
func (k *checker) pageTLS(c *Config) {
	if c.Listen.HTTPS != "" {
		k.address("listen.https", c.Listen.HTTPS, true)
	}
	switch t := c.TLS; {
	case c.Listen.HTTPS != "" && t.Cert == "":
		k.refuse("tls.cert", "listen.https is set: name the file with its certificate (PEM), and its key in tls.key")
	case c.Listen.HTTPS == "" && t.Cert+t.Key != "":
		k.refuse("tls.cert", "nothing shows it: set listen.https, such as 0.0.0.0:443, or leave it out")
	case t.Cert != "" && t.Key == "":
		k.refuse("tls.key", "want the file with the private key of tls.cert (PEM)")
	case t.Cert != "":
		if _, err := tls.LoadX509KeyPair(t.Cert, t.Key); err != nil {
			k.refuse("tls.cert", "%s", unreadable(err))
		}
	}
}

func (k *checker) only(key, got, what, instead, allowed string) {
	if got != allowed {
		k.refuse(key, "this build has no %s yet: write %q (%s)", what, allowed, instead)
	}
}

func (k *checker) baseURL(key, got string) {
	u, err := url.Parse(got)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		k.refuse(key, "want an absolute address such as https://call.example.com, got %q", got)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		k.refuse(key, "want scheme, host and port only, such as https://call.example.com, got %q", got)
	}
}

func (k *checker) address(key, got string, needed bool) {
	if got == "" && !needed {
		return
	}
	if _, _, err := splitAddr(got); err != nil {
		k.refuse(key, "%s", err)
	}
}

// sipTLS wants a certificate where TLS is spoken, and its files to fit. What is in them is told by `ringback check`.
func (k *checker) sipTLS(c *Config) {
	speaks := slices.ContainsFunc(c.Listen.SIP, func(s SIPSocket) bool { return s.Network == "tls" })
	t := c.SIPTLS
	switch {
	case speaks && t.Cert == "":
		k.refuse("sip_tls.cert", "listen.sip has a tls:// socket: name the file with its certificate (PEM), and its key in sip_tls.key")
	case t.Cert != "" && t.Key == "":
		k.refuse("sip_tls.key", "want the file with the private key of sip_tls.cert (PEM)")
	case t.Cert == "" && t.Key != "":
		k.refuse("sip_tls.cert", "want the file with the certificate of sip_tls.key (PEM)")
	case t.Cert != "" && !speaks:
		k.refuse("sip_tls.cert", "no socket of listen.sip shows it: add tls://host:5061, or leave it out")
	case t.Cert != "":
		if _, err := tls.LoadX509KeyPair(t.Cert, t.Key); err != nil {
			k.refuse("sip_tls.cert", "%s", unreadable(err))
		}
	}
	if t.CA == "" {
		return
	}
	if b, err := os.ReadFile(t.CA); err != nil {
		k.refuse("sip_tls.ca", "%s: %s", t.CA, unreadable(err))
	} else if !x509.NewCertPool().AppendCertsFromPEM(b) {
		k.refuse("sip_tls.ca", "%s holds no certificate (PEM)", t.CA)
	}
}

func (k *checker) mark(key string, got int) {
	if got < 0 || got > 63 {
		k.refuse(key, "want a code point from 0 (none) to 63, such as 24 or 46, got %d", got)
	}
}

func (k *checker) public(key, got string, family func(netip.Addr) bool, what string) {
	if got == "" || got == "auto" {
		return
	}
	a, err := netip.ParseAddr(got)
	if err != nil || !family(a) || a.IsUnspecified() || a.IsMulticast() {
		k.refuse(key, "want an %s, auto or \"\", got %q", what, got)
	}
}

func (k *checker) database(key, got string) {
	if got == "sqlite" {
		return
	}
	u, err := url.Parse(got)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || (u.Host == "" && u.Query().Get("host") == "") {
		k.refuse(key, "want sqlite or postgres://user:password@host:5432/name")
	}
}

func (k *checker) host(key, got string) {
	name := strings.TrimPrefix(got, "*.")
	if name == "" || strings.ContainsAny(name, "*:/@ ") && !addrOrZero(name).IsValid() {
		k.refuse(key, "want a host such as pbx.example.com, *.example.com or 192.0.2.7, got %q", got)
	}
}

func addrOrZero(s string) netip.Addr {
	a, _ := netip.ParseAddr(s)
	return a
}

func (k *checker) limits(key string, limits []Limit) {
	for i, l := range limits {
		if l.N < 1 {
			k.refuse(fmt.Sprintf("%s[%d].n", key, i), "want 1 or more; leave the list empty for no limit")
		}
		if l.Per <= 0 {
			k.refuse(fmt.Sprintf("%s[%d].per", key, i), "want a duration such as 5m or 24h")
		}
	}
}

func (k *checker) speech(key string, command []string) {
	if len(command) > 0 && !slices.Contains(command, "{out}") {
		k.refuse(key, "no argument is {out}, the file that the program is to write")
	}
}

// phones: a telephone that may dial must be able to call help, and help must know where to go.
func (k *checker) phones(p Phones) {
	k.oneOf("phones.dial_out", p.DialOut, "none", "emergency")
	k.oneOf("phones.language", p.Language, "en", "de", "fr", "es", "ar")
	if p.DialOut == "none" {
		return
	}
	if p.EmergencyTrunk == "" {
		k.refuse("phones.emergency_trunk", "telephones that dial out must reach emergency services: name the trunk that carries those calls, or write dial_out: none")
	}
	if strings.TrimSpace(p.Location) == "" {
		k.refuse("phones.location", "telephones that dial out call for help from somewhere: write the address, as the carrier has it on file, or dial_out: none")
	}
}
