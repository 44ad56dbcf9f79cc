package dialog

import (
	"errors"
	"strings"
)

// Replaces names the dialog that an INVITE is to take the place of (RFC 3891). To is the tag of who receives it.
type Replaces struct {
	CallID, To, From string
	EarlyOnly        bool // not when it is answered already
}

var errReplaces = errors.New("dialog: a Replaces that cannot be read")

// ParseReplaces reads a Replaces header's value.
func ParseReplaces(v string) (r Replaces, err error) {
	parts := strings.Split(v, ";")
	r.CallID = strings.TrimSpace(parts[0])
	for _, p := range parts[1:] {
		k, val, _ := strings.Cut(strings.TrimSpace(p), "=")
		to := map[string]*string{"to-tag": &r.To, "from-tag": &r.From}[strings.ToLower(strings.TrimSpace(k))]
		switch {
		case to != nil && *to == "":
			*to = strings.TrimSpace(val)
		case to != nil:
			return Replaces{}, errReplaces
		case strings.EqualFold(k, "early-only"):
			r.EarlyOnly = true
		}
	}
	if r.CallID == "" || r.To == "" || r.From == "" || len(v) > 512 || strings.Trim(v, replacesChars+" \t") != "" {
		return Replaces{}, errReplaces
	}
	return r, nil
}

// Replaces is the call that the INVITE is to take the place of; false = none is named.
func (in *Incoming) Replaces() (r Replaces, named bool, err error) {
	switch all := in.req.GetHeaders("Replaces"); len(all) {
	case 0:
		return Replaces{}, false, nil
	case 1:
		r, err = ParseReplaces(all[0].Value())
	default:
		err = errReplaces
	}
	return r, true, err
}

// Is says whether r names this call, and it is answered.
func (c *Call) Is(r Replaces) bool {
	return c.state == answered && c.inv.CallID == r.CallID && c.inv.FromTag == r.To && c.remoteTag == r.From
}
