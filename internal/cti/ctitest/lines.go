package ctitest

import (
	"slices"

	"ringback/internal/cti"
)

// linesTold: every trunk has a state, by name, and one that is taken away has none.
func linesTold(r *row) {
	second := r.h.Trunk
	second.ID, second.Slug, second.Priority = "trk_another", "another", 9
	if err := r.h.Switch.Trunks(r.ctx, []cti.Trunk{r.h.Trunk, second}); err != nil {
		r.Fatal(err)
	}
	all, err := r.h.Switch.Lines(r.ctx)
	if err != nil {
		r.Fatal(err)
	}
	if len(all) != 2 || all[0].Slug != "another" || all[1].Trunk != r.h.Trunk.ID {
		r.Errorf("lines %+v", all)
	}
	for _, l := range all {
		if !slices.Contains(cti.LineConditions, l.Condition) || l.Condition == cti.LineDown {
			r.Errorf("%s is %q", l.Slug, l.Condition)
		}
	}
	trunks(r)
	if all, err = r.h.Switch.Lines(r.ctx); err != nil || len(all) != 1 {
		r.Errorf("after one was taken away: %+v, %v", all, err)
	}
}
