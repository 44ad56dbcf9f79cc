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
	shortest     = 8               // letters of one that somebody chooses
)

// passwords compares passwords with their hashes, few at a time: whoever sends many must not take the machine's memory.
type passwords struct {
	slots, waiting chan struct{}
	cost           *argon2id.Params
	decoy          func() (string, error)
}

func newPasswords(cost *argon2id.Params) *passwords {
	if cost == nil {
		cost = argon2id.DefaultParams
	}
	return &passwords{
		slots: make(chan struct{}, hashesAtOnce), waiting: make(chan struct{}, hashesWait), cost: cost,
		decoy: sync.OnceValues(func() (string, error) { return argon2id.CreateHash("nobody's password", cost) }),
	}
}

// turn waits for a free slot.
func (p *passwords) turn(ctx context.Context) (done func(), err error) {
	select {
	case p.waiting <- struct{}{}:
	default:
		return nil, crowded()
	}
	t := time.NewTimer(hashPatience)
	defer t.Stop()
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots; <-p.waiting }, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-t.C:
		err = crowded()
	}
	<-p.waiting
	return nil, err
}

// match says whether plain is the password of hash. Without a hash it takes as long and says no.
func (p *passwords) match(ctx context.Context, plain, hash string) (bool, error) {
	done, err := p.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
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

// hash makes what is kept of a password.
func (p *passwords) hash(ctx context.Context, plain string) (string, error) {
	done, err := p.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	hash, err := argon2id.CreateHash(plain, p.cost)
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	return hash, nil
}

func crowded() error {
	return fault.New(fault.LimitLogin, "Too many people sign in at this moment. Try again in a few seconds.").After(hashPatience)
}
