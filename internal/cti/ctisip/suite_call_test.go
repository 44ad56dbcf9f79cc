package ctisip

import (
	"fmt"
	"strings"
	"time"

	"ringback/internal/cti/ctitest"
)

// call is somebody of the town who calls us.
func (w *town) call(from, to string, p ctitest.Person) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.placed++
	callID := fmt.Sprintf("town-%d", w.placed)
	inv := &msg{start: "INVITE sip:" + to + "@10.0.0.1:5060 SIP/2.0", method: "INVITE", from: udp(ours), body: w.far.sdp()}
	inv.lines = []string{"Via: SIP/2.0/UDP " + trunkAddr + ";branch=z9hG4bK" + callID + ";rport", "Max-Forwards: 70",
		"From: <sip:" + from + "@10.0.0.2>;tag=" + w.far.tag, "To: <sip:" + to + "@10.0.0.1>", "Call-ID: " + callID, "CSeq: 1 INVITE",
		"Contact: <sip:" + from + "@" + trunkAddr + ">", "Content-Type: application/sdp"}
	w.calls[callID] = &townCall{inv: inv, person: p, state: "calling", cseq: 1}
	w.far.send(udp(ours), append([]string{inv.start}, inv.lines...), inv.body)
	return callID
}

// outcome is an answer to an INVITE of the town's: from a 200 on the call is like one that it has answered.
func (w *town) outcome(c *townCall, m *msg) {
	if c.state != "calling" || m.header("CSeq") != "1 INVITE" || strings.HasPrefix(m.start, "SIP/2.0 1") {
		return
	}
	ack := []string{"ACK sip:10.0.0.1:5060 SIP/2.0", "Via: SIP/2.0/UDP " + trunkAddr + ";branch=z9hG4bKack" + m.header("Call-ID") + ";rport", "Max-Forwards: 70",
		"From: " + m.header("From"), "To: " + m.header("To"), "Call-ID: " + m.header("Call-ID"), "CSeq: 1 ACK"}
	if !strings.HasPrefix(m.start, "SIP/2.0 2") {
		ack[1] = "Via: " + c.inv.header("Via")
		c.state = "over"
		w.far.send(udp(ours), ack, "")
		return
	}
	w.far.send(udp(ours), ack, "")
	c.inv = &msg{from: udp(ours), body: m.body, lines: []string{"From: " + m.header("To"), "To: " + strings.TrimSuffix(m.header("From"), ";tag="+w.far.tag),
		"Call-ID: " + m.header("Call-ID"), "CSeq: 1 INVITE", "Contact: " + m.header("Contact")}}
	c.state = "up"
	for i, k := range c.person.Press {
		after(c.person.PressAfter+time.Duration(i)*200*time.Millisecond, func() { w.says(c, "INFO", string(k), "Content-Type: application/dtmf") })
	}
	if c.person.Talk > 0 {
		after(c.person.Talk, func() { w.says(c, "BYE", "") })
	}
}
