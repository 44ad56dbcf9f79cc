package callback

import (
	"slices"
	"strings"
	"time"

	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/money"
	"ringback/internal/phone"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// Policy is what the operator allows, over all businesses.
type Policy struct {
	AllowSIP             []string // hosts that sip: endpoints of visitors and subscriber keys may name
	PerNumber            []Rate
	PerVisitor           []Rate
	Night                schedule.Night // when telephones are not rung for tries that nobody chose the time of
	MonitorWithoutNotice bool           // a supervisor may listen to who was not told

	SpendPerDay        money.Amount // of all businesses together; none = no limit
	Proof              bool         // buttons that do not say otherwise ask visitors for a proof of work
	AllowProofOff      bool         // a button may say that it asks for none
	PlainPerVisitor    []Rate       // forms sent without script, which prove no work
	PlainPerSubscriber []Rate

	PerPrefix     []Rate // visitors' wishes to numbers of one block, as PrefixOf
	PerSubscriber []Rate // visitors' wishes to one business
	Guard         Guard

	PerCaller []Rate // calls that come in, of one number
	PerTrunk  []Rate // calls that come in over one trunk
}

// Rate is at most N in Per.
type Rate struct {
	N   int
	Per time.Duration
}

// Channels by which a visitor talks.
const (
	Phone = "phone" // a telephone is called
	Web   = "web"   // the visitor's own browser is
)

// AgreedWay is how a button lets its visitors talk, for the sentence that they agree to.
func AgreedWay(b *subscriber.Button) consent.Way {
	if b != nil && slices.Contains(b.Channels, Web) {
		return consent.ByPhoneOrInBrowser
	}
	return consent.ByPhone
}

// visitorEndpoint reads where the visitor is to be called and says whether that is allowed. A browser is known by the
// callback's own name.
func (p *Policy) visitorEndpoint(r *Request, cb id.Callback, s *subscriber.Subscriber, dir *directory.Directory) (cti.Endpoint, error) {
	if r.Channel == Web {
		return cti.BrowserOf(string(cb)), nil
	}
	number := r.Number
	if raw, ok := strings.CutPrefix(r.Endpoint, "tel:"); ok {
		number = raw
	} else if r.Endpoint != "" {
		return p.sipEndpoint("endpoint", r.Endpoint, r.By)
	}
	if strings.TrimSpace(number) == "" {
		if r.rehearsed {
			return "", nil
		}
		return "", fault.At("number", fault.FieldRequired, "A telephone number is needed to call you back.")
	}
	n, err := phone.Parse(number, s.Region())
	if err != nil {
		return "", err
	}
	if err := s.MayCall(n); err != nil {
		return "", err
	}
	if dir.Own(n) {
		return "", fault.At("number", fault.NumberOwn, "That is one of our own telephones. Give the number of yours.")
	}
	return cti.Endpoint("tel:" + n.E164()), nil
}

// sipEndpoint: operators may name any, others only hosts that the operator allows.
func (p *Policy) sipEndpoint(field, raw string, by *login.Principal) (cti.Endpoint, error) {
	e, err := cti.ParseEndpoint(raw)
	if err != nil {
		return "", fault.At(field, fault.EndpointInvalid, "%v. Write tel:+12025550100 or sip:name@host.", err)
	}
	if by != nil && by.Role == login.Operator {
		return e, nil
	}
	if !p.allowsSIP(e) {
		return "", fault.At(field, fault.EndpointNotAllowed, "Internet telephones of this host are not called. The operator can allow it in policy.allow_sip.")
	}
	return e, nil
}

// allowsSIP: the host stands in the operator's list, itself or under *.its.domain.
func (p *Policy) allowsSIP(e cti.Endpoint) bool {
	_, host, _, _, err := e.SIPURI()
	return err == nil && slices.ContainsFunc(p.AllowSIP, func(allowed string) bool {
		domain, wild := strings.CutPrefix(allowed, "*")
		if wild {
			return len(host) > len(domain) && strings.HasSuffix(strings.ToLower(host), strings.ToLower(domain))
		}
		return strings.EqualFold(host, allowed)
	})
}

// maySend is the last look before a telephone rings: a visitor's Internet telephone must still be allowed.
func (p *Policy) maySend(c *Callback, l *Leg) bool {
	return l.Party != cti.Visitor || l.Endpoint.Kind() != cti.SIP || c.Actor != ByVisitor || p.allowsSIP(l.Endpoint)
}

// destination reads the telephone that a keyed request wants to be joined. A business's key may name only what its
// visitors could be called at, its own telephone, or an allowed host; an operator's key may name any but emergency
// and premium numbers.
func (p *Policy) destination(r *Request, s *subscriber.Subscriber) (cti.Endpoint, error) {
	if s.Destination != "" && r.Destination == string(s.Destination) {
		return s.Destination, nil
	}
	raw, tel := strings.CutPrefix(r.Destination, "tel:")
	if !tel {
		return p.sipEndpoint("destination", r.Destination, r.By)
	}
	n, err := phone.Parse(raw, s.Region())
	if err != nil {
		return "", fault.At("destination", fault.EndpointInvalid, "%q is no number that can be called. Write tel:+12025550101.", r.Destination)
	}
	e := cti.Endpoint("tel:" + n.E164())
	if e == s.Destination {
		return e, nil
	}
	if err := s.MayCall(n); err != nil {
		if r.By != nil && r.By.Role == login.Operator && fault.Is(err, fault.NumberRegion) {
			return e, nil
		}
		return "", fault.At("destination", fault.EndpointNotAllowed, "This destination may not be called: it is outside the business's countries or of a kind that costs more.")
	}
	return e, nil
}

// NeedsProof says whether a button asks visitors for a proof of work.
func (p *Policy) NeedsProof(b *subscriber.Button) bool {
	switch b.Proof {
	case subscriber.ProofRequired:
		return true
	case subscriber.ProofOff:
		return p.Proof && !p.AllowProofOff
	}
	return p.Proof
}

// velocity is what is counted for this request.
func (c *Conductor) velocity(r *Request, cb *Callback) (out []Velocity) {
	if !r.SkipLimits {
		out = c.numberLimits(cb.NumberHash)
	}
	if r.By != nil {
		return out
	}
	if r.Visitor != "" {
		out = append(out, limits(c.Policy.PerVisitor, Velocity{Key: "visitor:" + c.hash("visitor", r.Visitor), Code: fault.LimitVisitor,
			Say: "You have asked for several calls already. Wait a little and try again."})...)
	}
	out = append(out, c.prefixLimits(cb.Endpoint)...)
	return append(out, limits(c.Policy.PerSubscriber, Velocity{Key: "subscriber:" + string(cb.Subscriber), Code: fault.LimitSubscriber,
		Say: "Many calls were asked for here just now. Wait a little and try again, or telephone us."})...)
}

// numberLimits are those of one telephone, whoever asks.
func (c *Conductor) numberLimits(hash string) []Velocity {
	return limits(c.Policy.PerNumber, Velocity{Key: "number:" + hash, Code: fault.LimitNumber,
		Say: "This number was called or asked for just now. Wait a little and try again."})
}

// prefixLimits are those of the block of numbers that a telephone lies in.
func (c *Conductor) prefixLimits(to cti.Endpoint) []Velocity {
	if to.Kind() != cti.Tel {
		return nil
	}
	return limits(c.Policy.PerPrefix, Velocity{Key: prefixKey(PrefixOf(to.Number())), Code: fault.LimitNumber,
		Say: "Many numbers like this one were asked for just now. Wait a little and try again."})
}

func limits(rates []Rate, v Velocity) (out []Velocity) {
	for _, l := range rates {
		v.N, v.Per = l.N, l.Per
		out = append(out, v)
	}
	return out
}
