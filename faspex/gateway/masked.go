package gateway

import (
	"faspex.io/operator/dataplane/mask"
	"faspex.io/operator/dataplane/transferspec"
)

// names are what files and folders are called at the node: as they come, or masked where the transfer spec says so. The
// gateway keeps neither.
type names struct{ mask *mask.Names }

func namesOf(spec transferspec.Spec) names {
	if !spec.ObfuscateFileNames {
		return names{}
	}
	m := mask.New(spec.ObfuscationKey)
	return names{&m}
}

func (n names) file(p string) string {
	if n.mask == nil {
		return p
	}
	return n.mask.File(p)
}

func (n names) folder(p string) string {
	if n.mask == nil {
		return p
	}
	return n.mask.Folder(p)
}
