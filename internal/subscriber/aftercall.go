package subscriber

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// DefaultDispositions are the codes of a business that has named none.
var DefaultDispositions = []string{"done", "follow_up", "wrong_number", "spam"}

// Codes are the dispositions that agents may give.
func (s *Subscriber) Codes() []string {
	if len(s.Dispositions) == 0 {
		return slices.Clone(DefaultDispositions)
	}
	return slices.Clone(s.Dispositions)
}

// CheckDispositions says what is wrong with a list of codes.
func CheckDispositions(codes []string) error {
	for i, c := range codes {
		switch {
		case strings.TrimSpace(c) != c || c == "" || len(c) > 64:
			return fmt.Errorf("%q is no disposition: it takes 1 to 64 letters", c)
		case slices.Contains(codes[:i], c):
			return fmt.Errorf("%q stands there twice", c)
		}
	}
	if len(codes) > 50 {
		return fmt.Errorf("%d dispositions are more than anybody chooses from; 50 at most", len(codes))
	}
	return nil
}

// Pop is what the places of a screen pop stand for.
type Pop struct {
	Number, Name, Callback, Contact, Topic, Agent string
}

// places of the template; a slice, because what is wrong is told with them in order.
var places = []struct {
	name string
	of   func(*Pop) string
}{
	{"number", func(p *Pop) string { return p.Number }},
	{"name", func(p *Pop) string { return p.Name }},
	{"callback", func(p *Pop) string { return p.Callback }},
	{"contact", func(p *Pop) string { return p.Contact }},
	{"topic", func(p *Pop) string { return p.Topic }},
	{"agent", func(p *Pop) string { return p.Agent }},
}

// CheckScreenPop says what is wrong with a template such as https://crm.example/find?number={number}.
func CheckScreenPop(template string) error {
	if template == "" {
		return nil
	}
	rest := template
	var names []string
	for _, p := range places {
		names = append(names, "{"+p.name+"}")
		rest = strings.ReplaceAll(rest, "{"+p.name+"}", "x")
	}
	u, err := url.Parse(rest)
	switch {
	case strings.ContainsAny(rest, "{}"):
		return fmt.Errorf("a screen pop has the places %s and no others", strings.Join(names, ", "))
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return fmt.Errorf("%q is no address: it begins with https://", template)
	case !strings.HasPrefix(template, u.Scheme+"://"+u.Host):
		return fmt.Errorf("the host of a screen pop is written out: a visitor must not choose it")
	}
	return nil
}

// Opens is the address for one call, "" without a template. What visitors typed is escaped: it stays in its place.
func (s *Subscriber) Opens(p Pop) string {
	if s.ScreenPop == "" {
		return ""
	}
	var pairs []string
	for _, place := range places {
		pairs = append(pairs, "{"+place.name+"}", strings.ReplaceAll(url.QueryEscape(place.of(&p)), "+", "%20"))
	}
	return strings.NewReplacer(pairs...).Replace(s.ScreenPop)
}
