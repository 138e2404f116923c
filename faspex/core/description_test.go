package core_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"faspex.io/operator/faspex/core"
	"faspex.io/operator/faspex/keyring"
)

//go:embed openapi.json
var committed []byte

// page-102 (the server's part): the document that the page's types are made of is the one that core serves.
func TestDescriptionIsCommitted(t *testing.T) {
	served, err := core.Description()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(served, committed) {
		t.Error("faspex/core/openapi.json is not current: run make generate")
	}
}

// described is the API as it is described, without a database.
func described(t *testing.T) *huma.OpenAPI {
	t.Helper()
	server, err := core.New(nil, &keyring.Ring{}, core.Config{ExternalURL: externalURL})
	if err != nil {
		t.Fatal(err)
	}
	server.Register(http.NewServeMux())
	return server.OpenAPI()
}

func operations(doc *huma.OpenAPI) map[string]*huma.Operation {
	all := map[string]*huma.Operation{}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete, item.Patch} {
			if op != nil {
				all[op.OperationID] = op
			}
		}
	}
	return all
}

// page-102: every object of an answer says which of its fields are always there, no list may be null, and nothing else
// is let in by a schema that generated types would have to take for anything.
func TestAnswersAreDescribed(t *testing.T) {
	doc := described(t)
	seen := map[*huma.Schema]bool{}
	var walk func(where string, s *huma.Schema)
	walk = func(where string, s *huma.Schema) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		if s.Ref != "" {
			walk(s.Ref, doc.Components.Schemas.SchemaFromRef(s.Ref))
			return
		}
		if s.Type == huma.TypeObject && len(s.Properties) > 0 && len(s.Required) == 0 {
			t.Errorf("%s requires no field", where)
		}
		if s.Type == huma.TypeArray && s.Nullable {
			t.Errorf("%s may be null", where)
		}
		if s.AdditionalProperties == true {
			t.Errorf("%s lets any field in", where)
		}
		walk(where+"[]", s.Items)
		for name, p := range s.Properties {
			walk(where+"."+name, p)
		}
	}
	for id, op := range operations(doc) {
		for status, res := range op.Responses {
			for kind, media := range res.Content {
				if media.Schema == nil && kind == "application/json" {
					t.Errorf("%s %s: no schema", id, status)
				}
				walk(id+" "+status, media.Schema)
			}
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d schemas seen", len(seen))
	}
}

// conforming wraps a server: every JSON answer of a test is compared with its description, also
// those that no test looks into.
func conforming(t *testing.T, doc *huma.OpenAPI, mux *http.ServeMux, next http.Handler) http.Handler {
	ops := map[string]*huma.Operation{}
	for _, op := range operations(doc) {
		ops[op.Method+" "+core.Base+op.Path] = op
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trimmed := r.Clone(r.Context())
		trimmed.URL.Path = strings.TrimRight(r.URL.Path, "/")
		_, pattern := mux.Handler(trimmed)
		op := ops[pattern]
		if op == nil || strings.HasPrefix(op.Path, "/auth/") && op.OperationID != "token" || op.OperationID == "events" {
			next.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		checkAnswer(t, doc, op, rec)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes()) // a failed write means the client has gone
	})
}

func checkAnswer(t *testing.T, doc *huma.OpenAPI, op *huma.Operation, rec *httptest.ResponseRecorder) {
	if rec.Body.Len() == 0 || !strings.HasPrefix(rec.Header().Get("Content-Type"), "application/json") {
		return
	}
	res := op.Responses[strconv.Itoa(rec.Code)]
	if res == nil && rec.Code < 400 {
		t.Errorf("%s: answer %d is not described", op.OperationID, rec.Code)
	}
	if res == nil || res.Content["application/json"] == nil {
		return
	}
	var value any
	if err := json.Unmarshal(rec.Body.Bytes(), &value); err != nil {
		t.Errorf("%s: %v", op.OperationID, err)
		return
	}
	var result huma.ValidateResult
	huma.Validate(doc.Components.Schemas, res.Content["application/json"].Schema, huma.NewPathBuffer(nil, 0),
		huma.ModeReadFromServer, value, &result)
	for _, err := range result.Errors {
		t.Errorf("%s: the answer is not as described: %v", op.OperationID, err)
	}
}
