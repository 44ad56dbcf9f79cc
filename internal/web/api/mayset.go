package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"ringback/internal/fault"
)

// maySet refuses a document in which a business changes what is the operator's to say: before and after are of one type,
// fields what it may change.
func maySet(before, after any, fields ...string) error {
	was, err := parts(before)
	if err != nil {
		return err
	}
	is, err := parts(after)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if !bytes.Equal(was[name], is[name]) && !slices.Contains(fields, name) {
			return fault.At(name, fault.Forbidden, "Only the operator of this service changes %s.", name)
		}
	}
	return nil
}

func parts(v any) (out map[string]json.RawMessage, err error) {
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	return out, err
}
