package cti

import (
	"errors"
	"strings"
	"time"
)

// PostDialWait is how long a w in an Order's PostDial waits.
const PostDialWait = 500 * time.Millisecond

// maxPostDial bounds the keys of one order: nobody waits longer for an extension.
const maxPostDial = 32

// CheckPostDial says whether s holds keys and waits alone.
func CheckPostDial(s string) error {
	if len(s) > maxPostDial || strings.Trim(s, "0123456789*#ABCDw") != "" {
		return errors.New("post_dial is at most 32 of 0-9 * # A-D, and w for a wait of half a second, such as w1")
	}
	return nil
}
