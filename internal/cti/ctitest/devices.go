package ctitest

import (
	"ringback/internal/cti"
)

// nobodyRegistered: an order to a name without telephones ends at once, and says why in words.
func nobodyRegistered(r *row) {
	if err := r.h.Switch.Devices(r.ctx, []cti.Device{{User: "ann", Secret: cti.NewSecret("ann", "x")}}); err != nil {
		r.Fatal(err)
	}
	if all, err := r.h.Switch.Registered(r.ctx); err != nil || len(all) != 0 {
		r.Errorf("registered before anybody was: %v %v", all, err)
	}
	for _, to := range []cti.Endpoint{"sip:ann", "sip:nobody"} {
		o := r.order("cb_1", cti.Agent, to)
		r.originate(o)
		e := r.ends(o.Leg, cti.UnallocatedNumber, cti.ByUs)
		if user, _ := to.Account(); e.Note != "no telephone of "+user+" is registered" {
			r.Errorf("note %q", e.Note)
		}
		r.once(o.Leg)
	}
}
