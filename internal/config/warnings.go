package config

import (
	"net/url"
)

// Warnings are what is allowed but worth knowing: `ringback check` and the start say them, a line each.
func (c *Config) Warnings() []string {
	warnings := append([]string(nil), c.strayEnv...)
	say := func(s string) { warnings = append(warnings, s) }
	if c.Policy.Proof == "off" {
		say("policy.proof: off: public forms ask for no proof of work; limits per number and per visitor hold")
	}
	if u, err := url.Parse(c.URL); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
		say("url: plain http: visitors' numbers travel unencrypted; put a proxy that speaks TLS in front and write https://")
	}
	if len(c.Policy.Limits.PerNumber) == 0 {
		say("policy.limits.per_number: empty: any number may be rung without end")
	}
	if len(c.Policy.Limits.PerVisitor) == 0 {
		say("policy.limits.per_visitor: empty: one visitor may make any number of telephones ring")
	}
	if c.Public.IP4 == "auto" || c.Public.IP6 == "auto" {
		say("public: auto: this build asks nobody for its address yet; write the address itself, until then the sockets' own hold")
	}
	if c.Auth.OIDC.Issuer != "" {
		say("auth.oidc.issuer: this build has no pages to sign in to yet; it is not used")
	}
	return warnings
}

func loopback(host string) bool {
	return host == "localhost" || addrOrZero(host).IsLoopback()
}
