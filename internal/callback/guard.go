package callback

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/money"
	"ringback/internal/subscriber"
)

// Guard is when somebody is taken for an abuser. The zero one takes nobody for it.
type Guard struct {
	Numbers int // of one block that were rung, most of them in vain, until the block is stopped; 0 = no watch
	Proofs  int // that are missing or wrong until a visitor's network is stopped
	Refused int // calls that a telephone declined until its number is stopped
}

// What the watch over blocks of numbers goes by. Who earns with a block has many of its numbers rung, and nobody talks there.
const (
	watchFor     = time.Hour
	watchTalk    = 6 * time.Second // below it nobody has talked
	watchTalks   = 5               // one call of so many must have been a talk
	proofsFor    = time.Hour
	declinedFor  = 7 * 24 * time.Hour
	stopTime     = 24 * time.Hour      // the first time
	rememberStop = 30 * 24 * time.Hour // within which the next is for ever
)

// prefixKey is the place of a block of numbers among the blocks.
func prefixKey(prefix string) string { return "prefix:" + prefix }

// visitorKey is that of a visitor's network.
func (c *Conductor) visitorKey(visitor string) string { return "visitor:" + c.hash("visitor", visitor) }

// stopped says whether a key of the guards is blocked, and until when; zero = for ever.
func stopped(dir *directory.Directory, key string, now time.Time) (until time.Time, is bool) {
	for _, b := range dir.BlocksOf(key) {
		if b.Until.IsZero() || now.Before(b.Until) {
			return b.Until, true
		}
	}
	return time.Time{}, false
}

// prefixStopped says whether the block of numbers that a telephone lies in is stopped.
func prefixStopped(dir *directory.Directory, e cti.Endpoint, now time.Time) bool {
	if e.Kind() != cti.Tel {
		return false
	}
	_, is := stopped(dir, prefixKey(PrefixOf(e.Number())), now)
	return is
}

// visitorStopped refuses who was found to abuse the service.
func (c *Conductor) visitorStopped(r *Request, dir *directory.Directory, now time.Time) error {
	if r.By != nil || r.Visitor == "" {
		return nil
	}
	until, is := stopped(dir, c.visitorKey(r.Visitor), now)
	if !is {
		return nil
	}
	f := fault.New(fault.LimitVisitor, "Too many requests without a valid form came from your network. Please telephone us.")
	if !until.IsZero() {
		f = f.After(until.Sub(now))
	}
	return f
}

// suspects are those to look at, each once however often it was noted.
type suspects struct {
	mu    sync.Mutex
	all   map[suspect]bool
	noted chan struct{}
}

// suspect is one thing to look at.
type suspect struct {
	prefix  string        // a block of numbers
	budget  bool          // of a business, or of all
	sub     id.Subscriber // "" = all
	hold    int64         // that it had no room for, in micro-units
	visitor string        // a visitor's address, as it was seen
	hash    string        // a number that declined, by its hash
	masked  string
}

func newSuspects() *suspects {
	return &suspects{all: map[suspect]bool{}, noted: make(chan struct{}, 1)}
}

func (s *suspects) note(one suspect) {
	s.mu.Lock()
	s.all[one] = true
	s.mu.Unlock()
	select {
	case s.noted <- struct{}{}:
	default:
	}
}

func (s *suspects) take() map[suspect]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = map[suspect]bool{}
	return all
}

// watchOver notes whom a step, which is on disk, throws suspicion on.
func (c *Conductor) watchOver(after *Callback, d *draft) {
	if c.Watchers == nil {
		return
	}
	asked := after.Actor == ByVisitor && !after.Inbound
	if s := d.spend; s != nil {
		for _, l := range s.Legs {
			if l.Prefix != "" && asked && c.Policy.Guard.Numbers > 0 {
				c.suspects.note(suspect{prefix: l.Prefix})
			}
		}
		if sub := d.dir.Subscribers[after.Subscriber]; sub != nil && !sub.Limits.SpendPerDay.IsNone() {
			c.suspects.note(suspect{budget: true, sub: sub.ID})
		}
		if !c.Policy.SpendPerDay.IsNone() {
			c.suspects.note(suspect{budget: true})
		}
	}
	if asked && after.State == Ended && after.Outcome == VisitorDeclined && ended(d.lines) && c.Policy.Guard.Refused > 0 && after.Endpoint.Kind() == cti.Tel {
		c.suspects.note(suspect{hash: after.NumberHash, masked: after.Number.Mask()})
	}
}

// guardLoop looks at suspects, beside all calls.
func (c *Conductor) guardLoop() {
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.suspects.noted:
		}
		for one := range c.suspects.take() {
			if err := c.examine(one); err != nil && c.ctx.Err() == nil {
				c.Log.Error("guard", "err", err)
				c.suspects.note(one)
				c.pause(storeRest)
			}
		}
	}
}

func (c *Conductor) examine(one suspect) error {
	switch {
	case one.prefix != "":
		return c.examinePrefix(one.prefix)
	case one.budget:
		return c.examineBudget(one.sub, one.hold)
	case one.visitor != "":
		return c.examineVisitor(one.visitor)
	case one.hash != "":
		return c.examineNumber(one)
	}
	return nil
}

// examinePrefix stops a block of numbers of which many are rung and few talk.
func (c *Conductor) examinePrefix(prefix string) error {
	now := c.Now().UTC()
	t, err := c.Watchers.Tried(c.ctx, prefix, now.Add(-watchFor), watchTalk)
	if err != nil || t.Numbers < c.Policy.Guard.Numbers || t.Talks*watchTalks >= t.Calls {
		return err
	}
	return c.stopFor(prefixKey(prefix), prefix+"…", PrefixStopped, fmt.Sprintf("%d calls to %d numbers of this block within an hour, %d of them talks", t.Calls, t.Numbers, t.Talks))
}

// examineVisitor stops a network from which form after form comes without its proof.
func (c *Conductor) examineVisitor(visitor string) error {
	now := c.Now().UTC()
	n, err := c.Watchers.Unproved(c.ctx, c.hash("visitor", visitor), now.Add(-proofsFor))
	if err != nil || n < c.Policy.Guard.Proofs {
		return err
	}
	return c.stopFor(c.visitorKey(visitor), maskAddress(visitor), VisitorStopped, fmt.Sprintf("%d forms without a valid proof of work within an hour", n))
}

// examineNumber stops a number whose owner has declined again and again what others asked for.
func (c *Conductor) examineNumber(one suspect) error {
	const enough = 50
	all, err := c.store.Callbacks(c.ctx, "", Filter{NumberHash: one.hash, Limit: enough})
	if err != nil {
		return err
	}
	since, n := c.Now().Add(-declinedFor), 0
	for i := range all {
		if cb := &all[i]; cb.Outcome == VisitorDeclined && cb.Actor == ByVisitor && cb.EndedAt.After(since) {
			n++
		}
	}
	if n < c.Policy.Guard.Refused {
		return nil
	}
	return c.stopFor(one.hash, one.masked, NumberStopped, fmt.Sprintf("declined %d calls within a week that others may have asked for", n))
}

// stopFor blocks for a day; who comes again within a month is blocked for ever. Staff sees it among the blocks, and may lift it.
func (c *Conductor) stopFor(key, masked string, kind AlarmKind, why string) error {
	dir, now := c.Directory(), c.Now().UTC()
	b := subscriber.Block{NumberHash: key, Masked: masked, Reason: why + "; stopped for a day", Until: now.Add(stopTime)}
	for _, was := range dir.BlocksOf(key) {
		switch {
		case was.Subscriber != "":
		case was.Until.IsZero() || now.Before(was.Until):
			return nil // it is stopped
		case now.Sub(was.Until) < rememberStop:
			b.Until, b.Reason = time.Time{}, why+"; again within a month: stopped for good"
		}
	}
	if _, err := c.book.Apply(c.ctx, directory.Setup{Blocks: []subscriber.Block{b}}, directory.Options{}); err != nil {
		return err
	}
	if err := c.Reload(c.ctx); err != nil {
		return err
	}
	return c.raise(c.ctx, Alarm{Kind: kind, What: masked, Says: b.Reason})
}

// examineBudget tells the operator when most of a day's budget, or all of it, is spent or put aside.
func (c *Conductor) examineBudget(sub id.Subscriber, hold int64) error {
	dir, now := c.Directory(), c.Now().UTC()
	most, whose := c.Policy.SpendPerDay, "all businesses together"
	if s := dir.Subscribers[sub]; s != nil {
		most, whose = s.Limits.SpendPerDay, s.Name
	}
	if most.IsNone() || most.Micro <= 0 {
		return nil
	}
	day, _ := dayOf(dir, sub, now)
	a, err := c.Watchers.Spent(c.ctx, sub, day, most.Currency)
	if err != nil {
		return err
	}
	used := a.Spent + a.Held
	if used*100 >= most.Micro*budgetLow {
		if err := c.raise(c.ctx, budgetAlarm(BudgetLow, sub, day, whose, most, used)); err != nil {
			return err
		}
	}
	if used >= most.Micro || hold > 0 && used+hold > most.Micro {
		return c.raise(c.ctx, budgetAlarm(BudgetGone, sub, day, whose, most, used))
	}
	return nil
}

// budgetLow is at which part of a budget, in percent, the operator is told for the first time.
const budgetLow = 80

// budgetAlarm is told once a day for each business.
func budgetAlarm(kind AlarmKind, sub id.Subscriber, day int, whose string, most money.Amount, used int64) Alarm {
	says := fmt.Sprintf("%s: %s of %s for today are spent or put aside for calls under way", whose, money.Amount{Micro: used, Currency: most.Currency}, most)
	if kind == BudgetGone {
		says += "; what may cost more than is left is refused until tomorrow"
	}
	return Alarm{Key: fmt.Sprintf("%s %s %d", kind, sub, day), Kind: kind, Subscriber: sub, Says: says}
}

// noRoom notes a call that a budget had no room for.
func (c *Conductor) noRoom(sub id.Subscriber, s *Spend) {
	if c.Watchers == nil || s == nil {
		return
	}
	for _, l := range s.Limits {
		if l.Subscriber == "" || l.Subscriber == sub {
			c.suspects.note(suspect{budget: true, sub: l.Subscriber, hold: s.Hold})
		}
	}
}

// unproved notes a visitor whose form was refused for want of a proof. An address that stands for a whole house, or for the
// proxy before us, is nobody's.
func (c *Conductor) unproved(r *Request, f *fault.Fault) {
	if c.Watchers == nil || c.Policy.Guard.Proofs == 0 || r.By != nil || !slices.Contains(proofCodes, f.Code) {
		return
	}
	if a, err := netip.ParseAddr(visitorAddress(r.Visitor)); err == nil && a.IsGlobalUnicast() && !a.IsPrivate() && !sharedNet.Contains(a.Unmap()) {
		c.suspects.note(suspect{visitor: r.Visitor})
	}
}

var (
	proofCodes = []fault.Code{fault.ProofMissing, fault.ProofInvalid, fault.ProofUsed}
	sharedNet  = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
)

// visitorAddress is the address of a visitor, who may be a whole network.
func visitorAddress(visitor string) string {
	addr, _, _ := strings.Cut(visitor, "/")
	return addr
}

// maskAddress shows staff where somebody came from, and not who.
func maskAddress(visitor string) string {
	a, err := netip.ParseAddr(visitorAddress(visitor))
	if err != nil {
		return "•••"
	}
	bits := 48
	if a = a.Unmap(); a.Is4() {
		bits = 16
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return "•••"
	}
	return p.String()
}

// IsProof says whether a refusal was for want of a proof of work.
func IsProof(code fault.Code) bool { return slices.Contains(proofCodes, code) }
