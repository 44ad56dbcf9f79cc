package server

import (
	"log/slog"
	"path/filepath"

	"ringback/internal/words"
)

// readWords reads what visitors read: built in, and from files of the operator's.
func readWords(data string, log *slog.Logger) (*words.Book, error) {
	b, err := words.Load(filepath.Join(data, "words"))
	if err != nil {
		return nil, err
	}
	for _, l := range b.All()[1:] {
		if missing := b.Missing(l); len(missing) > 0 {
			log.Warn("a language lacks sentences: visitors read these in English", "language", l.Tag, "sentences", len(missing), "first", missing[0])
		}
	}
	return b, nil
}
