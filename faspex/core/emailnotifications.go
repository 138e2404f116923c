package core

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/settings"
)

// MailType names a type of mail in a query.
type MailType struct {
	Type string `query:"type" required:"true"`
}

func (s *Server) registerEmailNotifications() {
	const what, path = "template", v5 + "/email_notifications"
	register(s, operation{method: http.MethodGet, path: path, id: "get-email-notification", what: what,
		access: configurers, summary: "Read the template of a type of mail"},
		func(ctx context.Context, in *struct {
			MailType
			Default bool `query:"default" doc:"the template for which nothing was written"`
		}) (*body[api.EmailNotification], error) {
			if err := in.known(); err != nil {
				return nil, err
			}
			if in.Default {
				return answerWith(templateOut(in.Type, mail.Default(in.Type))), nil
			}
			t, _, _, err := settings.Read(ctx, s.store, mail.NameTemplate(in.Type), mail.Default(in.Type))
			return answerWith(templateOut(in.Type, t)), err
		})
	register(s, operation{method: http.MethodPut, path: path, id: "update-email-notification", what: what,
		access: configurers, summary: "Change the template of a type of mail"}, s.changeTemplate)
	register(s, operation{method: http.MethodPut, path: path + "/restore_default", id: "restore-email-notification",
		what: what, access: configurers, summary: "Put a template back to its default"},
		func(ctx context.Context, in *MailType) (*body[api.EmailNotification], error) {
			if err := in.known(); err != nil {
				return nil, err
			}
			_, version, err := s.store.Settings(ctx, mail.NameTemplate(in.Type))
			if err == nil && version != 0 {
				err = s.putSettings(ctx, mail.NameTemplate(in.Type), version, settings.Document{})
			}
			return answerWith(templateOut(in.Type, mail.Default(in.Type))), err
		})
}

func (t MailType) known() error {
	if !slices.Contains(mail.Types(), t.Type) {
		return badRequest("type is no type of mail.")
	}
	return nil
}

func (s *Server) changeTemplate(ctx context.Context, in *struct {
	MailType
	Body api.EmailNotificationChange
}) (*body[api.EmailNotification], error) {
	if err := in.known(); err != nil {
		return nil, err
	}
	_, d, version, err := settings.Read(ctx, s.store, mail.NameTemplate(in.Type), mail.Default(in.Type))
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	wanted, err := settings.ReadDocument(raw)
	if err != nil {
		return nil, err
	}
	wanted["use_html_derived"] = json.RawMessage("true")
	if in.Body.HTML != nil {
		wanted["use_html_derived"] = json.RawMessage("false")
	}
	if d, err = d.Merge(wanted, mail.Template{}); err != nil {
		return nil, err
	}
	t, err := settings.Over(d, mail.Default(in.Type))
	if err == nil {
		err = s.putSettings(ctx, mail.NameTemplate(in.Type), version, d)
	}
	return answerWith(templateOut(in.Type, t)), err
}

func templateOut(of string, t mail.Template) api.EmailNotification {
	return api.EmailNotification{
		ID: of, UseHTMLDerived: t.UseHTMLDerived, Description: mail.Describe(of), Type: of, Subject: t.Subject,
		Greeting: t.Greeting, Introduction: t.Introduction, MessageContinued: t.MessageContinued, Signature: t.Signature,
		Details: mail.Details(of), IncludeDetails: t.IncludeDetails, AlternateAddressFooter: t.AlternateAddressFooter,
		IncludeAlternateAddressFooter: t.IncludeAlternateAddressFooter, IncludeRecipients: t.IncludeRecipients,
		HTMLDerived: t.HTMLDerived(of), HTML: t.HTML,
	}
}
