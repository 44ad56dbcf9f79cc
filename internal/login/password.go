package login

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"

	"ringback/internal/fault"
)

const (
	hashesAtOnce = 2               // each takes 64 MB and a core
	hashesWait   = 32              // who comes after them is sent away
	hashPatience = 5 * time.Second // how long one of them waits
	longest      = 1024            // bytes of a password that are looked at at all
)

// passwords compares passwords with their hashes, few at a time: whoever sends many must not take the machine's memory.
type passwords struct {
	slots, waiting chan struct{}
	decoy          func() (string, error)
}

func newPasswords(cost *argon2id.Params) *passwords {
	if cost == nil {
		cost = argon2id.DefaultParams
	}
	return &passwords{
		slots: make(chan struct{}, hashesAtOnce), waiting: make(chan struct{}, hashesWait),
		decoy: sync.OnceValues(func() (string, error) { return argon2id.CreateHash("nobody's password", cost) }),
	}
}

// match says whether plain is the password of hash. Without a hash it takes as long and says no.
func (p *passwords) match(ctx context.Context, plain, hash string) (bool, error) {
	select {
	case p.waiting <- struct{}{}:
		defer func() { <-p.waiting }()
	default:
		return false, crowded()
	}
	t := time.NewTimer(hashPatience)
	defer t.Stop()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return false, ctx.Err()
	case <-t.C:
		return false, crowded()
	}
	decoy, err := p.decoy() // before it is known whether it is needed: the first to come takes longer, whoever it is
	if err != nil {
		return false, fmt.Errorf("password: %w", err)
	}
	real := hash != "" && len(plain) <= longest
	if !real {
		plain, hash = "", decoy
	}
	same, err := argon2id.ComparePasswordAndHash(plain, hash)
	if err != nil {
		return false, fmt.Errorf("password: %w", err)
	}
	return same && real, nil
}

func crowded() error {
	return fault.New(fault.LimitLogin, "Too many people sign in at this moment. Try again in a few seconds.").After(hashPatience)
}
