package server

import (
	"fmt"
	"strings"

	"ringback/internal/cti"
	"ringback/internal/phone"
)

func (s *seedReader) trunk(key string, t *seedTrunk) cti.Trunk {
	if _, _, _, _, err := cti.Endpoint(t.Address).SIPURI(); err != nil {
		s.wrong(key+".address", "%v; write sip:host:5060;transport=udp", err)
	}
	if t.Country != "" && !phone.IsRegion(t.Country) {
		s.wrong(key+".country", "%q is no country: write two capitals, such as DE", t.Country)
	}
	if t.CallsPerSecond < 0 || t.MaxCalls < 0 {
		s.wrong(key, "calls_per_second and max_calls are 0 (no limit) or more")
	}
	out := cti.Trunk{
		Slug: t.ID, Address: t.Address, Username: t.Username, Password: s.secret(key+".password_file", t.PasswordFile),
		Prefixes: orAll(t.Prefixes), Priority: t.Priority, MaxCalls: t.MaxCalls, CallsPerSecond: t.CallsPerSecond,
		NumberFormat: cti.NumberFormat(s.oneOf(key+".number_format", t.NumberFormat, "+e164", "e164", "00", "national")),
		TechPrefix:   t.TechPrefix,
		CallerID:     cti.CallerIDIn(s.oneOf(key+".caller_id", t.CallerID, "from", "pai", "ppi", "rpid")),
		Domain:       t.Domain, AcceptFrom: t.AcceptFrom,
		NAT:          cti.NAT(s.oneOf(key+".nat", t.NAT, "no", "yes", "auto")),
		Local:        cti.Local(s.oneOf(key+".local", t.Local, "public", "private")),
		SessionTimer: cti.SessionTimer(s.oneOf(key+".session_timer", t.SessionTimer, "auto", "off")),
		SRTP:         cti.SRTP(s.oneOf(key+".srtp", t.SRTP, "no", "sdes", "required")),
		ClientCert:   s.secret(key+".client_cert", t.ClientCert), ClientKey: s.secret(key+".client_key", t.ClientKey), CA: s.secret(key+".ca_file", t.CAFile),
		Register: t.Register, Expires: t.Expires, Ping: cti.DefaultPing, Weight: t.Weight, UserPhone: t.UserPhone, Country: t.Country,
		FromUser: cti.FromUser(s.oneOf(key+".from_user", t.FromUser, "", "caller", "account")),
		Family:   cti.Family(s.oneOf(key+".family", t.Family, "both", "4", "6")),
		Headers:  t.Headers == nil || *t.Headers, SilentFailover: t.SilentFailover == nil || *t.SilentFailover,
	}
	if wrong, err := out.CheckSecurity(); err != nil {
		s.wrong(key+"."+wrong, "%v", err)
	}
	if t.Ping != nil {
		out.Ping = *t.Ping
	}
	for i, a := range t.Accounts {
		out.Accounts = append(out.Accounts, cti.Account{Username: a.Username, Password: s.secret(fmt.Sprintf("%s.accounts[%d].password_file", key, i), a.PasswordFile)})
	}
	for i, raw := range t.ListedNumbers {
		out.ListedNumbers = append(out.ListedNumbers, s.callerID(fmt.Sprintf("%s.listed_numbers[%d]", key, i), raw).E164())
	}
	if wrong, err := out.CheckLine(); err != nil {
		s.wrong(key+"."+wrong, "%v", err)
	}
	for i, prefix := range out.Prefixes {
		if digits, plus := strings.CutPrefix(prefix, "+"); prefix != "" && (!plus || digits == "" || strings.Trim(digits, "0123456789") != "") {
			s.wrong(fmt.Sprintf("%s.prefixes[%d]", key, i), "%q is no prefix: write \"\" for all numbers, or + and digits, such as +1", prefix)
		}
	}
	for i, c := range t.Codecs {
		out.Codecs = append(out.Codecs, cti.Codec(s.oneOf(fmt.Sprintf("%s.codecs[%d]", key, i), c, "pcmu", "pcma", "g722")))
	}
	if len(out.Codecs) == 0 {
		out.Codecs = []cti.Codec{cti.PCMU, cti.PCMA}
	}
	for i, c := range t.AcceptFrom {
		if err := cti.CheckCIDR(c); err != nil {
			s.wrong(fmt.Sprintf("%s.accept_from[%d]", key, i), "%v", err)
		}
	}
	out.Rates = s.rates(key, t)
	if strings.Trim(t.TechPrefix, "0123456789*#") != "" {
		s.wrong(key+".tech_prefix", "digits only")
	}
	return out
}

func orAll(prefixes []string) []string {
	if len(prefixes) == 0 {
		return []string{""}
	}
	return prefixes
}
