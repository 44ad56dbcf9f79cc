package dialog

import (
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

func header(m sip.Message, name string) string {
	if h := m.GetHeaders(name); len(h) > 0 {
		return h[0].Value()
	}
	return ""
}

func seconds(v string) time.Duration {
	n := 0
	for _, r := range strings.TrimSpace(v) {
		if r < '0' || r > '9' || n > 1e6 {
			break
		}
		n = n*10 + int(r-'0')
	}
	return time.Duration(n) * time.Second
}

// lists says whether a header that lists words, perhaps in several lines, has this one.
func lists(m sip.Message, name, word string) bool {
	for _, h := range m.GetHeaders(name) {
		for w := range strings.SplitSeq(h.Value(), ",") {
			if strings.EqualFold(strings.TrimSpace(w), word) {
				return true
			}
		}
	}
	return false
}

// allows says whether the far end takes a method.
func allows(m sip.Message, method string) bool { return lists(m, "Allow", method) }

func tagOf(r *sip.Response) string {
	if to := r.To(); to != nil {
		tag, _ := to.Params.Get("tag")
		return tag
	}
	return ""
}

// sdpOf returns the message's session description, nil = it has none.
func sdpOf(m sip.Message) []byte {
	ct := strings.ToLower(header(m, "Content-Type"))
	if len(m.Body()) == 0 || ct != "" && !strings.HasPrefix(ct, "application/sdp") {
		return nil
	}
	return m.Body()
}
