package core

import (
	"context"
	"encoding/json"
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
	// linksOnly is for those who follow links alone: no account has it.
	linksOnly access = "links"
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
	// guests are what links of those lead here who have no login; none for most.
	guests []policy.Purpose
	// unproven says that it is open to links also before the code was typed that they may need.
	unproven bool
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
		o.Middlewares = huma.Middlewares{s.admit(op)}
	}
	if op.access != public || op.proves {
		o.Errors = append(o.Errors, http.StatusTooManyRequests)
	}
	if op.proves {
		o.Errors = append(o.Errors, http.StatusServiceUnavailable)
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
	hostKey      struct{}
)

const notLoggedIn = "Log in: the access token is missing or not valid any more."

// admit lets a call pass whose bearer token is good and whose account has a capability, and one by a link that leads to
// the operation.
func (s *Server) admit(op operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if passcode, ok := auth.Passcode(ctx.Header("Authorization"), ctx.Header("Passcode")); ok {
			s.admitGuest(ctx, op, passcode, next)
			return
		}
		p, err := s.auth.Authenticate(ctx.Context(), auth.Bearer(ctx.Header("Authorization")))
		switch {
		case errors.Is(err, auth.ErrToken):
			ctx.SetHeader("WWW-Authenticate", "Bearer")
			_ = huma.WriteErr(s.api, ctx, http.StatusUnauthorized, notLoggedIn)
		case err != nil:
			s.log.ErrorContext(ctx.Context(), "authentication failed", "request", process.RequestID(ctx.Context()), "error", err)
			_ = huma.WriteErr(s.api, ctx, http.StatusServiceUnavailable, "The request could not be answered. Try again.")
		case !policy.May(actor(p.Account), op.access):
			_ = huma.WriteErr(s.api, ctx, http.StatusForbidden, "Your role does not allow this.")
		case !s.limiter.allow(ctx.Context(), p.Account.ID):
			ctx.SetHeader("Retry-After", "1")
			_ = huma.WriteErr(s.api, ctx, http.StatusTooManyRequests, "Your account sends too many requests. Wait a second.")
		default:
			if err := s.auth.Used(ctx.Context(), p); err != nil {
				s.log.WarnContext(ctx.Context(), "cannot note the use of a session", "error", err)
			}
			r, _ := humago.Unwrap(ctx)
			next(s.from(huma.WithValue(ctx, principalKey{}, p), r))
		}
	}
}

// admitGuest lets a call pass by a link that leads to the operation.
func (s *Server) admitGuest(ctx huma.Context, op operation, passcode string, next func(huma.Context)) {
	follow := s.guest
	if op.unproven {
		follow = s.unproven
	}
	g, err := follow(ctx.Context(), passcode)
	var no *policy.Refusal
	switch {
	case errors.Is(err, errNoLink):
		_ = huma.WriteErr(s.api, ctx, http.StatusUnauthorized, "This link opens nothing. Perhaps it was not copied whole.")
	case errors.As(err, &no):
		s.writeRefusal(ctx, no)
	case err != nil:
		s.log.ErrorContext(ctx.Context(), "a link could not be looked up", "request", process.RequestID(ctx.Context()), "error", err)
		_ = huma.WriteErr(s.api, ctx, http.StatusServiceUnavailable, "The request could not be answered. Try again.")
	case !policy.Serves(op.guests, g.purpose):
		_ = huma.WriteErr(s.api, ctx, http.StatusForbidden, "This link does not lead here.")
	case !s.limiter.allow(ctx.Context(), g.account.ID):
		ctx.SetHeader("Retry-After", "1")
		_ = huma.WriteErr(s.api, ctx, http.StatusTooManyRequests, "The link is used too often. Wait a second.")
	default:
		r, _ := humago.Unwrap(ctx)
		ctx = huma.WithValue(ctx, principalKey{}, auth.Principal{Account: g.account})
		next(s.from(huma.WithValue(ctx, guestKey{}, g), r))
	}
}

// from notes where a call comes from, and which address of this server it was sent to.
func (s *Server) from(ctx huma.Context, r *http.Request) huma.Context {
	return huma.WithValue(huma.WithValue(ctx, addressKey{}, s.auth.ClientAddress(r)), hostKey{}, r.Host)
}

// writeRefusal answers why a link opens nothing, with the code of the reason.
func (s *Server) writeRefusal(ctx huma.Context, no *policy.Refusal) {
	var p *problem
	if err := s.answer(ctx.Context(), "link", no); errors.As(err, &p) {
		ctx.SetStatus(p.status)
		ctx.SetHeader("Content-Type", "application/json")
		_ = json.NewEncoder(ctx.BodyWriter()).Encode(p.WireError) // a failed write means the client has gone
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

// clientOf is the program that makes a call.
func clientOf(ctx context.Context) string {
	return ctx.Value(principalKey{}).(auth.Principal).ClientID
}

// clientAddress is where a call comes from.
func clientAddress(ctx context.Context) string {
	a, _ := ctx.Value(addressKey{}).(string)
	return a
}

func isAdmin(a store.Account) bool { return a.Role == store.RoleAdmin }

// actor is an account as the rules see it.
func actor(a store.Account) policy.Actor {
	o := optionsOf(a)
	return policy.Actor{Role: a.Role, Active: a.Status == store.AccountActive, Uploads: a.UploadsAllowed,
		Downloads: a.DownloadsAllowed, Forwards: o.ForwardingAllowed, Remote: o.CanCreateFromRemote}
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
