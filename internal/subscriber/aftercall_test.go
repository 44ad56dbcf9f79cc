package subscriber

import "testing"

func TestScreenPop(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{"", ""},
		{"https://crm.example/{number}", "https://crm.example/%2B12025550100"},
		{"https://crm.example/find?q={name}&cb={callback}#x", "https://crm.example/find?q=A%20%26%20B%2F..%2F&cb=cb_1#x"},
	} {
		if err := CheckScreenPop(c.template); err != nil {
			t.Errorf("%s: %v", c.template, err)
		}
		s := Subscriber{ScreenPop: c.template}
		if got := s.Opens(Pop{Number: "+12025550100", Name: "A & B/../", Callback: "cb_1"}); got != c.want {
			t.Errorf("%s opens %s, want %s", c.template, got, c.want)
		}
	}
	for _, bad := range []string{"javascript:alert(1)", "//crm.example/{number}", "https://{name}/", "https://crm.example/{phone}", "https://crm.example{name}/", "crm.example", "https://"} {
		if CheckScreenPop(bad) == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestDispositions(t *testing.T) {
	s := Subscriber{}
	if got := s.Codes(); len(got) != 4 || got[0] != "done" {
		t.Errorf("by default %v", got)
	}
	if s.Dispositions = []string{"sold", "call back"}; len(s.Codes()) != 2 || CheckDispositions(s.Dispositions) != nil {
		t.Errorf("own ones: %v", s.Codes())
	}
	for _, bad := range [][]string{{""}, {"a", "a"}, {" a"}, make([]string, 60)} {
		if CheckDispositions(bad) == nil {
			t.Errorf("%q are taken", bad)
		}
	}
}
