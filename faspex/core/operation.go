package core

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/store"
)

// access is the capability that one needs to call an operation at all; what they see of it is the operation's affair.
// None is needed for what is public.
type access = policy.Capability

const (
	public       access = ""
	anyone              = policy.LoggedIn
	managers            = policy.WriteUsers
	admins              = policy.WriteNodes
	clientAdmins        = policy.WriteClients
	userReaders         = policy.ReadUsers
)

// operation describes one call of the API.
type operation struct {
	method  string
	path    string // below Base
	id      string
	summary string
	// what is the thing it is about, for messages.
	what   string
	access access
	status int // of success; 0 is 200, or 204 without an answer
	// proves says that the call may check a password, and so have the caller wait.
	proves bool
	// batch says that the call does one thing to many, and tells by 207 which of them it could not do it to.
	batch bool
}

// register adds an operation. Errors of the handler are translated in one place.
func register[I, O any](s *Server, op operation, handle func(context.Context, *I) (*O, error)) {
	o := huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Summary: op.summary, DefaultStatus: op.status,
		Tags:   []string{op.what},
		Errors: []int{http.StatusBadRequest, http.StatusInternalServerError}, MaxBodyBytes: 4 << 20,
	}
	if op.access != public {
		o.Security = []map[string][]string{{"bearer": {}}}
		o.Errors = append(o.Errors, http.StatusUnauthorized, http.StatusForbidden)
		o.Middlewares = huma.Middlewares{s.admit(op.access)}
	}
	if op.proves {
		o.Errors = append(o.Errors, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	}
	if op.batch {
		answer := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[batchAnswer](), true, "BatchAnswer")
		o.Responses = map[string]*huma.Response{"207": {
			Description: "Not done to all", Content: map[string]*huma.MediaType{"application/json": {Schema: answer}},
		}}
	}
	huma.Register(s.api, o, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, s.answer(ctx, op.what, err)
		}
		return out, nil
	})
}

type (
	principalKey struct{}
	addressKey   struct{}
)

const notLoggedIn = "Log in: the access token is missing or not valid any more."

// admit lets a call pass whose bearer token is good and whose account has a capability.
func (s *Server) admit(needed access) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		p, err := s.auth.Authenticate(ctx.Context(), auth.Bearer(ctx.Header("Authorization")))
		switch {
		case errors.Is(err, auth.ErrToken):
			ctx.SetHeader("WWW-Authenticate", "Bearer")
			_ = huma.WriteErr(s.api, ctx, http.StatusUnauthorized, notLoggedIn)
		case err != nil:
			s.log.ErrorContext(ctx.Context(), "authentication failed", "request", process.RequestID(ctx.Context()), "error", err)
			_ = huma.WriteErr(s.api, ctx, http.StatusServiceUnavailable, "The request could not be answered. Try again.")
		case !policy.May(actor(p.Account), needed):
			_ = huma.WriteErr(s.api, ctx, http.StatusForbidden, "Your role does not allow this.")
		default:
			if err := s.auth.Used(ctx.Context(), p); err != nil {
				s.log.WarnContext(ctx.Context(), "cannot note the use of a session", "error", err)
			}
			r, _ := humago.Unwrap(ctx)
			next(huma.WithValue(huma.WithValue(ctx, principalKey{}, p), addressKey{}, s.auth.ClientAddress(r)))
		}
	}
}

// caller is the account that makes a call; every operation but the public ones has one.
func caller(ctx context.Context) store.Account {
	return ctx.Value(principalKey{}).(auth.Principal).Account
}

// login is the session that a call comes from; empty for logins without a browser.
func login(ctx context.Context) string {
	return ctx.Value(principalKey{}).(auth.Principal).Login
}

// clientAddress is where a call comes from.
func clientAddress(ctx context.Context) string {
	a, _ := ctx.Value(addressKey{}).(string)
	return a
}

func isAdmin(a store.Account) bool { return a.Role == store.RoleAdmin }

// actor is an account as the rules see it.
func actor(a store.Account) policy.Actor {
	return policy.Actor{Role: a.Role, Active: a.Status == store.AccountActive, Uploads: a.UploadsAllowed,
		Downloads: a.DownloadsAllowed}
}

// body is an answer with a JSON body.
type body[T any] struct{ Body T }

func answerWith[T any](v T) *body[T] { return &body[T]{v} }

// empty is an answer without a body: 204.
type empty struct{}

// IDPath is the id of a thing in the path.
type IDPath struct {
	ID string `path:"id"`
}

// number reads an id; ids of the API are decimal text.
func number(id, what string) (int64, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 1 {
		return 0, notFound(what)
	}
	return n, nil
}

// Paging cuts a list. It and the other embedded types are exported because the library sets no fields of others.
type Paging struct {
	Offset int `query:"offset" minimum:"0" default:"0"`
	Limit  int `query:"limit" minimum:"1" maximum:"1000" default:"1000"`
}

func (p Paging) page() store.Page { return store.Page{Offset: p.Offset, Limit: p.Limit} }

// List is what every list answers beside its items.
type List struct {
	TotalCount int `json:"total_count"`
	Offset     int `json:"offset"`
	Limit      int `json:"limit"`
}

func (p Paging) list(total int) List { return List{total, p.Offset, p.Limit} }

// textOrNumber describes api.ID to the library.
type textOrNumber string

// Schema describes both forms.
func (textOrNumber) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeInteger}}}
}
