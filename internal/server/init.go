package server

import (
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/phone"
)

//go:embed init.ringback.yaml
var firstConfig string

//go:embed init.seed.yaml
var firstSeed string

type initCmd struct {
	Dir      string `arg:"" optional:"" default:"." type:"path" help:"The folder; made if it is missing."`
	URL      string `name:"url" default:"http://127.0.0.1:8080" help:"Where visitors reach the service from outside."`
	Name     string `name:"name" default:"Acme Plumbing" help:"The business."`
	Region   string `name:"region" default:"US" placeholder:"ISO" help:"The country whose numbers it calls."`
	Zone     string `name:"zone" default:"UTC" help:"Its time zone, such as America/New_York."`
	CallerID string `name:"caller-id" placeholder:"NUMBER" help:"The number that is shown to visitors."`
	Phone    string `name:"phone" placeholder:"ENDPOINT" help:"The telephone that answers: +12025550101, or sip:name@host. Without one Ann's telephone registers here."`
	Trunk    string `name:"trunk" default:"sip:127.0.0.1:5070;transport=udp" placeholder:"SIP" help:"The line to the telephone network; without one that of ringback carrier."`
}

// first is what the files of a new folder are made of.
type first struct {
	URL, Name, Region, Zone, CallerID, Phone, Trunk, Slug, Data string
}

func (c *initCmd) Run(s *streams) error {
	f, err := c.first()
	if err != nil {
		return err
	}
	made, err := f.write(c.Dir)
	if err != nil {
		return err
	}
	for _, m := range made {
		fmt.Fprintln(s.out, "wrote", m)
	}
	at := func(name string) string { return quote(filepath.Join(c.Dir, name)) }
	_, err = fmt.Fprintf(s.out, "Read them, then:\n  ringback serve --config %s\n  ringback apply --config %[1]s -f %s\n  curl -H \"Authorization: Bearer $(cat %s)\" %s/api/v1/buttons\n",
		at("ringback.yaml"), at("seed.yaml"), at("operator.key"), f.URL)
	return err
}

// first checks what was said.
func (c *initCmd) first() (*first, error) {
	f := &first{URL: strings.TrimSuffix(c.URL, "/"), Name: c.Name, Region: strings.ToUpper(c.Region), Zone: c.Zone, Trunk: c.Trunk, Data: filepath.Join(c.Dir, "data")}
	wrong := func(flag, format string, args ...any) error {
		return config.Problem{File: "init", Key: flag, What: fmt.Sprintf(format, args...)}
	}
	if f.Slug = slugged(c.Name); f.Slug == "" {
		return nil, wrong("--name", "give a name with letters or digits a-z")
	}
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" {
		return nil, wrong("--zone", "there is no zone %q; write America/New_York", c.Zone)
	}
	if c.CallerID != "" {
		n, err := phone.Parse(c.CallerID, f.Region)
		if err != nil {
			return nil, wrong("--caller-id", "%v", err)
		}
		f.CallerID = n.E164()
	}
	switch {
	case c.Phone == "":
	case cti.Endpoint(c.Phone).Kind() == cti.SIP:
		f.Phone = c.Phone
	default:
		n, err := phone.Parse(strings.TrimPrefix(c.Phone, "tel:"), f.Region)
		if err != nil {
			return nil, wrong("--phone", "%v", err)
		}
		f.Phone = "tel:" + n.E164()
	}
	if strings.ContainsAny(c.Name+c.URL+c.Trunk, "\"\\\n\r") {
		return nil, wrong("--name", "no quotes, no backslash, one line")
	}
	return f, nil
}

// slugged is a name as an id.
func slugged(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	s := strings.Join(words, "-")
	return strings.Trim(s[:min(len(s), 40)], "-")
}

// write makes the folder: settings, seed, keys. Nothing that is there is touched.
func (f *first) write(dir string) (made []string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	files := []struct {
		name, text string
		secret     bool
	}{{"ringback.yaml", firstConfig, false}, {"seed.yaml", firstSeed, false}, {"operator.key", "", true}, {"ann.pw", "", true}}
	for _, one := range files {
		if _, err := os.Lstat(filepath.Join(dir, one.name)); !errors.Is(err, fs.ErrNotExist) {
			return nil, config.Problem{File: filepath.Join(dir, one.name), What: "is there already; nothing was written. Name another folder"}
		}
	}
	for _, one := range files {
		text := one.text
		if one.secret {
			text = id.NewMint(time.Now, rand.Reader).Token(id.SecretKey) + "\n"
		} else if text, err = filled(text, f); err != nil {
			return made, err
		}
		path := filepath.Join(dir, one.name)
		if err := writeWhole(path, []byte(text)); err != nil { // mode 0600
			return made, err
		}
		made = append(made, path)
	}
	lock, err := LockData(f.Data)
	if err != nil {
		return made, err
	}
	_, err = readSecrets(f.Data)
	return append(made, filepath.Join(f.Data, "keys")), errors.Join(err, lock.Close())
}

func filled(text string, f *first) (string, error) {
	t, err := template.New("").Parse(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, f)
	return out.String(), err
}
