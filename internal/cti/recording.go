package cti

import (
	"errors"

	"ringback/internal/id"
)

// Recording asks a switch to record a talk: each side in a channel of its own, aligned in time. Both sides hear the
// notice to its end before they hear each other.
type Recording struct {
	ID     id.Recording
	File   string // where the switch writes it, in the format of package recording; it must not exist
	Key    []byte // 32 bytes, for this file alone
	Notice Prompt // to leg A of the Join
	Other  Prompt // to leg B
}

// RecordCommand is what may be done to a recording that runs.
type RecordCommand string

const (
	RecordPause  RecordCommand = "pause"  // silence is written until it is resumed, as long as it takes
	RecordResume RecordCommand = "resume" //
	RecordStop   RecordCommand = "stop"   // the file ends; the talk goes on
)

// ErrNotRecorded: the leg is in no talk that is recorded.
var ErrNotRecorded = errors.New("cti: not recorded")
