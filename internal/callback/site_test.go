package callback

import (
	"testing"

	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// Only a page of the business's own is read aloud; any other is what somebody wrote.
func TestSite(t *testing.T) {
	dir := &directory.Directory{
		Subscribers: map[id.Subscriber]*subscriber.Subscriber{"sub_1": {Name: "Acme", Prompts: subscriber.Prompts{SpokenName: "/n.wav"}}},
		Buttons:     map[id.Button]*subscriber.Button{"btn_1": {Origins: []string{"https://acme.example", "http://localhost:8081"}}},
	}
	for page, want := range map[string]string{"https://acme.example/boilers?x=1": "acme.example", "http://localhost:8081/": "localhost",
		"http://acme.example/": "", "https://acme.example.evil/": "", "https://evil.example/https://acme.example": "", "": "", "%": ""} {
		m := toVisitor(speech.Speaker{}, &Callback{Subscriber: "sub_1", Button: "btn_1", Page: page}, dir)
		if m.words != (speech.Words{Name: "Acme", Spoken: "/n.wav", Site: want}) {
			t.Errorf("%q: %+v, want the site %q", page, m.words, want)
		}
	}
}
