package login_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"ringback/internal/agent"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/store/storemem"
)

// device is an authenticator in software: one ES256 key, no attestation.
type device struct {
	*testing.T
	origin string
	key    *ecdsa.PrivateKey
	id     []byte
	user   []byte
	count  uint32
	flags  byte // user present, user verified
}

func newDevice(t *testing.T, origin string) *device {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &device{T: t, origin: origin, key: key, id: []byte("credential of " + t.Name()), flags: 1 | 4}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (d *device) must(v any, err error) []byte {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
	b, ok := v.([]byte)
	if !ok {
		if b, err = json.Marshal(v); err != nil {
			d.Fatal(err)
		}
	}
	return b
}

func (d *device) client(kind, challenge string) []byte {
	return d.must(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false}, nil)
}

// data is the authenticator data, Web Authentication section 6.1.
func (d *device) data(rp string, attested []byte) []byte {
	h := sha256.Sum256([]byte(rp))
	flags := d.flags
	if attested != nil {
		flags |= 0x40
	}
	d.count++
	b := append(h[:], flags)
	b = binary.BigEndian.AppendUint32(b, d.count)
	return append(b, attested...)
}

type creation struct {
	PublicKey struct {
		Challenge string
		RP        struct{ ID string }
		User      struct{ ID string }
	}
}

type assertion struct {
	PublicKey struct {
		Challenge string
		RPID      string `json:"rpId"`
	}
}

// creates answers navigator.credentials.create.
func (d *device) creates(options json.RawMessage) []byte {
	var o creation
	if err := json.Unmarshal(options, &o); err != nil {
		d.Fatal(err)
	}
	d.user, _ = base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	pub, err := d.key.PublicKey.Bytes() // 0x04, x, y
	if err != nil {
		d.Fatal(err)
	}
	cose := d.must(webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: pub[1:33], -3: pub[33:]}))
	attested := append(make([]byte, 16), byte(len(d.id)>>8), byte(len(d.id)))
	attested = append(append(attested, d.id...), cose...)
	object := d.must(webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": d.data(o.PublicKey.RP.ID, attested)}))
	return d.must(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key",
		"response": map[string]any{"clientDataJSON": b64(d.client("webauthn.create", o.PublicKey.Challenge)), "attestationObject": b64(object)}}, nil)
}

// gets answers navigator.credentials.get.
func (d *device) gets(options json.RawMessage) []byte {
	var o assertion
	if err := json.Unmarshal(options, &o); err != nil {
		d.Fatal(err)
	}
	client, data := d.client("webauthn.get", o.PublicKey.Challenge), d.data(o.PublicKey.RPID, nil)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte(nil), data...), hash[:]...))
	sig := d.must(ecdsa.SignASN1(rand.Reader, d.key, sum[:]))
	return d.must(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key",
		"response": map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(sig), "userHandle": b64(d.user)}}, nil)
}

// hall is a gate with passkeys, and Ann.
type hall struct {
	*login.Passkeys
	gate *login.Gate
	ann  *agent.Agent
	now  time.Time
}

const annID = id.Agent("agt_01jdaaaaaaaaaaaaaaaaaaaaaa")

func newHall(t *testing.T, url string) *hall {
	h := &hall{ann: &agent.Agent{ID: annID, Slug: "ann", Name: "Ann", PasswordHash: "x"}, now: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return h.now }
	mint := id.NewMint(now, rand.Reader)
	mem := storemem.New(mint, now)
	h.gate = login.NewGate(login.GateDeps{Sessions: mem, Mint: mint, Now: now, Account: func(s string) *login.Account {
		if h.ann != nil && (s == string(annID) || s == "ann") {
			return login.OfAgent(h.ann)
		}
		return nil
	}})
	var err error
	if h.Passkeys, err = login.NewPasskeys(url, mem, h.gate); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *hall) registers(t *testing.T, d *device) {
	t.Helper()
	name, options, err := h.BeginRegister(t.Context(), login.OfAgent(h.ann))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.FinishRegister(t.Context(), login.OfAgent(h.ann), name, "laptop", d.creates(options)); err != nil {
		t.Fatal(err)
	}
}

// signsIn goes through the ceremony; change may spoil the answer.
func (h *hall) signsIn(t *testing.T, d *device, change func([]byte) []byte) (string, error) {
	t.Helper()
	name, options, err := h.BeginSignIn()
	if err != nil {
		t.Fatal(err)
	}
	answer := d.gets(options)
	if change != nil {
		answer = change(answer)
	}
	token, _, err := h.FinishSignIn(t.Context(), name, answer)
	return token, err
}

const site = "https://call.example.com"

func TestPasskey(t *testing.T) {
	h := newHall(t, site)
	d := newDevice(t, site)
	h.registers(t, d)
	all, err := h.Of(t.Context(), id.Person(annID))
	if err != nil || len(all) != 1 || all[0].Name != "laptop" {
		t.Fatalf("%+v %v", all, err)
	}
	for range 2 {
		token, err := h.signsIn(t, d, nil)
		if err != nil {
			t.Fatal(err)
		}
		if who, err := h.gate.Who(t.Context(), token); err != nil || who.ID != id.Person(annID) {
			t.Errorf("signed in as %v, %v", who, err)
		}
	}
	name, options, err := h.BeginSignIn()
	if err != nil {
		t.Fatal(err)
	}
	answer := d.gets(options)
	if _, _, err := h.FinishSignIn(t.Context(), name, answer); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.FinishSignIn(t.Context(), name, answer); !fault.Is(err, fault.BadLogin) {
		t.Errorf("the same answer again: %v", err)
	}
	if err := h.Drop(t.Context(), id.Person(annID), all[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.signsIn(t, d, nil); !fault.Is(err, fault.BadLogin) {
		t.Errorf("a passkey that was dropped: %v", err)
	}
}

// What opens nothing.
func TestPasskeyRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(h *hall, d *device)
		change func([]byte) []byte
	}{
		{"another's key", func(_ *hall, d *device) { d.key = newDevice(t, site).key }, nil},
		{"a phishing site", func(_ *hall, d *device) { d.origin = "https://call.example.com.evil.test" }, nil},
		{"nobody touched it", func(_ *hall, d *device) { d.flags = 4 }, nil},
		{"nobody proved who she is", func(_ *hall, d *device) { d.flags = 1 }, nil},
		{"a copy", func(_ *hall, d *device) { d.count = 0 }, nil},
		{"another's name", func(_ *hall, d *device) { d.user = []byte("agt_01jdbbbbbbbbbbbbbbbbbbbbbb") }, nil},
		{"her slug for her id", func(_ *hall, d *device) { d.user = []byte("ann") }, nil},
		{"the agent is gone", func(h *hall, _ *device) { h.ann = nil }, nil},
		{"nonsense", func(*hall, *device) {}, func([]byte) []byte { return []byte(`{"id":1}`) }},
		{"nothing", func(*hall, *device) {}, func([]byte) []byte { return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHall(t, site)
			d := newDevice(t, site)
			h.registers(t, d)
			if _, err := h.signsIn(t, d, nil); err != nil {
				t.Fatal(err)
			}
			c.spoil(h, d)
			if token, err := h.signsIn(t, d, c.change); !fault.Is(err, fault.BadLogin) || token != "" {
				t.Errorf("%q, %v", token, err)
			}
		})
	}
}

// A ceremony is over after five minutes, and is of who began it.
func TestCeremonies(t *testing.T) {
	h := newHall(t, site)
	d := newDevice(t, site)
	name, options, err := h.BeginRegister(t.Context(), login.OfAgent(h.ann))
	if err != nil {
		t.Fatal(err)
	}
	bob := &agent.Agent{ID: "agt_01jdbbbbbbbbbbbbbbbbbbbbbb", Slug: "bob"}
	if _, err := h.FinishRegister(t.Context(), login.OfAgent(bob), name, "", d.creates(options)); !fault.Is(err, fault.BadLogin) {
		t.Errorf("ended by another: %v", err)
	}
	if name, options, err = h.BeginRegister(t.Context(), login.OfAgent(h.ann)); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(6 * time.Minute)
	if _, err := h.FinishRegister(t.Context(), login.OfAgent(h.ann), name, "", d.creates(options)); !fault.Is(err, fault.BadLogin) {
		t.Errorf("too late: %v", err)
	}
	if name, _, err = h.BeginRegister(t.Context(), login.OfAgent(h.ann)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.FinishRegister(t.Context(), login.OfAgent(h.ann), name, "", []byte("{}")); !fault.Is(err, fault.WrongType) {
		t.Errorf("nonsense: %v", err)
	}
	for range 5000 { // without end and memory
		_, _, err = h.BeginSignIn()
	}
	if !fault.Is(err, fault.LimitLogin) {
		t.Errorf("5000 at once: %v", err)
	}
	h.now = h.now.Add(6 * time.Minute)
	if _, _, err = h.BeginSignIn(); err != nil {
		t.Errorf("when they are forgotten: %v", err)
	}
}

// Passkeys are bound to a name; where the service has an address only, it says so.
func TestPasskeysNeedAName(t *testing.T) {
	for url, there := range map[string]bool{"http://127.0.0.1:8080": false, "http://[::1]:8080": false, "http://localhost:8080": true, site: true} {
		h := newHall(t, url)
		if _, _, err := h.BeginSignIn(); (err == nil) != there || err != nil && !fault.Is(err, fault.ChannelUnavailable) {
			t.Errorf("%s: %v", url, err)
		}
	}
	var off *login.Passkeys
	if _, _, err := off.BeginSignIn(); !fault.Is(err, fault.ChannelUnavailable) {
		t.Errorf("off: %v", err)
	}
}
