package api

// Account is an account as others see it.
type Account struct {
	ID                     string  `json:"id"`
	Name                   string  `json:"name"`
	FirstName              string  `json:"first_name"`
	LastName               string  `json:"last_name"`
	Email                  string  `json:"email"`
	Role                   string  `json:"role" enum:"admin,manager,user"`
	Type                   string  `json:"type" enum:"local_user,saml_user,self_registered_user,external_user"`
	Status                 string  `json:"status" enum:"active,inactive,locked,pending_approval,saml_configuration_disabled"`
	AccountActivated       bool    `json:"account_activated"`
	CanSendNormalPackages  string  `json:"can_send_normal_packages" enum:"true,false,default"`
	LastLoginTime          *string `json:"last_login_time"`
	UploadsAllowed         *bool   `json:"uploads_allowed,omitempty"`
	DownloadsAllowed       *bool   `json:"downloads_allowed,omitempty"`
	Description            *string `json:"description,omitempty"`
	PublicKey              *string `json:"public_key,omitempty" doc:"only with expand=true"`
	LastLoginClientAddr    *string `json:"last_login_client_addr,omitempty"`
	PasswordExpirationDate *string `json:"password_expiration_date,omitempty" nullable:"true"`
	*AccountSettings
	// PasswordChangeRequired is an addition of this implementation.
	PasswordChangeRequired *bool   `json:"password_change_required,omitempty" doc:"the password opens nothing before it was changed at the login page"`
	CreatedAt              *string `json:"created_at,omitempty"`
	UpdatedAt              *string `json:"updated_at,omitempty"`
	// UserProfileDataAttributes are the properties that admins added to accounts; with expand=true.
	UserProfileDataAttributes []ProfileData `json:"user_profile_data_attributes,omitempty"`
}

// OwnAccount is the caller's account, with what the server lets the caller do.
type OwnAccount struct {
	Account
	Capabilities         []string `json:"capabilities" enum:"account.own,package.send,package.send_from_folder,package.download,invitation.send,admin.users.read,admin.users.write,admin.privileged_users.write,admin.packages.read,admin.packages.write,admin.nodes.write,admin.clients.write,admin.configuration.read,admin.configuration.write" doc:"what the caller may do"`
	ManagesSharedInboxes bool     `json:"manages_shared_inboxes"`
	ManagesWorkgroups    bool     `json:"manages_workgroups"`
	ForwardsAllowed      bool     `json:"forwards_allowed"`
	ObfuscationOptional  bool     `json:"obfuscation_optional"`
	EncryptionAtRest     string   `json:"encryption_at_rest" enum:"required,optional,none"`
	ConnectEnabled       bool     `json:"connect_enabled"`
	GatewayEnabled       bool     `json:"gateway_enabled"`
	GatewayURL           *string  `json:"gateway_url" doc:"where the HTTP gateway answers; null when there is none"`
	AllowSendToEmail     bool     `json:"allow_send_to_email"`
	// LogoPath is an addition: the page shows it before it knows anything else.
	LogoPath string `json:"logo_path" doc:"the address of the administrators' logo; empty for the product's own"`
}

// AccountChange is the body that creates or changes an account; nil leaves a field as it is. Creating needs name,
// first_name, last_name and email.
type AccountChange struct {
	Name             *string `json:"name,omitempty" minLength:"1" maxLength:"255" doc:"cannot be changed later"`
	FirstName        *string `json:"first_name,omitempty" maxLength:"255"`
	LastName         *string `json:"last_name,omitempty" maxLength:"255"`
	Email            *string `json:"email,omitempty" maxLength:"255"`
	Role             *string `json:"role,omitempty" enum:"admin,manager,user"`
	Type             *string `json:"type,omitempty" enum:"local_user,saml_user,self_registered_user"`
	AccountActivated *bool   `json:"account_activated,omitempty" doc:"true also lifts the wait after failed logins"`
	UploadsAllowed   *bool   `json:"uploads_allowed,omitempty"`
	DownloadsAllowed *bool   `json:"downloads_allowed,omitempty"`
	Description      *string `json:"description,omitempty" maxLength:"4000" nullable:"true"`
	PublicKey        *string `json:"public_key,omitempty" maxLength:"16000" nullable:"true" doc:"PEM; signs JWT grants in the account's name"`
	// CurrentPassword is the caller's, needed to change email or public_key of the caller's own account.
	CurrentPassword *string `json:"current_password,omitempty" maxLength:"256"`
	// WelcomeEmail goes with a new account: a mail with a link to set the first password.
	WelcomeEmail *bool `json:"welcome_email,omitempty" doc:"by default what the configuration says"`
}

// AccountsChange is the body that changes several accounts.
type AccountsChange struct {
	AccountActivated bool `json:"account_activated" required:"true"`
}

// Preferences of the caller's own account.
type Preferences struct {
	CanHavePublicURL          string  `json:"can_have_public_url"`
	CanCreateFromRemote       bool    `json:"can_create_from_remote"`
	CanDisableConnect         bool    `json:"can_disable_connect"`
	CanChangePassword         bool    `json:"can_change_password"`
	CanEditEmail              bool    `json:"can_edit_email"`
	PublicURLEnabled          bool    `json:"public_url_enabled"`
	PublicURL                 string  `json:"public_url" doc:"the submission link; empty unless it is permitted and switched on"`
	ConnectDisabled           bool    `json:"connect_disabled"`
	ShowOnlyCompletedPackages bool    `json:"show_only_completed_packages"`
	Email                     string  `json:"email"`
	RowsPerPage               int     `json:"rows_per_page"`
	Locale                    string  `json:"locale" doc:"BCP 47; empty when none was chosen, and the browser decides"`
	ClientSettings            string  `json:"client_settings"`
	TableData                 string  `json:"table_data"`
	PublicKey                 *string `json:"public_key"`
}

// PreferencesChange changes what is set and leaves the rest.
type PreferencesChange struct {
	PublicURLEnabled          *bool   `json:"public_url_enabled,omitempty"`
	ConnectDisabled           *bool   `json:"connect_disabled,omitempty"`
	ShowOnlyCompletedPackages *bool   `json:"show_only_completed_packages,omitempty"`
	Email                     *string `json:"email,omitempty" maxLength:"255"`
	RowsPerPage               *int    `json:"rows_per_page,omitempty" minimum:"1" maximum:"1000"`
	Locale                    *string `json:"locale,omitempty" maxLength:"32"`
	ClientSettings            *string `json:"client_settings,omitempty" maxLength:"65536"`
	TableData                 *string `json:"table_data,omitempty" maxLength:"65536"`
	PublicKey                 *string `json:"public_key,omitempty" maxLength:"16000" nullable:"true"`
	// CurrentPassword is an addition of this implementation: without it a stolen token would be an account for ever.
	CurrentPassword *string         `json:"current_password,omitempty" maxLength:"256" doc:"needed to change email or public_key"`
	Password        *PasswordChange `json:"password,omitempty"`
}

// PasswordRules tell what a new password needs. The call is an addition of this implementation.
type PasswordRules struct {
	Rules       string `json:"rules" doc:"a sentence in English"`
	MinLength   int    `json:"min_length" doc:"characters"`
	MaxLength   int    `json:"max_length" doc:"characters"`
	NeedsLetter bool   `json:"needs_letter"`
	NeedsDigit  bool   `json:"needs_digit"`
	NeedsSymbol bool   `json:"needs_symbol" doc:"punctuation or another symbol; a space is none"`
}

// PasswordChange proves the old password and sets a new one.
type PasswordChange struct {
	CurrentPassword string `json:"current_password" required:"true" maxLength:"256"`
	NewPassword     string `json:"new_password" required:"true" minLength:"1" maxLength:"256" doc:"account/password_rules tells what it needs"`
	ConfirmPassword string `json:"confirm_password" required:"true" maxLength:"256"`
}

// Contact is someone a package can be sent to.
type Contact struct {
	ID                      string `json:"id"`
	Name                    string `json:"name"`
	FirstName               string `json:"first_name"`
	LastName                string `json:"last_name"`
	Email                   string `json:"email"`
	Type                    string `json:"type" enum:"workgroup,shared_inbox,distribution_list,user,external_user"`
	RequireEncryptionAtRest string `json:"require_encryption_at_rest" enum:"false,optional,true,server"`
	MetadataProfileID       string `json:"metadata_profile_id"`
	SubmittersInstructions  string `json:"submitters_instructions"`
}

// OAuthClient is a program that may get tokens. client_secret is shown once, by the answer that creates it.
type OAuthClient struct {
	ClientID                    string        `json:"client_id"`
	ClientSecret                string        `json:"client_secret,omitempty"`
	CreatorID                   string        `json:"creator_id"`
	Name                        string        `json:"name"`
	ClientType                  string        `json:"client_type" enum:"public,confidential"`
	RedirectURIs                []string      `json:"redirect_uris"`
	Origins                     []string      `json:"origins"`
	EnableHTTPBasicAuth         bool          `json:"enable_http_basic_auth"`
	AllowImplicitGrant          bool          `json:"allow_implicit_grant"`
	AllowJWTGrant               bool          `json:"allow_jwt_grant"`
	AllowGlobalKey              bool          `json:"allow_global_key"`
	PublicKey                   *string       `json:"public_key"`
	AllowRefreshToken           bool          `json:"allow_refresh_token"`
	AccessTokenExpirationHours  int           `json:"access_token_expiration_hours"`
	RefreshTokenExpirationHours int           `json:"refresh_token_expiration_hours"`
	ContactEmail                *string       `json:"contact_email"`
	Description                 *string       `json:"description"`
	AccessGrantAllUsers         bool          `json:"access_grant_all_users"`
	AccessGrantToUsers          []GrantedUser `json:"access_grant_to_users"`
}

// GrantedUser is someone a client may act for.
type GrantedUser struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Email     string `json:"email"`
}

// OAuthClientChange is the body that creates or changes a client; nil leaves a field as it is.
// Creating needs name and client_type.
type OAuthClientChange struct {
	Name                        *string   `json:"name,omitempty" minLength:"1" maxLength:"255"`
	ClientType                  *string   `json:"client_type,omitempty" enum:"public,confidential"`
	RedirectURIs                *[]string `json:"redirect_uris,omitempty" maxItems:"50"`
	Origins                     *[]string `json:"origins,omitempty" maxItems:"50"`
	EnableHTTPBasicAuth         *bool     `json:"enable_http_basic_auth,omitempty"`
	AllowImplicitGrant          *bool     `json:"allow_implicit_grant,omitempty" doc:"tokens come without a code in between; not with allow_jwt_grant"`
	AllowJWTGrant               *bool     `json:"allow_jwt_grant,omitempty"`
	AllowGlobalKey              *bool     `json:"allow_global_key,omitempty"`
	PublicKey                   *string   `json:"public_key,omitempty" maxLength:"16000" nullable:"true"`
	AllowRefreshToken           *bool     `json:"allow_refresh_token,omitempty"`
	AccessTokenExpirationHours  *int      `json:"access_token_expiration_hours,omitempty" minimum:"1" maximum:"720"`
	RefreshTokenExpirationHours *int      `json:"refresh_token_expiration_hours,omitempty" minimum:"1" maximum:"8760"`
	ContactEmail                *string   `json:"contact_email,omitempty" maxLength:"255" nullable:"true"`
	Description                 *string   `json:"description,omitempty" maxLength:"4000" nullable:"true"`
	AccessGrantAllUsers         *bool     `json:"access_grant_all_users,omitempty"`
	AccessGrantToUsers          *[]string `json:"access_grant_to_users,omitempty" doc:"account ids or login names"`
}
