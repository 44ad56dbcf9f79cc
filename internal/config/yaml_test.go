package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// device may be written as a text or as a mapping.
type device struct {
	To   string        `yaml:"to"`
	Ring time.Duration `yaml:"ring"`
}

func (d *device) UnmarshalText(text []byte) error {
	if !strings.HasPrefix(string(text), "sip:") {
		return fmt.Errorf("want sip:…, got %q", text)
	}
	d.To = string(text)
	return nil
}

type shape struct {
	Devices []device         `yaml:"devices"`
	Skills  map[string]int   `yaml:"skills"`
	Rate    float64          `yaml:"rate"`
	Script  string           `yaml:"script"`
	Ready   *bool            `yaml:"ready"`
	Hours   map[string][]day `yaml:"hours"`
	Kept    string           `yaml:"kept"`
	Port    uint16           `yaml:"port"`
}

type day string

func TestShapesOfOtherFiles(t *testing.T) {
	text := `devices: ["sip:ann@192.0.2.1", {to: web, ring: 20s}]
skills: {plumbing: 5}
rate: 2
script: |
  Good day.
  Acme ${not expanded}.
ready: false
hours:
  mon-fri: ["09:00-17:00"]
kept:
port: 5060
`
	got := shape{Kept: "as it was"}
	src, err := ReadYAML("seed.yaml", []byte(text), nil, &got)
	if err != nil {
		t.Fatal(err)
	}
	if got.Devices[0].To != "sip:ann@192.0.2.1" || got.Devices[1].Ring != 20*time.Second {
		t.Errorf("devices %+v", got.Devices)
	}
	if got.Skills["plumbing"] != 5 || got.Rate != 2 || got.Ready == nil || *got.Ready || got.Kept != "as it was" || got.Port != 5060 {
		t.Errorf("%+v", got)
	}
	if got.Script != "Good day.\nAcme ${not expanded}.\n" || got.Hours["mon-fri"][0] != "09:00-17:00" {
		t.Errorf("%+v", got)
	}
	for key, line := range map[string]int{"devices[1].ring": 1, "hours.mon-fri": 9, "script": 4, "nothing": 0} {
		if n := src.Line(key); n != line {
			t.Errorf("%s stands in line %d, got %d", key, line, n)
		}
	}
	p := src.Problem("hours.mon-fri[0].what", "is %s", "odd")
	if p.Error() != "seed.yaml:9: hours.mon-fri[0].what: is odd" {
		t.Errorf("got %s", p)
	}
}

func TestLaterLinesOfAList(t *testing.T) {
	_, err := ReadYAML("s.yaml", []byte("devices:\n  - sip:a\n  - tel:b\n  - ~\nskills: {a: 1, a: 2}\nport: 70000\n"), nil, &shape{})
	want := "s.yaml:3: devices[1]: want sip:…, got \"tel:b\"\n" +
		"s.yaml:4: devices[2]: empty entry; want a text\n" +
		"s.yaml:5: skills.a: repeated key, first written in line 5\n" +
		"s.yaml:6: port: the number 70000 is out of range"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestDollarBraces(t *testing.T) {
	env := func(name string) (string, bool) { return "v", name == "A" }
	for text, want := range map[string]string{"x${A}y${A}": "xvyv", "$${A}": "${A}", "$A": "$A", "a$": "a$"} {
		if got, err := expand(text, env); err != nil || got != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, bad := range []string{"${B}", "${A", "${}"} {
		if got, err := expand(bad, env); err == nil {
			t.Errorf("%s: %q", bad, got)
		}
	}
}

// Whatever a person writes: no panic, and a refusal names the file.
func FuzzReadYAML(f *testing.F) {
	f.Add([]byte("url: http://a\nlisten: {sip: ['udp://:1'], rtp: ':0'}\n"))
	f.Add([]byte("policy:\n  limits:\n    per_number:\n    - {n: 1, per: 5m}\n"))
	f.Add([]byte("a: &x [1]\nb: *x\n<<: {c: 1}\n---\n? {q: 1}\n: !!str 5\n"))
	f.Add([]byte("data: |\n  ${A}\n.inf: .nan\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := Default()
		if _, err := ReadYAML("f.yaml", text, nil, c); err != nil {
			for _, p := range asProblems(err) {
				if p.File != "f.yaml" || p.What == "" {
					t.Errorf("a problem without place or words: %+v", p)
				}
			}
			return
		}
		c.check(&Source{}, nil)
	})
}
