package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/locate"
	"ringback/internal/directory"
	"ringback/internal/phone"
)

// checkTrunks looks at the trunks on disk: whether their names lead anywhere, and whether sound could come back.
func checkTrunks(ctx context.Context, c *config.Config, dir *directory.Directory) []Finding {
	if len(dir.Trunks) == 0 {
		return []Finding{{What: "trunks", OK: true, Say: "there is none: only sip: telephones can be called. Name one in a seed file (ringback apply; ringback trunk recipes helps)"}}
	}
	var out []Finding
	for _, t := range dir.Trunks {
		out = append(out, checkTrunk(ctx, c, t))
	}
	slices.SortFunc(out, func(a, b Finding) int { return strings.Compare(a.What, b.What) })
	return out
}

func checkTrunk(ctx context.Context, c *config.Config, t *cti.Trunk) Finding {
	f := Finding{What: "trunk " + t.Slug, OK: true}
	q, err := locate.Ask(cti.Endpoint(t.Address), t.Family)
	if err != nil {
		f.OK, f.Say = false, err.Error()
		return f
	}
	targets, err := q.Answer(ctx, net.DefaultResolver, func(int) int { return 0 })
	if err != nil {
		f.OK, f.Say, f.Fix = false, err.Error(), "check the name in the trunk's address, and DNS"
		return f
	}
	var at []string
	for _, to := range targets {
		at = append(at, to.Transport+" "+to.Addr.String())
	}
	ip := targets[0].Addr.Addr()
	f.Say = t.Address + " is at " + strings.Join(at, ", ")
	switch {
	case outsideOf(ip) && t.Local == cti.LocalPublic && publicFor(c, ip) == "" && privateSocket(c):
		f.OK, f.Say = false, "the trunk is outside and our sockets have private addresses: no audio would come back"
		f.Fix = `write your public address: public: {ip4: "203.0.113.7"}`
	case !listens(c, targets[0].Transport, ip):
		f.OK, f.Say = false, fmt.Sprintf("%s: nothing in listen.sip speaks %s to %s", f.Say, targets[0].Transport, ip)
		f.Fix = fmt.Sprintf(`add a line to listen.sip, such as "%s://0.0.0.0:5060"`, targets[0].Transport)
	case t.CallsPerSecond == 0 && !ip.IsLoopback():
		f.Say += "; calls_per_second is not set: many carriers refuse more than 1 or 2 a second"
	}
	return f
}

func outsideOf(ip netip.Addr) bool {
	return !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast()
}

func publicFor(c *config.Config, ip netip.Addr) string {
	if ip.Is4() {
		return c.Public.IP4
	}
	return c.Public.IP6
}

// listens says whether there is a socket for the way to a trunk. Streams are dialled from any.
func listens(c *config.Config, transport string, ip netip.Addr) bool {
	for _, s := range c.Listen.SIP {
		host, err := netip.ParseAddr(s.Host)
		if err != nil || transport != "udp" || strings.HasPrefix(s.Network, "udp") && host.Is4() == ip.Is4() {
			return true
		}
	}
	return false
}

func privateSocket(c *config.Config) bool {
	for _, s := range c.Listen.SIP {
		if ip, err := netip.ParseAddr(s.Host); err == nil && (ip.IsPrivate() || ip.IsLoopback()) {
			return true
		}
	}
	return false
}

// checkCallerIDs says which caller IDs a trunk's carrier does not vouch for, where it is known for which it does.
func checkCallerIDs(dir *directory.Directory) []Finding {
	var out []Finding
	for _, t := range dir.Trunks {
		if len(t.ListedNumbers) == 0 {
			continue
		}
		for _, s := range dir.Subscribers {
			if s.CallerID != "" && !slices.Contains(t.ListedNumbers, s.CallerID.E164()) {
				out = append(out, Finding{What: "trunk " + t.Slug, OK: true, Say: fmt.Sprintf(
					"%s, the caller ID of %s, is not in its listed_numbers: calls over it may show another number or be refused", phone.Pretty(s.CallerID), s.Slug)})
			}
		}
	}
	slices.SortFunc(out, func(a, b Finding) int { return strings.Compare(a.What+a.Say, b.What+b.Say) })
	return out
}

// checkNumbers says which caller IDs nobody answers, because several businesses show the same.
func checkNumbers(dir *directory.Directory) []Finding {
	shown := map[phone.Number][]string{}
	for _, s := range dir.Subscribers {
		if s.CallerID != "" {
			shown[s.CallerID] = append(shown[s.CallerID], s.Slug)
		}
	}
	var out []Finding
	for n, who := range shown {
		if len(who) > 1 && dir.Called(n) == nil {
			slices.Sort(who)
			out = append(out, Finding{What: "numbers", OK: true, Say: fmt.Sprintf(
				"%s is the caller ID of %s: who dials it is told that the number is nobody's, until it stands among the numbers of one of them", phone.Pretty(n), strings.Join(who, " and "))})
		}
	}
	slices.SortFunc(out, func(a, b Finding) int { return strings.Compare(a.Say, b.Say) })
	return out
}

// checkLines asks the running service how its trunks are.
func checkLines(ctx context.Context, running *http.Client) []Finding {
	var all []cti.LineState
	if err := ask(ctx, running, "GET", "/lines", nil, &all); err != nil {
		return []Finding{{What: "trunks", Say: err.Error(), Fix: "start the service again"}}
	}
	var out []Finding
	for _, l := range all {
		out = append(out, lineFinding(l))
	}
	return out
}

// lineFinding says how a trunk is and what to do about it.
func lineFinding(l cti.LineState) Finding {
	f := Finding{What: "trunk " + l.Slug, OK: true, Say: string(l.Condition)}
	if l.Reason != "" {
		f.Say += ": " + l.Reason
	}
	if !l.Since.IsZero() {
		f.Say += ", since " + l.Since.UTC().Format("2006-01-02 15:04:05Z")
	}
	for _, a := range l.Accounts {
		if !a.Registered && a.Reason != "" && !strings.Contains(l.Reason, a.Username) {
			f.Say += fmt.Sprintf("; account %s is not registered: %s", a.Username, a.Reason)
		}
	}
	if n := l.Figures; n.Recent >= 20 && n.RecentAnswered*2 < n.Recent {
		f.Say += fmt.Sprintf("; only %d of the last %d calls were answered: carriers watch this", n.RecentAnswered, n.Recent)
	}
	if l.Condition != cti.LineDown {
		if len(l.ShutOut) > 0 {
			f.OK, f.Fix = false, "if these are the provider's, add them, or its whole block, to accept_from of the trunk: without, it cannot end calls"
			f.Say += fmt.Sprintf("; requests of its calls come from addresses that are not let in: %v", l.ShutOut)
		}
		return f
	}
	f.OK, f.Fix = false, "check the trunk's address, that our address is allowed there, and the firewall in between; calls go over another trunk meanwhile, if one carries them"
	switch {
	case len(l.Targets) == 0:
		f.Fix = "check the name in the trunk's address, and DNS"
	case strings.Contains(l.Reason, "username and password"):
		f.Fix = "check username and password_file of the trunk, and whether the carrier has locked the account; then apply again"
	case strings.Contains(l.Reason, "not registered"):
		f.Fix = "ask the carrier why it refuses the registration; domain, from_user and transport must be as it says"
	case strings.Contains(l.Reason, "no socket"):
		f.Fix = "add what is missing to listen.sip and start again"
	}
	return f
}
