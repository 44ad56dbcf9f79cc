package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/doctor"
	"ringback/internal/fault"
	"ringback/internal/id"
)

type trunkTestCmd struct {
	configFlag
	Call       string `required:"" placeholder:"NUMBER" help:"A telephone beside you: it is rung over the trunk."`
	Trunk      string `placeholder:"ID" help:"The trunk; not needed when there is one."`
	Subscriber string `placeholder:"ID" help:"The business whose caller ID is shown and whose countries may be called; not needed when there is one."`
	Region     string `placeholder:"ISO" help:"The country whose tones are played, such as US; without it the business's."`
	JSON       bool   `name:"json" help:"Print a JSON object."`
}

// TrunkTestOrder is what `ringback trunk test` asks of a running service.
type TrunkTestOrder struct {
	Number, Trunk, Subscriber, Region string
}

// TrunkTested is what a test call has shown.
type TrunkTested struct {
	Trunk    string           `json:"trunk"`
	Findings []doctor.Finding `json:"findings"`
	Profile  string           `json:"profile"` // lines for a seed file
}

func (c *trunkTestCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	say := func(now string) { fmt.Fprintln(s.err, now) }
	done, err := TrunkTest(s.ctx, cfg, TrunkTestOrder{c.Call, c.Trunk, c.Subscriber, c.Region}, say)
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(s.out).Encode(done)
	} else {
		err = doctor.Write(s.out, done.Trunk, done.Findings)
	}
	if err == nil && doctor.Breaks(done.Findings) {
		return fmt.Errorf("trunk %s: something breaks calls", done.Trunk)
	}
	return err
}

// TrunkTest lets the running service make a test call, or makes it itself if none runs; say is told what happens meanwhile.
func TrunkTest(ctx context.Context, c *config.Config, o TrunkTestOrder, say func(string)) (done TrunkTested, err error) {
	client, running := Dial(c.Data)
	if !running {
		return testAlone(ctx, c, o, say)
	}
	return done, converse(ctx, client, "/trunk/test", o, say, &done)
}

// testAlone makes the test call while no service runs, over the sockets that a service would open. Nothing else happens
// meanwhile: who calls is refused, no callback that waits is begun, and what a crash left behind is for the next start.
func testAlone(ctx context.Context, c *config.Config, o TrunkTestOrder, say func(string)) (done TrunkTested, err error) {
	a, err := Assemble(ctx, c, Logger(c))
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	a.Drain()
	if err := a.Conductor.Reload(ctx); err != nil { // trunks register, and so may telephones
		return done, err
	}
	if _, err := a.Switch.Reconcile(ctx, nil); err != nil {
		return done, err
	}
	return a.TrunkTest(ctx, o, say)
}

// trunkTest is the route: lines while the call lasts, and the answer.
func (s *Service) trunkTest(w http.ResponseWriter, r *http.Request) {
	var o TrunkTestOrder
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
		reply(w, nil, err)
		return
	}
	done, err := s.TrunkTest(r.Context(), o, sayTo(w))
	reply(w, done, err)
}

// TrunkTest rings a number over a trunk and says what is unusual about the line. It lasts as long as the call.
func (a *App) TrunkTest(ctx context.Context, o TrunkTestOrder, say func(string)) (TrunkTested, error) {
	done := TrunkTested{Findings: []doctor.Finding{}}
	if a.ladder == nil {
		return done, errors.New("the messages of calls are not kept: set log.ladder to some hours for the test")
	}
	dir, err := a.Store.Directory(ctx)
	if err != nil {
		return done, err
	}
	t, err := pickTrunk(dir, o.Trunk)
	if err != nil {
		return done, err
	}
	sub, to, err := a.Studio.Telephone(ctx, o.Number, o.Subscriber)
	if err != nil {
		return done, err
	}
	if to.Kind() != cti.Tel {
		return done, fault.At("number", fault.EndpointInvalid, "A trunk rings telephone numbers.")
	}
	p := doctor.Patient{Trunk: *t, To: to, From: sub.CallerID.E164(), Region: sub.Region()}
	if o.Region != "" {
		p.Region = o.Region
	}
	f, err := a.Doctor.Call(ctx, p, say)
	if err != nil {
		return done, err
	}
	done.Trunk = t.Slug
	done.Findings = append(done.Findings, doctor.Diagnose(f)...)
	done.Profile = doctor.Profile(t.Slug, done.Findings)
	return done, nil
}

// pickTrunk is the trunk that is named, or the only one there is.
func pickTrunk(dir *directory.Directory, named string) (*cti.Trunk, error) {
	if named != "" {
		if t := dir.Trunks[id.Trunk(dir.ID(directory.Trunk, named))]; t != nil {
			return t, nil
		}
		return nil, fault.New(fault.NotFound, "There is no trunk %q.", named)
	}
	var all []string
	for _, t := range dir.Trunks {
		if len(dir.Trunks) == 1 {
			return t, nil
		}
		all = append(all, t.Slug)
	}
	slices.Sort(all)
	return nil, fault.New(fault.FieldRequired, "Say which with --trunk: there are %d (%s).", len(all), strings.Join(all, ", "))
}

func (a *App) newDoctor() *doctor.Doctor {
	return doctor.New(doctor.Deps{Switch: a.Conductor.Switch(), Trace: a.ladder, Mint: a.Mint, Random: rand.IntN, Now: time.Now})
}
