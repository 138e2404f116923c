package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
)

// origins tells of each setting who decided it.
type origins struct {
	Set         []string `json:"set" doc:"fields that an admin or a manager outside set; the others have their defaults"`
	Managed     []string `json:"managed" doc:"fields that are decided by manager and cannot be changed here"`
	SMTP        bool     `json:"smtp" doc:"there is a mail server"`
	SMTPManaged bool     `json:"smtp_managed" doc:"the mail server is decided by manager"`
	Manager     string   `json:"manager" doc:"the object that decides, such as FaspexInstance faspex/demo"`
}

// managedSettings is what the operator's object says of the settings: the whole of it.
type managedSettings struct {
	Manager       string              `json:"manager" minLength:"1" maxLength:"600"`
	Configuration configurationChange `json:"configuration"`
	SMTP          *smtpChange         `json:"smtp,omitempty"`
}

func (s *Server) registerClaims() {
	register(s, operation{method: http.MethodGet, path: v5 + "/configuration/origins", id: "get-configuration-origins",
		what: "configuration", access: policy.ReadConfiguration, summary: "Tell who decided each setting"},
		func(ctx context.Context, _ *struct{}) (*body[origins], error) {
			out, err := s.origins(ctx)
			return answerWith(out), err
		})
	register(s, operation{method: http.MethodPut, path: v5 + "/configuration/managed", id: "manage-configuration",
		what: "configuration", access: configurers,
		summary: "Decide about settings in the place of admins: the operator's alone. Fields that are not named any more are given back"},
		s.manageConfiguration)
}

func (s *Server) origins(ctx context.Context) (origins, error) {
	out := origins{Set: []string{}, Managed: []string{}}
	claims, _, err := settings.ReadClaims(ctx, s.store)
	if err != nil {
		return out, err
	}
	out.Managed, out.SMTPManaged, out.Manager = notNil(claims.Configuration), claims.SMTP, claims.Manager
	switch _, _, err := mail.ReadServer(ctx, s.store); {
	case err == nil:
		out.SMTP = true
	case !errors.Is(err, mail.ErrNoServer):
		return out, err
	}
	for _, name := range []string{settings.NameConfiguration, settings.NameAdvanced, settings.NameRateLimits} {
		raw, _, err := s.store.Settings(ctx, name)
		if err != nil {
			return out, err
		}
		d, err := settings.ReadDocument(raw)
		if err != nil {
			return out, err
		}
		out.Set = append(out.Set, d.Fields()...)
	}
	return out, nil
}

// operatorActs refuses everybody but the operator.
func (s *Server) operatorActs(ctx context.Context) error {
	c, err := s.store.OAuthClient(ctx, clientOf(ctx))
	if err != nil {
		return err
	}
	who := actor(caller(ctx))
	who.Operator = c.Internal && c.AllowJWTGrant && c.AllowGlobalKey
	if !policy.May(who, policy.ClaimConfiguration) {
		return forbidden("Only the operator of this installation may do this.")
	}
	return nil
}

// manageConfiguration claims first, so that nobody decides otherwise while the values are written. Each step may be
// done again: the operator repeats the call until it succeeds.
func (s *Server) manageConfiguration(ctx context.Context, in *struct {
	RawBody []byte
	Body    managedSettings
}) (*body[origins], error) {
	if err := s.operatorActs(ctx); err != nil {
		return nil, err
	}
	var sent struct {
		Configuration settings.Document `json:"configuration"`
	}
	if err := json.Unmarshal(in.RawBody, &sent); err != nil {
		return nil, badRequest("The body is not an object.")
	}
	unknown, err := sent.Configuration.Unknown(settings.Configuration{})
	if err != nil {
		return nil, err
	}
	if len(unknown) > 0 {
		return nil, unknownSettings(unknown)
	}
	if err := s.wouldBeWrong(ctx, sent.Configuration); err != nil {
		return nil, err
	}
	if in.Body.SMTP != nil {
		if err := checkMailServer(in.Body.SMTP.Server); err != nil {
			return nil, within("smtp", err)
		}
	}
	claims := settings.Claims{Manager: in.Body.Manager, Configuration: sent.Configuration.Fields(),
		SMTP: in.Body.SMTP != nil}
	if err := s.claim(ctx, claims); err != nil {
		return nil, err
	}
	if err := s.putManagedConfiguration(ctx, sent.Configuration); err != nil {
		return nil, err
	}
	if in.Body.SMTP != nil {
		if err := s.putManagedMailServer(ctx, *in.Body.SMTP); err != nil {
			return nil, within("smtp", err)
		}
	}
	out, err := s.origins(ctx)
	return answerWith(out), err
}

func unknownSettings(names []string) error {
	p := newProblem(http.StatusBadRequest, "There is no setting "+strings.Join(names, ", ")+".")
	for _, name := range names {
		p.Errors = append(p.Errors, api.FieldError{Location: "body.configuration." + name,
			Message: "There is no such setting."})
	}
	return p
}

// within names the fields of a refusal as those of a part of the body.
func within(part string, err error) error {
	p, ok := err.(*problem)
	if !ok {
		return err
	}
	told := *p
	told.Errors = slices.Clone(p.Errors)
	for i := range told.Errors {
		told.Errors[i].Location = "body." + part + "." + strings.TrimPrefix(told.Errors[i].Location, "body.")
	}
	return &told
}

// wouldBeWrong refuses values before anything of them is claimed.
func (s *Server) wouldBeWrong(ctx context.Context, wanted settings.Document) error {
	raw, _, err := s.store.Settings(ctx, settings.NameConfiguration)
	if err != nil {
		return err
	}
	d, err := settings.ReadDocument(raw)
	if err != nil {
		return err
	}
	if d, err = d.Merge(wanted, settings.Configuration{}); err != nil {
		return err
	}
	holds, err := settings.Over(d, settings.DefaultConfiguration())
	if err != nil {
		return err
	}
	return within("configuration", refuseSettings(holds.Check(), wanted))
}

func (s *Server) claim(ctx context.Context, wanted settings.Claims) error {
	now, version, err := settings.ReadClaims(ctx, s.store)
	if err != nil || version != 0 && now.Equal(wanted) {
		return err
	}
	raw, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	return s.store.PutSettings(ctx, settings.NameClaims, version, raw, caller(ctx).ID)
}

func (s *Server) putManagedConfiguration(ctx context.Context, wanted settings.Document) error {
	_, before, version, err := settings.Read(ctx, s.store, settings.NameConfiguration, settings.DefaultConfiguration())
	if err != nil {
		return err
	}
	after, err := before.Merge(wanted, settings.Configuration{})
	if err != nil || after.Equal(before) {
		return err
	}
	return s.putSettings(ctx, settings.NameConfiguration, version, after)
}

// notManaged refuses a change of the configuration that would change what is decided elsewhere. A caller that sends a
// claimed field as it is changes nothing.
func (s *Server) notManaged(ctx context.Context, before, after settings.Configuration) error {
	claims, _, err := settings.ReadClaims(ctx, s.store)
	if err != nil {
		return err
	}
	broken, err := claims.Broken(before, after)
	if err != nil || len(broken) == 0 {
		return err
	}
	return atFields(managedElsewhere(claims.Manager), broken...)
}

// mailServerNotManaged refuses a change of a mail server that is decided elsewhere.
func (s *Server) mailServerNotManaged(ctx context.Context) error {
	claims, _, err := settings.ReadClaims(ctx, s.store)
	if err == nil && claims.SMTP {
		return managedElsewhere(claims.Manager)
	}
	return err
}

func managedElsewhere(manager string) *problem {
	p := newProblem(http.StatusConflict, "This is decided by "+manager+". Change it there.")
	p.Code = "managed"
	return p
}
