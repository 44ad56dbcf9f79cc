package server

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"ringback/internal/words"
)

type wordsCmd struct {
	configFlag
	Language string `arg:"" help:"Its tag, such as it or pt-br."`
}

// Run writes the file to the output.
func (c *wordsCmd) Run(s *streams) error {
	conf, err := c.load()
	if err != nil {
		return err
	}
	b, err := words.Load(filepath.Join(conf.Data, "words"))
	if err != nil {
		return err
	}
	text, err := b.File(strings.ToLower(c.Language))
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(s.out, text)
	return err
}

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
