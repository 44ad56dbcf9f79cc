package api

import (
	"net/http"

	"ringback/internal/agent"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/web/door"
)

// RepresentationDoc is what is written of a representation.
type RepresentationDoc struct {
	Agent       string         `json:"agent"`
	Subscriber  string         `json:"subscriber"`
	DisplayName string         `json:"display_name"`
	Greeting    string         `json:"greeting"`
	Whisper     string         `json:"whisper"`
	Script      string         `json:"script"`
	Skills      map[string]int `json:"skills"`
	Languages   []string       `json:"languages"`
	Hours       schedule.Hours `json:"hours"` // in the business's time zone; null = whenever it is open
	Priority    int            `json:"priority"`
	CallerID    string         `json:"caller_id"`
}

// Representation lets an agent answer as a business.
type Representation struct {
	ID             string         `json:"id"`
	Agent          string         `json:"agent"`
	AgentSlug      *string        `json:"agent_slug"`
	AgentName      *string        `json:"agent_name"`
	Subscriber     string         `json:"subscriber"`
	SubscriberSlug *string        `json:"subscriber_slug"`
	DisplayName    string         `json:"display_name"`
	Greeting       string         `json:"greeting"`
	Whisper        string         `json:"whisper"`
	Script         string         `json:"script"`
	Skills         map[string]int `json:"skills"`
	Languages      []string       `json:"languages"`
	Hours          schedule.Hours `json:"hours"`
	Priority       int            `json:"priority"`
	CallerID       *string        `json:"caller_id"`
	CreatedAt      door.Stamp     `json:"created_at"`
	UpdatedAt      door.Stamp     `json:"updated_at"`
}

func (a *API) representations() thing[RepresentationDoc, Representation] {
	return thing[RepresentationDoc, Representation]{
		kind: directory.Representation, prefix: "rep_",
		ids: func(d *directory.Directory) []string { return keysOf(d.Representations) },
		whose: func(d *directory.Directory, i string) id.Subscriber {
			return d.Representations[id.Representation(i)].Subscriber
		},
		view: func(d *directory.Directory, i string) Representation {
			return representationView(d, d.Representations[id.Representation(i)])
		},
		doc: func(d *directory.Directory, i string) RepresentationDoc {
			return representationDoc(d, d.Representations[id.Representation(i)])
		},
		check: checkRepresentation,
	}
}

func representationDoc(d *directory.Directory, r *agent.Representation) RepresentationDoc {
	v := representationView(d, r)
	return RepresentationDoc{v.Agent, v.Subscriber, v.DisplayName, v.Greeting, v.Whisper, v.Script, v.Skills, v.Languages, v.Hours, v.Priority, r.CallerID.E164()}
}

func representationView(d *directory.Directory, r *agent.Representation) Representation {
	v := Representation{
		ID: string(r.ID), Agent: string(r.Agent), Subscriber: string(r.Subscriber), DisplayName: r.DisplayName, Greeting: r.Greeting,
		Whisper: r.Whisper, Script: r.Script, Skills: orNone(r.Skills), Languages: list(r.Languages), Hours: r.Hours, Priority: r.Priority,
		CallerID: door.Opt(r.CallerID.E164()), CreatedAt: door.Stamp(r.CreatedAt), UpdatedAt: door.Stamp(r.UpdatedAt),
	}
	if ag := d.Agents[r.Agent]; ag != nil {
		v.AgentSlug, v.AgentName = &ag.Slug, door.Opt(ag.Name)
	}
	if s := d.Subscribers[r.Subscriber]; s != nil {
		v.SubscriberSlug = &s.Slug
	}
	return v
}

func checkRepresentation(r *http.Request, d *directory.Directory, self string, in *RepresentationDoc) (directory.Setup, error) {
	none := directory.Setup{}
	if in.Agent == "" {
		return none, required("agent")
	}
	ag := id.Agent(d.ID(directory.Agent, in.Agent))
	if ag == "" {
		return none, missing(directory.Agent)
	}
	sub, err := business(d, door.Principal(r.Context()), in.Subscriber)
	if err != nil {
		return none, err
	}
	for _, other := range d.Representatives(sub) {
		if other.Agent == ag && string(other.ID) != self {
			return none, bad("agent", "This agent represents this business already, as %s. PATCH that.", other.ID)
		}
	}
	if old := d.Representations[id.Representation(self)]; old != nil && door.Principal(r.Context()).Sees != "" {
		if err := maySet(representationDoc(d, old), in, "display_name", "greeting", "whisper", "script", "skills", "languages", "hours", "priority"); err != nil {
			return none, err
		}
	}
	rep := agent.Representation{
		ID: id.Representation(self), Agent: ag, Subscriber: sub, DisplayName: in.DisplayName, Greeting: in.Greeting, Whisper: in.Whisper,
		Script: in.Script, Languages: in.Languages, Hours: in.Hours, Priority: in.Priority,
	}
	if rep.Skills, err = skills(in.Skills); err != nil {
		return none, err
	}
	if old := d.Representations[rep.ID]; old != nil {
		if old.Agent != ag || old.Subscriber != sub {
			return none, fault.At("agent", fault.WrongType, "Agent and subscriber of a representation stay. Delete it and make another.")
		}
		rep.CreatedAt = old.CreatedAt
	}
	if rep.CallerID, err = number("caller_id", in.CallerID, d.Subscribers[sub].Region()); err != nil {
		return none, err
	}
	return directory.Setup{Representations: []agent.Representation{rep}}, nil
}
