// Package web holds what browsers load: TypeScript and CSS here, what is built from them in dist, which is committed
// and embedded, so that a build needs neither Node nor network. `go generate ./web` builds it again, to the byte; for the
// desk it needs Lit, which `npm ci --prefix web` fetches.
package web

import "embed"

//go:generate go tool esbuild status.ts --bundle --minify --format=esm --target=es2022 --charset=utf8 --log-level=warning --outfile=dist/status.js
//go:generate go tool esbuild form.ts --bundle --minify --format=esm --target=es2022 --charset=utf8 --log-level=warning --outfile=dist/form.js
//go:generate go tool esbuild room.ts --bundle --minify --format=esm --target=es2022 --charset=utf8 --log-level=warning --outfile=dist/room.js
//go:generate go tool esbuild widget/cb.ts --bundle --minify --format=esm --target=es2022,safari16 --charset=utf8 --log-level=warning --outfile=dist/cb.js
//go:generate go tool esbuild widget/panel.ts --bundle --minify --format=esm --target=es2022,safari16 --charset=utf8 --log-level=warning --outfile=dist/panel.js
//go:generate go tool esbuild desk/desk.ts --bundle --minify --format=esm --target=es2022 --charset=utf8 --log-level=warning --outfile=dist/desk.js
//go:generate go tool esbuild desk/desk.css --minify --target=es2022,safari16 --charset=utf8 --log-level=warning --outfile=dist/desk.css
//go:generate go tool esbuild owner/owner.ts --bundle --minify --format=esm --target=es2022 --charset=utf8 --log-level=warning --outfile=dist/owner.js
//go:generate go tool esbuild owner/owner.css --minify --target=es2022,safari16 --charset=utf8 --log-level=warning --outfile=dist/owner.css
//go:generate go tool esbuild pages.css --minify --target=es2022,safari16 --charset=utf8 --log-level=warning --outfile=dist/pages.css

// Dist is what was built.
//
//go:embed dist icon.svg icon-ring.svg
var Dist embed.FS
