package api

import (
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/web/door"
)

// TrunkState is how a trunk is now.
type TrunkState struct {
	Condition cti.LineCondition `json:"condition"`
	Reason    *string           `json:"reason"`
	Since     *door.Stamp       `json:"since"`
	Until     *door.Stamp       `json:"until"` // of a rest
	Targets   []TrunkTarget     `json:"targets"`
	Accounts  []TrunkAccount    `json:"registrations"`
	Calls     int               `json:"calls"`
	Figures   TrunkFigures      `json:"figures"`
}

// TrunkTarget is one address of a trunk.
type TrunkTarget struct {
	Address   string  `json:"address"`
	Transport string  `json:"transport"`
	Up        bool    `json:"up"`
	Reason    *string `json:"reason"`
}

// TrunkAccount is a registration of ours with the trunk's carrier.
type TrunkAccount struct {
	Username   string      `json:"username"`
	Registered bool        `json:"registered"`
	Until      *door.Stamp `json:"until"`
	Reason     *string     `json:"reason"`
}

// TrunkFigures are of the last hundred calls, and of all since the start. Carriers watch the same: many ask for an answer
// rate above 0.7 and a short share (talks of at most 12 s) of at most 0.1.
type TrunkFigures struct {
	Sent       int64    `json:"sent"`
	Answered   int64    `json:"answered"`
	Short      int64    `json:"short"`
	AnswerRate *float64 `json:"answer_rate"`
	ShortShare *float64 `json:"short_share"`
}

func (a *API) trunkState(trunk string) TrunkState {
	for _, l := range a.Conductor.Lines() {
		if l.Trunk == id.Trunk(trunk) {
			return trunkStateView(l)
		}
	}
	return TrunkState{Condition: cti.LineUnknown, Targets: []TrunkTarget{}, Accounts: []TrunkAccount{}}
}

func trunkStateView(l cti.LineState) TrunkState {
	out := TrunkState{Condition: l.Condition, Reason: door.Opt(l.Reason), Since: stamp(l.Since), Until: stamp(l.Until), Calls: l.Calls,
		Targets: []TrunkTarget{}, Accounts: []TrunkAccount{},
		Figures: TrunkFigures{Sent: l.Figures.Sent, Answered: l.Figures.Answered, Short: l.Figures.Short,
			AnswerRate: share(l.Figures.RecentAnswered, l.Figures.Recent), ShortShare: share(l.Figures.RecentShort, l.Figures.Recent)}}
	for _, t := range l.Targets {
		out.Targets = append(out.Targets, TrunkTarget{t.Addr, t.Transport, t.Up, door.Opt(t.Reason)})
	}
	for _, r := range l.Accounts {
		out.Accounts = append(out.Accounts, TrunkAccount{r.Username, r.Registered, stamp(r.Until), door.Opt(r.Reason)})
	}
	return out
}

func share(part, all int) *float64 {
	if all == 0 {
		return nil
	}
	v := places(float64(part)/float64(all), 2)
	return &v
}

func stamp(t time.Time) *door.Stamp {
	if t.IsZero() {
		return nil
	}
	s := door.Stamp(t)
	return &s
}
