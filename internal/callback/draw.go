package callback

import (
	"fmt"
	"sort"
	"strings"

	"ringback/internal/subscriber"
)

// Draw is the table of an order as a Mermaid state diagram: the documentation cannot differ from the code.
func Draw(o subscriber.Order) string {
	var rows []string
	for from, events := range lifeOf(o) {
		for e, r := range events {
			arrow := fmt.Sprintf("    %s --> %s: %s", from, r.to, e)
			switch r.how {
			case close_:
				arrow += " / " + string(r.outcome)
			case again:
				arrow = fmt.Sprintf("    %s --> %s: %s, if a try is left\n    %s --> %s: %s, if none is", from, Scheduled, e, from, Ended, e)
			}
			rows = append(rows, arrow)
		}
	}
	sort.Strings(rows)
	return "stateDiagram-v2\n    [*] --> scheduled: for later\n    [*] --> queued: now\n" + strings.Join(rows, "\n") + "\n    ended --> [*]\n"
}
