package registrar

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A telephone that keeps its stream alive by itself (RFC 5626) sends empty lines at most FlowTimer apart and hears them
// answered: it notices that its router has forgotten the stream, and comes again. We notice too: a stream of it that is
// silent for flowGrace longer has failed, whatever the kernel thinks of it.
const (
	FlowTimer = 15 * time.Second
	flowGrace = 5 * time.Second
)

// outbound lets a telephone that asks for it know that its stream is kept alive (RFC 5626 section 6). Over UDP the keeping
// alive would be by STUN, which is not spoken at our SIP port: such a telephone is not told so and registers often instead.
func outbound(q Request, contacts []contact, a Answer) Answer {
	asked := lists(q.Supported, "outbound") || lists(q.Require, "outbound")
	if a.Code != 200 || q.Transport == "udp" || !asked || !slices.ContainsFunc(contacts, func(c contact) bool { return c.regID > 0 && c.instance != "" }) {
		return a
	}
	a.Headers = append(a.Headers, Header{"Require", "outbound"}, Header{"Flow-Timer", strconv.Itoa(int(FlowTimer / time.Second))})
	a.Flow = FlowTimer + flowGrace
	return a
}

// unknown returns what a Require names that we do not know, "" = nothing.
func unknown(require string) string {
	var odd []string
	for _, w := range split(require, ',') {
		if !strings.EqualFold(w, "outbound") {
			odd = append(odd, w)
		}
	}
	return strings.Join(odd, ", ")
}

// flowMark stands in the name of a telephone's second and further flows, before its reg-id.
const flowMark = ";reg-id="

// instanceOf is the telephone that a flow is of, and the flow's number.
func instanceOf(p *phone) (instance, regID string) {
	instance, regID, _ = strings.Cut(p.Instance, flowMark)
	return instance, regID
}

// oneFlow leaves of each telephone the flow that it has registered over last: over two it would ring twice
// (RFC 5626 section 5.3). One that is lost is silent by then, and not among them.
func oneFlow(all []*phone) []*phone {
	newest := map[string]*phone{}
	for _, p := range all {
		if i, _ := instanceOf(p); i != "" && (newest[i] == nil || p.asked.After(newest[i].asked)) {
			newest[i] = p
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(p *phone) bool {
		i, _ := instanceOf(p)
		return i != "" && newest[i] != p
	})
}

func lists(header, word string) bool {
	return slices.ContainsFunc(split(header, ','), func(w string) bool { return strings.EqualFold(w, word) })
}
