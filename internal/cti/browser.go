package cti

import (
	"errors"
	"fmt"
	"strings"
)

// A browser is a telephone of ours once it is connected: it has a name, and legs to web:NAME go over the connection that
// it keeps open. The connection is there before anything rings, so that an answer needs no set-up.

// ICEServer is how a browser gets through to us where it cannot do so directly (RTCIceServer of WebRTC).
type ICEServer struct {
	URLs       []string
	Username   string
	Credential string
}

// ErrNoBrowser: this switch has no door for browsers, or the offer was none that it can take.
var ErrNoBrowser = errors.New("cti: no connection with this browser")

// Browser returns the name of a web: endpoint; false of others.
func (e Endpoint) Browser() (name string, ok bool) {
	name, ok = strings.CutPrefix(string(e), "web:")
	return name, ok && name != ""
}

// BrowserOf is the endpoint of a connected browser.
func BrowserOf(name string) Endpoint { return Endpoint("web:" + name) }

// CheckBrowser refuses what is no browser's endpoint: its name has letters, digits and _-, at most 64.
func CheckBrowser(e Endpoint) error {
	name, ok := e.Browser()
	if !ok || len(name) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
		return fmt.Errorf("%q is no browser's address: web: and a name", e)
	}
	return nil
}
