// Package ringback is the first page of the documentation of Ringback, a self-hosted call-back service: a visitor of a
// web page leaves a number, and within seconds two telephones ring and are joined.
//
// The program is cmd/ringback. ARCHITECTURE.md names the rooms below internal and the way that data takes through them;
// package internal/callback is the heart. docs/glossary.md holds the words that code, API and screens share.
package ringback
