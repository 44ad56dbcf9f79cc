// Package web holds what browsers load: TypeScript and CSS here, what is built from them in dist, which is committed
// and embedded, so that a build needs neither Node nor network. `go generate ./web` builds it again, to the byte.
package web

import "embed"

//go:generate go tool esbuild status.ts --bundle --minify --format=esm --target=es2022 --charset=utf8 --log-level=warning --outfile=dist/status.js
//go:generate go tool esbuild pages.css --minify --target=es2022,safari16 --charset=utf8 --log-level=warning --outfile=dist/pages.css

// Dist is what was built.
//
//go:embed dist icon.svg
var Dist embed.FS
