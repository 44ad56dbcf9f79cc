package storetest

import (
	"reflect"
	"testing"
	"time"

	"ringback/internal/cti"
)

// registrations are put, refreshed and deleted by user and key, and are there after a restart.
func registrations(t *testing.T, h *House) {
	now := h.Clock.Now().UTC().Truncate(time.Microsecond)
	desk := cti.Registration{User: "ann", Contact: "sip:ann@192.168.1.20:5060", Transport: "udp", Source: "198.51.100.7:40000", NAT: true,
		UserAgent: "phone 1", Since: now, Until: now.Add(time.Minute)}
	soft := cti.Registration{User: "ann", Contact: "sip:ann@10.1.2.3:5060", Instance: "<urn:uuid:1>", Transport: "tcp", Source: "10.1.2.3:5555",
		Since: now.Add(time.Second), Until: now.Add(time.Hour)}
	bob := cti.Registration{User: "bob", Contact: desk.Contact, Transport: "udp", Source: "10.1.2.9:5060", Since: now, Until: now.Add(time.Hour)}
	keep := func(put, gone []cti.Registration) {
		t.Helper()
		if err := h.KeepRegistrations(t.Context(), put, gone); err != nil {
			t.Fatal(err)
		}
	}
	is := func(want ...cti.Registration) {
		t.Helper()
		got, err := h.Registrations(t.Context())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("kept %v %+v\nwant %+v", err, got, want)
		}
	}
	is()
	keep([]cti.Registration{soft, bob, desk}, nil)
	is(desk, soft, bob)
	soft.Contact, soft.Until = "sip:ann@10.1.2.3:5070", now.Add(2*time.Hour) // the same instance elsewhere
	keep([]cti.Registration{soft}, []cti.Registration{bob})
	is(desk, soft)
	h.Store = h.Again()
	is(desk, soft)
	keep(nil, []cti.Registration{desk, soft})
	is()
}
