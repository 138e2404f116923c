package settings

// Configuration is what an administrator sets for the whole server, by the published names. docs/faspex.md tells of
// each field what it does.
type Configuration struct {
	ServerAddress                               string   `json:"server_address" maxLength:"1024"`
	AllowSendToEmail                            bool     `json:"allow_send_to_email"`
	AllowSendToEmailDefault                     bool     `json:"allow_send_to_email_default"`
	PackageLinkExpires                          bool     `json:"package_link_expires"`
	PackageLinkValidDays                        int      `json:"package_link_valid_days" minimum:"1" maximum:"36500"`
	PackageLinkExpiresAfterFullDownload         bool     `json:"package_link_expires_after_full_download"`
	PackagesExpire                              bool     `json:"packages_expire"`
	DaysBeforeDeletingPackageRecords            int      `json:"days_before_deleting_package_records" minimum:"1" maximum:"36500"`
	DaysUntilPackagesExpire                     int      `json:"days_until_packages_expire" minimum:"1" maximum:"36500"`
	UseStrongPassword                           bool     `json:"use_strong_password"`
	UserDeactivationLoginIntervalMinutes        int      `json:"user_deactivation_login_interval_minutes" minimum:"1" maximum:"525600"`
	UserDeactivationLoginCount                  int      `json:"user_deactivation_login_count" minimum:"1" maximum:"100"`
	SessionTimeoutMinutes                       int      `json:"session_timeout_minutes" minimum:"1" maximum:"525600"`
	PreventConcurrentLogin                      bool     `json:"prevent_concurrent_login"`
	Announcement                                string   `json:"announcement" maxLength:"4000"`
	HomePageMessage                             string   `json:"home_page_message" maxLength:"4000"`
	DeletePackagesAfterDownload                 bool     `json:"delete_packages_after_download"`
	DeletePackagesAfterDownloadCondition        string   `json:"delete_packages_after_download_condition" enum:"nothing,any_member,all_members"`
	RequireEncryptionAtRest                     string   `json:"require_encryption_at_rest" enum:"true,false,optional"`
	SharedInboxCanOverrideEAR                   bool     `json:"shared_inbox_can_override_ear"`
	PackageInstructions                         string   `json:"package_instructions" maxLength:"4000"`
	SelfRegistrationType                        string   `json:"self_registration_type" enum:"none,moderated,unmoderated"`
	SelfRegistrationTypeExternal                string   `json:"self_registration_type_external" enum:"moderated,unmoderated"`
	RegistrationApprovalCCs                     []string `json:"registration_approval_ccs" maxItems:"1000"`
	RegistrationApprovalCCsExternal             []string `json:"registration_approval_ccs_external" maxItems:"1000"`
	LoginTermsOfService                         string   `json:"login_terms_of_service" maxLength:"4000"`
	SelfRegisteredUsersCanSendToEachOther       bool     `json:"self_registered_users_can_send_to_each_other"`
	InvitationsAllowed                          bool     `json:"invitations_allowed"`
	InvitationsAllowedByDefault                 bool     `json:"invitations_allowed_by_default"`
	PrivateUserDir                              bool     `json:"private_user_dir"`
	SaveMetadataToFile                          bool     `json:"save_metadata_to_file"`
	SharedInboxCanOverridePublicURL             bool     `json:"shared_inbox_can_override_public_url"`
	DeactivateInactiveUsers                     bool     `json:"deactivate_inactive_users"`
	UserDeactivationInactiveDays                int      `json:"user_deactivation_inactive_days" minimum:"1" maximum:"36500"`
	RemoveInactiveUsers                         bool     `json:"remove_inactive_users"`
	UserRemovalInactiveDays                     int      `json:"user_removal_inactive_days" minimum:"1" maximum:"36500"`
	ForcePasswordResetForNewUsers               bool     `json:"force_password_reset_for_new_users"`
	AllowSelfUnlock                             bool     `json:"allow_self_unlock"`
	CanSeeGlobalDistributionListsDefault        bool     `json:"can_see_global_distribution_lists_default"`
	IgnoreInvalidRecipients                     bool     `json:"ignore_invalid_recipients"`
	AccountDisplayNameFormat                    string   `json:"account_display_name_format" enum:"full_name,username"`
	RequireExternalUsersRegistration            bool     `json:"require_external_users_registration"`
	GlobalDefaultPasswordExpires                bool     `json:"global_default_password_expires"`
	GlobalDefaultPasswordExpirationIntervalDays int      `json:"global_default_password_expiration_interval_days" minimum:"1" maximum:"36500"`
	RegistrationExternalUseDefault              bool     `json:"registration_external_use_default"`
	ExternalLoginTermsOfService                 string   `json:"external_login_terms_of_service" maxLength:"4000"`
	GlobalDefaultEnforcePasswordHistory         bool     `json:"global_default_enforce_password_history"`
	GlobalDefaultPasswordHistoryLimit           int      `json:"global_default_password_history_limit" minimum:"1" maximum:"100"`
	SendWelcomeEmailToAllNewUsers               bool     `json:"send_welcome_email_to_all_new_users"`
	LoginLabel                                  string   `json:"login_label" maxLength:"1024"`
	LoginInstructions                           string   `json:"login_instructions" maxLength:"4000"`
	RegistrationInstructions                    string   `json:"registration_instructions" maxLength:"4000"`
	UsersCanSendToAllFaspexUsers                bool     `json:"users_can_send_to_all_faspex_users"`
	AllowUserSpecifiedDeleteAfterDownload       bool     `json:"allow_user_specified_delete_after_download"`
	UsersCanSendNormalPackages                  bool     `json:"users_can_send_normal_packages"`
	PackageTermsOfService                       string   `json:"package_terms_of_service" maxLength:"4000"`
	AllowExternalSendToFaspexUser               bool     `json:"allow_external_send_to_faspex_user"`
	InvitationLinkExpires                       bool     `json:"invitation_link_expires"`
	InvitationLinkExpirationPolicy              bool     `json:"invitation_link_expiration_policy"`
	InvitationLinkHoursValid                    int      `json:"invitation_link_hours_valid" minimum:"1" maximum:"87600"`
	InvitationLinkExpiresAfterUpload            bool     `json:"invitation_link_expires_after_upload"`
	AllowUsersToSetCustomLinkExpiration         bool     `json:"allow_users_to_set_custom_link_expiration"`
	RemoveInactiveSamlUsers                     bool     `json:"remove_inactive_saml_users"`
	SamlUserRemovalInactiveDays                 int      `json:"saml_user_removal_inactive_days" minimum:"1" maximum:"36500"`
	RegistrationBlocklist                       []string `json:"registration_blocklist" maxItems:"1000"`
	MaxTitleLengthInStoragePaths                int      `json:"max_title_length_in_storage_paths" minimum:"1" maximum:"200"`
	SenderQuotaOption                           string   `json:"sender_quota_option" enum:"enable,disable,default"`
	SenderQuotaDurationHours                    int      `json:"sender_quota_duration_hours" minimum:"1" maximum:"9999"`
	SenderQuotaLimitMB                          int      `json:"sender_quota_limit_mb" minimum:"0" maximum:"2000000000"`
	QuotaRecipientAllowlist                     []string `json:"quota_recipient_allowlist" maxItems:"1000"`
	QuotaSenderAllowlist                        []string `json:"quota_sender_allowlist" maxItems:"1000"`
	CanOverrideEARPerPersonalInvite             bool     `json:"can_override_ear_per_personal_invite"`
	EnforceMaximumInvitationDuration            bool     `json:"enforce_maximum_invitation_duration"`
	RequireObfuscation                          string   `json:"require_obfuscation" enum:"true,false,optional"`
	FileProcessingEnabled                       bool     `json:"file_processing_enabled"`
	FileProcessingTimeoutMinutes                int      `json:"file_processing_timeout_minutes" minimum:"1" maximum:"525600"`
	PkgProcessingTimeoutMinutes                 int      `json:"pkg_processing_timeout_minutes" minimum:"1" maximum:"525600"`
	InitialTargetUploadRateKbps                 int      `json:"initial_target_upload_rate_kbps" minimum:"0" maximum:"100000000"`
	InitialTargetDownloadRateKbps               int      `json:"initial_target_download_rate_kbps" minimum:"0" maximum:"100000000"`
	MaxTargetUploadRateKbps                     int      `json:"max_target_upload_rate_kbps" minimum:"0" maximum:"100000000"`
	MaxTargetDownloadRateKbps                   int      `json:"max_target_download_rate_kbps" minimum:"0" maximum:"100000000"`
	HTTPFallbackEnabled                         bool     `json:"http_fallback_enabled"`
	LockMinratePolicy                           bool     `json:"lock_minrate_policy"`
	RelayOutgoingBandwidthKbps                  int      `json:"relay_outgoing_bandwidth_kbps" minimum:"0" maximum:"100000000"`
	RelayIncomingBandwidthKbps                  int      `json:"relay_incoming_bandwidth_kbps" minimum:"0" maximum:"100000000"`
	MinConnectVersion                           string   `json:"min_connect_version" maxLength:"1024"`
	EncryptTransfers                            bool     `json:"encrypt_transfers"`
	LockConnectSDKVersion                       bool     `json:"lock_connect_sdk_version"`
	DownloadsDuringTransfersEnabled             bool     `json:"downloads_during_transfers_enabled"`
	HTTPGatewayURL                              *string  `json:"http_gateway_url" maxLength:"1024" nullable:"true"`
	PreferHTTPConnect                           bool     `json:"prefer_http_connect"`
	EncryptionType                              *string  `json:"encryption_type" maxLength:"16" nullable:"true"`
	PublicURLAllowed                            bool     `json:"public_url_allowed"`
	PublicURLAllowedDefault                     bool     `json:"public_url_allowed_default"`
	ConnectInstallPrompt                        string   `json:"connect_install_prompt" enum:"all_users,faspex_users,none"`
	ConnectURL                                  *string  `json:"connect_url" maxLength:"1024" nullable:"true"`
	StrongPasswordRegex                         string   `json:"strong_password_regex" maxLength:"1024"`
	StrongPasswordRequirements                  string   `json:"strong_password_requirements" maxLength:"4000"`
	SaveMetadataInPackage                       bool     `json:"save_metadata_in_package"`
	HideRelayInformation                        bool     `json:"hide_relay_information"`
	PackageUploadTimeout                        int      `json:"package_upload_timeout" minimum:"1" maximum:"604800"`
	LiveUpdateIntervalSec                       int      `json:"live_update_interval_sec" minimum:"1" maximum:"604800"`
	ColorCustomizationData                      string   `json:"color_customization_data" maxLength:"65536"`
	BetaOptIn                                   bool     `json:"beta_opt_in"`
	AppLogoText                                 string   `json:"app_logo_text" maxLength:"1024"`
	AppLogoImageType                            string   `json:"app_logo_image_type" maxLength:"64"`
	AppLogoImageData                            string   `json:"app_logo_image_data" maxLength:"2000000"`
	MFARequired                                 bool     `json:"mfa_required"`
	PkgPollerStartDelay                         int      `json:"pkg_poller_start_delay" minimum:"1" maximum:"604800"`
	RetryFailedPkgsInterval                     int      `json:"retry_failed_pkgs_interval" minimum:"1" maximum:"604800"`
	EnablePackagePurge                          bool     `json:"enable_package_purge"`
	MFACodeValidity                             int      `json:"mfa_code_validity" minimum:"1" maximum:"1440"`
	MFAMaxAttempts                              int      `json:"mfa_max_attempts" minimum:"1" maximum:"100"`
	LoginPageTitle                              string   `json:"login_page_title" maxLength:"1024"`
	MFARequiredUpload                           bool     `json:"mfa_required_upload"`
	MFACodeValidityUpload                       int      `json:"mfa_code_validity_upload" minimum:"1" maximum:"1440"`
	MFAMaxAttemptsUpload                        int      `json:"mfa_max_attempts_upload" minimum:"1" maximum:"100"`
}

// DefaultConfiguration is the configuration of a server for which nothing was set.
func DefaultConfiguration() Configuration {
	return Configuration{
		AllowSendToEmail:                            true,
		PackageLinkExpires:                          true,
		PackageLinkValidDays:                        7,
		DaysBeforeDeletingPackageRecords:            365,
		DaysUntilPackagesExpire:                     60,
		UseStrongPassword:                           true,
		UserDeactivationLoginIntervalMinutes:        5,
		UserDeactivationLoginCount:                  5,
		SessionTimeoutMinutes:                       60,
		DeletePackagesAfterDownloadCondition:        "nothing",
		RequireEncryptionAtRest:                     "false",
		SelfRegistrationType:                        "none",
		SelfRegistrationTypeExternal:                "unmoderated",
		RegistrationApprovalCCs:                     []string{},
		RegistrationApprovalCCsExternal:             []string{},
		UserDeactivationInactiveDays:                30,
		UserRemovalInactiveDays:                     60,
		ForcePasswordResetForNewUsers:               true,
		CanSeeGlobalDistributionListsDefault:        true,
		AccountDisplayNameFormat:                    "username",
		GlobalDefaultPasswordExpirationIntervalDays: 30,
		GlobalDefaultPasswordHistoryLimit:           3,
		SendWelcomeEmailToAllNewUsers:               true,
		LoginLabel:                                  "Faspex",
		LoginInstructions:                           "Use this option to log in with your Faspex account",
		UsersCanSendNormalPackages:                  true,
		InvitationsAllowed:                          true,
		InvitationsAllowedByDefault:                 true,
		PublicURLAllowed:                            true,
		PublicURLAllowedDefault:                     true,
		InvitationLinkHoursValid:                    72,
		AllowUsersToSetCustomLinkExpiration:         true,
		SamlUserRemovalInactiveDays:                 60,
		RegistrationBlocklist:                       []string{},
		MaxTitleLengthInStoragePaths:                200,
		SenderQuotaOption:                           "disable",
		SenderQuotaDurationHours:                    24,
		SenderQuotaLimitMB:                          4000,
		QuotaRecipientAllowlist:                     []string{},
		QuotaSenderAllowlist:                        []string{},
		RequireObfuscation:                          "optional",
		FileProcessingTimeoutMinutes:                30,
		PkgProcessingTimeoutMinutes:                 4320,
		InitialTargetUploadRateKbps:                 10000,
		InitialTargetDownloadRateKbps:               20000,
		MaxTargetUploadRateKbps:                     20000,
		MaxTargetDownloadRateKbps:                   20000,
		LockMinratePolicy:                           true,
		RelayOutgoingBandwidthKbps:                  45000,
		RelayIncomingBandwidthKbps:                  45000,
		EncryptTransfers:                            true,
		DownloadsDuringTransfersEnabled:             true,
		ConnectInstallPrompt:                        "all_users",
		PackageUploadTimeout:                        3600,
		LiveUpdateIntervalSec:                       5,
		AppLogoText:                                 "Faspex",
		PkgPollerStartDelay:                         5,
		RetryFailedPkgsInterval:                     12,
		MFACodeValidity:                             10,
		MFAMaxAttempts:                              3,
		LoginPageTitle:                              "Log in",
		MFACodeValidityUpload:                       10,
		MFAMaxAttemptsUpload:                        3,
	}
}
