package store

import (
	"crypto/sha256"
	"encoding/json"
	"reflect"
)

// parseTags reads tags; nil if they are no object.
func parseTags(raw json.RawMessage) map[string]any {
	var tags map[string]any
	if len(raw) == 0 || json.Unmarshal(raw, &tags) != nil {
		return nil
	}
	return tags
}

// containsTags reports whether tags hold all that wanted does: objects field by field, other values as a whole.
func containsTags(tags, wanted any) bool {
	fields, ok := wanted.(map[string]any)
	if !ok {
		return reflect.DeepEqual(tags, wanted)
	}
	object, ok := tags.(map[string]any)
	if !ok {
		return false
	}
	for name, value := range fields {
		has, ok := object[name]
		if !ok || !containsTags(has, value) {
			return false
		}
	}
	return true
}

// tagProbes are the hashes of all values in tags that are no objects, each with its place, and the longest of them,
// which is likely to be the rarest.
func tagProbes(tags map[string]any) (all [][]byte, longest []byte) {
	length := 0
	var walk func(place []string, value any)
	walk = func(place []string, value any) {
		if object, ok := value.(map[string]any); ok {
			for name, inner := range object {
				walk(append(place[:len(place):len(place)], name), inner)
			}
			return
		}
		// What was read from JSON can be written as JSON.
		text, _ := json.Marshal([]any{place, value})
		hash := sha256.Sum256(text)
		all = append(all, hash[:])
		if len(text) > length {
			length, longest = len(text), hash[:]
		}
	}
	walk(nil, tags)
	return all, longest
}
