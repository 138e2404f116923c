package core

import (
	"context"
	"encoding/json"
	"maps"
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
		}) (*tagged[api.EmailNotification], error) {
			if err := in.known(); err != nil {
				return nil, err
			}
			t, _, version, err := settings.Read(ctx, s.store, mail.NameTemplate(in.Type), mail.Default(in.Type))
			if in.Default {
				t = mail.Default(in.Type)
			}
			return answerTagged(templateOut(in.Type, t), versionTag(version)), err
		})
	register(s, operation{method: http.MethodGet, path: path + "/types", id: "list-email-notification-types", what: what,
		access: configurers, summary: "List the types of mails"},
		func(context.Context, *struct{}) (*body[mailTypes], error) {
			out := mailTypes{Types: []mailType{}}
			for _, of := range mail.Types() {
				out.Types = append(out.Types, mailType{of, mail.Describe(of)})
			}
			return answerWith(out), nil
		})
	register(s, operation{method: http.MethodPost, path: path + "/preview", id: "preview-email-notification", what: what,
		access: configurers, summary: "Show a mail as a changed template would make it, with values as an example"},
		s.previewTemplate)
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

type mailTypes struct {
	Types []mailType `json:"types"`
}

type mailType struct {
	Type        string `json:"type"`
	Description string `json:"description"`
}

type mailPreview struct {
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	HTML    string   `json:"html"`
	Words   []string `json:"words" doc:"the words that a template of this type may use"`
}

func (t MailType) known() error {
	if !slices.Contains(mail.Types(), t.Type) {
		return badRequest("type is no type of mail.")
	}
	return nil
}

func (s *Server) changeTemplate(ctx context.Context, in *struct {
	MailType
	IfMatch
	Body api.EmailNotificationChange
}) (*tagged[api.EmailNotification], error) {
	if err := in.known(); err != nil {
		return nil, err
	}
	_, d, version, err := settings.Read(ctx, s.store, mail.NameTemplate(in.Type), mail.Default(in.Type))
	if err != nil {
		return nil, err
	}
	if err := in.fresh("template", versionTag(version)); err != nil {
		return nil, err
	}
	d, t, err := changedTemplate(in.Type, d, in.Body)
	if err == nil {
		err = s.putSettings(ctx, mail.NameTemplate(in.Type), version, d)
	}
	return answerTagged(templateOut(in.Type, t), versionTag(version+1)), err
}

func (s *Server) previewTemplate(ctx context.Context, in *struct {
	MailType
	Body api.EmailNotificationChange
}) (*body[mailPreview], error) {
	if err := in.known(); err != nil {
		return nil, err
	}
	_, d, _, err := settings.Read(ctx, s.store, mail.NameTemplate(in.Type), mail.Default(in.Type))
	if err != nil {
		return nil, err
	}
	_, t, err := changedTemplate(in.Type, d, in.Body)
	if err != nil {
		return nil, err
	}
	values := mail.Sample(in.Type, s.linkBase(ctx))
	alternates, err := mail.Alternates(ctx, s.store)
	if err != nil {
		return nil, err
	}
	maps.Copy(values, alternates)
	out := mailPreview{Words: mail.Words(values)}
	out.Subject, out.Text, out.HTML = t.Render(in.Type, values)
	return answerWith(out), nil
}

// changedTemplate makes a change to what was stored of a template: with html to the editor's, without it to the form's,
// and what was changed is used from then on.
func changedTemplate(of string, d settings.Document, c api.EmailNotificationChange) (settings.Document, mail.Template,
	error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, mail.Template{}, err
	}
	wanted, err := settings.ReadDocument(raw)
	if err != nil {
		return nil, mail.Template{}, err
	}
	wanted["use_html_derived"] = json.RawMessage("true")
	if c.HTML != nil {
		wanted["use_html_derived"] = json.RawMessage("false")
	}
	if d, err = d.Merge(wanted, mail.Template{}); err != nil {
		return nil, mail.Template{}, err
	}
	t, err := settings.Over(d, mail.Default(of))
	return d, t, err
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
