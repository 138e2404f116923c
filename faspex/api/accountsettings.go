package api

// AccountSettings is what administrators set for one account.
type AccountSettings struct {
	AccountExpires                        bool          `json:"account_expires"`
	ExpirationDate                        *string       `json:"expiration_date" nullable:"true" maxLength:"32" doc:"a date or a time; the account is inactive from then on"`
	AllowedIPAddressesForDownload         []string      `json:"allowed_ip_addresses_for_download" maxItems:"100" doc:"IPv4 addresses, * for any number"`
	AllowedIPAddressesForLogin            []string      `json:"allowed_ip_addresses_for_login" maxItems:"100"`
	AllowedIPAddressesForUpload           []string      `json:"allowed_ip_addresses_for_upload" maxItems:"100"`
	AllowReceiptCCEdit                    bool          `json:"allow_receipt_cc_edit"`
	AllowUserSpecifiedDeleteAfterDownload string        `json:"allow_user_specified_delete_after_download" enum:"true,false,default"`
	CanCreateFromRemote                   bool          `json:"can_create_from_remote"`
	CanHavePublicURL                      string        `json:"can_have_public_url" enum:"true,false,default"`
	CanInvite                             string        `json:"can_invite" enum:"true,false,default"`
	CanSeeGlobalDistributionLists         string        `json:"can_see_global_distribution_lists" enum:"true,false,default"`
	CanSendToAllFaspexUsers               string        `json:"can_send_to_all_faspex_users" enum:"true,false,default"`
	CanSendToExternalEmail                string        `json:"can_send_to_external_email" enum:"true,false,default"`
	DeletePackagesAfterDownload           bool          `json:"delete_packages_after_download"`
	DeletePackagesAfterDownloadCondition  string        `json:"delete_packages_after_download_condition" enum:"nothing,any_member,all_members"`
	DestructionDate                       *string       `json:"destruction_date" nullable:"true" maxLength:"32"`
	EnforcePasswordHistory                bool          `json:"enforce_password_history"`
	ForwardingAllowed                     bool          `json:"forwarding_allowed"`
	HideUserDir                           string        `json:"hide_user_dir" enum:"true,false,default"`
	KbpsInitialTargetDownloadRate         int           `json:"kbps_initial_target_download_rate" minimum:"0" maximum:"100000000"`
	KbpsInitialTargetUploadRate           int           `json:"kbps_initial_target_upload_rate" minimum:"0" maximum:"100000000"`
	KbpsMaxTargetDownloadRate             int           `json:"kbps_max_target_download_rate" minimum:"0" maximum:"100000000"`
	KbpsMaxTargetUploadRate               int           `json:"kbps_max_target_upload_rate" minimum:"0" maximum:"100000000"`
	LockMinratePolicy                     bool          `json:"lock_minrate_policy"`
	OverrideDefaultPasswordPolicy         bool          `json:"override_default_password_policy"`
	OverrideServerSenderQuota             bool          `json:"override_server_sender_quota"`
	OverrideServerDeleteAfterDownload     *bool         `json:"override_server_delete_after_download" nullable:"true"`
	OverrideTransferParameters            bool          `json:"override_transfer_parameters"`
	PasswordExpires                       bool          `json:"password_expires"`
	PasswordExpirationInterval            int           `json:"password_expiration_interval" minimum:"1" maximum:"36500" doc:"days"`
	PasswordHistoryLimit                  int           `json:"password_history_limit" minimum:"1" maximum:"100"`
	ReceivedCCNotificationUsers           []ContactName `json:"received_cc_notification_users" maxItems:"100" doc:"logins or addresses, several in one name with commas, semicolons or blanks between them; told of every package that the account sends"`
	SelfDestructs                         bool          `json:"self_destructs"`
	SenderQuotaLimitMB                    *int          `json:"sender_quota_limit_mb" nullable:"true" minimum:"0" maximum:"2000000000"`
}

// SenderQuota is how much an account may send.
type SenderQuota struct {
	Limited    bool    `json:"limited" doc:"false: as much as it likes"`
	LimitBytes int64   `json:"limit_bytes"`
	LeftBytes  int64   `json:"left_bytes" doc:"of the limit, in the window that ends now"`
	Hours      int     `json:"hours" doc:"how long the window is"`
	MoreFrom   *string `json:"more_from" doc:"when something of the window falls out of it; null without a limit"`
}
