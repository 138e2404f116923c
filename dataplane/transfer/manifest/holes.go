package manifest

import (
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
)

// Holes are the holes that an entry tells of.
func Holes(e *control.Entry) chunk.Set {
	if e.Attributes == nil || !e.Attributes.Sparse {
		return nil
	}
	return chunk.Set(e.Attributes.Data).Missing(e.Size)
}
