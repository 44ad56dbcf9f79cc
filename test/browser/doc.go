// Package browser tries the pages in a real browser, against the demo. Its test needs node, Chromium and the packages
// of package.json (npm ci), and is built with the tag browser.
package browser
