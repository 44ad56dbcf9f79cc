package owner

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"ringback/internal/web/asset"
)

// A shop's owner looks between two customers, on a telephone.
const firstLoad = 60_000 // bytes, compressed

func TestFirstLoadIsSmall(t *testing.T) {
	shelf := asset.Load()
	size := len(New(shelf).text)
	for _, file := range []string{"desk.css", "owner.css", "owner.js", "icon.svg"} {
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

// The page names its own files only, and has no inline script or style.
func TestPage(t *testing.T) {
	w := httptest.NewRecorder()
	if err := New(asset.Load()).show(w, httptest.NewRequest("GET", "/app/", nil)); err != nil {
		t.Fatal(err)
	}
	body, h := w.Body.String(), w.Header()
	for _, address := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if !regexp.MustCompile(`^/assets/[0-9a-f]{12}/[a-z.-]+$`).MatchString(address[1]) {
			t.Errorf("the page loads %s", address[1])
		}
	}
	if strings.Contains(body, "<style") || regexp.MustCompile(`<script[^>]*>[^<]`).MatchString(body) {
		t.Errorf("something is inline:\n%s", body)
	}
	for _, part := range []string{"default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"} {
		if !strings.Contains(h.Get("Content-Security-Policy"), part) {
			t.Errorf("the policy lacks %s: %s", part, h.Get("Content-Security-Policy"))
		}
	}
}
