package ctisip

import (
	"strconv"
	"strings"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
)

// ending is how a leg ended.
type ending struct {
	cause cti.Cause
	by    cti.By
	code  int
}

// causes is the one table of final answers. A code that it lacks is looked up by its hundreds.
var causes = map[int]cti.Cause{
	400: cti.NetworkOutOfOrder,
	401: cti.NetworkOutOfOrder, // credentials were refused
	403: cti.NetworkOutOfOrder,
	404: cti.UnallocatedNumber,
	407: cti.NetworkOutOfOrder,
	408: cti.NoAnswer,
	410: cti.UnallocatedNumber,
	413: cti.NetworkOutOfOrder,
	480: cti.NoAnswer,
	484: cti.InvalidNumber,
	485: cti.InvalidNumber,
	486: cti.UserBusy,
	487: cti.NoAnswer, // not asked for by us
	488: cti.NetworkOutOfOrder,
	503: cti.Congestion,
	600: cti.CallRejected, // 600, 603, 607, 608: never again for this callback
	603: cti.CallRejected,
	604: cti.UnallocatedNumber,
	607: cti.CallRejected,
	608: cti.CallRejected,
	3:   cti.NetworkOutOfOrder, // redirection is refused: toll fraud
	4:   cti.NetworkOutOfOrder,
	5:   cti.NetworkOutOfOrder,
	6:   cti.CallRejected,
}

// personal are the answers that a person or her telephone gives, not the network.
var personal = map[int]bool{480: true, 486: true, 600: true, 603: true, 607: true}

// endingOf is how a leg ended that was not answered.
func endingOf(f dialog.Failure, p cti.Party) ending {
	switch {
	case f.Transport:
		return ending{cti.NetworkOutOfOrder, cti.ByNetwork, 0}
	case f.Timeout || f.Code == 0:
		return ending{cti.NetworkOutOfOrder, cti.ByNetwork, 408}
	case f.Late:
		return ending{cti.NetworkOutOfOrder, cti.ByUs, f.Code}
	}
	e := ending{cti.NetworkOutOfOrder, cti.ByNetwork, f.Code}
	if c, ok := causes[f.Code]; ok {
		e.cause = c
	} else if c, ok := causes[f.Code/100]; ok {
		e.cause = c
	}
	if personal[f.Code] {
		e.by = p.Person()
	}
	return e
}

// q850 are the causes of ISDN that say more than a SIP code (RFC 3326).
var q850 = map[int]cti.Cause{
	1: cti.UnallocatedNumber, 17: cti.UserBusy, 18: cti.NoAnswer, 19: cti.NoAnswer, 21: cti.CallRejected, 28: cti.InvalidNumber,
	34: cti.Congestion, 38: cti.NetworkOutOfOrder, 42: cti.Congestion,
}

// reasonCause reads a Reason header; "" when it says nothing that we know.
func reasonCause(reason string) cti.Cause {
	r := strings.ReplaceAll(reason, " ", "")
	if len(r) < 5 || !strings.EqualFold(r[:5], "Q.850") {
		return ""
	}
	_, v, _ := strings.Cut(r, "cause=")
	v, _, _ = strings.Cut(v, ";")
	n, err := strconv.Atoi(v)
	if err != nil {
		return ""
	}
	return q850[n]
}

// failsOver says whether another trunk may be tried at once: nothing rang, and the trunk is to blame.
func failsOver(f dialog.Failure) bool {
	return !f.Late && (f.Transport || f.Timeout || f.Code == 0 || f.Code/100 == 5)
}
