// Package asset serves what pages load: scripts, styles and pictures that were built into the program.
package asset

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"

	"ringback/internal/fault"
	"ringback/internal/web/door"
	"ringback/web"
)

// Shelf holds the files by name. Their address holds a hash of their bytes, so they never grow old in a cache.
type Shelf map[string]file

type file struct {
	version, kind string
	bytes         []byte
}

// kinds are the types of the embedded files.
var kinds = map[string]string{
	"dist/pages.css": "text/css; charset=utf-8",
	"dist/status.js": "text/javascript; charset=utf-8",
	"dist/room.js":   "text/javascript; charset=utf-8",
	"dist/form.js":   "text/javascript; charset=utf-8",
	"dist/desk.css":  "text/css; charset=utf-8",
	"dist/desk.js":   "text/javascript; charset=utf-8",
	"icon.svg":       "image/svg+xml",
	"icon-ring.svg":  "image/svg+xml",
}

// Load reads what was embedded.
func Load() Shelf {
	all := Shelf{}
	for name, kind := range kinds {
		b, err := web.Dist.ReadFile(name)
		if err != nil {
			panic("asset: " + err.Error()) // embedded at build time
		}
		sum := sha256.Sum256(b)
		all[path.Base(name)] = file{hex.EncodeToString(sum[:6]), kind, b}
	}
	return all
}

// At is the address of a file.
func (s Shelf) At(name string) string { return "/assets/" + s[name].version + "/" + name }

// Bytes are what the file holds.
func (s Shelf) Bytes(name string) []byte { return s[name].bytes }

// Routes is the table of the shelf.
func (s Shelf) Routes() []door.Route {
	return []door.Route{{Method: "GET", Pattern: "/assets/{version}/{file}", Page: true, Handle: s.serve}}
}

func (s Shelf) serve(w http.ResponseWriter, r *http.Request) error {
	f, ok := s[r.PathValue("file")]
	if !ok || f.version != r.PathValue("version") {
		return fault.New(fault.NotFound, "There is no such file.")
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(f.bytes)
	return nil
}
