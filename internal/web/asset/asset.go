// Package asset serves what pages load: scripts, styles and pictures that were built into the program.
package asset

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"sync"

	"ringback/internal/fault"
	"ringback/internal/web/door"
	"ringback/web"
)

// Shelf holds the files by name. Their address holds a hash of their bytes, so they never grow old in a cache.
type Shelf map[string]file

type file struct {
	version, kind string
	bytes         []byte
	packed        func() []byte // gzip, made when it is asked for first
}

// kinds are the types of the embedded files.
var kinds = map[string]string{
	"dist/pages.css": "text/css; charset=utf-8",
	"dist/status.js": "text/javascript; charset=utf-8",
	"dist/room.js":   "text/javascript; charset=utf-8",
	"dist/form.js":   "text/javascript; charset=utf-8",
	"dist/cb.js":     "text/javascript; charset=utf-8",
	"dist/panel.js":  "text/javascript; charset=utf-8",
	"dist/desk.css":  "text/css; charset=utf-8",
	"dist/desk.js":   "text/javascript; charset=utf-8",
	"dist/owner.css": "text/css; charset=utf-8",
	"dist/owner.js":  "text/javascript; charset=utf-8",
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
		all[path.Base(name)] = file{hex.EncodeToString(sum[:6]), kind, b, sync.OnceValue(func() []byte { return pack(b) })}
	}
	return all
}

func pack(b []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("asset: " + err.Error()) // into memory
	}
	return out.Bytes()
}

// At is the address of a file.
func (s Shelf) At(name string) string { return "/assets/" + s[name].version + "/" + name }

// Bytes are what the file holds.
func (s Shelf) Bytes(name string) []byte { return s[name].bytes }

// Weight is how many bytes a browser loads for it.
func (s Shelf) Weight(name string) int { return len(s[name].packed()) }

// widget are the files that other sites' pages load, under an address of their own that stays: /w/1/cb.js is the loader.
var widget = map[string]bool{"cb.js": true, "panel.js": true}

// Routes is the table of the shelf.
func (s Shelf) Routes() []door.Route {
	return []door.Route{
		{Method: "GET", Pattern: "/assets/{version}/{file}", Page: true, Handle: s.serve},
		{Method: "GET", Pattern: "/w/1/{file}", Handle: s.embedded},
	}
}

func (s Shelf) serve(w http.ResponseWriter, r *http.Request) error {
	f, ok := s[r.PathValue("file")]
	if !ok || f.version != r.PathValue("version") {
		return fault.New(fault.NotFound, "There is no such file.")
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	f.write(w, r)
	return nil
}

// embedded serves the widget: any site may load it, and asks after a new one every five minutes.
func (s Shelf) embedded(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	if !widget[name] {
		return fault.New(fault.NotFound, "There is no such file.")
	}
	f, tag := s[name], `"`+s[name].version+`"`
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	f.write(w, r)
	return nil
}

func (f file) write(w http.ResponseWriter, r *http.Request) {
	h, b := w.Header(), f.bytes
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		b = f.packed()
	}
	_, _ = w.Write(b)
}
