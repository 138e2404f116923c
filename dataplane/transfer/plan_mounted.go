package transfer

import (
	"context"
	"path"
	"strings"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// objects opens the folder of a session that is in an object store; nil if it is not. Access keys have folders of their
// own there; for all others a session is in a mounted storage if all that it asks for is.
func (s *session) objects(ctx context.Context) (ObjectTree, error) {
	switch {
	case s.Objects == nil:
		return nil, nil
	case s.Objects.Holds(s.grant.Root):
		return s.Objects.Folder(ctx, s.grant.Root)
	case s.grant.AccessKey != "":
		return nil, nil
	}
	mounts, err := s.Objects.Mounts(ctx)
	if err != nil || len(mounts) == 0 {
		return nil, err
	}
	name, rest, _ := strings.Cut(strings.Trim(path.Clean("/"+s.grant.Root), "/"), "/")
	if at := mounts[name]; at != "" { // The docroot of a transfer user.
		return s.Objects.Folder(ctx, path.Join(at, rest))
	}
	if name != "" {
		return nil, nil
	}
	name, err = s.mount(mounts)
	if err != nil || name == "" {
		return nil, err
	}
	s.mounted = mountedAt{"/" + name, mounts[name]}
	return s.Objects.Mounted(ctx, name, mounts[name])
}

// mount is the name of the mounted storage that all paths of a session are in; empty if none is in any.
func (s *session) mount(mounts map[string]string) (string, error) {
	asked := []string{s.hello.Destination}
	if s.grant.Direction == transferspec.Send && asked[0] == "" {
		asked[0] = s.grant.DefaultDestination()
	}
	if s.grant.Direction == transferspec.Receive {
		asked = nil
		for _, source := range s.hello.Sources {
			asked = append(asked, source.Source)
		}
	}
	found := map[string]bool{}
	name := ""
	for _, p := range asked {
		top, _, _ := strings.Cut(strings.Trim(path.Clean("/"+p), "/"), "/")
		if mounts[top] == "" {
			top = ""
		}
		name = top
		found[top] = true
	}
	if len(found) > 1 {
		return "", fail.New(fail.Usage, "the sources are in different storages: a transfer reads from one, so ask for each apart")
	}
	return name, nil
}

// mountedAt is a mounted storage: the path that clients have for it, and its own.
type mountedAt struct{ shown, own string }

// place is a path of a session as all who write there know it.
func (s *session) place(target string) string {
	p := path.Join(s.grant.Root, target)
	if s.mounted.own != "" {
		return path.Join(s.mounted.own, strings.TrimPrefix(p, s.mounted.shown))
	}
	return p
}
