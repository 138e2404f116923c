package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// configuration is the answer of GET configuration: an admin's view, and everybody's (everybodySees).
type configuration struct {
	ID                      string  `json:"id"`
	NormalPkgMdataProfileID *int64  `json:"normal_pkg_mdata_profile_id"`
	HTTPPort                string  `json:"http_port"`
	HTTPSPort               string  `json:"https_port"`
	EnableAlternateAddress  bool    `json:"enable_alternate_address"`
	DefaultNode             *string `json:"default_node"`
	DefaultSharedFolder     *string `json:"default_shared_folder"`
	AppLogoImageURL         string  `json:"app_logo_image_url"`
	settings.Configuration
	// everybody leaves out what is for admins.
	everybody bool
}

// everybodySees are the fields of the configuration that each account is told.
var everybodySees = []string{
	"package_instructions", "connect_install_prompt", "require_obfuscation", "http_gateway_url", "app_logo_text",
	"app_logo_image_type", "app_logo_image_url", "app_logo_image_data", "color_customization_data", "login_page_title",
	"announcement", "home_page_message", "package_terms_of_service", "account_display_name_format",
}

// MarshalJSON writes the view.
func (c configuration) MarshalJSON() ([]byte, error) {
	type plain configuration
	return viewOnly(plain(c), c.everybody, everybodySees)
}

// configurationChange is the body of PUT configuration: the fields to set. Null gives a field its default back.
type configurationChange settings.Configuration

type coreHealth struct {
	Core struct {
		Connected bool `json:"connected"`
	} `json:"core"`
}

type versionAnswer struct {
	Version string `json:"version"`
}

func (s *Server) registerConfiguration() {
	register(s, operation{method: http.MethodGet, path: v5 + "/configuration/ping",
		id: "ping", what: "configuration", access: public,
		summary: "Tell that a Faspex is here", status: http.StatusOK},
		func(context.Context, *struct{}) (*empty, error) { return nil, nil })

	register(s, operation{method: http.MethodGet, path: "/health", id: "health", what: "configuration", access: public,
		summary: "Tell whether core is ready"},
		func(ctx context.Context, _ *struct{}) (*body[coreHealth], error) {
			if err := s.Ready(ctx); err != nil {
				return nil, newProblem(http.StatusServiceUnavailable, "Core is not ready: "+err.Error()+".")
			}
			var h coreHealth
			h.Core.Connected = true
			return answerWith(h), nil
		})

	register(s, operation{method: http.MethodGet, path: v5 + "/version",
		id: "version", what: "configuration", access: anyone,
		summary: "Tell the version"},
		func(context.Context, *struct{}) (*body[versionAnswer], error) {
			return answerWith(versionAnswer{s.version}), nil
		})

	s.registerGatewayTest()
	register(s, operation{method: http.MethodGet, path: v5 + "/configuration",
		id: "get-configuration", what: "configuration", access: anyone,
		summary: "Read the settings of the server; an admin sees all of them"}, s.getConfiguration)
	register(s, operation{method: http.MethodPut, path: v5 + "/configuration",
		id: "update-configuration", what: "configuration", access: configurers,
		summary: "Change settings of the server; what is not named stays, null gives back the default"},
		s.changeConfiguration)
	s.registerSettings()
	s.registerClaims()
}

func (s *Server) getConfiguration(ctx context.Context, _ *struct{}) (*tagged[configuration], error) {
	at, err := s.configurationNow(ctx)
	if err != nil {
		return nil, err
	}
	tag, err := tagOf(at.Shown)
	return answerTagged(at.Shown, tag), err
}

// configurationVersion is the configuration as it was read.
type configurationVersion struct {
	Document settings.Document
	Version  int64
	Shown    configuration
}

// configurationNow reads the configuration for the caller's view.
func (s *Server) configurationNow(ctx context.Context) (configurationVersion, error) {
	holds, document, version, err := settings.Read(ctx, s.store, settings.NameConfiguration,
		settings.DefaultConfiguration())
	if err != nil {
		return configurationVersion{}, err
	}
	shown, err := s.showConfiguration(ctx, holds)
	return configurationVersion{document, version, shown}, err
}

// showConfiguration adds what the installation decides.
func (s *Server) showConfiguration(ctx context.Context, holds settings.Configuration) (configuration, error) {
	admin := policy.May(actor(caller(ctx)), policy.ReadConfiguration)
	c := configuration{ID: "1", Configuration: holds, everybody: !admin}
	if c.ServerAddress == "" {
		c.ServerAddress = s.auth.ExternalHost()
	}
	if c.HTTPGatewayURL == nil {
		c.HTTPGatewayURL = s.gatewayURL()
	}
	logo, err := s.auth.BrandingPath(ctx, "logo")
	if err != nil {
		return c, err
	}
	if logo != "" {
		c.AppLogoImageURL = s.external + logo
	}
	c.HTTPPort, c.HTTPSPort = "80", "443"
	if u, err := url.Parse(s.external); err == nil && u.Port() != "" {
		if u.Scheme == "https" {
			c.HTTPSPort = u.Port()
		} else {
			c.HTTPPort = u.Port()
		}
	}
	addresses, _, err := settings.ReadList[settings.AlternateAddress](ctx, s.store, settings.NameAlternateAddresses)
	if err != nil {
		return c, err
	}
	c.EnableAlternateAddress = len(addresses.Items) > 0
	inbox, err := s.store.DefaultInbox(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return c, err
	}
	if err == nil && admin {
		c.DefaultNode, c.DefaultSharedFolder = ptr(text(inbox.NodeID)), ptr(text(inbox.ID))
	}
	return c, nil
}

func (s *Server) changeConfiguration(ctx context.Context, in *struct {
	IfMatch
	RawBody []byte
	Body    configurationChange
}) (*tagged[configuration], error) {
	wanted, err := settings.ReadDocument(in.RawBody)
	if err != nil {
		return nil, badRequest("The body is not an object.")
	}
	after, tag, err := change(in.IfMatch, stored[configurationVersion]{
		what: "configuration",
		read: func() (configurationVersion, error) { return s.configurationNow(ctx) },
		tag:  func(v configurationVersion) (string, error) { return tagOf(v.Shown) },
		write: func(before, after configurationVersion) error {
			return s.putSettings(ctx, settings.NameConfiguration, before.Version, after.Document)
		},
	}, func(v configurationVersion) (configurationVersion, error) {
		document, err := v.Document.Merge(wanted, settings.Configuration{})
		if err != nil {
			return v, err
		}
		holds, err := settings.Over(document, settings.DefaultConfiguration())
		if err != nil {
			return v, err
		}
		if err := refuseSettings(holds.Check(), wanted); err != nil {
			return v, err
		}
		before, err := settings.Over(v.Document, settings.DefaultConfiguration())
		if err != nil {
			return v, err
		}
		if err := s.notManaged(ctx, before, holds); err != nil {
			return v, err
		}
		shown, err := s.showConfiguration(ctx, holds)
		return configurationVersion{document, v.Version, shown}, err
	})
	if err != nil {
		return nil, err
	}
	return answerTagged(after.Shown, tag), nil
}

// refuseSettings tells of what is wrong in a change. What was wrong before, after an upgrade for example, keeps nobody
// from changing something else.
func refuseSettings(problems []settings.Problem, wanted settings.Document) error {
	var refused *problem
	for _, p := range problems {
		if _, named := wanted[p.Field]; !named {
			continue
		}
		if refused == nil {
			refused = newProblem(http.StatusBadRequest, p.Message)
		}
		refused.Errors = append(refused.Errors, api.FieldError{Location: "body." + p.Field, Message: p.Message})
	}
	if refused == nil {
		return nil
	}
	return refused
}

func (s *Server) putSettings(ctx context.Context, name string, version int64, d settings.Document) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return s.store.PutSettings(ctx, name, version, raw, caller(ctx).ID)
}
