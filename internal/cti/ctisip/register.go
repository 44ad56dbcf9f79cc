package ctisip

import (
	"context"
	"crypto/hmac"
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/registrar"
)

// office is the switch's registrar with what it needs of SIP: the front door, pings, a clock.
type office struct {
	*registrar.Registrar
	sw     *Switch
	front  registrar.Front
	parser *sip.Parser
	key    []byte
	lane   *dialog.Lane
	ticks  bool // on the lane
}

func newOffice(sw *Switch) *office {
	key := sw.key()
	f := &office{sw: sw, key: key, parser: sip.NewParser(), front: registrar.Front{Who: sw.c.Register, Domains: map[string]bool{}}}
	f.Registrar = registrar.New(registrar.Config{Key: key, Random: sw.random, Keep: sw.c.Keep, Change: f.changed, Log: sw.c.Log,
		Count: func(what string) { sw.c.Counters.RegisterRefused.Add(what, 1) }})
	for _, d := range sw.c.Domains {
		f.front.Domains[strings.ToLower(d)] = true
	}
	return f
}

// key is new for each process. The numbers that make ids are too easily guessed from each other for it; a switch that
// was given its chance (a test) makes the key of that.
func (sw *Switch) key() []byte {
	key := make([]byte, 32)
	if !sw.chance {
		crand.Read(key)
		return key
	}
	for i := range key {
		key[i] = byte(sw.random(256))
	}
	return key
}

// listening tells the front door our own addresses, unless it was told by which names we are called.
func (f *office) listening(addrs []string) {
	if f.sw.c.DomainsOnly {
		return
	}
	for _, a := range f.sw.public {
		f.front.Domains[a.String()] = true
	}
	for _, s := range addrs {
		_, hostport, _ := strings.Cut(s, "://")
		if ap, err := netip.ParseAddrPort(hostport); err == nil {
			f.front.Domains[ap.Addr().Unmap().String()] = true
			f.front.AnyAddr = f.front.AnyAddr || ap.Addr().IsUnspecified()
		}
	}
}

func (f *office) door() *dialog.Front {
	if f.front.Who == registrar.None || f.front.Who == "" {
		return nil
	}
	return &dialog.Front{
		Knock: f.knock,
		Admit: func(a netip.Addr) bool { return f.Open() && f.front.From(a) && f.Stranger(a) },
		Judge: f.front.Judge,
	}
}

// knock judges a stranger's datagram. One without proof that its source is real is answered without anything being kept:
// no table grows by what is forged.
func (f *office) knock(b []byte, from netip.AddrPort) (pass bool, reply []byte) {
	defer func() {
		if v := recover(); v != nil {
			f.sw.panicked(v, nil)
			pass, reply = false, nil
		}
	}()
	if !f.Open() || !f.front.From(from.Addr()) {
		return false, nil
	}
	if ok, _ := f.front.Judge(b); !ok || !f.Stranger(from.Addr()) {
		return false, nil
	}
	m, err := f.parser.ParseSIP(b)
	r, isRequest := m.(*sip.Request)
	if err != nil || !isRequest || !complete(r) {
		return false, nil
	}
	r.SetTransport("UDP")
	r.SetSource(from.String())
	q := requestOf(r, from)
	proved, tried := f.Proved(q)
	if proved {
		return true, nil
	}
	return false, []byte(f.response(r, f.Challenge(q, tried)).String())
}

// complete says whether a request has what an answer is made of.
func complete(r *sip.Request) bool {
	return r.Method == sip.REGISTER && r.Via() != nil && r.From() != nil && r.To() != nil && r.CallID() != nil && r.CSeq() != nil && r.CSeq().MethodName == sip.REGISTER
}

func requestOf(r *sip.Request, from netip.AddrPort) registrar.Request {
	q := registrar.Request{From: netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), Transport: sip.NetworkToLower(r.Transport()),
		Host: r.Recipient.Host, User: r.To().Address.User, CallID: string(*r.CallID()), CSeq: r.CSeq().SeqNo,
		Contacts: values(r, "Contact"), Authorization: values(r, "Authorization")}
	for name, to := range map[string]*string{"Expires": &q.Expires, "User-Agent": &q.UserAgent, "Require": &q.Require, "Supported": &q.Supported} {
		*to = strings.Join(values(r, name), ",")
	}
	q.Expires, _, _ = strings.Cut(q.Expires, ",")
	return q
}

func values(r *sip.Request, name string) (out []string) {
	for _, h := range r.GetHeaders(name) {
		out = append(out, h.Value())
	}
	return out
}

// answer is what a REGISTER gets that has passed a door; nil = nothing. It is a method like another where nobody may
// register.
func (f *office) answer(r *sip.Request) (a *sip.Response, known bool) {
	if !f.Open() || f.door() == nil {
		return nil, false
	}
	return f.registered(r), true
}

func (f *office) registered(r *sip.Request) *sip.Response {
	from, err := netip.ParseAddrPort(r.Source())
	if err != nil || !complete(r) || !f.front.From(from.Addr().Unmap()) || !f.front.Ours(r.Recipient.Host) {
		f.sw.c.Counters.SIPDropped.Add("source", 1)
		return nil
	}
	ctx, done := context.WithTimeout(context.Background(), keepPatience)
	defer done()
	a := f.Register(ctx, requestOf(r, from))
	if a.Code == 0 {
		return nil
	}
	if r.Transport() != "UDP" {
		f.sw.stack.Expect(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), a.Flow)
	}
	f.awake()
	return f.response(r, a)
}

// keepPatience bounds how long a REGISTER waits for the disk.
const keepPatience = 5 * time.Second

// response builds an answer. Its To tag follows from the request: the same one gets the same, though nothing is kept.
func (f *office) response(r *sip.Request, a registrar.Answer) *sip.Response {
	out := sip.NewResponseFromRequest(r, a.Code, a.Reason, nil)
	if to := out.To(); to != nil && !r.To().Params.Has("tag") {
		m := hmac.New(sha256.New, f.key)
		fmt.Fprintf(m, "%s %s", *r.CallID(), r.From().Value())
		to.Params.Add("tag", hex.EncodeToString(m.Sum(nil)[:8]))
	}
	for _, h := range a.Headers {
		out.AppendHeader(sip.NewHeader(h.Name, h.Value))
	}
	return out
}

// changed is told of each telephone that comes, moves or goes.
func (f *office) changed(r cti.Registration, on bool) {
	if a, err := netip.ParseAddrPort(r.Source); err == nil {
		f.sw.doors.registered(a.Addr().Unmap(), on)
		if on {
			f.sw.followPhone(r, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
		}
	}
	n := int64(1)
	if !on {
		n = -1
	}
	f.sw.c.Counters.Registered.Add(r.Transport, n)
	f.awake()
}

// awake starts the clock of pings and expiries; it stops by itself when nobody is registered.
func (f *office) awake() {
	f.lane.Do(func() {
		if !f.ticks {
			f.ticks = true
			f.lane.After(time.Second, f.tick)
		}
	})
}

func (f *office) tick() {
	ping, more := f.Tick()
	for _, t := range ping {
		f.ping(t)
	}
	if f.ticks = more; more {
		f.lane.After(time.Second, f.tick)
	}
}

// ping asks a telephone whether it is there; that also keeps its router's binding open.
func (f *office) ping(t registrar.Target) {
	i, err := f.sw.nameContact(t)
	if err != nil || !f.sw.stack.Speaks(t.Transport, t.Dest.Addr()) {
		f.Ponged(t, false)
		return
	}
	id := fmt.Sprintf("%08x%08x", f.sw.random(1<<31-1), f.sw.random(1<<31-1))
	i.From = sip.Uri{Scheme: "sip", User: "ringback", Host: i.From.Host}
	i.CallID, i.FromTag, i.Branch = "ping-"+id, id, func(uint32) string { return "z9hG4bK" + id }
	f.sw.stack.Alive(f.lane, i, 1, func(alive bool) { f.Ponged(t, alive) })
}

// nameContact is an invitation to a registered telephone, without the names of a leg.
func (sw *Switch) nameContact(t registrar.Target) (dialog.Invitation, error) {
	i := dialog.Invitation{Dest: t.Dest, Transport: t.Transport, Flow: t.Flow}
	if err := sip.ParseUri(t.URI, &i.URI); err != nil {
		return i, fmt.Errorf("contact %q: %w", t.URI, err)
	}
	if outside(t.Dest.Addr()) {
		i.Public = sw.public[t.Dest.Addr().Is4()]
	}
	local := sw.stack.Local(i.Transport, t.Dest.Addr()).Addr()
	if i.Public.IsValid() {
		local = i.Public
	}
	i.To = sip.Uri{Scheme: "sip", User: t.User, Host: bracketed(local.String())}
	i.From = sip.Uri{Scheme: "sip", User: "ringback", Host: bracketed(local.String())}
	return i, nil
}

// Devices replaces the names under which telephones may register.
func (sw *Switch) Devices(ctx context.Context, all []cti.Device) error {
	if err := sw.office.Devices(ctx, all); err != nil {
		return fmt.Errorf("devices: %w", err)
	}
	return nil
}

// Registered returns the telephones that are registered now.
func (sw *Switch) Registered(ctx context.Context) ([]cti.Registration, error) {
	return sw.office.All(), nil
}

// contactNumber numbers the tries of a leg that rings registered telephones: it follows from the telephone, so that
// another process finds the same.
func contactNumber(key string) int {
	sum := sha256.Sum256([]byte(key))
	n, _ := strconv.ParseInt(hex.EncodeToString(sum[:4]), 16, 64)
	return int(n) | 1<<20
}
