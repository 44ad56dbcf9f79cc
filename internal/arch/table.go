// Package arch holds the shape of the house: which room may know which other room. Its test reads every package of the
// module and fails with the row that forbids what it found.
//
// A room is a folder with all that lies below it, unless something below has a row of its own. The way is one: leaves <-
// nouns <- callback <- borders and doors <- server. ARCHITECTURE.md says why.
package arch

// Words that stand for several rooms in the table.
const (
	leaves = "leaves"
	nouns  = "nouns"
	all    = "all"
)

// groups says which rooms the words stand for.
var groups = map[string][]string{
	leaves: {
		"internal/id", "internal/money", "internal/phone", "internal/fault", "internal/cti", "internal/schedule",
		"internal/audio", "internal/config", "internal/wire", "internal/speech", "internal/recording",
		"internal/ladder", "internal/letter", "internal/challenge", "internal/words", "internal/qr",
	},
	nouns: {
		"internal/subscriber", "internal/consent", "internal/agent", "internal/login", "internal/billing",
		"internal/routing", "internal/room", "internal/directory",
	},
}

// table maps each room to what it may import of this module, beside itself. A package without a row is refused: a new
// room is a decision. Tests may import anything.
var table = map[string][]string{
	"":        {}, // doc.go: the first page of the documentation
	"client":  {},
	"web":     {},       // the built pages, embedded
	"scripts": {leaves}, // the sentences are recorded from their tables
	"test":    {all},
	"bench":   {all},

	"internal/id":        {leaves},
	"internal/money":     {leaves},
	"internal/phone":     {leaves},
	"internal/fault":     {leaves},
	"internal/cti":       {leaves},
	"internal/schedule":  {leaves},
	"internal/audio":     {leaves},
	"internal/config":    {leaves},
	"internal/wire":      {leaves},
	"internal/speech":    {leaves},
	"internal/recording": {leaves},
	"internal/ladder":    {leaves},
	"internal/letter":    {leaves},
	"internal/challenge": {leaves},
	"internal/words":     {leaves},
	"internal/qr":        {leaves},

	"internal/subscriber": {leaves},
	"internal/consent":    {leaves},
	"internal/agent":      {leaves, "internal/subscriber"},
	"internal/login":      {leaves, "internal/subscriber", "internal/agent"},
	"internal/billing":    {leaves, "internal/subscriber"},
	"internal/routing":    {leaves, "internal/subscriber", "internal/agent"},
	"internal/room":       {leaves, "internal/subscriber", "internal/agent", "internal/consent"},
	"internal/directory":  {leaves, "internal/subscriber", "internal/agent", "internal/login"},

	"internal/callback": {leaves, nouns},

	"internal/store":  {leaves, nouns, "internal/callback"},
	"internal/job":    {leaves, nouns, "internal/callback"},
	"internal/live":   {leaves, nouns, "internal/callback"},
	"internal/notify": {leaves, nouns, "internal/callback"},

	"internal/studio": {leaves, nouns},
	"internal/doctor": {leaves},

	"internal/web": {leaves, nouns, "internal/callback", "internal/live", "web"},

	// The switch does not know why it rings, and no driver knows another.
	"internal/cti/ctitest": {leaves},
	"internal/cti/ctisim":  {leaves},
	"internal/cti/ctisip":  {leaves},

	// The telephone network we try things with shares no SIP code with the switch: a mistake made twice hides itself.
	"internal/simcarrier": {leaves},

	"internal/server": {all},
	"cmd/ringback":    {"internal/server", "internal/config"},
	"internal/arch":   {},
}

// homes names the only rooms that may import a library, so that leaving it later is work in one place.
var homes = map[string][]string{
	"github.com/emiago/sipgo":         {"internal/cti/ctisip"},
	"github.com/pion":                 {"internal/cti/ctisip", "internal/cti/ctitest", "bench"},
	"github.com/goccy/go-yaml":        {"internal/config"},
	"github.com/alecthomas/kong":      {"internal/server", "cmd/ringback"},
	"github.com/coder/websocket":      {"internal/web", "test/browser"},
	"database/sql":                    {"internal/store", "internal/job"},
	"modernc.org/sqlite":              {"internal/store"},
	"github.com/jackc/pgx/v5":         {"internal/store"},
	"github.com/pressly/goose/v3":     {"internal/store"},
	"github.com/go-webauthn/webauthn": {"internal/login"},
	"github.com/wneessen/go-mail":     {"internal/notify"},
	"github.com/boombuler/barcode":    {"internal/qr"},
}
