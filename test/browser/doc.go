// Package browser tries the pages in a real browser, against the demo. Its test needs node, Chromium and the packages
// of package.json (npm ci), and is built with the tag browser. With RINGBACK_TEST_LONG=1 it tries Firefox too, which it
// drives by WebDriver BiDi, with loudspeaker and microphone of a PulseAudio of its own.
package browser
