package api

import (
	"encoding/json"

	"ringback/internal/fault"
)

// merge applies a JSON merge patch (RFC 7396) to an object.
func merge(target, patch []byte) ([]byte, error) {
	var t, p any
	if err := json.Unmarshal(patch, &p); err != nil {
		return nil, fault.New(fault.MalformedJSON, "The body is no JSON.").Because(err)
	}
	if _, ok := p.(map[string]any); !ok {
		return nil, fault.New(fault.WrongType, "A merge patch is a JSON object.")
	}
	if err := json.Unmarshal(target, &t); err != nil {
		return nil, err
	}
	return json.Marshal(merged(t, p))
}

// merged is MergePatch of RFC 7396 section 2.
func merged(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	t, ok := target.(map[string]any)
	if !ok {
		t = map[string]any{}
	}
	for k, v := range p {
		if v == nil {
			delete(t, k)
		} else {
			t[k] = merged(t[k], v)
		}
	}
	return t
}
