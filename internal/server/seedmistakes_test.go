package server

import (
	"strings"
	"testing"
)

// goodSeed has one of everything; each mistake below changes one line of it.
const goodSeed = `trunks:
  - {id: pstn, address: "sip:127.0.0.1:5070;transport=udp", prefixes: ["+1", ""], codecs: [pcmu]}
subscribers:
  - id: acme
    name: Acme Plumbing
    regions: [US]
    time_zone: America/New_York
    hours: {mon-fri: ["09:00-17:00"]}
    caller_id: "+12025550190"
    destination: "tel:+12025550101"
    limits: {concurrent: 5, max_talk: 60m}
    buttons:
      - {id: acme-main, origins: ["http://localhost:8081"], order: agent_first, confirm: {visitor: auto}, tries: 3, fields: [{name: a}, {name: b}]}
agents:
  - id: ann
    devices: [{to: "sip:ann@127.0.0.1:5080", ring: 20s}]
    represents:
      - {subscriber: acme}
blocks:
  - {number: "+12025550111"}
`

// Every mistake is told with its line and key, before anything is written.
func TestSeedMistakes(t *testing.T) {
	if _, err := parseSeed("seed.yaml", []byte(goodSeed)); err != nil {
		t.Fatalf("the good seed: %v", err)
	}
	for _, c := range []struct{ from, to, want string }{
		{`"sip:127.0.0.1:5070;transport=udp"`, `"127.0.0.1:5070"`, `seed.yaml:2: trunks[0].address: `},
		{`["+1", ""]`, `["+1", abc]`, `seed.yaml:2: trunks[0].prefixes[1]: "abc" is no prefix`},
		{`["+1", ""]`, `["1"]`, `seed.yaml:2: trunks[0].prefixes[0]: "1" is no prefix`},
		{`codecs: [pcmu]`, `codecs: [pcmq]`, `seed.yaml:2: trunks[0].codecs[0]: "pcmq" is not one of pcmu, pcma, g722, did you mean pcmu?`},
		{`limits: {concurrent: 5`, "recording: {on: true, retention: 5m}\n    limits: {concurrent: 5", `seed.yaml:11: subscribers[0].recording.retention: from 1h to 3650d`},
		{`order: agent_first`, `recording: onn`, `seed.yaml:13: subscribers[0].buttons[0].recording: "onn" is not one of on, off, did you mean on?`},
		{`limits: {concurrent: 5`, "strategy: longest\n    limits: {concurrent: 5", `seed.yaml:11: subscribers[0].strategy: "longest" is not one of longest_idle, round_robin`},
		{`limits: {concurrent: 5`, "wrap_up: 2h\n    limits: {concurrent: 5", `seed.yaml:11: subscribers[0].wrap_up: 1s to 1h`},
		{`limits: {concurrent: 5`, "service_level: {target: 101, within: 20s}\n    limits: {concurrent: 5", `seed.yaml:11: subscribers[0].service_level.target: 1 to 100 percent`},
		{`limits: {concurrent: 5`, "service_level: {within: 20ms}\n    limits: {concurrent: 5", `seed.yaml:11: subscribers[0].service_level.within: 1s to 1h`},
		{`limits: {concurrent: 5`, "prefer_last: 1h\n    limits: {concurrent: 5", `seed.yaml:11: subscribers[0].prefer_last: 0s to 10m`},
		{`limits: {concurrent: 5`, "escalate: {after: 1s, to: ann}\n    limits: {concurrent: 5", `seed.yaml:11: subscribers[0].escalate.after: 5s to 15m`},
		{`limits: {concurrent: 5`, "escalate: {after: 1m, to: \"tel:+19005550106\"}\n    limits: {concurrent: 5", `seed.yaml:11: subscribers[0].escalate.to: tel:+19005550106 is no ordinary telephone`},
		{`limits: {concurrent: 5`, "escalate: {after: 1m}\n    limits: {concurrent: 5", `seed.yaml:11: subscribers[0].escalate.to: name an agent`},
		{`limits: {concurrent: 5`, "escalate: {after: 1m, to: \"tel:12\"}\n    limits: {concurrent: 5", `seed.yaml:11: subscribers[0].escalate.to: `},
		{`tries: 3`, `skills: {gas: 11}, tries: 3`, `seed.yaml:13: subscribers[0].buttons[0].skills: "gas": 11 is no level`},
		{`tries: 3`, `priority: 4, tries: 3`, `seed.yaml:13: subscribers[0].buttons[0].priority: 0 to 3`},
		{`devices: [{to`, "ring: both\n    devices: [{to", `seed.yaml:16: agents[0].ring: "both" is not one of in_order, together`},
		{`devices: [{to`, "pause_after: -1\n    devices: [{to", `seed.yaml:16: agents[0].pause_after: `},
		{`devices: [{to`, "notify: {sms: \"+19005550106\"}\n    devices: [{to", `seed.yaml:16: agents[0].notify.sms: +19•••••0106 is a number of kind premium`},
		{`devices: [{to`, "notify: {mail: ann}\n    devices: [{to", `seed.yaml:16: agents[0].notify.mail: "ann" is no mail address`},
		{`devices: [{to`, "notify: {mail: ann@example.com, sms: \"+12025550112\"}\n    devices: [{to", `seed.yaml:16: agents[0].notify: links go by mail or by sms`},
		{`{subscriber: acme}`, `{subscriber: acme, hours: {mon: ["9-25"]}}`, `seed.yaml:18: agents[0].represents[0].hours: `},
		{`{subscriber: acme}`, `{subscriber: acme, skills: {gas: 0}}`, `seed.yaml:18: agents[0].represents[0].skills: `},
		{`codecs: [pcmu]`, `codec: [pcmu]`, `seed.yaml:2: trunks[0].codec`},
		{`codecs: [pcmu]`, `srtp: sdes`, `seed.yaml:2: trunks[0].srtp: the keys would travel in the clear`},
		{`transport=udp", prefixes: ["+1", ""], codecs: [pcmu]`, `transport=tls", srtp: sde`, `seed.yaml:2: trunks[0].srtp: "sde" is not one of no, sdes, required, did you mean sdes?`},
		{`ring: 20s}]`, `srtp: required}]`, `seed.yaml:16: agents[0].devices[0].srtp: the keys would travel in the clear`},
		{`codecs: [pcmu]`, `ca_file: seedmistakes_test.go`, `seed.yaml:2: trunks[0].address: certificates are for TLS`},
		{`transport=udp", prefixes: ["+1", ""], codecs: [pcmu]`, `transport=tls", ca_file: seedmistakes_test.go`, `seed.yaml:2: trunks[0].ca_file: it holds no certificate`},
		{`transport=udp", prefixes: ["+1", ""], codecs: [pcmu]`, `transport=tls", client_cert: seedmistakes_test.go`, `seed.yaml:2: trunks[0].client_key: client_cert needs its key`},
		{`codecs: [pcmu]`, `register: true`, `seed.yaml:2: trunks[0].register: it needs a username`},
		{`codecs: [pcmu]`, `username: a, accounts: [{username: a}]`, `seed.yaml:2: trunks[0].accounts: "a" stands there twice`},
		{`codecs: [pcmu]`, `username: "a b"`, `seed.yaml:2: trunks[0].username: `},
		{`codecs: [pcmu]`, `username: a, register: true, ping: 1m`, `seed.yaml:2: trunks[0].ping: at most 25s`},
		{`codecs: [pcmu]`, `username: a, register: true, expires: 5s`, `seed.yaml:2: trunks[0].expires: 1m to 1h`},
		{`codecs: [pcmu]`, `from_user: account`, `seed.yaml:2: trunks[0].from_user: account needs a username`},
		{`codecs: [pcmu]`, `from_user: acount`, `seed.yaml:2: trunks[0].from_user: "acount" is not one of`},
		{`codecs: [pcmu]`, `number_format: national`, `seed.yaml:2: trunks[0].country: number_format national needs`},
		{`codecs: [pcmu]`, `country: XX`, `seed.yaml:2: trunks[0].country: "XX" is no country`},
		{`codecs: [pcmu]`, `family: 5`, `seed.yaml:2: trunks[0].family: `},
		{`codecs: [pcmu]`, `listed_numbers: ["0190"]`, `seed.yaml:2: trunks[0].listed_numbers[0]: `},
		{`codecs: [pcmu]`, `weight: -1`, `seed.yaml:2: trunks[0].weight: `},
		{`codecs: [pcmu]`, `accept_from: [10.0.0.0/33]`, `seed.yaml:2: trunks[0].accept_from[0]: `},
		{`codecs: [pcmu]`, `calls_per_second: -1`, `seed.yaml:2: trunks[0]: `},
		{`codecs: [pcmu]`, `password_file: nowhere`, `seed.yaml:2: trunks[0].password_file: nowhere cannot be read: there is no such file`},
		{`id: acme` + "\n", `id: Acme!` + "\n", `seed.yaml:4: subscribers[0].id: `},
		{`name: Acme Plumbing`, `name: ""`, `seed.yaml:5: subscribers[0].name: `},
		{`[US]`, `[XX]`, `seed.yaml:6: subscribers[0].regions[0]: "XX" is no country`},
		{`[US]`, `[]`, `seed.yaml:6: subscribers[0].regions: at least one country`},
		{`America/New_York`, `New_York`, `seed.yaml:7: subscribers[0].time_zone: "New_York" is no time zone`},
		{`09:00-17:00`, `9-17`, `seed.yaml:8: subscribers[0].hours`},
		{`"+12025550190"`, `"0190"`, `seed.yaml:9: subscribers[0].caller_id: `},
		{`"tel:+12025550101"`, `"tel:911"`, `seed.yaml:10: subscribers[0].destination: `},
		{`max_talk: 60m`, `max_talk: 5ms`, `seed.yaml:11: subscribers[0].limits: `},
		{`localhost:8081"`, `localhost:8081/shop"`, `seed.yaml:13: subscribers[0].buttons[0].origins[0]: `},
		{`order: agent_first, confirm: {visitor: auto}`, `order: visitor_first, confirm: {visitor: none}`, `seed.yaml:13: subscribers[0].buttons[0].confirm.visitor: visitor_first needs`},
		{`agent_first`, `agent-first`, `seed.yaml:13: subscribers[0].buttons[0].order: "agent-first" is not one of agent_first, visitor_first, did you mean agent_first?`},
		{`tries: 3`, `tries: 99`, `seed.yaml:13: subscribers[0].buttons[0].tries: 1 to 10`},
		{`{name: b}`, `{name: a}`, `seed.yaml:13: subscribers[0].buttons[0].fields[1].name: a second field is called "a"`},
		{`{name: b}`, `{name: "B c"}`, `seed.yaml:13: subscribers[0].buttons[0].fields[1].name: a field's name holds`},
		{`sip:ann@127.0.0.1:5080`, `sip:ann`, `seed.yaml:16: agents[0].devices[0]: "sip:ann" means the telephones that she registers, and they need her password`},
		{`sip:ann@127.0.0.1:5080`, `sip:bob`, `seed.yaml:16: agents[0].devices[0]: "sip:bob" means the telephones that are registered as bob: an agent rings her own, did you mean sip:ann?`},
		{`ring: 20s`, `ring: -5s`, `seed.yaml:16: agents[0].devices[0].ring: a telephone rings`},
		{`ring: 20s`, `ring: 10m`, `seed.yaml:16: agents[0].devices[0].ring: a telephone rings`},
		{`      - {subscriber: acme}`, "      - {subscriber: acme}\n      - {subscriber: acme}", `seed.yaml:19: agents[0].represents[1].subscriber: ann represents acme twice`},
		{`"+12025550111"`, `"abc"`, `seed.yaml:20: blocks[0].number: `},
		{`blocks:`, "users:\n  - {id: olga, email: olga, subscribers: [acme]}\nblocks:", `seed.yaml:20: users[0].email: "olga" is no mail address`},
		{`blocks:`, "users:\n  - {id: olga, email: olga@acme.example}\nblocks:", `seed.yaml:20: users[0].subscribers: name the businesses`},
		{`blocks:`, "users:\n  - {id: olga, email: olga@acme.example, role: ownr, subscribers: [acme]}\nblocks:", `seed.yaml:20: users[0].role: "ownr" is not one of owner, did you mean owner?`},
		{`blocks:`, "users:\n  - {id: olga, email: o@acme.example, subscribers: [acme]}\n  - {id: omar, email: O@acme.example, subscribers: [acme]}\nblocks:", `seed.yaml:21: users[1].email: a second user signs in with o@acme.example`},
		{`agents:` + "\n", "agents:\n  - id: ann\n", `agents[1].id: a second agent is called "ann"`},
	} {
		text := strings.Replace(goodSeed, c.from, c.to, 1)
		if text == goodSeed {
			t.Fatalf("%q is not in the seed", c.from)
		}
		_, err := parseSeed("seed.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n got  %v\n want %s", c.to, err, c.want)
		}
	}
}
