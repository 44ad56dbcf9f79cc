package api

import (
	"net/http"

	"ringback/internal/web/door"
	"ringback/internal/web/status"
)

// Base of all routes of the API.
const Base = "/api/v1"

// Routes is the table of the door.
func (a *API) Routes() []door.Route {
	rows := a.public()
	for i := range rows {
		rows[i].Visitors, rows[i].Query = true, append(rows[i].Query, "lang")
	}
	rows = append(rows, a.desk()...)
	rows = append(rows, a.passkeys()...)
	rows = append(rows, a.invitations()...)
	rows = append(rows, a.browsers()...)
	rows = append(rows, a.callbacks()...)
	rows = append(rows, a.recordings()...)
	rows = append(rows, a.people()...)
	rows = append(rows, a.persons()...)
	rows = append(rows, a.machine()...)
	for i := range rows {
		rows[i].Pattern = Base + rows[i].Pattern
	}
	return rows
}

var paging = []string{"limit", "after"}

func (a *API) public() []door.Route {
	const cb = "/public/callbacks/{token}"
	rows := []door.Route{
		{Method: "GET", Pattern: "/public/buttons/{id}", Summary: "What a form for this button shows", Out: ButtonForm{}, Handle: a.buttonForm},
		{Method: "GET", Pattern: "/public/challenge", Summary: "The work to prove before a request: for a button and a number", Query: []string{"button", "for", "number"}, Out: Challenge{}, Handle: a.challenge},
		{Method: "POST", Pattern: "/public/buttons/{id}/callbacks", Summary: "Ask to be called", In: Wish{}, Out: status.Answer{}, Status: http.StatusCreated, Repeats: true, Handle: a.wish},
		{Method: "GET", Pattern: cb, Summary: "Where a callback is", Out: status.View{}, Handle: a.look},
		{Method: "GET", Pattern: cb + "/events", Summary: "Where a callback is, as it happens (server-sent events)", Handle: a.events},
		{Method: "POST", Pattern: cb + "/cancel", Summary: "Do not call", In: Nothing{}, Out: status.View{}, Handle: a.visitorCancels},
		{Method: "POST", Pattern: cb + "/number", Summary: "Call another telephone", In: NewNumber{}, Out: status.View{}, Handle: a.visitorChangesNumber},
		{Method: "POST", Pattern: cb + "/reschedule", Summary: "Call at another time", In: NewTime{}, Out: status.View{}, Handle: a.visitorReschedules},
		{Method: "GET", Pattern: cb + "/times", Summary: "Times that it could be moved to, or asked for again", Out: Times{}, Handle: a.times},
		{Method: "POST", Pattern: cb + "/again", Summary: "Ask for another callback when this one has ended", In: NewTime{}, Out: status.Answer{}, Status: http.StatusCreated, Handle: a.again},
		{Method: "POST", Pattern: cb + "/now", Summary: "Call now", In: Nothing{}, Out: status.View{}, Handle: a.visitorCallsNow},
		{Method: "GET", Pattern: cb + "/browser", Summary: "By which servers the visitor's browser may reach us", Out: BrowserWays{}, Handle: a.visitorWays},
		{Method: "POST", Pattern: cb + "/opt_out", Summary: "Never call this telephone again", In: Nothing{}, Out: status.View{}, Handle: a.visitorOptsOut},
		{Method: "POST", Pattern: "/public/opt_out", Summary: "Never call a telephone again, whichever", In: StopNumber{}, Out: Stopped{}, Handle: a.optOut},
		{Method: "POST", Pattern: cb + "/browser", Summary: "Connect the visitor's browser: to talk there", In: BrowserOffer{}, Out: BrowserAnswer{}, Handle: a.visitorConnects},
	}
	return rows
}

func (a *API) callbacks() []door.Route {
	const cb = "/callbacks/{id}"
	rows := []door.Route{
		{Method: "POST", Pattern: "/callbacks", Who: door.Desk, Summary: "Make a callback", In: KeyedWish{}, Out: Callback{}, Status: http.StatusCreated, Repeats: true, Handle: a.make},
		{Method: "GET", Pattern: "/callbacks", Who: door.Desk, Summary: "List callbacks", Query: append([]string{"subscriber", "button", "state"}, paging...), Out: door.List[ListedCallback]{}, Handle: a.list},
		{Method: "GET", Pattern: cb, Who: door.Desk, Summary: "One callback with its attempts, legs and journal", Out: Callback{}, Handle: a.one},
		{Method: "POST", Pattern: cb + "/cancel", Who: door.Desk, Summary: "Withdraw a callback", In: Nothing{}, Out: Callback{}, Handle: a.staffCancels},
		{Method: "POST", Pattern: cb + "/number", Who: door.Desk, Summary: "Call another telephone", In: NewNumber{}, Out: Callback{}, Handle: a.staffChangesNumber},
		{Method: "POST", Pattern: cb + "/reschedule", Who: door.Desk, Summary: "Call at another time", In: NewTime{}, Out: Callback{}, Handle: a.staffReschedules},
		{Method: "POST", Pattern: cb + "/now", Who: door.Desk, Summary: "Call now", In: Nothing{}, Out: Callback{}, Handle: a.staffCallsNow},
	}
	return append(append(rows, a.inCall()...), a.actions()...)
}

// people are those who are served and who serve.
func (a *API) people() []door.Route {
	rows := changedBy(door.Keyed, crud(a, "/subscribers", "subscriber", a.subscribers(), door.Operator))
	rows = append(rows, crud(a, "/buttons", "button", a.buttons(), door.Keyed)...)
	rows = append(rows, door.Route{Method: "POST", Pattern: "/buttons/{id}/test", Who: door.Keyed,
		Summary: "Call a telephone of one's own by a button, as it would a visitor's", In: TestCall{}, Out: Callback{}, Status: http.StatusCreated, Handle: a.testCall})
	rows = append(rows, door.Route{Method: "POST", Pattern: "/buttons/{id}/rehearse", Who: door.Keyed,
		Summary: "What would come of a request at a time: who rings, what is said and why; nothing of it is done", In: RehearsalWish{}, Out: Rehearsal{}, Handle: a.rehearse})
	rows = append(rows, changedBy(door.Keyed, crud(a, "/representations", "representation", a.representations(), door.Operator))...)
	rows = append(rows, crud(a, "/agents", "agent", a.agents(), door.Operator)...)
	rows = append(rows, crud(a, "/users", "user", a.users(), door.Operator)...)
	rows = append(rows, door.Route{Method: "POST", Pattern: "/subscribers/{id}/prompts/{name}", Who: door.Keyed,
		Summary: "Send a recording (audio/wav) that visitors hear: spoken_name, announcement, wait, sorry, closed", In: door.WAV{}, Out: Subscriber{}, Handle: a.keepPrompt})
	return append(rows, door.Route{Method: "POST", Pattern: "/agents/{id}/presence", Who: door.Desk,
		Summary: "Set an agent's presence", In: NewPresence{}, Out: Agent{}, Handle: a.setPresence})
}

// machine is what calls travel over and what opens and closes doors.
func (a *API) machine() []door.Route {
	rows := crud(a, "/trunks", "trunk", a.trunks(), door.Operator)
	rows = append(rows, withoutPatch(crud(a, "/keys", "key", a.keys(), door.Operator))...)
	blocks := withoutPatch(crud(a, "/blocks", "block", a.blocks(), door.Keyed))
	for i := range blocks {
		if blocks[i].Method == "DELETE" {
			blocks[i].Handle = a.removeBlock
		}
	}
	rows = append(rows, blocks...)
	rows = append(rows, a.guard()...)
	rows = append(rows, door.Route{Method: "GET", Pattern: "/consents", Who: door.Keyed, Summary: "List what people agreed to and took back, of the last 90 days, or since a day", Query: append([]string{"subscriber", "since"}, paging...), Out: door.List[Consent]{}, Handle: a.listConsents})
	return append(rows, door.Route{Method: "POST", Pattern: "/opt_outs", Who: door.Keyed, Summary: "Write down that a telephone is never to be called again",
		In: StaffOptOut{}, Out: Stopped{}, Handle: a.staffStops})
}

// changedBy lets others than those who make and delete a thing change it, within what its check lets them.
func changedBy(who door.Who, rows []door.Route) []door.Route {
	for i := range rows {
		if rows[i].Method == "PATCH" {
			rows[i].Who = who
		}
	}
	return rows
}

func withoutPatch(rows []door.Route) []door.Route {
	kept := rows[:0]
	for _, r := range rows {
		if r.Method != "PATCH" {
			kept = append(kept, r)
		}
	}
	return kept
}
