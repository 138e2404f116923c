package manifest

import (
	"testing"

	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
)

func TestOverwriteSettlesWhatExists(t *testing.T) {
	const older, same, newer = 5, 7, 9 // The entry's time is 7.
	file := func(size, at int64) Existing { return Existing{Regular: true, Size: size, ModTime: at} }
	part := &control.Attributes{Part: &control.Part{Index: 1, Count: 2, Total: 20}}
	for name, c := range map[string]struct {
		overwrite, resume string
		attributes        *control.Attributes
		existing          Existing
		want              Outcome
	}{
		"never":                       {OverwriteNever, ResumeSparse, nil, file(1, older), Keep},
		"always":                      {OverwriteAlways, ResumeSparse, nil, file(20, same), Replace},
		"older, and it is":            {OverwriteOlder, ResumeSparse, nil, file(20, older), Replace},
		"older, and it is not":        {OverwriteOlder, ResumeSparse, nil, file(1, newer), Keep},
		"diff+older, and it is older": {OverwriteDiffOrOlder, ResumeSparse, nil, file(20, older), Replace},
		"diff+older, and it is not":   {OverwriteDiffOrOlder, ResumeSparse, nil, file(20, newer), Compare},
		"another size":                {OverwriteDiff, ResumeSparse, nil, file(19, same), Replace},
		"a link":                      {OverwriteDiff, ResumeSparse, nil, Existing{Size: 20, ModTime: same}, Replace},
		"by content":                  {OverwriteDiff, ResumeFull, nil, file(20, older), Compare},
		"by time, the same":           {OverwriteDiff, ResumeAttrs, nil, file(20, same), Keep},
		"by time, another":            {OverwriteDiff, ResumeAttrs, nil, file(20, older), Replace},
		"by nothing":                  {OverwriteDiff, ResumeNone, nil, file(20, same), Replace},
		"a part, the same time":       {OverwriteDiff, ResumeFull, part, file(20, same), Keep},
		"a part, another time":        {OverwriteDiff, ResumeFull, part, file(20, older), Replace},
	} {
		e := &control.Entry{Kind: control.KindFile, Size: 20, ModTime: same, Attributes: c.attributes}
		if got := Overwrite(control.Options{Overwrite: c.overwrite, Resume: c.resume}, e, 20, c.existing); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	empty := &control.Entry{Kind: control.KindFile, ModTime: same}
	if got := Overwrite(control.Options{Overwrite: OverwriteDiff, Resume: ResumeAttrs}, empty, 0,
		file(0, older)); got != Keep {
		t.Errorf("an empty file: %d", got)
	}
}

func TestSharesAreTheWhole(t *testing.T) {
	const size = 7*chunk.Size + 3
	for sessions := 1; sessions <= 8; sessions++ {
		var covered chunk.Set
		small := 0
		for session := 1; session <= sessions; session++ {
			o := control.Options{Sessions: sessions, Session: session, SplitFrom: 1}
			e := control.Entry{Kind: control.KindFile, Path: "big", Size: size}
			if !Share(&e, o, true) {
				t.Fatalf("nothing of a large file falls to session %d of %d", session, sessions)
			}
			var off int64
			if p := Part(&e); p != nil {
				off = p.Offset
			}
			if fresh := covered.Add(off, e.Size); fresh != e.Size {
				t.Errorf("session %d of %d has bytes that another has", session, sessions)
			}
			o.Sparse, o.PreserveModes = false, false
			if refused := Refuse(&e, o); refused != nil {
				t.Errorf("a receiver refuses it: %v", refused)
			}
			if Share(&control.Entry{Kind: control.KindFile, Path: "small", Size: 10}, o, true) {
				small++
			}
		}
		if covered.Total() != size || small != 1 {
			t.Errorf("%d sessions have %d of %d bytes, and a small file %d times", sessions, covered.Total(), int64(size), small)
		}
	}
}

func TestRefuseWhatNobodyAskedFor(t *testing.T) {
	id := uint32(1)
	all := control.Options{
		PreserveUID: true, PreserveGID: true, PreserveAccessTimes: true, Sparse: true, Xattrs: AttributesNative,
		ACLs:     AttributesNative,
		Symlinks: SymlinksCopy, Sessions: 2, Session: 1, SplitFrom: 1,
	}
	for name, c := range map[string]struct {
		kind       control.Kind
		attributes control.Attributes
	}{
		"a link":                {control.KindLink, control.Attributes{Link: "x"}},
		"an owner":              {control.KindFile, control.Attributes{UID: &id}},
		"a group":               {control.KindFile, control.Attributes{GID: &id}},
		"an access time":        {control.KindFile, control.Attributes{AccessTime: 1}},
		"holes":                 {control.KindFile, control.Attributes{Sparse: true}},
		"an extended attribute": {control.KindFile, control.Attributes{Xattrs: []control.Xattr{{Name: "user.x"}}}},
		"a list": {control.KindFile,
			control.Attributes{Xattrs: []control.Xattr{{Name: "system.posix_acl_access"}}}},
		"a part": {control.KindFile, control.Attributes{Part: &control.Part{
			Index: 1, Count: 2, Total: 3 * chunk.Size,
		}}},
	} {
		e := &control.Entry{Kind: c.kind, Path: "f", Size: chunk.Size, Attributes: &c.attributes}
		if refused := Refuse(e, all); refused != nil {
			t.Errorf("%s, asked for: %v", name, refused)
		}
		if Refuse(e, control.Options{}) == nil {
			t.Errorf("%s is taken though nobody asked for it", name)
		}
	}
	for name, p := range map[string]control.Part{
		"number 0":          {Index: 0, Count: 2, Total: 3 * chunk.Size},
		"one too many":      {Index: 3, Count: 2, Total: 3 * chunk.Size},
		"of too many":       {Index: 1, Count: MaxSessions + 1, Total: 3 * chunk.Size},
		"not from a chunk":  {Index: 1, Count: 2, Offset: 1, Total: 3 * chunk.Size},
		"beyond the end":    {Index: 1, Count: 2, Offset: chunk.Size, Total: chunk.Size},
		"not to a chunk":    {Index: 1, Count: 2, Total: chunk.Size + 5},
		"of an empty whole": {Index: 1, Count: 2},
	} {
		size := int64(chunk.Size)
		if name == "not to a chunk" {
			size = 7
		}
		if Refuse(&control.Entry{Kind: control.KindFile, Size: size, Attributes: &control.Attributes{Part: &p}}, all) == nil {
			t.Errorf("a part is taken that is %s", name)
		}
	}
}

func TestNamesAreTakenOnce(t *testing.T) {
	n := NewNames()
	if n.Has("f") || !n.Take("f") || n.Take("f") || !n.Has("f") || n.Has("g") {
		t.Error("a name is taken other than once")
	}
}
