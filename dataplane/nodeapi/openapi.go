package nodeapi

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"faspex.io/operator/dataplane/nodeapi/client"
)

// otherMethods is where a path has its operations by methods that OpenAPI does not know.
const otherMethods = "x-additional-operations"

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// document describes the interface in OpenAPI, from the list that the router is made of and the types
// that the handlers read and answer.
func (s *Server) document() *huma.OpenAPI {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "Node API", Version: s.Version},
		Paths:   map[string]*huma.PathItem{},
		Components: &huma.Components{
			Schemas: schemas,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"basic": {Type: "http", Scheme: "basic", Description: "A node user, or an access key and its secret"},
				"bearer": {Type: "http", Scheme: "bearer",
					Description: "A token of a user of an access key, with X-Aspera-AccessKey"},
			},
		},
		Security: []map[string][]string{{"basic": {}}, {"bearer": {}}},
	}
	text := &huma.Schema{Type: huma.TypeString}
	failure := &huma.Response{Description: "What went wrong", Content: map[string]*huma.MediaType{
		"application/json": {Schema: schemas.Schema(reflect.TypeFor[failed](), true, "Failed")},
	}}
	public := []map[string][]string{{}}
	for _, path := range []string{"/ping", "/openapi.json"} {
		doc.Paths[path] = &huma.PathItem{Get: &huma.Operation{
			OperationID: operationID("GET", path), Summary: "Needs no credentials", Security: public,
			Responses: map[string]*huma.Response{"200": {Description: "OK"}},
		}}
	}
	for _, r := range s.routes() {
		method, path, _ := strings.Cut(strings.ReplaceAll(r.pattern, "{$}", ""), " ")
		op := &huma.Operation{
			OperationID: operationID(method, path), Summary: r.summary, Responses: map[string]*huma.Response{"default": failure},
		}
		for _, name := range pathParameter.FindAllStringSubmatch(path, -1) {
			op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: text})
		}
		for _, name := range r.query {
			op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Schema: text})
		}
		if r.body != nil {
			op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
				"application/json": {Schema: schemas.Schema(reflect.TypeOf(r.body), true, "")},
			}}
		}
		switch {
		case r.raw:
			op.Responses["200"] = &huma.Response{Description: "The file", Content: map[string]*huma.MediaType{
				"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
			}}
		case r.answer != nil:
			op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
				"application/json": {Schema: schemas.Schema(reflect.TypeOf(r.answer), true, "")},
			}}
		case strings.HasPrefix(path, "/permissions"):
			op.Responses["200"] = &huma.Response{Description: "Done"}
		default:
			op.Responses["204"] = &huma.Response{Description: "Done"}
		}
		item := doc.Paths[path]
		if item == nil {
			item = &huma.PathItem{}
			doc.Paths[path] = item
		}
		addOperation(item, method, op)
	}
	return doc
}

// failed is the body of an answer that is no success.
type failed struct {
	Error *client.ErrorBody `json:"error"`
}

// operationID is a name of an operation for generated clients.
func operationID(method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/{}.", r) })
	return strings.Join(append([]string{strings.ToLower(method)}, words...), "-")
}

func addOperation(item *huma.PathItem, method string, op *huma.Operation) {
	switch method {
	case http.MethodGet:
		item.Get = op
	case http.MethodPost:
		item.Post = op
	case http.MethodPut:
		item.Put = op
	case http.MethodDelete:
		item.Delete = op
	default:
		item.Extensions = map[string]any{otherMethods: map[string]*huma.Operation{method: op}}
	}
}
