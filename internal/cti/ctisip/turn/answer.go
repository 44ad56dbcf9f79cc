package turn

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/stun/v4"
)

const transportUDP = 17

// Families of addresses (RFC 8656 section 18.7).
const (
	familyIPv4 = 1
	familyIPv6 = 2
)

// known are the attributes that we understand and that must be understood; dont-fragment is not among them.
var known = []stun.AttrType{stun.AttrUsername, stun.AttrMessageIntegrity, stun.AttrErrorCode, stun.AttrUnknownAttributes,
	stun.AttrChannelNumber, stun.AttrLifetime, stun.AttrXORPeerAddress, stun.AttrData, stun.AttrRealm, stun.AttrNonce,
	stun.AttrXORRelayedAddress, stun.AttrRequestedAddressFamily, stun.AttrEvenPort, stun.AttrRequestedTransport,
	stun.AttrXORMappedAddress, stun.AttrReservationToken, stun.AttrMessageIntegritySHA256}

// answer takes a request that needs a credential.
func (c *caller) answer(m *stun.Message) {
	switch m.Type.Method {
	case stun.MethodAllocate, stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind:
	default:
		c.reply(m, stun.ClassErrorResponse, code(stun.CodeBadRequest))
		return
	}
	name, key, refused := c.proven(m)
	if refused != 0 {
		c.wrong++
		c.reply(m, stun.ClassErrorResponse, code(refused), stun.NewRealm(realm), stun.NewNonce(c.nonce))
		return
	}
	class, with, sealed := stun.ClassErrorResponse, []stun.Setter(nil), stun.ErrorCode(0)
	if odd := unknown(m); len(odd) > 0 {
		sealed, with = stun.CodeUnknownAttribute, []stun.Setter{odd}
	} else {
		sealed, with = c.do(m, name)
	}
	if sealed == 0 {
		class = stun.ClassSuccessResponse
	} else {
		with = append([]stun.Setter{code(sealed)}, with...)
	}
	c.reply(m, class, append(with, key)...)
}

// proven checks the credential of a request (RFC 8489 section 9.2.4); not 0 = why it is refused.
func (c *caller) proven(m *stun.Message) (name string, key stun.MessageIntegrity, refused stun.ErrorCode) {
	var user stun.Username
	var in stun.Realm
	var nonce stun.Nonce
	if !m.Contains(stun.AttrMessageIntegrity) {
		return "", nil, stun.CodeUnauthorized
	}
	if user.GetFrom(m) != nil || in.GetFrom(m) != nil || nonce.GetFrom(m) != nil {
		return "", nil, stun.CodeBadRequest
	}
	if nonce.String() != c.nonce {
		return "", nil, stun.CodeStaleNonce
	}
	name, until, ok := c.s.keys.read(user.String())
	if m.Type.Method != stun.MethodAllocate {
		until = until.Add(keepLife)
	}
	key = stun.NewLongTermIntegrity(user.String(), realm, c.s.keys.password(user.String()))
	if !ok || in.String() != realm || key.Check(m) != nil || time.Now().After(until) {
		return "", nil, stun.CodeUnauthorized
	}
	return name, key, 0
}

// unknown are the attributes that the request wants understood, and that are not.
func unknown(m *stun.Message) (out stun.UnknownAttributes) {
	for _, a := range m.Attributes {
		if a.Type < 0x8000 && !slices.Contains(known, a.Type) {
			out = append(out, a.Type)
		}
	}
	return out
}

// do does what a proven request asks for; 0 = done.
func (c *caller) do(m *stun.Message, name string) (stun.ErrorCode, []stun.Setter) {
	if m.Type.Method == stun.MethodAllocate {
		return c.allocate(m, name)
	}
	switch {
	case c.relay == nil:
		return stun.CodeAllocMismatch, nil
	case c.relay.name != name:
		return stun.CodeWrongCredentials, nil
	}
	switch m.Type.Method {
	case stun.MethodRefresh:
		return c.refresh(m)
	case stun.MethodCreatePermission:
		return c.permit(m), nil
	default:
		return c.bind(m), nil
	}
}

func (c *caller) allocate(m *stun.Message, name string) (stun.ErrorCode, []stun.Setter) {
	if c.relay != nil {
		if c.relay.asked == m.TransactionID {
			return 0, c.allocated()
		}
		return stun.CodeAllocMismatch, nil
	}
	if t, err := m.Get(stun.AttrRequestedTransport); err != nil || len(t) != 4 {
		return stun.CodeBadRequest, nil
	} else if t[0] != transportUDP {
		return stun.CodeUnsupportedTransProto, nil
	}
	if m.Contains(stun.AttrEvenPort) || m.Contains(stun.AttrReservationToken) {
		return stun.CodeInsufficientCapacity, nil
	}
	six, ok := c.family(m)
	if !ok {
		return stun.CodeAddrFamilyNotSupported, nil
	}
	if !c.s.hold(c, name) {
		return stun.CodeAllocQuotaReached, nil
	}
	r, err := openRelay(c, name, six)
	if err != nil {
		c.s.give(c, name)
		c.s.c.Log.Debug("no relay for a browser", "error", err)
		return stun.CodeInsufficientCapacity, nil
	}
	r.asked, r.until = m.TransactionID, time.Now().Add(lifetime)
	c.relay = r
	return 0, c.allocated()
}

// family is of the addresses that are asked for: those of our first way when the client does not care.
func (c *caller) family(m *stun.Message) (six, ok bool) {
	six = c.s.c.Ways[0].Name.Addr().Is6()
	if f, err := m.Get(stun.AttrRequestedAddressFamily); err == nil {
		if len(f) != 4 || f[0] != familyIPv4 && f[0] != familyIPv6 {
			return false, false
		}
		six = f[0] == familyIPv6
	}
	return six, slices.ContainsFunc(c.s.c.Ways, func(w Way) bool { return w.Name.Addr().Is6() == six })
}

func (c *caller) allocated() []stun.Setter {
	return []stun.Setter{address{stun.AttrXORRelayedAddress, c.relay.at}, address{stun.AttrXORMappedAddress, c.from}, lasts(lifetime)}
}

func (c *caller) refresh(m *stun.Message) (stun.ErrorCode, []stun.Setter) {
	if l, err := m.Get(stun.AttrLifetime); err == nil && len(l) == 4 && binary.BigEndian.Uint32(l) == 0 {
		c.drop()
		return 0, []stun.Setter{lasts(0)}
	}
	c.relay.until = time.Now().Add(lifetime)
	return 0, []stun.Setter{lasts(lifetime)}
}

// permit lets the client speak to addresses of ours; one that is none of them refuses the whole request.
func (c *caller) permit(m *stun.Message) stun.ErrorCode {
	var all []netip.AddrPort
	for _, a := range m.Attributes {
		if a.Type != stun.AttrXORPeerAddress {
			continue
		}
		at, ok := readAddress(m, a)
		if !ok {
			return stun.CodeBadRequest
		}
		all = append(all, at)
	}
	if len(all) == 0 {
		return stun.CodeBadRequest
	}
	for _, at := range all {
		if refused := c.may(at); refused != 0 {
			return refused
		}
	}
	return 0
}

func (c *caller) may(at netip.AddrPort) stun.ErrorCode {
	switch {
	case at.Addr().Is6() != c.relay.at.Addr().Is6():
		return stun.CodePeerAddrFamilyMismatch
	case !c.relay.permits(at.Addr()):
		return stun.CodeForbidden
	}
	return 0
}

func (c *caller) bind(m *stun.Message) stun.ErrorCode {
	n, err := m.Get(stun.AttrChannelNumber)
	at, ok := peerOf(m)
	if err != nil || !ok || len(n) != 4 || !channel(n) {
		return stun.CodeBadRequest
	}
	if refused := c.may(at); refused != 0 {
		return refused
	}
	w := c.relay.to(at)
	switch {
	case w == nil:
		return stun.CodeForbidden // another port of ours
	case !c.relay.bind(binary.BigEndian.Uint16(n), w):
		return stun.CodeBadRequest
	}
	return 0
}

// reply answers a request.
func (c *caller) reply(m *stun.Message, class stun.MessageClass, with ...stun.Setter) {
	all := append([]stun.Setter{stun.NewTransactionIDSetter(m.TransactionID), stun.NewType(m.Type.Method, class)}, with...)
	if out, err := stun.Build(all...); err == nil {
		c.write(out.Raw)
	}
}

func code(c stun.ErrorCode) stun.Setter { return stun.ErrorCodeAttribute{Code: c} }

// lasts is the attribute that says for how long.
func lasts(d time.Duration) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrLifetime, Value: binary.BigEndian.AppendUint32(nil, uint32(d/time.Second))}
}

func peerOf(m *stun.Message) (netip.AddrPort, bool) {
	a, ok := m.Attributes.Get(stun.AttrXORPeerAddress)
	if !ok {
		return netip.AddrPort{}, false
	}
	return readAddress(m, a)
}

// readAddress reads an address that was mixed with the message's number (RFC 8489 section 14.2).
func readAddress(m *stun.Message, a stun.RawAttribute) (netip.AddrPort, bool) {
	one := stun.Message{TransactionID: m.TransactionID, Attributes: stun.Attributes{a}}
	var at stun.XORMappedAddress
	if at.GetFromAs(&one, a.Type) != nil {
		return netip.AddrPort{}, false
	}
	ip, ok := netip.AddrFromSlice(at.IP)
	return netip.AddrPortFrom(ip.Unmap(), uint16(at.Port)), ok
}
