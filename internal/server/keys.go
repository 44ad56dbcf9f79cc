package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// secrets are the installation's own keys, in data/keys: losing them loses the blocks and the kept answers; keeping
// them apart from a backup keeps numbers in it unreadable.
type secrets struct {
	hash []byte // of numbers and visitors
	seal []byte // of kept answers and trunk passwords
}

// readSecrets reads the keys and makes those that are missing.
func readSecrets(data string) (secrets, error) {
	dir := filepath.Join(data, "keys")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return secrets{}, rights(dir, err)
	}
	var s secrets
	var err error
	if s.hash, err = readSecret(filepath.Join(dir, "hash.key")); err != nil {
		return s, err
	}
	s.seal, err = readSecret(filepath.Join(dir, "seal.key"))
	return s, err
}

func readSecret(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	switch {
	case err == nil && len(b) == 32:
		return b, nil
	case err == nil:
		return nil, fmt.Errorf("%s is damaged: it has %d bytes instead of 32. Restore it from your backup of data/keys", path, len(b))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, rights(path, err)
	}
	b = make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return nil, err
	}
	if err := writeWhole(path, b); err != nil {
		return nil, rights(path, err)
	}
	return b, nil
}

// writeWhole writes a file that is there whole or not at all, also after a power loss.
func writeWhole(path string, b []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(b); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
