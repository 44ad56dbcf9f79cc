package live

import (
	"context"
	"log/slog"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
)

const (
	// Ping is how often a page is asked whether it lives.
	Ping = 3 * time.Second
	// AwayAfter is how long a desk may be silent: three pings are missed. With the look of each half second an offer to a
	// page that is gone moves on within 10 s.
	AwayAfter = 3 * Ping
	// ReturnWithin is how long after that a desk that comes back is ready again by itself.
	ReturnWithin = 2 * time.Minute
)

// Presences is what a watch over desks reads and moves.
type Presences interface {
	Agents() map[id.Agent]agent.Status
	Directory() *directory.Directory
	SetPresence(ctx context.Context, a id.Agent, p agent.Presence, reason string) (agent.Status, error)
}

// Watch pauses agents whose desks are silent and who have nothing else that rings, until ctx ends. A telephone rings
// without a desk.
func (h *Hearts) Watch(ctx context.Context, p Presences, log *slog.Logger) {
	t := time.NewTicker(time.Second / 2)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		for a, st := range p.Agents() {
			if (st.Presence == agent.Ready || st.Presence == agent.Reserved) && onlyDesk(p.Directory().Agents[a]) && h.Silent(a) >= AwayAfter {
				h.pause(ctx, p, log, a)
			}
		}
	}
}

func (h *Hearts) pause(ctx context.Context, p Presences, log *slog.Logger, a id.Agent) {
	st, err := p.SetPresence(ctx, a, agent.Paused, callback.AwayReason)
	switch {
	case err != nil && ctx.Err() == nil:
		log.Warn("a silent desk is not paused", "agent", a, "err", err)
	case err == nil && st.Presence == agent.Paused: // while her offers move on she is still reserved
		log.Info("a desk is silent: its agent is away", "agent", a)
	}
}

// onlyDesk says whether an agent can be reached in her browser only.
func onlyDesk(a *agent.Agent) bool {
	if a == nil || len(a.Devices) == 0 {
		return false
	}
	for _, d := range a.Devices {
		if d.To.Kind() != cti.Web {
			return false
		}
	}
	return true
}

// Back makes an agent ready again whose desk was silent for a short while.
func (h *Hearts) Back(ctx context.Context, p Presences, a id.Agent) error {
	st := p.Agents()[a]
	if st.Presence != agent.Paused || st.Reason != callback.AwayReason || h.now().Sub(st.Since) > ReturnWithin {
		return nil
	}
	_, err := p.SetPresence(ctx, a, agent.Ready, "")
	return err
}
