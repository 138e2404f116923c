package transfer

import (
	"path"
	"time"

	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// mostSourceBytes is how many bytes the names of a session's sources have at most.
const mostSourceBytes = 128 << 20

// moreSources reads the sources that are too many for a Hello, which only a client that is authorized may name, and
// holds each to the grant. The patience with the client begins anew with each message.
func (s *session) moreSources(patience *time.Timer) error {
	if !s.hello.MoreSources {
		return nil
	}
	if err := s.conn.send(&control.Continue{}); err != nil {
		return lost(err)
	}
	size := 0
	for more := true; more; {
		m, err := s.conn.read()
		if err != nil {
			return lost(err)
		}
		sources, ok := m.(*control.Sources)
		if !ok {
			return fail.New(fail.Protocol, "message %d comes instead of sources", m.Type())
		}
		if sources.More && len(sources.Sources) == 0 {
			return fail.New(fail.Protocol, "a message of sources is empty, and more are to follow")
		}
		patience.Reset(handshakeLimit)
		for _, source := range sources.Sources {
			size += len(source.Source) + len(source.Destination)
		}
		if size > mostSourceBytes || len(s.hello.Sources)+len(sources.Sources) > control.MaxSources {
			return fail.New(fail.Usage, "more than %d sources, or %d bytes of their names, in one session: send them in several",
				control.MaxSources, mostSourceBytes)
		}
		s.hello.Sources = append(s.hello.Sources, sources.Sources...)
		more = sources.More
	}
	request, err := s.request()
	if err != nil {
		return err
	}
	return permits(s.grant, request)
}

// permits holds the paths of a request to a grant.
func permits(g token.Grant, r token.Request) error {
	granted := g.Allowed()
	for _, pair := range r.Pairs {
		allowed, named := granted.Download(pair.Source), pair.Source
		if r.Direction == transferspec.Send {
			allowed, named = granted.Upload(pair.Destination), pair.Destination
		}
		if !allowed {
			return notPermitted(named)
		}
	}
	for _, source := range r.Sources {
		if r.Direction == transferspec.Receive && !granted.Download(source) {
			return notPermitted(source)
		}
	}
	return nil
}

func notPermitted(p string) error {
	return fail.New(fail.Authorization, "%w: %q", token.ErrPathNotAllowed, path.Clean("/"+p))
}
