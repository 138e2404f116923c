package core

import (
	"context"
	"net/http"

	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
)

// registerSettings adds the smaller documents of settings.
func (s *Server) registerSettings() {
	registerDocument[settings.Advanced, advancedChange](
		s,
		v5+"/advanced_configuration",
		"advanced configuration",
		settings.NameAdvanced,
		settings.DefaultAdvanced(),
	)
	registerDocument[settings.RateLimits, rateLimitsChange](
		s,
		v5+"/rate_limits",
		"rate limits",
		settings.NameRateLimits,
		settings.DefaultRateLimits(),
	)
}

// settingsInput is the change of a document: the fields to set, as they were sent.
type settingsInput[C any] struct {
	IfMatch
	RawBody []byte
	Body    C
}

// What can be set in a document: the fields of what is told, none of them needed.
type (
	advancedChange   settings.Advanced
	rateLimitsChange settings.RateLimits
)

// settingsVersion is a document of settings as it was read.
type settingsVersion[T any] struct {
	document settings.Document
	version  int64
	holds    T
}

// registerDocument adds reading and changing of one document. Fields that are not named stay as they are.
func registerDocument[T, C any](s *Server, path, what, name string, defaults T) {
	id := name
	read := func(ctx context.Context) (settingsVersion[T], error) {
		holds, document, version, err := settings.Read(ctx, s.store, name, defaults)
		return settingsVersion[T]{document, version, holds}, err
	}
	register(s, operation{method: http.MethodGet, path: path, id: "get-" + id, what: what, access: configurers,
		summary: "Read the " + what},
		func(ctx context.Context, _ *struct{}) (*tagged[T], error) {
			v, err := read(ctx)
			if err != nil {
				return nil, err
			}
			tag, err := tagOf(v.holds)
			return answerTagged(v.holds, tag), err
		})
	register(s, operation{method: http.MethodPut, path: path, id: "update-" + id, what: what, access: configurers,
		summary: "Change the " + what},
		func(ctx context.Context, in *settingsInput[C]) (*tagged[T], error) {
			wanted, err := settings.ReadDocument(in.RawBody)
			if err != nil {
				return nil, badRequest("The body is not an object.")
			}
			after, tag, err := change(in.IfMatch, stored[settingsVersion[T]]{
				what: what,
				read: func() (settingsVersion[T], error) { return read(ctx) },
				tag:  func(v settingsVersion[T]) (string, error) { return tagOf(v.holds) },
				write: func(before, after settingsVersion[T]) error {
					return s.putSettings(ctx, name, before.version, after.document)
				},
			}, func(v settingsVersion[T]) (settingsVersion[T], error) {
				document, err := v.document.Merge(wanted, defaults)
				if err != nil {
					return v, err
				}
				holds, err := settings.Over(document, defaults)
				if checked, can := any(holds).(interface{ Check() []settings.Problem }); can && err == nil {
					err = refuseSettings(checked.Check(), wanted)
				}
				return settingsVersion[T]{document, v.version, holds}, err
			})
			return answerTagged(after.holds, tag), err
		})
}

// configurers change the settings of the server.
const configurers = policy.WriteConfiguration
