package turn

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// door is an open server with a port of speech behind it.
type door struct {
	*Server
	t      *testing.T
	speech *net.UDPConn
	way    Way
}

// publicName is the address that browsers are told.
var publicName = netip.MustParseAddrPort("203.0.113.5:3478")

func newDoor(t *testing.T, c Config) *door {
	t.Helper()
	speech, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{t: t, speech: speech, way: Way{Name: publicName, To: netip.MustParseAddrPort(speech.LocalAddr().String())}}
	c.Listener, c.Ways = l, []Way{d.way}
	c.Escaped = func(v any) { t.Errorf("panic: %v", v) }
	d.Server = Open(c)
	t.Cleanup(func() {
		d.Close()
		speech.Close()
	})
	return d
}

// client is a stranger who may know a credential.
type client struct {
	t              *testing.T
	conn           net.Conn
	in             *frames
	user, password string
	nonce          string
}

func (d *door) client(user, password string) *client {
	d.t.Helper()
	conn, err := net.Dial("tcp", d.c.Listener.Addr().String())
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{t: d.t, conn: conn, in: newFrames(conn), user: user, password: password}
}

func (d *door) ann() *client { return d.client(d.Credential("ann")) }

// ask sends a request with its credential and returns the answer; the first one of a connection fetches the nonce.
func (c *client) ask(method stun.Method, with ...stun.Setter) *stun.Message {
	c.t.Helper()
	m := c.once(method, with...)
	if c.nonce == "" {
		var nonce stun.Nonce
		if err := nonce.GetFrom(m); err != nil || codeOf(m) != stun.CodeUnauthorized {
			c.t.Fatalf("without a credential: %v, nonce %v", m, err)
		}
		c.nonce = nonce.String()
		m = c.once(method, with...)
	}
	return m
}

func (c *client) once(method stun.Method, with ...stun.Setter) *stun.Message {
	c.t.Helper()
	all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, with...)
	if c.nonce != "" {
		all = append(all, stun.NewUsername(c.user), stun.NewRealm(realm), stun.NewNonce(c.nonce), stun.NewLongTermIntegrity(c.user, realm, c.password))
	}
	c.say(stun.MustBuild(all...).Raw)
	m := &stun.Message{Raw: append([]byte(nil), c.frame()...)}
	if err := m.Decode(); err != nil {
		c.t.Fatal(err)
	}
	return m
}

func (c *client) say(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) frame() []byte {
	c.t.Helper()
	b, err := c.in.next()
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

// is checks how a request was answered, 0 = it was granted.
func (c *client) is(want stun.ErrorCode, m *stun.Message) {
	c.t.Helper()
	if got := codeOf(m); got != want {
		c.t.Errorf("%s: %d, want %d", m.Type, got, want)
	}
}

// cut waits until the server has ended the connection.
func (c *client) cut() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.conn); errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Error("the connection stays open")
	}
}

func codeOf(m *stun.Message) stun.ErrorCode {
	var e stun.ErrorCodeAttribute
	if e.GetFrom(m) != nil {
		return 0
	}
	return e.Code
}

func peer(at string) stun.Setter {
	return address{stun.AttrXORPeerAddress, netip.MustParseAddrPort(at)}
}

func number(n uint16) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrChannelNumber, Value: binary.BigEndian.AppendUint32(nil, uint32(n)<<16)}
}

func attribute(kind stun.AttrType, value ...byte) stun.Setter {
	return stun.RawAttribute{Type: kind, Value: value}
}

var overUDP = attribute(stun.AttrRequestedTransport, transportUDP, 0, 0, 0)

// allocated is a client with a relay.
func (d *door) allocated() *client {
	d.t.Helper()
	c := d.ann()
	c.is(0, c.ask(stun.MethodAllocate, overUDP))
	return c
}

// Speech goes to our port and back, with its address as with a number, and nobody else is heard.
func TestSpeechGoesThrough(t *testing.T) {
	d := newDoor(t, Config{})
	c := d.allocated()
	c.is(0, c.ask(stun.MethodCreatePermission, peer("203.0.113.5:3478")))
	c.say(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peer("203.0.113.5:3478"), attribute(stun.AttrData, 'h', 'i')).Raw)
	b := make([]byte, 2000)
	n, from, err := d.speech.ReadFromUDPAddrPort(b)
	if err != nil || string(b[:n]) != "hi" {
		t.Fatalf("%q, %v", b[:n], err)
	}
	d.speech.WriteToUDPAddrPort([]byte("hello"), from)
	m := &stun.Message{Raw: c.frame()}
	if err := m.Decode(); err != nil {
		t.Fatal(err)
	}
	if at, ok := peerOf(m); !ok || at != publicName {
		t.Errorf("it comes from %v", at)
	}
	if data, _ := m.Get(stun.AttrData); string(data) != "hello" {
		t.Errorf("it says %q", data)
	}

	c.is(0, c.ask(stun.MethodChannelBind, number(0x4001), peer("203.0.113.5:3478")))
	c.say([]byte{0x40, 1, 0, 5, 'a', 'g', 'a', 'i', 'n', 0, 0, 0})
	if n, _, err = d.speech.ReadFromUDPAddrPort(b); err != nil || string(b[:n]) != "again" {
		t.Fatalf("%q, %v", b[:n], err)
	}
	stranger, err := net.Dial("udp", from.String())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	stranger.Write([]byte("let me in"))
	d.speech.WriteToUDPAddrPort([]byte("yes"), from)
	if got := c.frame(); string(got) != "\x40\x01\x00\x03yes\x00" {
		t.Errorf("%q", got)
	}
}

// Without a good credential there is nothing, and after a few tries no connection.
func TestStrangers(t *testing.T) {
	d := newDoor(t, Config{first: time.Minute})
	user, password := d.Credential("ann")
	late, secret := d.keys.issue("ann", time.Now().Add(-time.Second))
	other := newKeys()
	forged, wrong := other.issue("ann", time.Now().Add(time.Hour))
	for name, c := range map[string]*client{
		"expired": d.client(late, secret), "of another server": d.client(forged, wrong), "with the wrong password": d.client(user, secret),
		"of another name": d.client(user+"a", password), "without a name": d.client("12:", password), "without a time": d.client("ann", password),
		"with a time that was changed": d.client("9"+user, password),
	} {
		if got := codeOf(c.ask(stun.MethodAllocate, overUDP)); got != stun.CodeUnauthorized {
			t.Errorf("a credential %s: %d", name, got)
		}
	}
	c := d.ann()
	c.nonce = "guessed"
	c.is(stun.CodeStaleNonce, c.ask(stun.MethodAllocate, overUDP))
	c.nonce = ""
	for range wrongMost {
		c.say(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest)).Raw)
	}
	c.cut()
	if n := d.Relays(); n != 0 {
		t.Errorf("%d relays", n)
	}
}

// Whoever has a relay reaches our speech and nothing else, by no kind of request.
func TestNowhereElse(t *testing.T) {
	d := newDoor(t, Config{})
	victim, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	real := d.speech.LocalAddr().String() // where our speech is on this machine: no browser is told
	c := d.allocated()
	for _, at := range []string{victim.LocalAddr().String(), real, "127.0.0.1:3478", "10.0.0.1:3478", "169.254.169.254:80", "192.168.1.1:53", "0.0.0.0:3478", "8.8.8.8:53"} {
		c.is(stun.CodeForbidden, c.ask(stun.MethodCreatePermission, peer(at)))
		c.is(stun.CodeForbidden, c.ask(stun.MethodCreatePermission, peer("203.0.113.5:3478"), peer(at)))
		c.is(stun.CodeForbidden, c.ask(stun.MethodChannelBind, number(0x4000), peer(at)))
	}
	c.is(stun.CodePeerAddrFamilyMismatch, c.ask(stun.MethodCreatePermission, peer("[::1]:3478")))
	c.is(stun.CodeForbidden, c.ask(stun.MethodCreatePermission, peer("[::ffff:127.0.0.1]:3478")))
	c.is(stun.CodeForbidden, c.ask(stun.MethodChannelBind, number(0x4000), peer("203.0.113.5:22")))
	c.is(stun.CodeBadRequest, c.ask(stun.MethodCreatePermission))
	c.is(stun.CodeBadRequest, c.ask(stun.MethodConnect, peer("203.0.113.5:3478")))
	c.is(0, c.ask(stun.MethodChannelBind, number(0x4002), peer("203.0.113.5:3478")))
	c.is(stun.CodeBadRequest, c.ask(stun.MethodChannelBind, number(0x4003), peer("203.0.113.5:3478")))
	send := func(at string) {
		c.say(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peer(at), attribute(stun.AttrData, []byte(at)...)).Raw)
	}
	send(victim.LocalAddr().String())
	send(real)
	send("203.0.113.5:22")
	c.say([]byte{0x40, 0, 0, 1, 'x', 0, 0, 0}) // a number that was refused
	c.say([]byte{0x40, 2, 0, 1, 'y', 0, 0, 0})
	b := make([]byte, 2000)
	d.speech.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := d.speech.Read(b); err != nil || string(b[:n]) != "y" {
		t.Errorf("our speech got %q, %v", b[:n], err)
	}
	victim.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := victim.Read(b); err == nil {
		t.Errorf("somebody else got %q", b[:n])
	}
}

// What an allocation may ask for: nothing but UDP, of a family that we have, once; and another credential does not keep it.
func TestAllocation(t *testing.T) {
	d := newDoor(t, Config{})
	c := d.ann()
	c.is(stun.CodeBadRequest, c.ask(stun.MethodAllocate))
	c.is(stun.CodeUnsupportedTransProto, c.ask(stun.MethodAllocate, attribute(stun.AttrRequestedTransport, 6, 0, 0, 0)))
	c.is(stun.CodeInsufficientCapacity, c.ask(stun.MethodAllocate, overUDP, attribute(stun.AttrEvenPort, 0x80)))
	c.is(stun.CodeInsufficientCapacity, c.ask(stun.MethodAllocate, overUDP, attribute(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8)))
	c.is(stun.CodeAddrFamilyNotSupported, c.ask(stun.MethodAllocate, overUDP, attribute(stun.AttrRequestedAddressFamily, familyIPv6, 0, 0, 0)))
	c.is(stun.CodeUnknownAttribute, c.ask(stun.MethodAllocate, overUDP, attribute(stun.AttrDontFragment)))
	c.is(stun.CodeAllocMismatch, c.ask(stun.MethodRefresh))
	m := c.ask(stun.MethodAllocate, overUDP)
	c.is(0, m)
	if err := stun.NewLongTermIntegrity(c.user, realm, c.password).Check(m); err != nil {
		t.Errorf("the answer is not proven: %v", err)
	}
	if at, ok := m.Attributes.Get(stun.AttrXORRelayedAddress); !ok {
		t.Error("no relayed address")
	} else if ap, _ := readAddress(m, at); ap.Addr() != publicName.Addr() || ap.Port() == 0 {
		t.Errorf("relayed at %v", ap)
	}
	c.is(stun.CodeAllocMismatch, c.ask(stun.MethodAllocate, overUDP))
	c.is(0, c.ask(stun.MethodRefresh))

	c.user, c.password = d.Credential("bob")
	c.is(stun.CodeWrongCredentials, c.ask(stun.MethodRefresh))
	c.user, c.password = d.keys.issue("ann", time.Now().Add(-time.Minute)) // of the hour before
	c.is(0, c.ask(stun.MethodRefresh))
	c.user, c.password = d.keys.issue("ann", time.Now().Add(-keepLife-time.Minute))
	c.is(stun.CodeUnauthorized, c.ask(stun.MethodRefresh))

	c.user, c.password = d.Credential("ann")
	c.is(0, c.ask(stun.MethodRefresh, lasts(0)))
	if n := d.Relays(); n != 0 {
		t.Errorf("%d relays are kept", n)
	}
	c.is(0, c.ask(stun.MethodAllocate, overUDP))
}

// A name has so many relays, an address so many connections that have none, and what is given back is free.
func TestFlood(t *testing.T) {
	d := newDoor(t, Config{first: time.Minute})
	var all []*client
	for range relaysOf {
		all = append(all, d.allocated())
	}
	c := d.ann()
	c.is(stun.CodeAllocQuotaReached, c.ask(stun.MethodAllocate, overUDP))
	bob := d.client(d.Credential("bob"))
	bob.is(0, bob.ask(stun.MethodAllocate, overUDP))
	all[0].is(0, all[0].ask(stun.MethodRefresh, lasts(0)))
	c.is(0, c.ask(stun.MethodAllocate, overUDP))

	for range freshMost - 1 { // all[0] is a fresh one too
		d.client("", "")
	}
	over := d.client("", "")
	over.cut()
	all[0].conn.Close()
	all[0].cut()
}

// A connection that asks for no relay in time is ended, whatever it trickles.
func TestSlow(t *testing.T) {
	d := newDoor(t, Config{first: 300 * time.Millisecond})
	mute, half := d.client("", ""), d.client("", "")
	half.say([]byte{0, 1, 0, 8, 0x21})
	busy := d.client("", "")
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := busy.conn.Write(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw); err != nil {
				ended <- err
				return
			}
			if _, err := busy.in.next(); err != nil {
				ended <- err
				return
			}
		}
	}()
	mute.cut()
	half.cut()
	if err := <-ended; errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("who asks for no relay is served for ever")
	}
}

// What is too long, or neither a message nor speech, ends the connection.
func TestNonsense(t *testing.T) {
	d := newDoor(t, Config{})
	for _, b := range []string{"GET / HTTP/1.1\r\n\r\n", "\x40\x00\xff\xff", "\x00\x01\xff\xfc", "\x00\x01\x00\x00 no cookie at all", "\x00\x01\x00\x03"} {
		c := d.client("", "")
		c.say([]byte(b))
		c.cut()
	}
}
