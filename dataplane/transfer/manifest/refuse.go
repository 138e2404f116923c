package manifest

import (
	"strings"

	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// Refuse says what an entry has that the options in force do not ask for, or that can't be, or nil.
func Refuse(e *control.Entry, o control.Options) *fail.Error {
	a := e.Attributes
	if e.Kind == control.KindLink && o.Symlinks != SymlinksCopy && o.Symlinks != SymlinksForce {
		return fail.New(fail.Protocol, "the sender has a symbolic link that nobody asked for")
	}
	if a == nil {
		return nil
	}
	if a.UID != nil && !o.PreserveUID || a.GID != nil && !o.PreserveGID || a.AccessTime != 0 && !o.PreserveAccessTimes ||
		a.Sparse && (!o.Sparse || e.Kind != control.KindFile) {
		return fail.New(fail.Protocol, "the sender has attributes of %s that nobody asked for", e.Path)
	}
	kept := KeptXattrs(o)
	for _, x := range a.Xattrs {
		if kept == nil || !kept(x.Name) {
			return fail.New(fail.Protocol, "the sender has an extended attribute of %s that nobody asked for", e.Path)
		}
	}
	if a.Part != nil && (o.Sessions <= 1 || o.SplitFrom <= 0) {
		return fail.New(fail.Protocol, "the sender has a part of %s that nobody asked for", e.Path)
	}
	if bad := badPart(e); bad != nil {
		return bad
	}
	return badHoles(e)
}

// badPart says why the part of an entry can't be taken, or nil.
func badPart(e *control.Entry) *fail.Error {
	p := Part(e)
	if p == nil {
		return nil
	}
	end := p.Offset + e.Size
	switch {
	case e.Kind != control.KindFile || e.Attributes.Sparse || e.Size == 0,
		p.Index < 1 || p.Index > p.Count || p.Count > MaxSessions,
		p.Offset%chunk.Size != 0 || end > p.Total || end%chunk.Size != 0 && end != p.Total:
		return fail.New(fail.Protocol, "%s is announced as a part that it can't be", e.Path)
	}
	return nil
}

// badHoles says why the holes of an entry can't be taken, or nil.
func badHoles(e *control.Entry) *fail.Error {
	if e.Attributes == nil || !e.Attributes.Sparse {
		return nil
	}
	for _, g := range e.Attributes.Data {
		if end := g.Offset + g.Length; g.Offset%chunk.Size != 0 || end > e.Size || end%chunk.Size != 0 && end != e.Size {
			return fail.New(fail.Protocol, "the data of %s does not consist of chunks", e.Path)
		}
	}
	return nil
}

// KeptXattrs tells which extended attributes are kept; it is nil if none are.
func KeptXattrs(o control.Options) func(name string) bool {
	users, lists := o.Xattrs == AttributesNative, o.ACLs == AttributesNative
	if !users && !lists {
		return nil
	}
	return func(name string) bool {
		return users && strings.HasPrefix(name, "user.") ||
			lists && (name == "system.posix_acl_access" || name == "system.posix_acl_default")
	}
}
