package visitor

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"

	"ringback/internal/fault"
	"ringback/web"
)

// assets are what the pages load. Their address holds a hash of their bytes, so they never grow old in a cache.
type assets map[string]asset

type asset struct {
	version, kind string
	bytes         []byte
}

var assetFiles = map[string]string{
	"dist/pages.css": "text/css; charset=utf-8",
	"dist/status.js": "text/javascript; charset=utf-8",
	"icon.svg":       "image/svg+xml",
}

func loadAssets() assets {
	all := assets{}
	for file, kind := range assetFiles {
		b, err := web.Dist.ReadFile(file)
		if err != nil {
			panic("visitor: " + err.Error()) // embedded at build time
		}
		sum := sha256.Sum256(b)
		all[path.Base(file)] = asset{hex.EncodeToString(sum[:6]), kind, b}
	}
	return all
}

// at is the address of a file.
func (a assets) at(file string) string { return "/assets/" + a[file].version + "/" + file }

func (a assets) serve(w http.ResponseWriter, r *http.Request) error {
	f, ok := a[r.PathValue("file")]
	if !ok || f.version != r.PathValue("version") {
		return fault.New(fault.NotFound, "There is no such file.")
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(f.bytes)
	return nil
}
