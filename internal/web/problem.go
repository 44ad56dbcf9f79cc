package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/web/door"
	"ringback/internal/words"
)

// kind is what a code means in HTTP: this table is the only place that knows.
type kind struct {
	status int
	title  string
	retry  time.Duration // said when the fault itself says nothing; 0 = no Retry-After
}

var kinds = map[fault.Code]kind{
	fault.MalformedJSON:       {400, "The body is no JSON", 0},
	fault.WrongType:           {400, "A value has the wrong type", 0},
	fault.UnknownField:        {400, "Unknown field", 0},
	fault.BadCursor:           {400, "The cursor is not one of ours", 0},
	fault.NoKey:               {401, "A key is needed", 0},
	fault.BadKey:              {401, "The key is not valid", 0},
	fault.BadLogin:            {401, "Name or password is wrong", 0},
	fault.NoSession:           {401, "You are not signed in", 0},
	fault.Forbidden:           {403, "You may not do that", 0},
	fault.OriginNotAllowed:    {403, "This site may not use the button", 0},
	fault.ProofMissing:        {403, "Proof of work is missing", 0},
	fault.ProofInvalid:        {403, "Proof of work is not valid", 0},
	fault.ProofUsed:           {403, "Proof of work was used before", 0},
	fault.NotFound:            {404, "Not found", 0},
	fault.MethodNotAllowed:    {405, "Method not allowed", 0},
	fault.Gone:                {410, "Gone", 0},
	fault.TooLarge:            {413, "The body is too large", 0},
	fault.UnsupportedMedia:    {415, "Unsupported media type", 0},
	fault.AlreadyEnded:        {409, "The callback has ended", 0},
	fault.TooLate:             {409, "It is too late for that", 0},
	fault.NumberBusy:          {409, "We cannot take this number now", 0},
	fault.IdempotencyProgress: {409, "The same request is being worked on", 0},
	fault.NumberInvalid:       {422, "Not a telephone number", 0},
	fault.NumberRegion:        {422, "We do not call this country", 0},
	fault.NumberType:          {422, "We do not call this kind of number", 0},
	fault.NumberEmergency:     {422, "An emergency number", 0},
	fault.NumberOwn:           {422, "That is our own number", 0},
	fault.NumberNotServed:     {422, "We do not call this number", 0},
	fault.EndpointInvalid:     {422, "Not a telephone address", 0},
	fault.EndpointNotAllowed:  {422, "This telephone address is not allowed", 0},
	fault.ConsentMissing:      {422, "Consent is missing", 0},
	fault.WhenInvalid:         {422, "Not a time we can call at", 0},
	fault.OutsideHours:        {422, "Outside opening hours", 0},
	fault.ChannelUnavailable:  {422, "This channel is not available", 0},
	fault.ButtonClosed:        {422, "The button is closed", 0},
	fault.FieldRequired:       {422, "A field is missing", 0},
	fault.IdempotencyReused:   {422, "The idempotency key was used for something else", 0},
	fault.LimitNumber:         {429, "This number was called enough", time.Minute},
	fault.LimitVisitor:        {429, "Too many requests", time.Minute},
	fault.LimitSubscriber:     {429, "The line is full", time.Minute},
	fault.LimitSpend:          {429, "The day's budget is used up", time.Hour},
	fault.LimitKey:            {429, "Too many requests with this key", time.Second},
	fault.LimitLogin:          {429, "Too many attempts to sign in", time.Second},
	fault.StorageFull:         {503, "The disk is full", time.Minute},
	fault.StorageBusy:         {503, "The database is busy", 5 * time.Second},
	fault.Draining:            {503, "The service is stopping", 5 * time.Second},
	fault.SwitchDown:          {503, "The telephone switch is not ready", 5 * time.Second},
	fault.Internal:            {500, "Something went wrong on our side", 0},
}

// nobody stands in a 404 for the request's id, which is in the header X-Request-Id: the bytes of two 404 do not differ,
// so that nothing tells an id that is not there from one that is somebody else's.
const nobody id.Request = "req_00000000000000000000000000"

// problem turns an error into an answer. An error that is no fault tells nothing of itself.
func problem(ctx context.Context, err error) door.Problem {
	f := faultOf(err)
	k, known := kinds[f.Code]
	if !known {
		f, k = fault.New(fault.Internal, internalDetail), kinds[fault.Internal]
	}
	p := door.Problem{
		Type: "/docs/problems#" + string(f.Code), Title: k.title, Status: k.status, Code: f.Code, Detail: f.Detail,
		Errors: f.Fields, RequestID: door.RequestID(ctx),
	}
	if f.Code == fault.NotFound {
		f = fault.New(fault.NotFound, nothing)
		p.Detail, p.Errors, p.RequestID = nothing, nil, nobody
	}
	translate(door.Language(ctx), &p, f)
	if p.Errors == nil {
		p.Errors = []fault.Field{}
	}
	wait := f.RetryAfter
	if wait <= 0 {
		wait = k.retry
	}
	if wait > 0 {
		s := int(math.Ceil(wait.Seconds()))
		p.RetryAfterS = &s
	}
	for _, at := range f.Alternatives {
		p.Alternatives = append(p.Alternatives, door.Stamp(at))
	}
	return p
}

// translate says a problem in a visitor's language. Of a sentence that the language does not have it says what kind of thing
// went wrong.
func translate(in *words.Language, p *door.Problem, f *fault.Fault) {
	if in == words.English() {
		return
	}
	say := words.Key(f.Format)
	if say == "%s" && len(f.Args) == 1 { // a sentence that was handed on
		if s, ok := f.Args[0].(string); ok {
			say = words.Key(s)
		}
	}
	p.Title = in.Say(words.Key(p.Title))
	switch {
	case !in.Knows(say):
		p.Detail = p.Title + "."
	case say == words.Key(f.Format):
		p.Detail = in.Say(say, f.Args...)
	default:
		p.Detail = in.Say(say)
	}
	errors := make([]fault.Field, len(p.Errors))
	for i, e := range p.Errors {
		errors[i] = fault.Field{Field: e.Field, Code: e.Code, Message: p.Detail}
	}
	p.Errors = errors
}

const nothing = "There is nothing here, or it is not yours to see."

const internalDetail = "Something went wrong on our side. Try again; if it stays, tell the operator the request id."

func faultOf(err error) *fault.Fault {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f
	}
	return fault.New(fault.Internal, internalDetail)
}

func body(p door.Problem) []byte {
	b, _ := json.Marshal(p) // of strings and numbers only
	return append(b, '\n')
}

func header(h http.Header, p door.Problem) {
	h.Set("Cache-Control", "no-store")
	if p.RetryAfterS != nil {
		h.Set("Retry-After", strconv.Itoa(*p.RetryAfterS))
	}
	if p.Code == fault.NoKey || p.Code == fault.BadKey {
		h.Set("WWW-Authenticate", `Bearer realm="ringback"`)
	}
}

// write answers with the problem.
func write(w http.ResponseWriter, p door.Problem) {
	header(w.Header(), p)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body(p))
}

// note logs what the visitor is not told: once, where it is answered.
func note(ctx context.Context, log *slog.Logger, r *http.Request, p door.Problem, err error) {
	var f *fault.Fault
	known := errors.As(err, &f)
	switch {
	case p.Status == http.StatusInternalServerError:
		log.ErrorContext(ctx, "request failed", "request", door.RequestID(ctx), "method", r.Method, "path", cut(r.URL.Path), "error", err)
	case p.Status >= 500:
		log.WarnContext(ctx, "request refused", "request", door.RequestID(ctx), "code", p.Code, "error", err)
	case known && f.Cause != nil:
		log.DebugContext(ctx, "request refused", "request", door.RequestID(ctx), "code", p.Code, "error", err)
	}
}
