// Package migrations holds the schema, one folder per dialect. The two differ in types and in nothing else that a
// statement can see.
package migrations

import "embed"

// Files are the migrations: sqlite/*.sql and postgres/*.sql.
//
//go:embed sqlite/*.sql postgres/*.sql
var Files embed.FS
