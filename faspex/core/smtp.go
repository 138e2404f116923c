package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// smtpChange is the body that sets the mail server. The password is written and never told.
type smtpChange struct {
	mail.Server
	Password *string `json:"password,omitempty" maxLength:"1024"`
}

type smtpTestAnswer struct {
	SMTPConfiguration mail.Server `json:"smtp_configuration"`
	TemplateType      string      `json:"template_type"`
	Message           string      `json:"message"`
	JobID             string      `json:"job_id" doc:"jobs/{id} tells how it went, with the conversation in data.smtp_trace"`
}

func (s *Server) registerSMTP() {
	const what, path = "mail server", v5 + "/configuration/smtp"
	register(s, operation{method: http.MethodGet, path: path, id: "get-smtp", what: what, access: configurers,
		summary: "Read the mail server, without its password"},
		func(ctx context.Context, _ *struct{}) (*tagged[mail.Server], error) {
			stored, version, err := s.mailServer(ctx)
			return answerTagged(stored.Server, versionTag(version)), err
		})
	register(s, operation{method: http.MethodPost, path: path, id: "create-smtp", what: what, access: configurers,
		status: http.StatusCreated, summary: "Set the mail server; PUT changes one that is there"},
		func(ctx context.Context, in *struct{ Body smtpChange }) (*tagged[mail.Server], error) {
			if err := s.mailServerNotManaged(ctx); err != nil {
				return nil, err
			}
			if _, _, err := s.mailServer(ctx); err == nil {
				return nil, conflict("There is a mail server already. PUT changes it.")
			}
			return s.putMailServer(ctx, mail.Stored{}, 0, in.Body)
		})
	register(s, operation{method: http.MethodPut, path: path, id: "update-smtp", what: what, access: configurers,
		summary: "Change the mail server; without password the one that is known stays"},
		func(ctx context.Context, in *struct {
			IfMatch
			Body smtpChange
		}) (*tagged[mail.Server], error) {
			if err := s.mailServerNotManaged(ctx); err != nil {
				return nil, err
			}
			before, version, err := s.mailServer(ctx)
			if err != nil {
				return nil, err
			}
			if err := in.fresh(what, versionTag(version)); err != nil {
				return nil, err
			}
			return s.putMailServer(ctx, before, version, in.Body)
		})
	register(s, operation{method: http.MethodDelete, path: path, id: "delete-smtp", what: what, access: configurers,
		summary: "Send no mails any more"},
		func(ctx context.Context, _ *struct{}) (*empty, error) {
			if err := s.mailServerNotManaged(ctx); err != nil {
				return nil, err
			}
			return nil, s.store.DeleteSettings(ctx, mail.NameServer)
		})
	register(s, operation{method: http.MethodPost, path: path + "/test", id: "test-smtp", what: what, access: configurers,
		summary: "Have a test mail sent by a job"}, s.testMailServer)
}

// mailServer reads the mail server; 404 without one.
func (s *Server) mailServer(ctx context.Context) (mail.Stored, int64, error) {
	stored, version, err := mail.ReadServer(ctx, s.store)
	if errors.Is(err, mail.ErrNoServer) {
		return stored, 0, notFound("mail server")
	}
	return stored, version, err
}

// sendsMail refuses what would need a mail when none can be sent.
func (s *Server) sendsMail(ctx context.Context) error {
	_, _, err := mail.ReadServer(ctx, s.store)
	if errors.Is(err, mail.ErrNoServer) {
		p := newProblem(http.StatusConflict, "No mail server is configured, so no mail can be sent. An admin can set one.")
		p.Code = "no_mail_server"
		return p
	}
	return err
}

func (s *Server) putMailServer(ctx context.Context, before mail.Stored, version int64,
	c smtpChange) (*tagged[mail.Server], error) {
	if err := checkMailServer(c.Server); err != nil {
		return nil, err
	}
	password := ""
	if c.AuthType == mail.AuthLogin {
		var err error
		if password, err = s.mailPassword(before, c.Server, c.Password); err != nil {
			return nil, err
		}
	}
	err := s.storeMailServer(ctx, version, c.Server, password)
	return answerTagged(c.Server, versionTag(version+1)), err
}

func (s *Server) storeMailServer(ctx context.Context, version int64, server mail.Server, password string) error {
	after := mail.Stored{Server: server}
	if server.AuthType == mail.AuthLogin {
		var err error
		if after.Sealed, err = mail.Seal(s.ring, server, password); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(after)
	if err != nil {
		return err
	}
	return s.store.PutSettings(ctx, mail.NameServer, version, raw, caller(ctx).ID)
}

// putManagedMailServer stores the mail server of the operator's object, which brings its password each time. One that
// is as it should be is not written again.
func (s *Server) putManagedMailServer(ctx context.Context, c smtpChange) error {
	before, version, err := mail.ReadServer(ctx, s.store)
	if err != nil && !errors.Is(err, mail.ErrNoServer) {
		return err
	}
	password := ""
	if c.AuthType == mail.AuthLogin {
		if c.Password == nil || *c.Password == "" {
			return badField("password is needed for auth_type login.", "password")
		}
		password = *c.Password
	}
	if version != 0 && before.Server == c.Server {
		// A password that cannot be opened any more is not the wanted one.
		if known, current, err := before.Password(s.ring); err == nil && current && known == password {
			return nil
		}
	}
	return s.storeMailServer(ctx, version, c.Server, password)
}

// mailPassword is the password of a changed server. One that is known stays, but goes to no other server
// (TestMailPasswordStaysWithItsServer).
func (s *Server) mailPassword(before mail.Stored, after mail.Server, given *string) (string, error) {
	if given != nil && *given != "" {
		return *given, nil
	}
	elsewhere := before.ServerAddress != after.ServerAddress || before.ServerPort != after.ServerPort ||
		before.Username != after.Username || before.TLSEnabled && !after.TLSEnabled
	if len(before.Sealed) == 0 || elsewhere {
		return "", badField("password is needed for auth_type login, and again when server_address, server_port, "+
			"username or tls_enabled change.", "password")
	}
	password, _, err := before.Password(s.ring)
	return password, err
}

func checkMailServer(m mail.Server) error {
	if !settings.IsEmail(m.FromEmail) {
		return badField("from_email must be an e-mail address.", "from_email")
	}
	if strings.ContainsAny(m.ServerAddress, "/@: \t\r\n") {
		return badField("server_address must be a host name or an address.", "server_address")
	}
	if strings.ContainsAny(m.Domain, "/@ \t\r\n") {
		return badField("domain must be a host name.", "domain")
	}
	if minutes, err := strconv.Atoi(m.DefaultTimeZoneOffset); err != nil || minutes < -720 || minutes > 840 {
		return badField("default_time_zone_offset must be minutes between -720 and 840.", "default_time_zone_offset")
	}
	if m.AuthType == mail.AuthLogin && m.Username == "" {
		return badField("username is needed for auth_type login.", "username")
	}
	return nil
}

func (s *Server) testMailServer(ctx context.Context, in *struct {
	TemplateType string `query:"template_type" doc:"show the template of a type of mail"`
	Body         api.MailTest
}) (*body[smtpTestAnswer], error) {
	stored, _, err := s.mailServer(ctx)
	if err != nil {
		return nil, err
	}
	if in.TemplateType != "" && !slices.Contains(mail.Types(), in.TemplateType) {
		return nil, badRequest("template_type is no type of mail.")
	}
	if !settings.IsEmail(in.Body.TestEmailRecipient) {
		return nil, badField("test_email_recipient must be an e-mail address.", "test_email_recipient")
	}
	args, err := json.Marshal(mail.Test{To: in.Body.TestEmailRecipient, Type: in.TemplateType, Base: s.linkBase(ctx)})
	if err != nil {
		return nil, err
	}
	id, err := s.store.CreateJob(ctx, store.Job{
		Method: store.MethodTestMail, Name: "Test email settings", Type: "email", Reference: newID(), Args: string(args),
		MaxAttempts: 1,
	}, s.now())
	if err != nil {
		return nil, err
	}
	return answerWith(smtpTestAnswer{SMTPConfiguration: stored.Server, TemplateType: in.TemplateType,
		Message: "The mail is being sent. The job tells how it went.", JobID: text(id)}), nil
}
