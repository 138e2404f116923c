package core

import (
	"context"
	"errors"
	"net/http"

	"faspex.io/operator/faspex/store"
)

// configuration is the part of the server's settings that exists so far, by its published names.
type configuration struct {
	ID                               string  `json:"id"`
	ServerAddress                    string  `json:"server_address"`
	DefaultNode                      *string `json:"default_node"`
	DefaultSharedFolder              *string `json:"default_shared_folder"`
	UseStrongPassword                bool    `json:"use_strong_password"`
	UserDeactivationLoginCount       int     `json:"user_deactivation_login_count"`
	SessionTimeoutMinutes            int     `json:"session_timeout_minutes"`
	PackagesExpire                   bool    `json:"packages_expire"`
	DaysUntilPackagesExpire          int     `json:"days_until_packages_expire"`
	DaysBeforeDeletingPackageRecords int     `json:"days_before_deleting_package_records"`
	AllowSendToEmail                 bool    `json:"allow_send_to_email"`
	SelfRegistrationType             string  `json:"self_registration_type"`
	AccountDisplayNameFormat         string  `json:"account_display_name_format"`
	LoginLabel                       string  `json:"login_label"`
	UsersCanSendToAllFaspexUsers     bool    `json:"users_can_send_to_all_faspex_users"`
	UsersCanSendNormalPackages       bool    `json:"users_can_send_normal_packages"`
	RequireEncryptionAtRest          string  `json:"require_encryption_at_rest"`
	RequireExternalUsersRegistration bool    `json:"require_external_users_registration"`
	DeletePackagesAfterDownload      bool    `json:"delete_packages_after_download"`
	GlobalDefaultPasswordExpires     bool    `json:"global_default_password_expires"`
	InvitationsAllowed               bool    `json:"invitations_allowed"`
}

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

	register(s, operation{method: http.MethodGet, path: v5 + "/configuration",
		id: "get-configuration", what: "configuration", access: anyone,
		summary: "Read the settings of the server"}, s.getConfiguration)
}

func (s *Server) getConfiguration(ctx context.Context, _ *struct{}) (*body[configuration], error) {
	c := configuration{
		ID: "1", ServerAddress: s.auth.ExternalHost(), UseStrongPassword: true, UserDeactivationLoginCount: 5,
		SessionTimeoutMinutes: 60, DaysUntilPackagesExpire: 60, DaysBeforeDeletingPackageRecords: 365,
		SelfRegistrationType: "none", AccountDisplayNameFormat: "username", LoginLabel: "Faspex",
		UsersCanSendToAllFaspexUsers: true, UsersCanSendNormalPackages: true, RequireEncryptionAtRest: "false",
	}
	inbox, err := s.store.DefaultInbox(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err == nil && isAdmin(caller(ctx)) {
		c.DefaultNode, c.DefaultSharedFolder = ptr(text(inbox.NodeID)), ptr(text(inbox.ID))
	}
	return answerWith(c), nil
}
