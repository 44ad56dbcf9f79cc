// Command ringback is a self-hosted call-back service: see the README.
package main

import (
	"context"
	"os"

	"ringback/internal/server"
)

func main() {
	os.Exit(server.Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
