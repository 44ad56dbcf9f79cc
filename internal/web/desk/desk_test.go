package desk

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"ringback/internal/web/asset"
)

// An agent on a slow line waits for her desk once a shift; it must not be long.
const firstLoad = 60_000 // bytes, compressed

func TestFirstLoadIsSmall(t *testing.T) {
	shelf := asset.Load()
	size := len(New(shelf).text)
	for _, file := range []string{"desk.css", "desk.js", "icon.svg"} {
		if len(shelf.Bytes(file)) == 0 {
			t.Fatalf("%s is empty", file)
		}
		size += shelf.Weight(file)
	}
	t.Logf("first load: %d bytes compressed", size)
	if size > firstLoad {
		t.Errorf("the first load is %d bytes, at most %d are allowed", size, firstLoad)
	}
}

// The page names its own files only, has no inline script or style, and may use the microphone.
func TestPage(t *testing.T) {
	w := httptest.NewRecorder()
	if err := New(asset.Load()).show(w, httptest.NewRequest("GET", "/desk/", nil)); err != nil {
		t.Fatal(err)
	}
	body, h := w.Body.String(), w.Header()
	for _, address := range regexp.MustCompile(`(?:href|src|data-ring)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if !regexp.MustCompile(`^/assets/[0-9a-f]{12}/[a-z.-]+$`).MatchString(address[1]) {
			t.Errorf("the page loads %s", address[1])
		}
	}
	if strings.Contains(body, "<style") || regexp.MustCompile(`<script[^>]*>[^<]`).MatchString(body) {
		t.Errorf("something is inline:\n%s", body)
	}
	for _, part := range []string{"default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'none'", "media-src 'self'"} {
		if !strings.Contains(h.Get("Content-Security-Policy"), part) {
			t.Errorf("the policy lacks %s: %s", part, h.Get("Content-Security-Policy"))
		}
	}
	if !strings.Contains(h.Get("Permissions-Policy"), "microphone=(self)") {
		t.Errorf("the microphone is not allowed: %s", h.Get("Permissions-Policy"))
	}
}
