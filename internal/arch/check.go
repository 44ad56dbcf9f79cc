package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Package is what `go list -json` says about one, as far as it matters here.
type Package struct {
	ImportPath string
	Name       string
	Imports    []string
}

// Check returns what the table forbids, a line for each import. Paths begin with module.
func Check(module string, packages []Package) []string {
	var wrong []string
	for _, p := range packages {
		if slices.Contains(vague, strings.TrimSuffix(p.Name, "_test")) {
			wrong = append(wrong, fmt.Sprintf("%s: a package named %s says nothing; name it after what it is about", p.ImportPath, p.Name))
		}
		room, ok := roomOf(inside(module, p.ImportPath))
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s: no row in internal/arch/table.go; a new room is a decision, add one", p.ImportPath))
			continue
		}
		for _, path := range p.Imports {
			if why := refused(module, room, path); why != "" {
				wrong = append(wrong, fmt.Sprintf("%s imports %s: %s", p.ImportPath, path, why))
			}
		}
	}
	return wrong
}

// vague are package names that gather what nobody found a place for.
var vague = []string{"util", "utils", "manager", "helper", "helpers", "common", "types", "models"}

// refused says which row forbids that room imports path, or "".
func refused(module, room, path string) string {
	if path != module && !strings.HasPrefix(path, module+"/") {
		return refusedLibrary(room, path)
	}
	to, ok := roomOf(inside(module, path))
	if !ok || to == room || slices.Contains(allowed(room), to) || slices.Contains(table[room], all) {
		return ""
	}
	return fmt.Sprintf("the row %q allows only %v", room, table[room])
}

func refusedLibrary(room, path string) string {
	for _, library := range slices.Sorted(maps.Keys(homes)) {
		if !below(path, library) || slices.Contains(table[room], all) || slices.Contains(homes[library], room) {
			continue
		}
		return fmt.Sprintf("the library %s is at home in %v only", library, homes[library])
	}
	return ""
}

// allowed is the row of a room with the words replaced by what they stand for.
func allowed(room string) []string {
	var out []string
	for _, word := range table[room] {
		if rooms, ok := groups[word]; ok {
			out = append(out, rooms...)
			continue
		}
		out = append(out, word)
	}
	return out
}

// roomOf finds the row of a folder: the longest that it is or lies below.
func roomOf(folder string) (string, bool) {
	best, found := "", folder == ""
	for room := range table {
		if room != "" && below(folder, room) && len(room) > len(best) {
			best, found = room, true
		}
	}
	return best, found
}

func below(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

func inside(module, path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}
