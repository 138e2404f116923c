package core

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"faspex.io/operator/faspex/api"
)

// batchError is one thing of a batch that could not be done.
type batchError struct {
	ID      string `json:"id"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

type batchDetails struct {
	Failed    []string `json:"failed"`
	Succeeded []string `json:"succeeded"`
}

type batchAnswer struct {
	Errors  []batchError `json:"errors"`
	Details batchDetails `json:"details"`
}

type batchOutput struct {
	Status int
	Body   *batchAnswer
}

// ids gathers the ids of a DELETE on a collection, from the query (comma separated) and from the body.
func ids(query string, b *api.IDs) ([]string, error) {
	var all []string
	for _, id := range strings.Split(query, ",") {
		if id = strings.TrimSpace(id); id != "" {
			all = append(all, id)
		}
	}
	if b != nil {
		all = append(all, b.IDs...)
	}
	if len(all) == 0 || len(all) > 1000 {
		return nil, badRequest(fmt.Sprintf("ids must name 1 to 1000 things, not %d.", len(all)))
	}
	return all, nil
}

// batch does one thing to many: 204 when all went well, else 207 with what did not.
func (s *Server) batch(ctx context.Context, what string, ids []string,
	do func(context.Context, string) error) *batchOutput {
	out := s.batchTelling(ctx, what, ids, do)
	if len(out.Body.Errors) == 0 {
		return &batchOutput{Status: http.StatusNoContent}
	}
	return out
}

// batchTelling is batch for calls that tell what was done in any case.
func (s *Server) batchTelling(ctx context.Context, what string, ids []string,
	do func(context.Context, string) error) *batchOutput {
	out := batchAnswer{Errors: []batchError{}, Details: batchDetails{Failed: []string{}, Succeeded: []string{}}}
	for _, id := range ids {
		if err := do(ctx, id); err != nil {
			p := s.answer(ctx, what, err).(*problem)
			out.Errors = append(out.Errors, batchError{id, p.Code, p.Message})
			out.Details.Failed = append(out.Details.Failed, id)
			continue
		}
		out.Details.Succeeded = append(out.Details.Succeeded, id)
	}
	return &batchOutput{Status: http.StatusMultiStatus, Body: &out}
}
