package ctisip

import (
	"strings"
	"testing"

	"ringback/internal/cti"
)

// Where our number and the account's name stand is the trunk's wish.
func TestCallerID(t *testing.T) {
	const number, account = "+12025550190", "acct7"
	for _, c := range []struct {
		name             string
		in               cti.CallerIDIn
		user             cti.FromUser
		phone            bool
		from, header, is string
	}{
		{"from", cti.InFrom, "", false, number, "", ""},
		{"from, account", cti.InFrom, cti.FromAccount, false, account, "", ""},
		{"pai", cti.InPAI, "", false, account, "P-Asserted-Identity", "<sip:" + number + "@10.0.0.2>"},
		{"pai, caller", cti.InPAI, cti.FromCaller, false, number, "P-Asserted-Identity", "<sip:" + number + "@10.0.0.2>"},
		{"ppi, user=phone", cti.InPPI, "", true, account, "P-Preferred-Identity", "<sip:" + number + "@10.0.0.2;user=phone>"},
		{"rpid", cti.InRPID, "", false, account, "Remote-Party-ID", "<sip:" + number + "@10.0.0.2>;party=calling;privacy=off;screen=no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(b *bench) {
				f := b.far(trunkAddr, picksUp(0, 0))
				tr := trunk("a", trunkAddr)
				tr.CallerID, tr.FromUser, tr.UserPhone, tr.Username, tr.Password = c.in, c.user, c.phone, account, "p"
				b.trunks(tr)
				b.call(order("v"))
				inv := f.wait("INVITE", 1)
				if got := inv.header("From"); !strings.HasPrefix(got, "<sip:"+c.from+"@10.0.0.2") {
					t.Errorf("From: %s, want %s", got, c.from)
				}
				if c.header != "" && inv.header(c.header) != c.is {
					t.Errorf("%s: %s, want %s", c.header, inv.header(c.header), c.is)
				}
				if got := strings.Count(inv.start+inv.header("To")+inv.header("From"), ";user=phone"); c.phone && got != 3 || !c.phone && got != 0 {
					t.Errorf("user=phone %d times: %s", got, inv.start)
				}
				b.await("v", cti.LegConfirmed)
			})
		})
	}
}
