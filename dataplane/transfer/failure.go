package transfer

import (
	"errors"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/fail"
)

// failureOf is fail.Of for what can end a session: it knows the failures of the engine and of tokens too.
func failureOf(err error, fallback fail.Code) *fail.Error {
	var known *fail.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, token.ErrPathNotAllowed):
		return &fail.Error{Code: fail.BadPath, Text: err.Error(), Err: err}
	case errors.Is(err, token.ErrFileNotFound):
		return &fail.Error{Code: fail.NoSuchFile, Text: err.Error(), Err: err}
	case token.IsRefusal(err):
		return &fail.Error{Code: fail.Authorization, Text: err.Error(), Err: err}
	case errors.Is(err, engine.ErrPeerLost):
		return &fail.Error{Code: fail.DataStalled, Text: "session timed out: no data from the peer, run again to resume",
			Err: err}
	case errors.Is(err, engine.ErrAborted):
		return &fail.Error{Code: fail.PeerAborted, Text: "the peer gave up, run again to resume", Err: err}
	case errors.Is(err, engine.ErrIncomplete):
		return &fail.Error{Code: fail.Protocol, Text: "the sender finished before all data arrived, run again to resume",
			Err: err}
	}
	return fail.Of(err, fallback)
}
