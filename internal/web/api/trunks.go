package api

import (
	"cmp"
	"net/http"
	"net/netip"
	"time"

	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/money"
	"ringback/internal/phone"
	"ringback/internal/web/door"
)

// TrunkDoc is what is written of a trunk. The password and the key of client_cert are never shown; left out, they stay.
// client_cert, client_key and ca_file are PEM texts here.
type TrunkDoc struct {
	Slug           string           `json:"slug"`
	Address        string           `json:"address"`
	Username       string           `json:"username"`
	Password       *string          `json:"password,omitempty"`
	Prefixes       []string         `json:"prefixes"`
	Priority       int              `json:"priority"`
	MaxCalls       int              `json:"max_calls"`
	CallsPerSecond float64          `json:"calls_per_second"`
	NumberFormat   cti.NumberFormat `json:"number_format"`
	TechPrefix     string           `json:"tech_prefix"`
	CallerID       cti.CallerIDIn   `json:"caller_id"`
	Domain         string           `json:"domain"`
	Codecs         []cti.Codec      `json:"codecs"`
	AcceptFrom     []string         `json:"accept_from"`
	NAT            cti.NAT          `json:"nat"`
	Local          cti.Local        `json:"local"`
	SessionTimer   cti.SessionTimer `json:"session_timer"`
	SRTP           cti.SRTP         `json:"srtp"`
	ClientCert     string           `json:"client_cert"`
	ClientKey      *string          `json:"client_key,omitempty"`
	CAFile         string           `json:"ca_file"`
	Accounts       []AccountDoc     `json:"accounts"`
	Register       bool             `json:"register"`
	ExpiresS       door.Seconds     `json:"expires_s"`
	PingS          door.Seconds     `json:"ping_s"`
	Weight         int              `json:"weight"`
	Family         cti.Family       `json:"family"`
	FromUser       *cti.FromUser    `json:"from_user"`
	UserPhone      bool             `json:"user_phone"`
	Country        string           `json:"country"`
	ListedNumbers  []string         `json:"listed_numbers"`
	Headers        bool             `json:"headers"`
	SilentFailover bool             `json:"silent_failover"`
	Rates          []RateDoc        `json:"rates"`
}

// RateDoc is what a minute to numbers with a prefix costs.
type RateDoc struct {
	Prefix    string       `json:"prefix"`
	PerMinute money.Amount `json:"per_minute"`
	StepS     door.Seconds `json:"step_s"`
}

func rateDocs(all []cti.Rate) []RateDoc {
	out := []RateDoc{}
	for _, r := range all {
		out = append(out, RateDoc{r.Prefix, r.PerMinute, door.Seconds(cmp.Or(r.Step, cti.DefaultStep))})
	}
	return out
}

func rates(docs []RateDoc) (out []cti.Rate, err error) {
	for _, d := range docs {
		r := cti.Rate{Prefix: d.Prefix, PerMinute: d.PerMinute, Step: time.Duration(d.StepS)}
		if r.Step == cti.DefaultStep {
			r.Step = 0
		}
		out = append(out, r)
	}
	if _, err := cti.CheckRates(out); err != nil {
		return nil, bad("rates", "%v.", err)
	}
	return out, nil
}

// AccountDoc is one more account of a trunk. The password is never shown; left out, it stays that of this username.
type AccountDoc struct {
	Username string  `json:"username"`
	Password *string `json:"password,omitempty"`
}

// Trunk is a line to the telephone network.
type Trunk struct {
	ID string `json:"id"`
	TrunkDoc
	State TrunkState `json:"state"` // how it is now
}

func (a *API) trunks() thing[TrunkDoc, Trunk] {
	doc := func(d *directory.Directory, i string) TrunkDoc { return trunkDoc(d.Trunks[id.Trunk(i)]) }
	return thing[TrunkDoc, Trunk]{
		kind: directory.Trunk, prefix: "trk_",
		ids:   func(d *directory.Directory) []string { return keysOf(d.Trunks) },
		whose: func(*directory.Directory, string) id.Subscriber { return "" },
		view:  func(d *directory.Directory, i string) Trunk { return Trunk{i, doc(d, i), a.trunkState(i)} },
		doc:   doc,
		blank: TrunkDoc{
			Prefixes: []string{""}, NumberFormat: cti.PlusE164, CallerID: cti.InFrom,
			Codecs: []cti.Codec{cti.PCMU, cti.PCMA}, NAT: cti.NATNo, Local: cti.LocalPublic, SessionTimer: cti.TimerAuto, SRTP: cti.SRTPNo, Headers: true, SilentFailover: true,
			PingS: door.Seconds(cti.DefaultPing), ExpiresS: door.Seconds(cti.DefaultExpires), Family: cti.FamilyBoth, Accounts: []AccountDoc{}, ListedNumbers: []string{}, Rates: []RateDoc{},
		},
		check: checkTrunk,
	}
}

func trunkDoc(t *cti.Trunk) TrunkDoc {
	return TrunkDoc{
		Slug: t.Slug, Address: t.Address, Username: t.Username, Prefixes: list(t.Prefixes), Priority: t.Priority, MaxCalls: t.MaxCalls,
		CallsPerSecond: t.CallsPerSecond, NumberFormat: t.NumberFormat, TechPrefix: t.TechPrefix, CallerID: t.CallerID, Domain: t.Domain,
		Codecs: list(t.Codecs), AcceptFrom: list(t.AcceptFrom), NAT: t.NAT, Local: t.Local, SessionTimer: t.SessionTimer,
		SRTP: cmp.Or(t.SRTP, cti.SRTPNo), ClientCert: t.ClientCert, CAFile: t.CA, Headers: t.Headers, SilentFailover: t.SilentFailover,
		Accounts: accountDocs(t.Accounts), Register: t.Register, ExpiresS: door.Seconds(cmp.Or(t.Expires, cti.DefaultExpires)), PingS: door.Seconds(t.Ping),
		Weight: t.Weight, Family: cmp.Or(t.Family, cti.FamilyBoth), FromUser: fromUser(t.FromUser), UserPhone: t.UserPhone, Country: t.Country,
		ListedNumbers: list(t.ListedNumbers), Rates: rateDocs(t.Rates),
	}
}

// fromUser is null where the trunk's manners decide.
func fromUser(f cti.FromUser) *cti.FromUser {
	if f == "" {
		return nil
	}
	return &f
}

func accountDocs(all []cti.Account) []AccountDoc {
	out := []AccountDoc{}
	for _, a := range all {
		out = append(out, AccountDoc{Username: a.Username})
	}
	return out
}

// accounts reads what is written; a password that is left out stays.
func accounts(docs []AccountDoc, old []cti.Account) []cti.Account {
	var out []cti.Account
	for _, d := range docs {
		a := cti.Account{Username: d.Username}
		for _, o := range old {
			if o.Username == d.Username {
				a.Password = o.Password
			}
		}
		if d.Password != nil {
			a.Password = *d.Password
		}
		out = append(out, a)
	}
	return out
}

func checkTrunk(_ *http.Request, d *directory.Directory, self string, in *TrunkDoc) (directory.Setup, error) {
	none := directory.Setup{}
	if err := freeSlug(d, directory.Trunk, self, in.Slug); err != nil {
		return none, err
	}
	if _, _, _, _, err := cti.Endpoint(in.Address).SIPURI(); err != nil {
		return none, bad("address", "%v. Write sip:host:5060;transport=udp.", err)
	}
	if in.MaxCalls < 0 || in.CallsPerSecond < 0 {
		return none, bad("max_calls", "max_calls and calls_per_second are not negative; 0 is no limit.")
	}
	t := cti.Trunk{
		ID: id.Trunk(self), Slug: in.Slug, Address: in.Address, Prefixes: in.Prefixes, Priority: in.Priority, MaxCalls: in.MaxCalls,
		CallsPerSecond: in.CallsPerSecond, NumberFormat: in.NumberFormat, TechPrefix: in.TechPrefix, CallerID: in.CallerID,
		Username: in.Username, Domain: in.Domain, Codecs: in.Codecs, AcceptFrom: in.AcceptFrom, NAT: in.NAT, Local: in.Local,
		SessionTimer: in.SessionTimer, SRTP: in.SRTP, ClientCert: in.ClientCert, CA: in.CAFile, Headers: in.Headers, SilentFailover: in.SilentFailover,
		Register: in.Register, Expires: time.Duration(in.ExpiresS), Ping: time.Duration(in.PingS), Weight: in.Weight, Family: in.Family,
		UserPhone: in.UserPhone, Country: in.Country, ListedNumbers: in.ListedNumbers,
	}
	if in.FromUser != nil {
		t.FromUser = *in.FromUser
	}
	var before []cti.Account
	if old := d.Trunks[t.ID]; old != nil {
		t.Password, t.ClientKey, before = old.Password, old.ClientKey, old.Accounts
	}
	t.Accounts = accounts(in.Accounts, before)
	if in.Password != nil {
		t.Password = *in.Password
	}
	if in.ClientKey != nil {
		t.ClientKey = *in.ClientKey
	}
	var err error
	if t.Rates, err = rates(in.Rates); err != nil {
		return none, err
	}
	return directory.Setup{Trunks: []cti.Trunk{t}}, checkTrunkWords(&t)
}

func checkTrunkWords(t *cti.Trunk) error {
	checks := []error{
		oneOf("number_format", t.NumberFormat, cti.PlusE164, cti.PlainE164, cti.ZeroZero, cti.NationalNF),
		oneOf("caller_id", t.CallerID, cti.InFrom, cti.InPAI, cti.InPPI, cti.InRPID),
		oneOf("nat", t.NAT, cti.NATNo, cti.NATYes, cti.NATAuto),
		oneOf("local", t.Local, cti.LocalPublic, cti.LocalPrivate),
		oneOf("session_timer", t.SessionTimer, cti.TimerAuto, cti.TimerOff),
		oneOf("srtp", t.SRTP, cti.SRTPNo, cti.SRTPSDES, cti.SRTPRequired),
	}
	checks = append(checks, oneOf("family", t.Family, cti.FamilyBoth, cti.Family4, cti.Family6),
		oneOf("from_user", t.FromUser, "", cti.FromCaller, cti.FromAccount))
	if t.Country != "" && !phone.IsRegion(t.Country) {
		checks = append(checks, bad("country", "%.10q is no country: write two capitals, such as DE.", t.Country))
	}
	if key, err := t.CheckLine(); err != nil {
		checks = append(checks, bad(key, "%v.", err))
	}
	if key, err := t.CheckSecurity(); err != nil {
		checks = append(checks, bad(key, "%v.", err))
	}
	for _, c := range t.Codecs {
		checks = append(checks, oneOf("codecs", c, cti.PCMU, cti.PCMA, cti.G722))
	}
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	if len(t.Codecs) == 0 {
		return bad("codecs", "A trunk needs a codec: pcmu, pcma, g722.")
	}
	for _, c := range t.AcceptFrom {
		if _, err := netip.ParsePrefix(c); err != nil {
			if _, err := netip.ParseAddr(c); err != nil {
				return bad("accept_from", "%.64q is no network; one is written 192.0.2.0/24.", c)
			}
		}
	}
	return nil
}
