package server

import (
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"ringback/internal/config"
)

//go:embed recipes/*.yaml
var recipeFiles embed.FS

// Recipe is what is known of how one carrier or PBX wants to be spoken to.
type Recipe struct {
	ID         string   `yaml:"-" json:"id"`
	Name       string   `yaml:"name" json:"name"`
	Kind       string   `yaml:"kind" json:"kind"`               // carrier or pbx
	Country    string   `yaml:"country" json:"country"`         // whose numbers it is tried with
	Sources    []string `yaml:"sources" json:"sources"`         // public pages
	Said       []string `yaml:"said" json:"said"`               // what they say
	Unverified []string `yaml:"unverified" json:"unverified"`   // what no page said
	ImitatedBy string   `yaml:"imitated_by" json:"imitated_by"` // personality of the simulated carrier
	Seed       string   `yaml:"seed" json:"seed"`               // to paste
	Notes      []string `yaml:"notes" json:"notes"`             // for people
}

// Recipes returns all recipes by id.
func Recipes() ([]Recipe, error) {
	files, err := recipeFiles.ReadDir("recipes")
	if err != nil {
		return nil, err
	}
	var out []Recipe
	for _, f := range files {
		name := path.Join("recipes", f.Name())
		text, err := recipeFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		r := Recipe{ID: strings.TrimSuffix(f.Name(), ".yaml")}
		if _, err := config.ReadYAML(name, text, nil, &r); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Recipe) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// FindRecipe returns the recipe of an id, or says which is meant.
func FindRecipe(id string) (Recipe, error) {
	all, err := Recipes()
	if err != nil {
		return Recipe{}, err
	}
	var ids []string
	for _, r := range all {
		if r.ID == strings.ToLower(id) {
			return r, nil
		}
		ids = append(ids, r.ID)
	}
	what := fmt.Sprintf("there is no recipe %q", id)
	if near, ok := config.Nearest(id, ids); ok {
		what += ", did you mean " + near + "?"
	}
	return Recipe{}, config.Problem{File: "trunk recipe", Key: "NAME", What: what + " `ringback trunk recipes` lists them"}
}

// Write prints a recipe as lines of a seed file: what people should know stands above them.
func (r Recipe) Write(w io.Writer) error {
	var b strings.Builder
	say := func(head string, lines []string) {
		if len(lines) > 0 {
			fmt.Fprintf(&b, "# %s\n", head)
			for _, l := range lines {
				fmt.Fprintf(&b, "#   - %s\n", l)
			}
		}
	}
	fmt.Fprintf(&b, "# %s\n", r.Name)
	say("Read:", r.Sources)
	say("They say:", r.Said)
	say("Not verified, ask before you rely on it:", r.Unverified)
	say("Notes:", r.Notes)
	if r.ImitatedBy != "" {
		fmt.Fprintf(&b, "# To try it without an account: ringback carrier --personality %s\n", r.ImitatedBy)
	}
	b.WriteString(r.Seed)
	_, err := io.WriteString(w, b.String())
	return err
}

type trunkCmd struct {
	Recipes recipesCmd   `cmd:"" help:"List the carriers and PBXs whose settings are known."`
	Test    trunkTestCmd `cmd:"" help:"Ring a telephone beside you over a trunk, and say what is unusual about the line and what to do."`
	Recipe  recipeCmd    `cmd:"" help:"Print the lines of a seed file for one of them."`
}

type recipesCmd struct {
	JSON bool `name:"json" help:"Print a JSON array."`
}

func (c *recipesCmd) Run(s *streams) error {
	all, err := Recipes()
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(all)
	}
	for _, r := range all {
		fmt.Fprintf(s.out, "%-10s %-8s %s\n", r.ID, r.Kind, r.Name)
	}
	return nil
}

type recipeCmd struct {
	Name string `arg:"" help:"As ringback trunk recipes lists it."`
	JSON bool   `name:"json" help:"Print a JSON object."`
}

func (c *recipeCmd) Run(s *streams) error {
	r, err := FindRecipe(c.Name)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(r)
	}
	return r.Write(s.out)
}
