package asset_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"ringback/internal/web/asset"
)

// What a business's page loads before anybody presses anything, and when somebody does, in bytes on the wire.
func TestWidgetIsLight(t *testing.T) {
	shelf := asset.Load()
	for name, most := range map[string]int{"cb.js": 5_000, "panel.js": 15_000} {
		t.Logf("%s: %d bytes", name, shelf.Weight(name))
		if n := shelf.Weight(name); n == 0 || n > most {
			t.Errorf("%s is %d bytes, at most %d are allowed", name, n, most)
		}
	}
}

func TestServe(t *testing.T) {
	shelf := asset.Load()
	mux := http.NewServeMux()
	for _, r := range shelf.Routes() {
		mux.HandleFunc(r.Method+" "+r.Pattern, func(w http.ResponseWriter, req *http.Request) {
			if err := r.Handle(w, req); err != nil {
				w.WriteHeader(http.StatusNotFound)
			}
		})
	}
	get := func(path string, header ...string) *http.Response {
		req := httptest.NewRequest("GET", path, nil)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, req)
		return w.Result()
	}

	a := get("/w/1/cb.js")
	whole, _ := io.ReadAll(a.Body)
	if a.Header.Get("Access-Control-Allow-Origin") != "*" || a.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" || !bytes.Equal(whole, shelf.Bytes("cb.js")) {
		t.Errorf("no other site can load the widget: %v", a.Header)
	}
	if b := get("/w/1/cb.js", "If-None-Match", a.Header.Get("ETag")); b.StatusCode != http.StatusNotModified {
		t.Errorf("asked again with its tag: %d", b.StatusCode)
	}
	c := get("/w/1/cb.js", "Accept-Encoding", "gzip, br")
	unpack, err := gzip.NewReader(c.Body)
	if err != nil || c.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("not packed: %v %v", c.Header, err)
	}
	if unpacked, _ := io.ReadAll(unpack); !bytes.Equal(unpacked, whole) {
		t.Error("packed it is something else")
	}
	for _, path := range []string{"/w/1/desk.js", "/w/1/nothing", "/assets/000000000000/cb.js"} {
		if d := get(path); d.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, d.StatusCode)
		}
	}
	if e := get(shelf.At("pages.css")); e.StatusCode != http.StatusOK || e.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%s: %d, %v", shelf.At("pages.css"), e.StatusCode, e.Header)
	}
}
