package faspexinstance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/faspexapi"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/faspex/api"
	faspexclient "faspex.io/operator/faspex/client"
)

// portSubmission is where mail servers take mails of programs.
const portSubmission = 587

// settingsApplied tells Faspex which settings this object decides. An object that decides none, and did not before,
// does not ask Faspex at all; one that decides none any more gives all back once.
func (r *reconciler) settingsApplied(ctx context.Context, o *observed) phase.Outcome {
	spec, status := o.instance.Spec, &o.instance.Status
	decides := len(spec.Configuration) > 0 || spec.Mail != nil
	if !decides && (status.DecidesSettings == nil || !*status.DecidesSettings) {
		return phase.Done(v1alpha1.ReasonSucceeded, "administrators decide about all settings")
	}
	wanted, err := r.settingsOf(ctx, o.instance)
	if err != nil {
		return secrets.Outcome(err)
	}
	connection, err := r.faspex.Connect(ctx, o.instance)
	if err != nil {
		return faspexapi.Failed("apply settings", err)
	}
	if err := connection.ManageSettings(ctx, wanted); err != nil {
		return refusedSettings(err)
	}
	if !decides {
		status.DecidesSettings = nil
		return phase.Done(v1alpha1.ReasonSucceeded, "administrators decide about all settings")
	}
	status.DecidesSettings = &decides
	return phase.Done(v1alpha1.ReasonSucceeded, "Faspex has the settings of spec.configuration and spec.mail")
}

// settingsOf is what an instance decides, all of it.
func (r *reconciler) settingsOf(ctx context.Context, instance *v1alpha1.FaspexInstance) (api.ManagedSettings, error) {
	wanted := api.ManagedSettings{
		Manager:       fmt.Sprintf("FaspexInstance %s/%s", instance.Namespace, instance.Name),
		Configuration: instance.Spec.Configuration,
	}
	if wanted.Configuration == nil {
		wanted.Configuration = map[string]json.RawMessage{}
	}
	if instance.Spec.Mail == nil {
		return wanted, nil
	}
	mail := instance.Spec.Mail
	wanted.SMTP = &api.ManagedMailServer{MailServer: mailServer(mail)}
	if ref := mail.CredentialsSecretRef; ref != nil {
		given, err := r.secrets.Read(ctx, instance.Namespace, ref.Name, "spec.mail.credentialsSecretRef", "username",
			"password")
		if err != nil {
			return wanted, err
		}
		wanted.SMTP.AuthType, wanted.SMTP.Username = "login", string(given["username"])
		wanted.SMTP.Password = string(given["password"])
	}
	return wanted, nil
}

func mailServer(mail *v1alpha1.MailSpec) api.MailServer {
	server := api.MailServer{
		AuthType: "open", ServerAddress: mail.Host, ServerPort: portSubmission, Domain: mail.HELOName, FromUser: "Faspex",
		FromEmail: mail.From.Email, TLSEnabled: mail.TLS == nil || *mail.TLS, PackagesRecipientFrom: "faspex",
		DefaultTimeZoneOffset: "0",
	}
	if mail.Port != 0 {
		server.ServerPort = int(mail.Port)
	}
	if mail.From.Name != "" {
		server.FromUser = mail.From.Name
	}
	if from := map[string]string{"SenderViaFaspex": "sender_via_faspex", "Sender": "sender",
		"SenderEmail": "sender_email"}[mail.PackageFrom]; from != "" {
		server.PackagesRecipientFrom = from
	}
	if mail.TimeZoneOffsetMinutes != nil {
		server.DefaultTimeZoneOffset = fmt.Sprint(*mail.TimeZoneOffsetMinutes)
	}
	return server
}

// refusedSettings names the fields of the spec that Faspex will not have. Its sentences hold no values.
func refusedSettings(err error) phase.Outcome {
	var refused *faspexclient.Error
	if !errors.As(err, &refused) || refused.Status != http.StatusBadRequest {
		return faspexapi.Failed("apply settings", err)
	}
	said := []string{refused.Message}
	if len(refused.Fields) > 0 {
		said = nil
	}
	for _, field := range refused.Fields {
		location := strings.TrimPrefix(field.Location, "body.")
		if rest, ok := strings.CutPrefix(location, "smtp"); ok {
			location = "mail" + rest
		}
		said = append(said, "spec."+location+": "+field.Message)
	}
	return phase.Invalid(v1alpha1.ReasonInvalidSpec, strings.Join(said, " "))
}
