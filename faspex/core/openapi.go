package core

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/keyring"
)

// Lists of answers are never null. Lists of requests may be; their fields say so.
func init() { huma.DefaultArrayNullable = false }

// Description gives the OpenAPI document of the API as indented JSON, the same whatever the configuration.
func Description() ([]byte, error) {
	s, err := New(nil, &keyring.Ring{}, Config{ExternalURL: "https://faspex.example.com"})
	if err != nil {
		return nil, err
	}
	s.Register(http.NewServeMux())
	raw, err := json.Marshal(s.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// describe is called by the library for every operation: what it would add and the server never answers is taken away.
func describe(_ *huma.OpenAPI, op *huma.Operation) {
	delete(op.Responses, "422") // a bad body is 400 here
	if none := op.Responses["204"]; none != nil {
		none.Content = nil
	}
}

// describeSchemas says of every schema what the types do not: other fields may be there, which is what JSON Schema says
// by itself, and saying it makes generated types take any field for known; and a transfer spec from core has more than
// the library sees, since its type serves nodes and clients as well.
func (s *Server) describeSchemas() {
	schemas := s.api.OpenAPI().Components.Schemas.Map()
	for _, schema := range schemas {
		if schema.AdditionalProperties == true {
			schema.AdditionalProperties = nil
		}
	}
	schemas["Configuration"].Required = everybodySees
	schemas["Workgroup"].Required, schemas["SharedInbox"].Required = everybodySeesOfWorkgroups, everybodySeesOfInboxes
	for _, change := range []string{"ConfigurationChange", "AdvancedChange", "RateLimitsChange", "AccountChange",
		"RegistrationDefaultsChange", "WorkgroupChange", "SharedInboxChange", "WebhookChange"} {
		schemas[change].Required = nil // what is not named stays
	}
	// Only who manages an account is told its settings.
	for _, name := range []string{"Account", "OwnAccount"} {
		schemas[name].Required = slices.DeleteFunc(schemas[name].Required, func(field string) bool {
			_, setting := reflect.TypeFor[api.AccountSettings]().FieldByNameFunc(func(of string) bool {
				f, _ := reflect.TypeFor[api.AccountSettings]().FieldByName(of)
				return f.Tag.Get("json") == field
			})
			return setting
		})
	}
	for _, name := range []string{"Configuration", "ConfigurationChange", "AdvancedChange", "RateLimitsChange",
		"RegistrationDefaultsChange", "AccountChange", "Account", "OwnAccount", "Workgroup", "SharedInbox",
		"WorkgroupChange", "SharedInboxChange", "WebhookChange"} {
		schemas[name].PrecomputeMessages()
	}
	schemas["Path"].Required = []string{"source"}
	schemas["Spec"].Required = []string{"direction", "remote_host", "remote_user", "authentication", "token", "cookie",
		"tags", "title"}
}

// describeOAuth adds the endpoints of the OAuth server, which reads forms and answers pages and so
// is no part of the library's API.
func (s *Server) describeOAuth() {
	doc := s.api.OpenAPI()
	text := &huma.Schema{Type: huma.TypeString}
	query := func(name string, required bool) *huma.Param {
		return &huma.Param{Name: name, In: "query", Required: required, Schema: text}
	}
	doc.AddOperation(&huma.Operation{
		OperationID: "authorize", Method: http.MethodGet, Path: "/auth/authorize", Summary: "Show the login page",
		Tags: []string{"login"},
		Parameters: []*huma.Param{query("client_id", true), query("redirect_uri", true), query("response_type", true),
			query("state", false),
			query("code_challenge", false), query("code_challenge_method", false), query("prompt", false)},
		Responses: map[string]*huma.Response{
			"200": {Description: "The login page; it leads back to redirect_uri with a code",
				Content: map[string]*huma.MediaType{"text/html": {}}},
			"302": {Description: "Back to redirect_uri: with a code when the browser has a session, or with an error"},
			"400": {Description: "A page that tells that the client or its address is not known",
				Content: map[string]*huma.MediaType{"text/html": {}}},
		},
	})
	request := &huma.Schema{Type: huma.TypeObject, Required: []string{"client_id", "grant_type"},
		Properties: map[string]*huma.Schema{
			"grant_type": {Type: huma.TypeString, Enum: []any{"authorization_code", "refresh_token",
				"urn:ietf:params:oauth:grant-type:jwt-bearer"}},
		}}
	for _, name := range []string{"client_id", "client_secret", "code", "redirect_uri", "code_verifier", "refresh_token",
		"assertion"} {
		request.Properties[name] = text
	}
	refusal := &huma.Schema{Type: huma.TypeObject, Required: []string{"error"},
		Properties: map[string]*huma.Schema{"error": text, "error_description": text}}
	refused := &huma.Response{Description: "Refused",
		Content: map[string]*huma.MediaType{"application/json": {Schema: refusal}}}
	token := doc.Components.Schemas.Schema(reflect.TypeFor[api.Token](), true, "Token")
	doc.AddOperation(&huma.Operation{
		OperationID: "token", Method: http.MethodPost, Path: "/auth/token", Summary: "Get an access token",
		Tags: []string{"login"},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/x-www-form-urlencoded": {Schema: request}, "application/json": {Schema: request},
		}},
		Responses: map[string]*huma.Response{
			"201": {Description: "Created", Content: map[string]*huma.MediaType{"application/json": {Schema: token}}},
			"400": refused, "401": refused, "503": refused,
		},
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "revoke-token", Method: http.MethodDelete, Path: "/auth/token",
		Summary: "End the login that the token came from", Tags: []string{"login"},
		Security:  []map[string][]string{{"bearer": {}}},
		Responses: map[string]*huma.Response{"204": {Description: "No Content"}, "401": refused},
	})
}
