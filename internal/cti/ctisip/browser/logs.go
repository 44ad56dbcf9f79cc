package browser

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// logs lets pion write where we do. What a stranger's packet can cause is Debug, whatever pion thinks of it: a flood fills no
// disk.
type logs struct{ to *slog.Logger }

// NewLogger returns what a part of pion writes to.
func (l logs) NewLogger(scope string) logging.LeveledLogger { return scoped{l.to.With("part", scope)} }

type scoped struct{ to *slog.Logger }

func (s scoped) say(msg string) { s.to.Debug("webrtc", "says", msg) }

func (s scoped) sayf(format string, args []any) {
	if s.to.Enabled(context.Background(), slog.LevelDebug) {
		s.say(fmt.Sprintf(format, args...))
	}
}

// The wire's own traces are not kept.

func (scoped) Trace(string)          {}
func (scoped) Tracef(string, ...any) {}

func (s scoped) Debug(msg string)             { s.say(msg) }
func (s scoped) Debugf(f string, args ...any) { s.sayf(f, args) }
func (s scoped) Info(msg string)              { s.say(msg) }
func (s scoped) Infof(f string, args ...any)  { s.sayf(f, args) }
func (s scoped) Warn(msg string)              { s.say(msg) }
func (s scoped) Warnf(f string, args ...any)  { s.sayf(f, args) }
func (s scoped) Error(msg string)             { s.say(msg) }
func (s scoped) Errorf(f string, args ...any) { s.sayf(f, args) }
