package core

import (
	"bytes"
	"cmp"
	_ "embed" // the page
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"faspex.io/operator/faspex/auth"
)

//go:embed reference.html
var referenceHTML string

var referencePage = template.Must(template.New("reference").Parse(referenceHTML))

// referencePath is where people read the description of the API, without a login.
const referencePath = Base + "/api"

type reference struct {
	Title, Version, JSON string
	Style                template.CSS
	Groups               []referenceGroup
}

type referenceGroup struct {
	Name  string
	Calls []referenceCall
}

type referenceCall struct {
	Method, Path, Summary string
	Parameters, Body      []referenceField
	Answers               []referenceAnswer
}

type referenceField struct {
	Name, Type, Doc string
	Required        bool
}

type referenceAnswer struct {
	Status, Text string
	Fields       []referenceField
}

// registerReference adds the page that describes the API to people (faspex-E16: TestReferenceNeedsNoLogin). It is made
// once, of the same description that programs read, and loads nothing.
func (s *Server) registerReference(mux *http.ServeMux) {
	made := sync.OnceValues(s.referencePage)
	_, source := auth.Style()
	show := func(w http.ResponseWriter, r *http.Request) {
		page, err := made()
		if err != nil {
			s.log.ErrorContext(r.Context(), "cannot describe the API", "error", err)
			writeProblem(w, newProblem(http.StatusInternalServerError, "The description cannot be shown now."))
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src "+source+"; frame-ancestors 'none'")
		_, _ = w.Write(page) // a failed write means the client has gone
	}
	mux.HandleFunc("GET "+referencePath, show)
	mux.HandleFunc("GET "+referencePath+"/{$}", show)
}

func (s *Server) referencePage() ([]byte, error) {
	doc := s.api.OpenAPI()
	view := reference{Title: doc.Info.Title, Version: doc.Info.Version, JSON: Base + v5 + "/openapi.json"}
	view.Style, _ = auth.Style()
	groups := map[string][]referenceCall{}
	for path, item := range doc.Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put,
			"PATCH": item.Patch, "DELETE": item.Delete} {
			if op == nil {
				continue
			}
			name := "other"
			if len(op.Tags) > 0 {
				name = op.Tags[0]
			}
			groups[name] = append(groups[name], describeCall(doc, method, Base+path, op))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		calls := groups[name]
		slices.SortFunc(calls, func(a, b referenceCall) int {
			return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
		})
		view.Groups = append(view.Groups, referenceGroup{strings.ToUpper(name[:1]) + name[1:], calls})
	}
	var page bytes.Buffer
	if err := referencePage.Execute(&page, view); err != nil {
		return nil, fmt.Errorf("make the page that describes the API: %w", err)
	}
	return page.Bytes(), nil
}

func describeCall(doc *huma.OpenAPI, method, path string, op *huma.Operation) referenceCall {
	call := referenceCall{Method: method, Path: path, Summary: op.Summary}
	for _, p := range op.Parameters {
		call.Parameters = append(call.Parameters, referenceField{Name: p.Name, Type: typeOf(p.Schema),
			Doc: cmp.Or(p.Description, docOf(p.Schema)), Required: p.Required})
	}
	if op.RequestBody != nil {
		call.Body = fieldsOf(doc, op.RequestBody.Content)
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		r := op.Responses[status]
		a := referenceAnswer{Status: status, Text: r.Description}
		if status[0] == '2' {
			a.Fields = fieldsOf(doc, r.Content)
		}
		call.Answers = append(call.Answers, a)
	}
	return call
}

// fieldsOf are the fields of a body in JSON, in their order by name.
func fieldsOf(doc *huma.OpenAPI, content map[string]*huma.MediaType) []referenceField {
	media := content["application/json"]
	if media == nil || media.Schema == nil {
		return nil
	}
	schema := media.Schema
	if schema.Ref != "" {
		schema = doc.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	if schema == nil {
		return nil
	}
	var fields []referenceField
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		of := schema.Properties[name]
		fields = append(fields, referenceField{Name: name, Type: typeOf(of), Doc: docOf(of),
			Required: slices.Contains(schema.Required, name)})
	}
	return fields
}

func docOf(s *huma.Schema) string {
	if s == nil {
		return ""
	}
	return s.Description
}

// typeOf is a type in a word or two: what it is a list of, the words that it may have.
func typeOf(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	case s.Type == huma.TypeArray:
		return "list of " + typeOf(s.Items)
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, w := range s.Enum {
			words[i] = fmt.Sprint(w)
		}
		return "one of " + strings.Join(words, ", ")
	}
	return s.Type
}
