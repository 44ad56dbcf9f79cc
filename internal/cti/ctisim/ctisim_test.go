package ctisim_test

import (
	"context"
	"fmt"
	"testing"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/cti/ctitest"
)

func TestSwitch(t *testing.T) {
	ctitest.Run(t, func(t *testing.T, sink func(cti.Event)) *ctitest.Harness {
		phones := ctisim.NewPhones()
		sw := ctisim.New(phones, sink)
		return &ctitest.Harness{
			Switch: sw,
			Trunk:  cti.Trunk{ID: "trk_sim", Slug: "sim", Prefixes: []string{""}},
			Phone:  func(last int) cti.Endpoint { return cti.Endpoint(fmt.Sprintf("sip:%d@phones.example", last)) },
			Script: func(at cti.Endpoint, p ctitest.Person) { phones.Person(at, person(p)) },
			Call: func(from, to string, p ctitest.Person) string {
				return sw.Arrive("trk_sim", from, to, person(p))
			},
			Browser: func(peer string) error {
				_, err := sw.Connect(context.Background(), peer, "v=0")
				return err
			},
			LoseBrowser: func(peer string) { sw.Lose(peer) },
			Restart: func() cti.Switch {
				sw.Kill()
				sw = ctisim.New(phones, sink)
				return sw
			},
			Open: func() int { return len(ctisim.Open(phones.Calls())) },
			Rung: func(at cti.Endpoint) int {
				n := 0
				for _, c := range phones.Calls() {
					if c.To == at {
						n++
					}
				}
				return n
			},
			Close: func() { sw.Kill() },
		}
	})
}

func person(p ctitest.Person) ctisim.Person {
	w := ctisim.Person{Answers: p.After, Talk: p.Talk, Press: p.Press, PressAfter: p.PressAfter, HoldAfter: p.HoldAfter, HoldFor: p.HoldFor, HoldCode: p.HoldCode, Refers: p.Refers, ReferAfter: p.ReferAfter}
	switch p.Does {
	case "busy":
		return ctisim.Busy()
	case "declines":
		return ctisim.Declines(p.After)
	case "rings":
		return ctisim.RingsForEver()
	case "unknown":
		return ctisim.Nobody()
	}
	return w
}
