package api

import (
	"errors"
	"maps"
	"slices"

	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/phone"
)

// required is a field that must be said.
func required(field string) *fault.Fault {
	return fault.At(field, fault.FieldRequired, "%s is needed.", field)
}

// number reads a telephone number of the business's own, "" is none. Its faults are those of a number, at this field.
func number(field, raw, region string) (phone.Number, error) {
	if raw == "" {
		return "", nil
	}
	n, err := phone.Parse(raw, region)
	var f *fault.Fault
	if errors.As(err, &f) {
		return "", fault.At(field, f.Code, "%s: %s", field, f.Detail)
	}
	return n, err
}

// endpoint reads the address of a telephone.
func endpoint(field, raw string) (cti.Endpoint, error) {
	e, err := cti.ParseEndpoint(raw)
	if err != nil {
		return "", fault.At(field, fault.EndpointInvalid, "%v.", err)
	}
	return e, nil
}

// oneOf checks a word against those that are understood.
func oneOf[T ~string](field string, v T, words ...T) error {
	if slices.Contains(words, v) {
		return nil
	}
	return bad(field, "%s is one of %v, not %.64q.", field, words, v)
}

// list is never null.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// keysOf are the ids of a directory's map.
func keysOf[K ~string, V any](m map[K]V) []string {
	out := make([]string, 0, len(m))
	for k := range maps.Keys(m) {
		out = append(out, string(k))
	}
	return out
}
