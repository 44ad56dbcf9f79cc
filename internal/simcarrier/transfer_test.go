package simcarrier

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A telephone transfers: blindly, and to whom it has consulted; it hangs up when the transfer is told to have worked.
func TestTransfer(t *testing.T) {
	for name, c := range map[string]struct{ then, refer string }{
		"blind":    {"1s refer +12025550105", "<sip:+12025550105@10.0.0.2>"},
		"attended": {"1s dial +12025550105, 4s replace", "<sip:x@10.0.0.2:5060?Replaces="},
		"by sip":   {"1s refer sip:bob@pbx.example", "<sip:bob@pbx.example>"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c1, n := network1(t, Config{})
				defer c1.Close()
				u := phone(t, n, "10.0.0.2", "ann", "x")
				defer u.close()
				ann, err := c1.Phone(PhoneConfig{User: "ann", Registrar: "10.0.0.2:5060", Listen: "10.0.0.3:5060",
					Person: Person{Does: "answers", Then: c.then}})
				if err != nil {
					t.Fatal(err)
				}
				u.expect("REGISTER")
				u.to = addrPtr(ann.line.addr)
				u.invite()
				u.answered()
				if name == "attended" {
					second := u.expect("INVITE")
					if !strings.HasPrefix(second.uri, "sip:+12025550105@") || second.callID == "x" {
						t.Fatalf("the second call: %+v", second)
					}
				}
				m := u.expect("REFER")
				if !strings.HasPrefix(m.get("refer-to"), c.refer) || m.callID != "x" || m.get("contact") == "" || m.get("referred-by") == "" {
					t.Errorf("REFER to %q", m.get("refer-to"))
				}
				if name == "attended" && (!strings.Contains(m.get("refer-to"), "%3Bto-tag%3D") || !strings.Contains(m.get("refer-to"), "%40carrier%3B")) {
					t.Errorf("Replaces in %q", m.get("refer-to"))
				}
				for i, told := range []string{"100 Trying", "200 OK"} {
					u.extra = "Event: refer\r\nSubscription-State: active\r\nContent-Type: message/sipfrag\r\n"
					u.send("NOTIFY", 2+i, "n"+told[:3], "SIP/2.0 "+told+"\r\n")
					u.expect("200")
				}
				start := time.Now()
				u.expect("BYE")
				about(t, "BYE", time.Since(start), 200*time.Millisecond, time.Millisecond)
				if e := row1(t, c1, "x"); strings.Join(e.Notified, ",") != "100 Trying,200 OK" || e.ReferCode != 200 {
					t.Errorf("told %v, REFER answered %d", e.Notified, e.ReferCode)
				}
			})
		})
	}
}

// What may not be done is told when the person is set.
func TestActs(t *testing.T) {
	for _, bad := range []string{"press 9", "2s press", "2s press 99", "2s press x", "2s sing", "-1s bye", "2s bye now", "soon bye", "2s refer"} {
		if _, err := parseActs(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if list, err := parseActs(" 2s press 9,2.2s press 9 , 5s hold, 1m bye"); err != nil || len(list) != 4 || list[1].at != 2200*time.Millisecond || list[0].arg != "9" {
		t.Errorf("read %+v, %v", list, err)
	}
}

// The caller's number as it is shown is read back in keys.
func TestKeysWhatIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := network1(t, Config{Personality: "wrong_caller_id"})
		defer c.Close()
		if err := c.SetPerson("0100", Person{Does: "answers", Then: "1s shown"}); err != nil {
			t.Fatal(err)
		}
		u := phone(t, n, "10.0.0.2", "+12025550100", "x")
		defer u.close()
		u.invite()
		u.answered()
		if h := u.listen(3 * time.Second); h.keys != "99" {
			t.Errorf("keys %q", h.keys)
		}
	})
}
