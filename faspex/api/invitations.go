package api

// Invitation lets somebody send packages without a login.
type Invitation struct {
	ID                string  `json:"id"`
	EmailAddress      string  `json:"email_address"`
	Expiration        string  `json:"expiration" enum:"never,after_one_upload,after_one_upload_or_date,on_date"`
	CreatedAt         string  `json:"created_at"`
	UpdatedAt         string  `json:"updated_at"`
	InvitedAt         string  `json:"invited_at" doc:"when it was mailed last"`
	ExpiresAt         *string `json:"expires_at"`
	Description       string  `json:"description"`
	PreventHTTPUpload bool    `json:"prevent_http_upload"`
	RecipientName     string  `json:"recipient_name"`
	RecipientType     string  `json:"recipient_type" enum:"user,shared_inbox"`
	AccessURL         string  `json:"access_url" doc:"the link; empty in answers to those who asked for one by a submission link"`
	Status            string  `json:"status" enum:"active,expired"`
}

// InvitationPolicy says when an invitation ends; absent it is what the server says.
type InvitationPolicy struct {
	Expiration string  `json:"expiration,omitempty" enum:"never,after_one_upload,after_one_upload_or_date,on_date"`
	ExpiresAt  *string `json:"expires_at,omitempty" nullable:"true"`
}

// InvitationCreate is the body of POST invitations.
type InvitationCreate struct {
	EmailAddress string `json:"email_address" required:"true" minLength:"3" maxLength:"200"`
	InvitationPolicy
	Description       string `json:"description,omitempty" maxLength:"4000"`
	PreventHTTPUpload bool   `json:"prevent_http_upload,omitempty"`
}

// InvitationChange is the body of PUT invitations/{id}; nil leaves a field as it is.
type InvitationChange struct {
	InvitationPolicy
	Description       *string `json:"description,omitempty" maxLength:"4000"`
	PreventHTTPUpload *bool   `json:"prevent_http_upload,omitempty"`
}

// PublicInvitation is the body of POST public_invitations: who asks for a link by a submission link. Whom it is for is
// what the submission link says.
type PublicInvitation struct {
	EmailAddress  string `json:"email_address" required:"true" minLength:"3" maxLength:"200"`
	RecipientName string `json:"recipient_name,omitempty" maxLength:"255"`
	RecipientType string `json:"recipient_type,omitempty" enum:"user,shared_inbox"`
}

// ExternalCollaborator is the body that invites somebody to send to a shared inbox.
type ExternalCollaborator struct {
	EmailAddress                 string `json:"email_address" required:"true" minLength:"3" maxLength:"200"`
	Description                  string `json:"description,omitempty" maxLength:"4000"`
	CustomLinkExpirationPolicy   bool   `json:"custom_link_expiration_policy,omitempty"`
	SetInvitationLinkExpiration  bool   `json:"set_invitation_link_expiration,omitempty"`
	InvitationExpirationDays     int    `json:"invitation_expiration_days,omitempty" minimum:"0" maximum:"36500"`
	InvitationExpirationHours    int    `json:"invitation_expiration_hours,omitempty" minimum:"0" maximum:"876000"`
	InvitationExpiresAfterUpload bool   `json:"invitation_expires_after_upload,omitempty"`
	PreventHTTPUpload            bool   `json:"prevent_http_upload,omitempty"`
}

// LinkedPackage names the package that a link is to open.
type LinkedPackage struct {
	PackageID ID `json:"package_id" required:"true"`
}

// Link tells what a link leads to. The call is an addition of this implementation.
type Link struct {
	Purpose           string  `json:"purpose" enum:"send,download,ask,status"`
	RecipientName     string  `json:"recipient_name" doc:"whom packages go to"`
	RecipientType     string  `json:"recipient_type" enum:"user,shared_inbox,"`
	EmailAddress      string  `json:"email_address" doc:"of whom the link was mailed to"`
	Instructions      string  `json:"instructions"`
	Terms             string  `json:"terms"`
	PreventHTTPUpload bool    `json:"prevent_http_upload"`
	EncryptionAtRest  string  `json:"encryption_at_rest" enum:"required,optional,none"`
	ExpiresAt         *string `json:"expires_at"`
	MaySend           bool    `json:"may_send" doc:"false when the link was for one package, which was sent"`
	GatewayURL        *string `json:"gateway_url"`
	PackageID         string  `json:"package_id" doc:"of links to a package"`
	PackageTitle      string  `json:"package_title"`
	PackageStatus     string  `json:"package_status" doc:"what people are shown of the package's state"`
}

// SubmissionLink is the link by which anybody asks for a link to send to a shared inbox.
type SubmissionLink struct {
	Enabled    bool   `json:"enabled"`
	URL        string `json:"url" doc:"empty unless it is enabled"`
	Switchable bool   `json:"switchable" doc:"whether the caller may set allow_public_url of the shared inbox"`
}
