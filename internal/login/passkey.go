package login

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"ringback/internal/fault"
	"ringback/internal/id"
)

// Passkey is a public key by which somebody signs in without a password. Her device has asked for her finger, face or PIN
// before it used the private one.
type Passkey struct {
	ID         string // of the authenticator's, base64url
	Person     id.Person
	Name       string // as she calls the device
	Credential []byte // JSON, the library's
	CreatedAt  time.Time
	UsedAt     time.Time
}

// PasskeyStore keeps them.
type PasskeyStore interface {
	// PutPasskey writes one, or what has changed of it. Another person's of the same id: fault.TooLate.
	PutPasskey(ctx context.Context, p Passkey) error
	// Passkeys of a person, the oldest first.
	Passkeys(ctx context.Context, a id.Person) ([]Passkey, error)
	// DropPasskey forgets one of the person's. Unknown or another's: fault.NotFound.
	DropPasskey(ctx context.Context, a id.Person, passkey string) error
}

const (
	ceremonyTime   = 5 * time.Minute
	mostCeremonies = 4096 // under way
	mostPasskeys   = 20   // of a person
	longestDevice  = 64   // letters of a device's name
)

// Passkeys are the ceremonies of W3C Web Authentication: one to register a key, one to sign in with it.
type Passkeys struct {
	store PasskeyStore
	gate  *Gate
	rp    *webauthn.WebAuthn // nil = this service has no name that passkeys could be bound to

	mu       sync.Mutex
	underway map[string]ceremony
}

type ceremony struct {
	person id.Person // who registers; "" = somebody signs in
	data   webauthn.SessionData
	until  time.Time
}

// NewPasskeys binds passkeys to the host of the service's address. Where that is no name, nobody can have one.
func NewPasskeys(address string, store PasskeyStore, g *Gate) (*Passkeys, error) {
	p := &Passkeys{store: store, gate: g, underway: map[string]ceremony{}}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil || u.Hostname() == "" {
		return p, nil
	}
	p.rp, err = webauthn.New(&webauthn.Config{RPID: u.Hostname(), RPDisplayName: "Ringback", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return p, nil
}

func (p *Passkeys) there() error {
	if p == nil || p.rp == nil {
		return fault.New(fault.ChannelUnavailable, "Passkeys are off here, or the service's url is an address: they are bound to a name, such as call.example.com.")
	}
	return nil
}

// BeginRegister returns what navigator.credentials.create takes, and the name of the ceremony to finish.
func (p *Passkeys) BeginRegister(ctx context.Context, a *Account) (name string, options json.RawMessage, err error) {
	if err := p.there(); err != nil {
		return "", nil, err
	}
	u, err := p.person(ctx, a)
	if err != nil {
		return "", nil, err
	}
	if len(u.keys) >= mostPasskeys {
		return "", nil, fault.New(fault.TooLate, "%d passkeys are enough. Delete one first.", mostPasskeys)
	}
	o, data, err := p.rp.BeginRegistration(u, webauthn.WithExclusions(webauthn.Credentials(u.keys).CredentialDescriptors()))
	if err != nil {
		return "", nil, fmt.Errorf("passkey: %w", err)
	}
	return p.begin(a.ID, data, o)
}

// FinishRegister keeps the key that the device has made.
func (p *Passkeys) FinishRegister(ctx context.Context, a *Account, name, device string, response []byte) (*Passkey, error) {
	c, err := p.end(name, a.ID)
	if err != nil {
		return nil, err
	}
	if device = strings.TrimSpace(device); device == "" {
		device = "passkey"
	}
	if letters := []rune(device); len(letters) > longestDevice {
		device = string(letters[:longestDevice])
	}
	u, err := p.person(ctx, a)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return nil, badKey(err)
	}
	made, err := p.rp.CreateCredential(u, c.data, parsed)
	if err != nil {
		return nil, badKey(err)
	}
	now := p.gate.Now().UTC()
	k := Passkey{ID: base64.RawURLEncoding.EncodeToString(made.ID), Person: a.ID, Name: device, CreatedAt: now, UsedAt: now}
	if k.Credential, err = json.Marshal(made); err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	return &k, p.store.PutPasskey(ctx, k)
}

// BeginSignIn returns what navigator.credentials.get takes. It names nobody: which key it is, the device knows.
func (p *Passkeys) BeginSignIn() (name string, options json.RawMessage, err error) {
	if err := p.there(); err != nil {
		return "", nil, err
	}
	o, data, err := p.rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return "", nil, fmt.Errorf("passkey: %w", err)
	}
	return p.begin("", data, o)
}

// FinishSignIn opens a session for the one whose key has signed the challenge; fault.BadLogin when none has.
func (p *Passkeys) FinishSignIn(ctx context.Context, name string, response []byte) (token string, a *Account, err error) {
	c, err := p.end(name, "")
	if err != nil {
		return "", nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return "", nil, badLogin(err)
	}
	var u *person
	_, used, err := p.rp.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		ag := p.gate.Account(string(handle))
		if ag == nil || string(ag.ID) != string(handle) {
			return nil, fault.New(fault.NotFound, "There is nobody of this name.")
		}
		var err error
		u, err = p.person(ctx, ag)
		return u, err
	}, c.data, parsed)
	switch {
	case err != nil:
		return "", nil, badLogin(err)
	case used.Authenticator.CloneWarning:
		return "", nil, badLogin(fmt.Errorf("passkey %x of %s may have been copied: its counter went back", used.ID, u.account.ID))
	}
	k := u.passkey(used.ID)
	k.UsedAt = p.gate.Now().UTC()
	if k.Credential, err = json.Marshal(used); err != nil {
		return "", nil, fmt.Errorf("passkey: %w", err)
	}
	if err := p.store.PutPasskey(ctx, k); err != nil {
		return "", nil, err
	}
	token, err = p.gate.open(ctx, u.account)
	return token, u.account, err
}

// Of lists a person's.
func (p *Passkeys) Of(ctx context.Context, a id.Person) ([]Passkey, error) {
	if p == nil {
		return nil, nil
	}
	return p.store.Passkeys(ctx, a)
}

// Drop forgets one of a person's.
func (p *Passkeys) Drop(ctx context.Context, a id.Person, passkey string) error {
	if p == nil {
		return fault.New(fault.NotFound, "There is no such passkey.")
	}
	return p.store.DropPasskey(ctx, a, passkey)
}

func badLogin(err error) error {
	return fault.New(fault.BadLogin, "This passkey opens nothing here.").Because(err)
}

func badKey(err error) error {
	return fault.At("credential", fault.WrongType, "This is no passkey that can be kept.").Because(err)
}

// begin remembers a ceremony, for a while and not too many.
func (p *Passkeys) begin(a id.Person, data *webauthn.SessionData, options any) (name string, b json.RawMessage, err error) {
	if b, err = json.Marshal(options); err != nil {
		return "", nil, fmt.Errorf("passkey: %w", err)
	}
	now := p.gate.Now()
	name = p.gate.Mint.Token("")
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.underway) >= mostCeremonies {
		for k, c := range p.underway {
			if now.After(c.until) {
				delete(p.underway, k)
			}
		}
	}
	if len(p.underway) >= mostCeremonies {
		return "", nil, crowded()
	}
	p.underway[name] = ceremony{a, *data, now.Add(ceremonyTime)}
	return name, b, nil
}

// end takes a ceremony out: its challenge is answered once.
func (p *Passkeys) end(name string, a id.Person) (ceremony, error) {
	if err := p.there(); err != nil {
		return ceremony{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.underway[name]
	delete(p.underway, name)
	if !ok || c.person != a || p.gate.Now().After(c.until) {
		return ceremony{}, fault.At("ceremony", fault.BadLogin, "This took too long, or was done already. Begin again.")
	}
	return c, nil
}

// person is somebody as the library wants her.
type person struct {
	account *Account
	kept    []Passkey
	keys    []webauthn.Credential
}

func (p *Passkeys) person(ctx context.Context, a *Account) (*person, error) {
	kept, err := p.store.Passkeys(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	u := &person{account: a, kept: kept, keys: make([]webauthn.Credential, len(kept))}
	for i := range kept {
		if err := json.Unmarshal(kept[i].Credential, &u.keys[i]); err != nil {
			return nil, fmt.Errorf("passkey %s: %w", kept[i].ID, err)
		}
	}
	return u, nil
}

func (u *person) passkey(credential []byte) Passkey {
	name := base64.RawURLEncoding.EncodeToString(credential)
	for _, k := range u.kept {
		if k.ID == name {
			return k
		}
	}
	return Passkey{ID: name, Person: u.account.ID, Name: "passkey", CreatedAt: time.Time{}}
}

func (u *person) WebAuthnID() []byte                         { return []byte(u.account.ID) }
func (u *person) WebAuthnName() string                       { return u.account.Login }
func (u *person) WebAuthnDisplayName() string                { return u.account.Name }
func (u *person) WebAuthnCredentials() []webauthn.Credential { return u.keys }
